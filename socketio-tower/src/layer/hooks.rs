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
pub(super) struct Watch(Option<Box<Watched>>);

struct Watched {
    namespaces: Arc<NamespaceSet>,
    /// For the hooks, if there are some.
    parts: Option<Parts>,
    /// Whether the request opens a session.
    initial: bool,
    cookie: Option<HeaderValue>,
}

impl Watch {
    /// Watches nothing.
    pub(super) fn nothing() -> Self {
        Self(None)
    }

    pub(super) fn begin(namespaces: &Arc<NamespaceSet>, parts: &Parts) -> Self {
        let settings = &namespaces.server().settings().requests;
        let parts = settings.has_hooks().then(|| parts.clone());
        let watched =
            parts.is_some() || settings.cookie.is_some() || !namespaces.server().observers().is_empty();
        Self(watched.then(|| {
            let namespaces = Arc::clone(namespaces);
            Box::new(Watched { namespaces, parts, initial: false, cookie: None })
        }))
    }

    /// Notes that the request opens a session, whose id the cookie carries if it is given.
    pub(super) fn opens(&mut self, sid: Option<&Sid>) {
        if let Some(watched) = &mut self.0 {
            watched.initial = true;
            let cookie = watched.settings().cookie.as_ref().zip(sid);
            watched.cookie = cookie.and_then(|(cookie, sid)| cookie.header(sid));
        }
    }

    /// Reports that the request is rejected.
    pub(super) fn rejected(&self, rejection: &Rejection) {
        let Some(watched) = &self.0 else { return };
        watched.namespaces.server().observers().tell(|| Observation::RequestRejected { rejection });
        if let Some(parts) = &watched.parts {
            watched.settings().report_rejection(parts, rejection);
        }
    }

    /// Adds headers to the answer.
    pub(super) fn answered(&self, headers: &mut HeaderMap) {
        let Some(watched) = &self.0 else { return };
        headers.extend(watched.cookie.clone().map(|cookie| (header::SET_COOKIE, cookie)));
        let Some(parts) = &watched.parts else { return };
        let settings = watched.settings();
        let initial = settings.initial_headers.iter().filter(|_| watched.initial);
        for hook in initial.chain(&settings.headers) {
            contained(|| hook(parts, headers));
        }
    }
}

impl Watched {
    fn settings(&self) -> &RequestSettings {
        &self.namespaces.server().settings().requests
    }
}
