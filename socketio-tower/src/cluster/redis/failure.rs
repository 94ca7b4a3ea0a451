use std::io;
use std::time::Duration;

/// The reason that a connection cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the server closed the connection")]
    Closed,
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("no answer for {0:?}")]
    Silent(Duration),
    #[error("the server sent {0}")]
    Protocol(&'static str),
    #[error("the server refused {command}: {reply}")]
    Refused { command: Box<str>, reply: Box<str> },
    #[error("HELLO is unknown; Redis 6 or later is required")]
    TooOld,
    #[error("the server is a Sentinel; its URL begins with `redis+sentinel:`")]
    IsSentinel,
    #[error("the master is not known")]
    UnknownMaster,
    #[error("the server is a replica, and would not pass messages on to its master")]
    IsReplica,
}
