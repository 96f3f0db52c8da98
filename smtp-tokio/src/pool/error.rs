//! What is known of a message that has no report.

use crate::Error;
use smtp_proto::client::Delivery;
use std::{error, fmt};

/// Why a message has no report, by what that means for it.
#[derive(Debug)]
pub enum PoolError {
    /// The server hasn't got it. [`ErrorKind`](crate::ErrorKind) says whether it makes sense to send it
    /// again.
    NotAccepted(Error),
    /// The connection was lost behind the end of the message and before the reply to it: the server
    /// may have accepted it. Sent again, it may come twice; not sent again, never. The pool doesn't
    /// decide that.
    Unknown(Error),
    /// The pool is closed; nothing was sent.
    Closed,
}

impl From<Error> for PoolError {
    fn from(error: Error) -> Self {
        match error.delivery() {
            Delivery::Unknown => Self::Unknown(error),
            Delivery::Idle | Delivery::NotAccepted => Self::NotAccepted(error),
        }
    }
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // An unknown fate is told by the error itself.
            Self::NotAccepted(error) | Self::Unknown(error) => error.fmt(f),
            Self::Closed => f.write_str("the pool is closed"),
        }
    }
}

impl error::Error for PoolError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::NotAccepted(error) | Self::Unknown(error) => error.source(),
            Self::Closed => None,
        }
    }
}
