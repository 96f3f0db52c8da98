//! A proxy says in front of everything else who its client is, or there is nobody to serve.

use crate::Peer;
use smtp_adapter::ProxyHeader;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

/// Octets read at a time: a header without more than addresses is shorter.
const READ: usize = 256;

/// Reads the header that `proxy` sends, and says who the client is. `None` if there is no sound header in
/// time.
pub(crate) async fn client(stream: &mut (impl AsyncRead + Unpin), proxy: Peer) -> Option<Peer> {
    timeout(ProxyHeader::PATIENCE, read(stream, proxy))
        .await
        .ok()?
}

async fn read(stream: &mut (impl AsyncRead + Unpin), proxy: Peer) -> Option<Peer> {
    let mut header = ProxyHeader::sent_by(proxy);
    let mut octets = [0; READ];
    loop {
        let wanted = header.missing().min(READ);
        let read = stream.read(&mut octets[..wanted]).await.ok()?;
        if read == 0 {
            return None;
        }
        if let Some(client) = header.receive(&octets[..read]).ok()? {
            return Some(client);
        }
    }
}
