use std::sync::Arc;

use tower_layer::Layer;

use super::{NotFound, SocketIoService};
use crate::namespace::NamespaceSet;

/// Serves Socket.IO clients inside a tower application: requests under the server's path are answered,
/// all others pass through untouched.
///
/// Made by [`SocketIo::layer`](crate::SocketIo::layer).
///
/// It should be added last, so that it stands outermost: a timeout or a concurrency limit around it would
/// end or starve the requests of long polling, which wait on purpose. Only what must see the answers to
/// Socket.IO's clients too belongs around it: CORS, compression, or a session that handlers ask for.
///
/// ```
/// use axum::{Router, routing::get};
/// use socketio_tower::SocketIo;
/// use tower_http::compression::CompressionLayer;
/// use tower_http::cors::CorsLayer;
///
/// let io = SocketIo::new();
/// let cors = CorsLayer::new().allow_origin(["https://example.com".parse().expect("an origin")]).allow_credentials(true);
/// let app: Router = Router::new()
///     .route("/", get(async || "hello"))
///     .layer(io.layer())
///     .layer(CompressionLayer::new()) // the answers of long polling, from 32 bytes on
///     .layer(cors); // who may read them; `SocketIoBuilder::origins` says who may open a WebSocket
/// ```
///
/// In axum, add it to the outermost `Router` of all. The layer stands around the router's fallback, and
/// of a router without a fallback of its own `nest` keeps nothing but the routes, and `merge` only if it is
/// the one that is merged into the other. To mount the server on a route, use [`service`](Self::service).
#[derive(Debug, Clone)]
#[must_use = "a layer serves nobody until it is added to an application"]
pub struct SocketIoLayer {
    namespaces: Arc<NamespaceSet>,
}

impl SocketIoLayer {
    pub(crate) fn new(namespaces: Arc<NamespaceSet>) -> Self {
        Self { namespaces }
    }

    /// A service that takes every request it is given for one of its own, whatever the path: to be
    /// mounted with `route_service` or `nest_service`.
    ///
    /// ```
    /// use axum::Router;
    /// use socketio_tower::SocketIo;
    ///
    /// let io = SocketIo::new();
    /// let app: Router = Router::new().route_service("/socket.io/", io.layer().service());
    /// ```
    pub fn service(&self) -> SocketIoService<NotFound> {
        SocketIoService::everywhere(NotFound, Arc::clone(&self.namespaces))
    }
}

impl<S> Layer<S> for SocketIoLayer {
    type Service = SocketIoService<S>;

    fn layer(&self, inner: S) -> SocketIoService<S> {
        SocketIoService::new(inner, Arc::clone(&self.namespaces))
    }
}
