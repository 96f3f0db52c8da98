//! Which buffers are kept though nothing is in them: a client may be silent for long, and there may be
//! many of them.

use bytes::BytesMut;

/// Octets of a buffer that is kept: a command line, or a reply.
const KEEP: usize = 256;

/// Gives a larger one back if it is empty.
pub(super) fn give_back(buffer: &mut BytesMut) {
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
