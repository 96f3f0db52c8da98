//! What a user of the server writes.

use crate::Body;
use smtp_proto::command::Own;
use smtp_proto::extension::{Etrn, Queue, XClient, XForward};
use smtp_proto::reply::Text;
use smtp_proto::server::{Accepted, AuthRequest, AuthStep, Closed, Session};
use smtp_proto::{Envelope, Hello, Mail, Rcpt, Refusal};
use std::future::{Future, ready};
use std::io;

/// The policy of a server, one value a connection.
///
/// Only [`rcpt`](Self::rcpt) and [`message`](Self::message) must be written: a server that forgets
/// the first is an open relay, and one that forgets the second loses mail. Everything else accepts.
/// Write them as `async fn`.
///
/// A decision may take as long as
/// [`Timeouts::decision`](smtp_proto::server::Timeouts::decision); one that takes longer is dropped
/// and answered 451.
///
/// ```
/// use smtp_tokio::{Accepted, Body, Envelope, Handler, Rcpt, Refusal};
///
/// struct Printer;
///
/// impl Handler for Printer {
///     async fn rcpt(&mut self, rcpt: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
///         if rcpt.to().is_local_to("example.com") { Ok(()) } else { Err(Refusal::relay_denied()) }
///     }
///
///     async fn message(&mut self, envelope: Envelope, mut body: Body<'_>) -> Result<Accepted, Refusal> {
///         let mut octets = 0;
///         while let Some(chunk) = body.next().await? {
///             octets += chunk.len();
///         }
///         println!("{octets} octets from {}", envelope.sender());
///         Ok(Accepted::default())
///     }
/// }
/// ```
pub trait Handler: Send {
    /// A client connected. A refusal greets it with 554, or 421 to close at once.
    fn connect(&mut self) -> impl Future<Output = Result<(), Refusal>> + Send {
        ready(Ok(()))
    }

    /// It said EHLO or HELO.
    fn hello(
        &mut self,
        hello: &Hello<'_>,
        session: &Session,
    ) -> impl Future<Output = Result<(), Refusal>> + Send {
        let _ = (hello, session);
        ready(Ok(()))
    }

