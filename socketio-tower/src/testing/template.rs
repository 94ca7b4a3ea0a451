use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Request};
use socketio_core::Transport;

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
    /// The head of a request; without a `sid`, one that opens a session.
    pub(super) fn parts(&self, method: Method, transport: Transport, sid: Option<&str>) -> Parts {
        let (path, name, query) = (&self.io.path(), transport.name(), &self.query);
        let sid = sid.map(|sid| format!("&sid={sid}")).unwrap_or_default();
        let uri = format!("{path}/?EIO=4&transport={name}{query}{sid}");
        let request = Request::builder().method(method).uri(uri).body(());
        let mut parts = request.expect("path and query are part of a URI").into_parts().0;
        parts.headers.clone_from(&self.headers);
        parts.extensions.clone_from(&self.extensions);
        parts
    }
}
