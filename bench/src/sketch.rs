//! A server as short as Stalwart's parser allows: envelopes are kept and bodies thrown away, and what one
//! read asked for is answered in one write. It waits five minutes for a client (RFC 5321 §4.5.3.2.7). No
//! limits, no order of commands, nobody to ask.

use stalwart_smtp_proto::request::receiver::{DataReceiver, DummyDataReceiver, RequestReceiver};
use stalwart_smtp_proto::{Error, Request};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Default)]
struct Sketch {
    commands: RequestReceiver,
    body: Option<DummyDataReceiver>,
    sender: Option<String>,
    recipients: Vec<String>,
    replies: Vec<u8>,
}

pub(crate) async fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.write_all(b"220 mx.example.com\r\n").await?;
    let (mut sketch, mut buffer) = (Sketch::default(), vec![0; 16 * 1024]);
    loop {
        let octets = timeout(PATIENCE, stream.read(&mut buffer)).await??;
        if octets == 0 {
            return Ok(());
        }
        sketch.read(&buffer[..octets]);
        if !sketch.replies.is_empty() {
            stream.write_all(&sketch.replies).await?;
            sketch.replies.clear();
        }
    }
}

impl Sketch {
    fn read(&mut self, octets: &[u8]) {
        let mut rest = octets.iter();
        while !rest.as_slice().is_empty() {
            let reply: &[u8] = if let Some(body) = &mut self.body {
                if !body.ingest(&mut rest) {
                    return;
                }
                (self.body, self.sender) = (None, None);
                self.recipients.clear();
                b"250 2.0.0 message accepted\r\n"
            } else {
                match self.commands.ingest(&mut rest) {
                    Err(Error::NeedsMoreData { .. }) => return,
                    Err(_) => b"500 5.5.2 syntax error\r\n",
                    Ok(Request::Mail { from }) => {
                        self.sender = Some(from.address.into_owned());
                        b"250 2.1.0 ok\r\n"
                    }
                    Ok(Request::Rcpt { to }) => {
                        self.recipients.push(to.address.into_owned());
                        b"250 2.1.5 ok\r\n"
                    }
                    Ok(Request::Data) => {
                        self.body = Some(DummyDataReceiver::new_data(&DataReceiver::new()));
                        b"354 end with <CRLF>.<CRLF>\r\n"
                    }
                    Ok(Request::Quit) => b"221 2.0.0 goodbye\r\n",
                    Ok(_) => b"250 2.0.0 ok\r\n",
                }
            };
            self.replies.extend_from_slice(reply);
        }
    }
}
