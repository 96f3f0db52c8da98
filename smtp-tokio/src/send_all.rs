//! Several messages over one connection, and what became of each.

use crate::pieces::Pieces;
use crate::{Client, Error};
use smtp_adapter::Outgoing;
use smtp_proto::Envelope;
use smtp_proto::client::Report;
use std::fmt;
use tokio::io::{AsyncRead, AsyncWrite};

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Sends one message after the other, each an envelope and where its content is read from. To a server
    /// that offers PIPELINING the next one begins before the last is answered, which saves a round trip a
    /// message and more; [`Config::unanswered`](smtp_proto::client::Config::unanswered) says how many may
    /// be on their way so.
    ///
    /// `messages` is asked for the next one before the end of the last is sent, so it must not wait for one
    /// to come: a queue says `None` when it is empty, as a channel's `try_iter` does, and is asked again
    /// once everything is answered.
    ///
    /// ```no_run
    /// use smtp_tokio::{Client, Delivery, Envelope};
    /// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut client = Client::connect("127.0.0.1:2525").await?;
    /// let mut messages = Vec::new();
    /// for name in ["ann", "bob"] {
    ///     let envelope = Envelope::new("joe@example.com", [format!("{name}@example.org")])?;
    ///     messages.push((envelope, &b"Subject: hello\r\n\r\nHello.\r\n"[..]));
    /// }
    /// let mut sent = client.send_all(messages);
    /// while let Some(result) = sent.next().await {
    ///     match result {
    ///         Ok(report) => println!("accepted by all: {}", report.is_accepted_by_all()),
    ///         Err(error) if error.delivery() == Delivery::Unknown => {
    ///             println!("sent again, it may come twice: {error}");
    ///         }
    ///         Err(error) => println!("to be sent later: {error}"),
    ///     }
    /// }
    /// client.quit().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_all<I, R>(&mut self, messages: I) -> SendAll<'_, S, I::IntoIter, R>
    where
        I: IntoIterator<Item = (Envelope, R)>,
        R: AsyncRead + Unpin,
    {
        SendAll {
            client: self,
            messages: messages.into_iter(),
            outgoing: Outgoing::default(),
        }
    }
}

/// Messages that are sent one after the other, by [`Client::send_all`].
///
/// Dropped before its end, it leaves half a message behind: the connection is then good for nothing but to
/// be dropped too.
#[must_use = "nothing is sent but while `next` is awaited"]
pub struct SendAll<'c, S, I, R> {
    client: &'c mut Client<S>,
    messages: I,
    outgoing: Outgoing<Pieces<R>>,
}

impl<S, I, R> SendAll<'_, S, I, R>
where
    S: AsyncRead + AsyncWrite + Unpin,
    I: Iterator<Item = (Envelope, R)>,
    R: AsyncRead + Unpin,
{
    /// What became of the next message, in their order: one result for each that was taken; `None` after
    /// the last. Refusals are no errors, as for [`Client::send`].
    ///
    /// Dropped midway, it can be called again, and nothing is lost.
    ///
    /// # Errors
    /// [`ErrorKind::Send`](crate::ErrorKind::Send) if a message can't be sent to this server; the others
    /// are. Any other ends the connection: each message that was under way gets one, and with it what is
    /// known of that message, [`Delivery::NotAccepted`](crate::Delivery::NotAccepted) or
    /// [`Delivery::Unknown`](crate::Delivery::Unknown). The first has the reason, and the others
    /// [`ErrorKind::Lost`](crate::ErrorKind::Lost). Where none was under way the next one gets it, not
    /// begun. Those behind are left where they come from.
    pub async fn next(&mut self) -> Option<Result<Report, Error>> {
        let messages = self.messages.by_ref();
        let mut messages = messages.map(|(envelope, content)| (envelope, Pieces::new(content)));
        self.client.send_on(&mut self.outgoing, &mut messages).await
    }
}

impl<S, I, R> fmt::Debug for SendAll<'_, S, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendAll").finish_non_exhaustive()
    }
}
