//! Framing: where a line, a body, a reply begins and ends. Nothing here knows what they mean.
//!
//! Every reader remembers how far it has looked, so a byte is looked at once however the input is
//! cut, and answers the same whatever the cuts.

mod body;
mod chunk;
mod content;
mod line;
mod mend;
mod reply_reader;
mod stuff;
mod transmit;

pub(crate) use body::{Piece, Unstuffer};
pub(crate) use chunk::{ChunkReader, Content};
pub use content::ContentFault;
pub(crate) use line::{Line, LineReader, LineRules};
pub use reply_reader::{ReplyFault, ReplyReader};
pub use stuff::Newlines;
pub(crate) use stuff::{SentBy, Stuffer};
pub use transmit::Transmit;

use bytes::BytesMut;

/// Octets of a buffer that is kept: a command line, or a reply.
const KEEP: usize = 256;

/// Gives a larger one back if it is empty.
pub(crate) fn give_back(buffer: &mut BytesMut) {
    if buffer.is_empty() && buffer.try_reclaim(KEEP + 1) {
        *buffer = BytesMut::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a buffer of that size is kept, once as much of it was filled and taken.
    fn is_kept(size: usize, filled: usize) -> bool {
        let mut buffer = BytesMut::with_capacity(size);
        buffer.resize(filled, b'x');
        drop(buffer.split());
        give_back(&mut buffer);
        buffer.capacity() > 0 || buffer.try_reclaim(1)
    }

    #[test]
    fn an_empty_buffer_is_kept_where_it_is_small() {
        assert!(is_kept(80, 80));
        assert!(is_kept(256, 0));
        for filled in [0, 100, 32_768] {
            assert!(!is_kept(32_768, filled), "{filled}");
        }
    }

    #[test]
    fn what_holds_something_stays() {
        let mut buffer = BytesMut::with_capacity(32_768);
        buffer.extend_from_slice(b"NOOP\r\n");
        give_back(&mut buffer);
        assert_eq!(&buffer[..], b"NOOP\r\n");
    }
}
