use std::sync::Arc;

use tower_layer::Layer;

use super::{NotFound, SocketIoService};
use crate::namespace::NamespaceSet;

/// A tower layer that serves Socket.IO clients. It handles the requests to the server's path and passes all others to
/// the inner service unchanged.
///
/// Created by [`SocketIo::layer`](crate::SocketIo::layer).
///
/// # Order of layers
///
/// Add it last, so that it is the outermost layer: a timeout or a concurrency limit around it would end or starve
/// long-polling requests, which wait on purpose. Only layers that must see the requests or responses of Socket.IO
/// clients belong around it: CORS, compression, or a session middleware whose session handlers read.
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
///     .layer(CompressionLayer::new()) // long-polling responses of 32 bytes or more
///     .layer(cors); // for reading responses; for WebSockets see `SocketIoBuilder::origins`
/// ```
///
/// # With axum
///
/// Add the layer to the outermost `Router`. It wraps the router's fallback, and `Router::nest` drops the layered
/// fallback of a nested router that has no fallback of its own; `merge` keeps it only from the router passed as the
/// argument. To mount the server on a route instead, use [`service`](Self::service).
#[derive(Debug, Clone)]
#[must_use = "a layer does nothing until it is added to an application"]
pub struct SocketIoLayer {
    namespaces: Arc<NamespaceSet>,
}

impl SocketIoLayer {
    pub(crate) fn new(namespaces: Arc<NamespaceSet>) -> Self {
        Self { namespaces }
    }

    /// Returns a service that handles every request, regardless of its path. Mount it with axum's `route_service` or
    /// `nest_service`.
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
