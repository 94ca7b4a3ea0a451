use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Request};

use crate::{SocketIo, SocketIoLayer};

/// The common parts of a client's requests.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub(super) io: SocketIo,
    pub(super) layer: SocketIoLayer,
    pub(super) headers: HeaderMap,
    pub(super) extensions: Extensions,
    /// The query parameters of the application, each with a leading ampersand.
    pub(super) query: String,
}

impl Template {
    /// Returns the head of a request with this query, to which the parameters of the application are added.
    pub(super) fn parts(&self, method: Method, query: &str) -> Parts {
        let (path, parameters) = (&self.io.path(), &self.query);
        let uri = format!("{path}/?{query}{parameters}");
        let request = Request::builder().method(method).uri(uri).body(());
        let mut parts = request.expect("path and query are valid in a URI").into_parts().0;
        parts.headers.clone_from(&self.headers);
        parts.extensions.clone_from(&self.extensions);
        parts
    }
}
