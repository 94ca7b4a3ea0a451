use std::fmt;
use std::sync::Arc;

use http::header::HeaderMap;
use http::request::Parts;
use socketio_core::engine::RequestError;

use super::{AdmissionHook, ClientFiles, ConnectionError, Origins, Refusal, SessionCookie};
use crate::error::SetupError;
use crate::panics::contained;

/// What an application wants to know of, and to say in, the requests of Socket.IO's clients.
#[derive(Default)]
pub(crate) struct RequestSettings {
    pub(crate) admission: Vec<AdmissionHook>,
    pub(crate) origins: Option<Origins>,
    pub(crate) cookie: Option<SessionCookie>,
    pub(crate) files: Option<Arc<ClientFiles>>,
    pub(crate) initial_headers: Vec<HeaderHook>,
    pub(crate) headers: Vec<HeaderHook>,
    pub(crate) refused: Option<Arc<RefusedHook>>,
}

/// Adds headers to the answer to a request.
pub(crate) type HeaderHook = Arc<dyn Fn(&Parts, &mut HeaderMap) + Send + Sync>;

/// Is told of requests that were refused.
pub(crate) type RefusedHook = dyn Fn(&ConnectionError<'_>) + Send + Sync;

impl RequestSettings {
    /// A request is refused.
    pub(crate) fn tell_refused(&self, request: &Parts, cause: RequestError, refusal: Option<&Refusal>) {
        if let Some(hook) = &self.refused {
            contained(|| hook(&ConnectionError::new(request, cause, refusal)));
        }
    }

    /// The mistakes in what is set.
    pub(crate) fn mistakes(&self) -> Vec<SetupError> {
        let origins = self.origins.iter().flat_map(Origins::wrong);
        let mut errors: Vec<_> = origins.map(|origin| SetupError::Origin(origin.to_string())).collect();
        errors.extend(self.cookie.iter().filter(|cookie| !cookie.is_valid()).map(|_| SetupError::Cookie));
        errors
    }

    /// Whether a hook wants to see requests.
    pub(crate) fn has_hooks(&self) -> bool {
        self.refused.is_some() || !self.headers.is_empty() || !self.initial_headers.is_empty()
    }
}

impl fmt::Debug for RequestSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestSettings")
            .field("origins", &self.origins)
            .field("cookie", &self.cookie)
            .finish_non_exhaustive()
    }
}
