use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::request::Parts;

/// Why a request is not admitted: HTTP status 403, with the message in the JSON that Engine.IO's clients expect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    message: Box<str>,
}

impl Refusal {
    /// A refusal with this message, which whoever sent the request can read.
    pub fn new(message: impl Into<Box<str>>) -> Self {
        Self { message: message.into() }
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// `Forbidden`, and nothing more.
impl Default for Refusal {
    fn default() -> Self {
        Self::new("Forbidden")
    }
}

impl From<&str> for Refusal {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// Decides whether a request may open a session.
#[derive(Clone)]
pub(crate) struct AdmissionHook(Arc<dyn Fn(Parts) -> Decision + Send + Sync>);

/// What will come of it.
pub(crate) type Decision = Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send>>;

impl AdmissionHook {
    pub(crate) fn new<F, Fut>(hook: F) -> Self
    where
        F: FnOnce(Parts) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Refusal>> + Send + 'static,
    {
        Self(Arc::new(move |parts| Box::pin(hook.clone()(parts))))
    }

    /// Asks one hook after the other. One that panics, or that does not answer in time, refuses.
    pub(crate) fn ask_all(hooks: &[Self], parts: &Parts, patience: Duration) -> Decision {
        let (hooks, parts) = (hooks.to_vec(), parts.clone());
        let asked = AssertUnwindSafe(async move {
            for hook in hooks {
                (hook.0)(parts.clone()).await?;
            }
            Ok(())
        });
        Box::pin(async move {
            match tokio::time::timeout(patience, asked.catch_unwind()).await {
                Ok(Ok(decision)) => decision,
                Ok(Err(_)) => {
                    crate::trace::admission_failed("the hook panicked");
                    Err(Refusal::default())
                }
                Err(_) => {
                    crate::trace::admission_failed("the hook did not answer in time");
                    Err(Refusal::default())
                }
            }
        })
    }
}

impl fmt::Debug for AdmissionHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdmissionHook")
    }
}
