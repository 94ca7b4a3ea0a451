use std::sync::Arc;

use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use socketio_core::Sid;

use crate::admission::{Rejection, RequestSettings};
use crate::namespace::NamespaceSet;
use crate::observer::Observation;
use crate::panics::contained;

/// The parties that watch a request and its answer: the application's hooks, the observers, and whoever sets the cookie.
/// Most requests have none, and cost nothing for it.
pub(super) struct ResponseHooks(Option<Box<Hooked>>);

struct Hooked {
    namespaces: Arc<NamespaceSet>,
    /// For the hooks, if there are some.
    parts: Option<Parts>,
    /// Whether the request opens a session.
    initial: bool,
    cookie: Option<HeaderValue>,
}

impl ResponseHooks {
    /// Watches nothing.
    pub(super) fn nothing() -> Self {
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

    /// Notes that the request opens a session, whose id the cookie carries if it is given.
    pub(super) fn opens(&mut self, sid: Option<&Sid>) {
        if let Some(hooked) = &mut self.0 {
            hooked.initial = true;
            let cookie = hooked.settings().cookie.as_ref().zip(sid);
            hooked.cookie = cookie.and_then(|(cookie, sid)| cookie.header(sid));
        }
    }

    /// Reports that the request is rejected.
    pub(super) fn rejected(&self, rejection: &Rejection) {
        let Some(hooked) = &self.0 else { return };
        hooked.namespaces.server().observers().tell(|| Observation::RequestRejected { rejection });
        if let Some(parts) = &hooked.parts {
            hooked.settings().report_rejection(parts, rejection);
        }
    }

    /// Adds headers to the answer.
    pub(super) fn answered(&self, headers: &mut HeaderMap) {
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
