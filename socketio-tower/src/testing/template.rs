use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Request};

use crate::{SocketIo, SocketIoLayer};

/// What the requests of a client have in common.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub(super) io: SocketIo,
    pub(super) layer: SocketIoLayer,
    pub(super) headers: HeaderMap,
    pub(super) extensions: Extensions,
    /// Parameters of the application; each with an ampersand in front.
    pub(super) query: String,
}

impl Template {
    /// The head of a request with this query, to which the parameters of the application are added.
    pub(super) fn parts(&self, method: Method, query: &str) -> Parts {
        let (path, parameters) = (&self.io.path(), &self.query);
        let uri = format!("{path}/?{query}{parameters}");
        let request = Request::builder().method(method).uri(uri).body(());
        let mut parts = request.expect("path and query are part of a URI").into_parts().0;
        parts.headers.clone_from(&self.headers);
        parts.extensions.clone_from(&self.extensions);
        parts
    }
}
