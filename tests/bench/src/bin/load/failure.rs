use std::fmt;
use std::io;
use std::time::Duration;

/// Why a run ended without a record.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line asks for something that is not there.
    Arguments(String),
    /// The system refused.
    Io(&'static str, io::Error),
    /// The server closed a connection that was to stay.
    Closed(usize),
    /// The server does not keep the contract in a way that leaves nothing to measure.
    Contract(String),
    /// This did not happen in time.
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
