//! Framing: where a line, a body, a reply begins and ends. Nothing here knows what they mean.
//!
//! Every reader remembers how far it has looked, so a byte is looked at once however the input is
//! cut, and answers the same whatever the cuts.

mod body;
mod chunk;
mod content;
mod line;
mod reply_reader;
mod stuff;
mod transmit;

pub(crate) use body::{Piece, Unstuffer};
pub(crate) use chunk::{ChunkReader, Content};
pub use content::ContentFault;
pub(crate) use line::{Line, LineReader, LineRules};
pub use reply_reader::ReplyFault;
pub(crate) use reply_reader::ReplyReader;
pub use stuff::Newlines;
pub(crate) use stuff::{SentBy, Stuffer};
pub use transmit::Transmit;
