use std::error::Error;
use std::sync::Arc;

/// The reason that a backend has no connection to its broker.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct BackendError {
    message: Arc<str>,
    #[source]
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl BackendError {
    /// Creates an error with a message.
    pub fn new(message: impl Into<Arc<str>>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// Creates an error with a message and the error that caused it.
    pub fn with_source(message: impl Into<Arc<str>>, source: impl Error + Send + Sync + 'static) -> Self {
        Self { message: message.into(), source: Some(Arc::new(source)) }
    }
}