    /// AUTH, by a mechanism that [`Server::auth`](crate::Server::auth) doesn't speak: one of your own,
    /// which you offer by [`Offers`](crate::Offers). It is asked at each step of the exchange.
    ///
    /// ```
    /// use smtp_tokio::smtp_proto::extension::{Mechanism, Mechanisms};
    /// use smtp_tokio::smtp_proto::server::{AuthRequest, AuthStep};
    /// use smtp_tokio::{Accepted, Body, Config, Domain, Envelope, Handler, Rcpt, Refusal};
    ///
    /// struct Door;
    ///
    /// impl Handler for Door {
    ///     async fn auth(&mut self, request: &AuthRequest<'_>) -> Result<AuthStep, Refusal> {
    ///         match request.response() {
    ///             None => Ok(AuthStep::Challenge(b"Speak, friend".into())),
    ///             Some(word) if word.expose() == b"mellon" => Ok(AuthStep::Accept("friend".into())),
    ///             Some(_) => Err(Refusal::bad_credentials()),
    ///         }
    ///     }
    ///     # async fn rcpt(&mut self, _: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
    ///     #     Ok(())
    ///     # }
    ///     # async fn message(&mut self, _: Envelope, _: Body<'_>) -> Result<Accepted, Refusal> {
    ///     #     Ok(Accepted::default())
    ///     # }
    /// }
    ///
    /// let mut config = Config::new(Domain::try_from("mx.example.org")?);
    /// config.offers.add(Mechanisms::new([Mechanism::try_from("X-DOOR")?]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn auth(
        &mut self,
        request: &AuthRequest<'_>,
    ) -> impl Future<Output = Result<AuthStep, Refusal>> + Send {
        let _ = request;
        ready(Err(Refusal::authentication_failed_for_now()))
    }

    /// It said who the sender is.
    fn mail(
        &mut self,
        mail: &Mail<'_>,
        session: &Session,
    ) -> impl Future<Output = Result<(), Refusal>> + Send {
        let _ = (mail, session);
        ready(Ok(()))
    }

    /// It named a recipient; `envelope` holds those accepted so far.
    fn rcpt(
        &mut self,
        rcpt: &Rcpt<'_>,
        envelope: &Envelope,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// The message comes. `Ok` takes responsibility for it, so it must be safe by then; it counts
    /// only once [`Body::next`] has given `None`, and is answered 451 before. A refusal may be
    /// returned at any point: what is left of the message is read and thrown away.
    ///
    /// Where `next` gives an error the message is void, and what is returned doesn't matter. When
    /// the wait for the message runs out, the future isn't dropped but sees that error. One that
    /// neither reads nor answers for as long as a decision may take, or up to twice as long, is
    /// dropped and answered 451.
    fn message(
        &mut self,
        envelope: Envelope,
        body: Body<'_>,
    ) -> impl Future<Output = Result<Accepted, Refusal>> + Send;

    /// VRFY: is there such a mailbox? `None` says 252, which neither tells nor denies it.
    fn verify(&mut self, who: &str) -> impl Future<Output = Result<Option<Text>, Refusal>> + Send {
        let _ = who;
        ready(Ok(None))
    }

    /// EXPN: who is on that list, one a line? `None` says 252.
    fn expand(&mut self, list: &str) -> impl Future<Output = Result<Option<Text>, Refusal>> + Send {
        let _ = list;
        ready(Ok(None))
    }

    /// HELP. `None` has the stock answer.
    fn help(
        &mut self,
        topic: Option<&str>,
    ) -> impl Future<Output = Result<Option<Text>, Refusal>> + Send {
        let _ = topic;
        ready(Ok(None))
    }

    /// ETRN (RFC 1985): what becomes of the mail that waits for a host. It is offered by
    /// [`Offers`](crate::Offers), as are the following ones; whoever offers one and doesn't write it
    /// answers 451.
    fn etrn(&mut self, etrn: &Etrn<'_>) -> impl Future<Output = Result<Queue, Refusal>> + Send {
        let _ = etrn;
        ready(Err(Refusal::local_error()))
    }

    /// XCLIENT, Postfix's: the client is to be taken for another one from here on. Let nobody say that
    /// but those you know. With a name, as of `LOGIN=`, it is authenticated as that user. The session
    /// begins anew, with [`connect`](Self::connect).
    fn xclient(
        &mut self,
        xclient: &XClient<'_>,
    ) -> impl Future<Output = Result<Option<String>, Refusal>> + Send {
        let _ = xclient;
        ready(Err(Refusal::local_error()))
    }

    /// XFORWARD, Postfix's: where the next message came from, for logs.
    fn xforward(
        &mut self,
        xforward: &XForward<'_>,
    ) -> impl Future<Output = Result<(), Refusal>> + Send {
        let _ = xforward;
        ready(Err(Refusal::local_error()))
    }

    /// A command of an extension of your own.
    fn own(
        &mut self,
        own: &Own<'_>,
        session: &Session,
    ) -> impl Future<Output = Result<Text, Refusal>> + Send {
        let _ = (own, session);
        ready(Err(Refusal::local_error()))
    }

    /// The client dropped the transaction it was in.
    fn reset(&mut self) -> impl Future<Output = ()> + Send {
        ready(())
    }

    /// There is no TLS, and with that no connection any more; why, for a log. The client may know no
    /// version that is spoken here, or not have believed who we are.
    fn tls_failed(&mut self, error: &io::Error) -> impl Future<Output = ()> + Send {
        let _ = error;
        ready(())
    }

    /// The connection is over.
    fn closed(&mut self, closed: Closed) -> impl Future<Output = ()> + Send {
        let _ = closed;
        ready(())
    }
}
