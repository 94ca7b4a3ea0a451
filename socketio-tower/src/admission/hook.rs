use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::request::Parts;

use super::Rejection;

/// Decides whether a request may open a session.
#[derive(Clone)]
pub(crate) struct AdmissionHook(Arc<dyn Fn(Parts) -> Decision + Send + Sync>);

/// The pending decision of the hooks.
pub(crate) type Decision = Pin<Box<dyn Future<Output = Result<(), Rejection>> + Send>>;

impl AdmissionHook {
    pub(crate) fn new<F, Fut>(hook: F) -> Self
    where
        F: FnOnce(Parts) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Rejection>> + Send + 'static,
    {
        Self(Arc::new(move |parts| Box::pin(hook.clone()(parts))))
    }

    /// Calls one hook after the other. A hook that panics or does not finish in time rejects the request.
    pub(crate) fn decide(hooks: &[Self], parts: &Parts, timeout: Duration) -> Decision {
        let (hooks, parts) = (hooks.to_vec(), parts.clone());
        let decision = AssertUnwindSafe(async move {
            for hook in hooks {
                (hook.0)(parts.clone()).await?;
            }
            Ok(())
        });
        Box::pin(async move {
            match tokio::time::timeout(timeout, decision.catch_unwind()).await {
                Ok(Ok(decided)) => decided,
                Ok(Err(_)) => {
                    crate::trace::admission_failed("the hook panicked");
                    Err(Rejection::default())
                }
                Err(_) => {
                    crate::trace::admission_failed("the hook did not finish in time");
                    Err(Rejection::default())
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
