use std::sync::Arc;

use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use socketio_core::Sid;

use crate::admission::{Rejection, RequestSettings};
use crate::namespace::NamespaceSet;
use crate::observer::Observation;
use crate::panics::contained;

/// The hooks, observers and cookie that apply to a request and its response. Most requests have none, which allocates
/// nothing.
pub(super) struct ResponseHooks(Option<Box<Hooked>>);

struct Hooked {
    namespaces: Arc<NamespaceSet>,
    /// The request, if there are hooks that need it.
    parts: Option<Parts>,
    /// Set if the request opens a session.
    initial: bool,
    cookie: Option<HeaderValue>,
}

impl ResponseHooks {
    /// Returns an empty set.
    pub(super) fn none() -> Self {
        Self(None)
    }

    pub(super) fn begin(namespaces: &Arc<NamespaceSet>, parts: &Parts) -> Self {
        let settings = &namespaces.server().settings().requests;
        let parts = settings.has_hooks().then(|| parts.clone());
        let hooked =
            parts.is_some() || settings.cookie.is_some() || !namespaces.server().observers().is_empty();
        Self(hooked.then(|| {
            let namespaces = Arc::clone(namespaces);
            Box::new(Hooked { namespaces, parts, initial: false, cookie: None })
        }))
    }

    /// Records that the request opens a session. If `sid` is given, the cookie is set.
    pub(super) fn opens(&mut self, sid: Option<&Sid>) {
        if let Some(hooked) = &mut self.0 {
            hooked.initial = true;
            let cookie = hooked.settings().cookie.as_ref().zip(sid);
            hooked.cookie = cookie.and_then(|(cookie, sid)| cookie.header(sid));
        }
    }

    /// Reports a rejection to the application and its observers.
    pub(super) fn rejected(&self, rejection: &Rejection) {
        let Some(hooked) = &self.0 else { return };
        hooked.namespaces.server().observers().tell(|| Observation::RequestRejected { rejection });
        if let Some(parts) = &hooked.parts {
            hooked.settings().report_rejection(parts, rejection);
        }
    }

    /// Adds headers to the response.
    pub(super) fn add_headers(&self, headers: &mut HeaderMap) {
        let Some(hooked) = &self.0 else { return };
        headers.extend(hooked.cookie.clone().map(|cookie| (header::SET_COOKIE, cookie)));
        let Some(parts) = &hooked.parts else { return };
        let settings = hooked.settings();
        let initial = settings.initial_headers.iter().filter(|_| hooked.initial);
        for hook in initial.chain(&settings.headers) {
            contained(|| hook(parts, headers));
        }
    }
}

impl Hooked {
    fn settings(&self) -> &RequestSettings {
        &self.namespaces.server().settings().requests
    }
}
