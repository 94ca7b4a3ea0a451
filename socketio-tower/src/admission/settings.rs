use std::fmt;
use std::sync::Arc;

use http::header::HeaderMap;
use http::request::Parts;

use super::{AdmissionHook, ClientFiles, Origins, Rejection, SessionCookie};
use crate::error::SetupError;
use crate::panics::contained;

/// The application's hooks and settings for the requests of Socket.IO clients.
#[derive(Default)]
pub(crate) struct RequestSettings {
    pub(crate) admission: Vec<AdmissionHook>,
    pub(crate) origins: Option<Origins>,
    pub(crate) cookie: Option<SessionCookie>,
    pub(crate) files: Option<Arc<ClientFiles>>,
    pub(crate) initial_headers: Vec<HeaderHook>,
    pub(crate) headers: Vec<HeaderHook>,
    pub(crate) rejected: Option<Arc<RejectionHook>>,
}

/// A hook that adds headers to the response to a request.
pub(crate) type HeaderHook = Arc<dyn Fn(&Parts, &mut HeaderMap) + Send + Sync>;

/// A hook that receives every rejected request.
pub(crate) type RejectionHook = dyn Fn(&Parts, &Rejection) + Send + Sync;

impl RequestSettings {
    /// Reports a rejected request to the application.
    pub(crate) fn report_rejection(&self, request: &Parts, rejection: &Rejection) {
        if let Some(hook) = &self.rejected {
            contained(|| hook(request, rejection));
        }
    }

    /// Returns the errors in the settings.
    pub(crate) fn errors(&self) -> Vec<SetupError> {
        let origins = self.origins.iter().flat_map(Origins::invalid);
        let mut errors: Vec<_> = origins.map(|origin| SetupError::Origin(origin.to_string())).collect();
        errors.extend(self.cookie.iter().filter(|cookie| !cookie.is_valid()).map(|_| SetupError::Cookie));
        let value = self.cookie.as_ref().and_then(SessionCookie::invalid_value);
        errors.extend(value.map(|value| SetupError::CookieValue(value.to_owned())));
        errors
    }

    /// Returns `true` if a hook needs the request.
    pub(crate) fn has_hooks(&self) -> bool {
        self.rejected.is_some() || !self.headers.is_empty() || !self.initial_headers.is_empty()
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
