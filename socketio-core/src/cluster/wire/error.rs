/// The reason a message of another node cannot be read. It is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The message is not what the form allows.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The message exceeds a limit.
    #[error("too large: {0}")]
    TooLarge(&'static str),
    /// The message is of a kind that this implementation does not know, such as one of a newer version.
    #[error("of an unknown kind")]
    Unknown,
}

/// The reason a message cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The message is larger than [`MAX_MESSAGE`](super::MAX_MESSAGE).
    #[error("the message is larger than {} bytes", super::MAX_MESSAGE)]
    TooLarge,
    /// An argument is nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    #[error("an argument is nested deeper than {} levels", super::MAX_DEPTH)]
    TooDeep,
}
