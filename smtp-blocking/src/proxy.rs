//! A proxy says in front of everything else who its client is, or there is nobody to serve.

use crate::Peer;
use crate::stream::{Stream, TICK, is_passing};
use smtp_adapter::ProxyHeader;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Octets read at a time: a header without more than addresses is shorter.
const READ: usize = 256;

/// Reads the header that `proxy` sends, and says who the client is. `None` if there is no sound header in
/// time.
pub(crate) fn client(stream: &mut Stream, proxy: Peer, going_down: &AtomicBool) -> Option<Peer> {
    let began = Instant::now();
    let mut header = ProxyHeader::sent_by(proxy);
    let mut octets = [0; READ];
    while began.elapsed() < ProxyHeader::PATIENCE && !going_down.load(Ordering::Relaxed) {
        let wanted = header.missing().min(READ);
        let read = match stream.read(&mut octets[..wanted], TICK) {
            Ok(0) => return None,
            Ok(read) => read,
            Err(error) if is_passing(&error) => continue,
            Err(_) => return None,
        };
        if let Some(client) = header.receive(&octets[..read]).ok()? {
            return Some(client);
        }
    }
    None
}
