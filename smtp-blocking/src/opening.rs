//! How a connection gets ready for messages: the hello and STARTTLS.

use crate::Client;
use crate::connect::Security;
use crate::error::ErrorKind;
use crate::tls::ClientTls;
use smtp_proto::Extension;
use smtp_proto::client::Event;

impl Client {
    /// Gets the connection ready, under TLS if that is to be had or if it must be.
    pub(crate) fn hello(&mut self, security: &Security) -> Result<(), ErrorKind> {
        let (mut refused, mut asked) = (None, false);
        loop {
            match self.conn.poll()? {
                Event::Ready(ready) => {
                    let wanted = match security {
                        Security::Clear | Security::Implicit(_) => false,
                        Security::IfOffered(_) => ready.capabilities().offers(Extension::StartTls),
                        Security::Required(_) => true,
                    };
                    if asked || !wanted {
                        return Ok(());
                    }
                    asked = true;
                    ready.starttls()?;
                }
                Event::Upgrade(_) => match security {
                    Security::IfOffered(tls) | Security::Required(tls) => self.secure(tls)?,
                    Security::Clear | Security::Implicit(_) => return Err(ErrorKind::Interrupted),
                },
                // The answer to STARTTLS, which isn't 220.
                Event::Reply { reply, .. } => match security {
                    Security::IfOffered(_) => {}
                    _ => return Err(ErrorKind::TlsRefused(reply)),
                },
                Event::Refused { at, reply } => refused = Some(ErrorKind::Refused(at, reply)),
                Event::NeedInput => self.link.fill(&mut self.conn)?,
                Event::Flush => self.link.flush(&mut self.conn)?,
                Event::Closed(closed) => return Err(refused.unwrap_or_else(|| closed.into())),
                _ => return Err(ErrorKind::Interrupted),
            }
        }
    }

    fn secure(&mut self, tls: &ClientTls) -> Result<(), ErrorKind> {
        let secured = tls
            .connect()
            .and_then(|tls| self.link.secure(&mut self.conn, tls));
        if let Event::Upgrade(upgrade) = self.conn.poll()? {
            match &secured {
                Ok(()) => upgrade.complete(),
                Err(_) => upgrade.fail(),
            }
        }
        secured.map_err(ErrorKind::Tls)
    }
}
