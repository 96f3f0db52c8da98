//! The policy: who is let in, and where messages go.

use crate::log::Log;
use crate::maildir::{Draft, Maildir};
use smtp_tokio::bytes::BytesMut;
use smtp_tokio::smtp_proto::Verb;
use smtp_tokio::smtp_proto::address::{ForwardPath, Mailbox};
use smtp_tokio::smtp_proto::extension::{Attribute, XClient};
use smtp_tokio::smtp_proto::trace::{Date, Features, Protocol, Received, ReturnPath};
use smtp_tokio::{
    Accepted, Body, Domain, Envelope, Handler, Hello, Mail, Peer, Rcpt, Refusal, Session,
};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// What all connections share.
pub(crate) struct Policy {
    pub(crate) hostname: Domain<'static>,
    pub(crate) local_domains: Vec<Domain<'static>>,
    pub(crate) rejected: Vec<Mailbox<'static>>,
    pub(crate) maildir: Option<Maildir>,
    pub(crate) log: Log,
    /// What goes wrong, on stderr.
    pub(crate) complaints: Log,
    /// Whether clients on this machine may speak for others.
    pub(crate) xclient: bool,
}

/// One connection.
pub(crate) struct Inbox {
    policy: Arc<Policy>,
    peer: Peer,
    hello: Option<Hello<'static>>,
    secure: bool,
    /// Whom it has authenticated itself as.
    identity: Option<String>,
}

impl Inbox {
    pub(crate) fn new(policy: Arc<Policy>, peer: Peer) -> Self {
        Self {
            policy,
            peer,
            hello: None,
            secure: false,
            identity: None,
        }
    }
}

impl Handler for Inbox {
    async fn hello(&mut self, hello: &Hello<'_>, session: &Session) -> Result<(), Refusal> {
        self.secure = session.is_secure();
        self.hello = Some(hello.clone().into_owned());
        Ok(())
    }

    async fn mail(&mut self, _: &Mail<'_>, session: &Session) -> Result<(), Refusal> {
        self.identity = session.identity().map(String::from);
        Ok(())
    }

    async fn rcpt(&mut self, rcpt: &Rcpt<'_>, _: &Envelope) -> Result<(), Refusal> {
        let policy = &self.policy;
        let to = rcpt.to();
        let is_local = |mailbox: &Mailbox<'_>| {
            let domains = &policy.local_domains;
            domains.is_empty() || domains.iter().any(|domain| mailbox.is_at(domain))
        };
        if !to.mailbox().is_none_or(is_local) {
            return Err(Refusal::relay_denied());
        }
        match to {
            ForwardPath::Mailbox(mailbox) if policy.rejected.contains(mailbox) => {
                Err(Refusal::no_such_mailbox())
            }
            _ => Ok(()),
        }
    }

    async fn message(
        &mut self,
        envelope: Envelope,
        mut body: Body<'_>,
    ) -> Result<Accepted, Refusal> {
        let (octets, place) = if self.policy.maildir.is_some() {
            let delivered = self.deliver(&envelope, body).await;
            let (octets, file) = delivered.map_err(|error| {
                let complaint = format!("{}: not delivered: {error}", self.peer);
                self.policy.complaints.line(complaint);
                Refusal::from(error)
            })?;
            (octets, file.display().to_string())
        } else {
            (body.discard().await?, String::from("discarded"))
        };
        let recipients: Vec<_> = envelope
            .recipients()
            .iter()
            .map(|rcpt| rcpt.to().to_string())
            .collect();
        let by = self.identity.as_ref();
        self.policy.log.line(format!(
            "from={} to={}{} octets={octets} {place}",
            envelope.sender(),
            recipients.join(","),
            by.map(|user| format!(" by={user:?}")).unwrap_or_default(),
        ));
        Ok(Accepted::default())
    }

    async fn xclient(&mut self, xclient: &XClient<'_>) -> Result<Option<String>, Refusal> {
        let is_here = |peer: Peer| peer.addr().is_some_and(|addr| addr.ip().is_loopback());
        if !(self.policy.xclient && is_here(self.peer)) {
            return Err(Refusal::policy());
        }
        let known = |name| match xclient.get(name) {
            Some(Attribute::Known(value)) => Some(value),
            _ => None,
        };
        let addr = known("ADDR").and_then(|addr| {
            let tagged = addr
                .get(..5)
                .is_some_and(|tag| tag.eq_ignore_ascii_case("IPV6:"));
            addr[if tagged { 5 } else { 0 }..].parse().ok()
        });
        if let Some(addr) = addr {
            let port = known("PORT").and_then(|port| port.parse().ok());
            self.peer = SocketAddr::new(addr, port.unwrap_or_default()).into();
        }
        Ok(known("LOGIN").map(Into::into))
    }

    async fn tls_failed(&mut self, error: &io::Error) {
        let complaint = format!("{}: no TLS: {error}", self.peer);
        self.policy.complaints.line(complaint);
    }
}

/// Octets gathered before they are given to a thread that may block on a disk.
const BATCH: usize = 256 * 1024;

impl Inbox {
    /// Writes the message to the Maildir; says how many octets it has and where it is.
    async fn deliver(&self, envelope: &Envelope, mut body: Body<'_>) -> io::Result<(u64, PathBuf)> {
        let mut octets = 0;
        let mut batch = BytesMut::from(self.trace(envelope).as_bytes());
        let mut draft = None;
        while let Some(chunk) = body.next().await? {
            octets += chunk.len() as u64;
            batch.extend_from_slice(&chunk);
            if batch.len() >= BATCH {
                let full = batch.split();
                draft = Some(
                    self.on_disk(draft, move |mut draft| {
                        draft.write(&full)?;
                        Ok(draft)
                    })
                    .await?,
                );
            }
        }
        let file = self
            .on_disk(draft, move |mut draft| {
                draft.write(&batch)?;
                draft.commit()
            })
            .await?;
        Ok((octets, file))
    }

    /// Works on the draft, begun where there is none, in a thread that may block.
    async fn on_disk<T: Send + 'static>(
        &self,
        draft: Option<Draft>,
        work: impl FnOnce(Draft) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let policy = Arc::clone(&self.policy);
        let done = tokio::task::spawn_blocking(move || match (draft, &policy.maildir) {
            (Some(draft), _) => work(draft),
            (None, Some(maildir)) => work(maildir.create()?),
            (None, None) => Err(io::ErrorKind::NotFound.into()),
        });
        done.await.map_err(io::Error::other)?
    }

    /// The lines in front of a delivered message (RFC 5321 §4.4).
    fn trace(&self, envelope: &Envelope) -> String {
        let features = Features {
            tls: self.secure,
            auth: self.identity.is_some(),
            smtputf8: envelope.mail().is_smtputf8(),
        };
        let (name, protocol) = match &self.hello {
            Some(hello) if hello.verb() == Verb::Lhlo => (hello.name(), Protocol::Lmtp(features)),
            Some(hello) if hello.is_extended() => (hello.name(), Protocol::Esmtp(features)),
            Some(hello) => (hello.name(), Protocol::Smtp),
            None => ("unknown", Protocol::Smtp),
        };
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let date = Date::from_unix(now.as_secs());
        let mut received = Received::new(name, &self.policy.hostname, protocol, date);
        if let Some(addr) = self.peer.addr() {
            received = received.peer(addr.ip());
        }
        if let [only] = envelope.recipients() {
            received = received.recipient(only.to());
        }
        format!("{}{received}", ReturnPath(envelope.sender()))
    }
}
