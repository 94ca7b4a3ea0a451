use std::sync::Arc;

use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use socketio_core::Sid;
use socketio_core::engine::RequestError;

use crate::admission::{Refusal, RequestSettings};
use crate::namespace::NamespaceSet;
use crate::observer::Observation;
use crate::panics::contained;

/// What is to be done with the answer to a request.
pub(super) struct Watch {
    namespaces: Arc<NamespaceSet>,
    /// For the hooks, if there are some.
    parts: Option<Parts>,
    /// Whether the request opens a session.
    initial: bool,
    cookie: Option<HeaderValue>,
}

impl Watch {
    /// None if nobody wants anything.
    pub(super) fn begin(namespaces: &Arc<NamespaceSet>, parts: &Parts) -> Option<Box<Self>> {
        let settings = &namespaces.server().settings().requests;
        let parts = settings.has_hooks().then(|| parts.clone());
        (parts.is_some() || settings.cookie.is_some() || !namespaces.server().observers().is_empty()).then(
            || Box::new(Self { namespaces: Arc::clone(namespaces), parts, initial: false, cookie: None }),
        )
    }

    fn settings(&self) -> &RequestSettings {
        &self.namespaces.server().settings().requests
    }

    /// The request opens a session; by long polling, if its id is to be told.
    pub(super) fn opens(&mut self, sid: Option<&Sid>) {
        self.initial = true;
        self.cookie = self.settings().cookie.as_ref().zip(sid).and_then(|(cookie, sid)| cookie.header(sid));
    }

    /// The request is refused.
    pub(super) fn refused(&self, cause: RequestError, refusal: Option<&Refusal>) {
        self.namespaces.server().observers().tell(|| Observation::RequestRefused { cause });
        if let Some(parts) = &self.parts {
            self.settings().tell_refused(parts, cause, refusal);
        }
    }

    /// The request is answered with these headers.
    pub(super) fn answered(&self, headers: &mut HeaderMap) {
        headers.extend(self.cookie.clone().map(|cookie| (header::SET_COOKIE, cookie)));
        let Some(parts) = &self.parts else { return };
        let settings = self.settings();
        let initial = settings.initial_headers.iter().filter(|_| self.initial);
        for hook in initial.chain(&settings.headers) {
            contained(|| hook(parts, headers));
        }
    }
}
