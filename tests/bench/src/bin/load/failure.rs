use std::fmt;
use std::io;
use std::time::Duration;

/// The reason why a run ended without a record.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is invalid.
    Arguments(String),
    /// A system call failed.
    Io(&'static str, io::Error),
    /// The server closed a connection that should have stayed open.
    Closed(usize),
    /// The server violates the contract in a way that leaves nothing to measure.
    Contract(String),
    /// The event did not happen in time.
    Timeout(String, Duration),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arguments(what) | Self::Contract(what) => f.write_str(what),
            Self::Io(doing, error) => write!(f, "{doing}: {error}"),
            Self::Closed(client) => write!(f, "the server closed the connection of client {client}"),
            Self::Timeout(what, after) => write!(f, "{what}: not within {after:?}"),
        }
    }
}

impl std::error::Error for Failure {}
