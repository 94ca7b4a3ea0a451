/// An invalid setting of a [`Redis`](super::Redis). The message never contains a password or a part of the URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedisConfigError {
    /// The URL is invalid, for this reason.
    #[error("invalid Redis URL: {0}")]
    Url(&'static str),
    /// A certificate or key is invalid, for this reason.
    #[error("invalid PEM: {0}")]
    Pem(&'static str),
}
