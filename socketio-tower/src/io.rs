use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use socketio_core::namespace::NamespacePath;
use socketio_core::packet::ToArgs;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::broadcast::{
    BroadcastAck, BroadcastOperator, NamespaceHandle, Operation, RemoteSocket, Selection,
};
use crate::builder::SocketIoBuilder;
use crate::emit_status::EmitStatus;
use crate::error::{RemoveError, SetupErrors};
use crate::layer::{Rejection, SocketIoLayer};
use crate::namespace::{NamespaceBuilder, NamespaceSet};
use crate::socket::Socket;
use crate::stats::Stats;

#[cfg(feature = "cluster")]
mod cluster;

/// A Socket.IO server.
///
/// A `SocketIo` is a handle that is cheap to clone and can be used from any thread. Only [`attach`](Self::attach) and
/// [`close`](Self::close) require a tokio runtime. All layers created from it share its sessions and namespaces.
///
/// ```
/// use axum::{Router, routing::get};
/// use socketio_tower::{Data, Socket, SocketIo};
///
/// let io = SocketIo::new();
/// io.of("/chat", |ns| {
///     ns.on_connect(async |socket: Socket| {
///         socket.join("lobby");
///     });
///     ns.on("message", async |socket: Socket, Data(text): Data<String>| {
///         socket.to("lobby").emit("message", &text);
///     });
/// });
/// let app: Router = Router::new().route("/", get(async || "hello")).layer(io.layer());
/// ```
#[derive(Clone)]
pub struct SocketIo(Arc<NamespaceSet>);

/// Setup of the server.
impl SocketIo {
    /// Creates a server with default settings.
    ///
    /// ```
    /// let io = socketio_tower::SocketIo::new();
    /// let app: axum::Router = axum::Router::new().layer(io.layer());
    /// ```
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Returns a builder for configuring limits, timeouts, state and hooks.
    ///
    /// ```
    /// use std::time::Duration;
    /// use socketio_tower::SocketIo;
    ///
    /// let io = SocketIo::builder().max_payload(100_000).ack_timeout(Duration::from_secs(2)).build();
    /// ```
    pub fn builder() -> SocketIoBuilder {
        SocketIoBuilder::default()
    }

    /// Defines a namespace, or extends one that is already defined.
    ///
    /// The closure registers the namespace's handlers and settings. They take effect together, for clients that connect
    /// afterwards; sockets that are already connected keep the handlers they connected with. Several calls for the same
    /// path add to one definition. Calls may come from several threads, and may be nested.
    ///
    /// A leading `/` is added to the path if it is missing. The namespace `/` always exists.
    ///
    /// # Dynamic namespaces
    ///
    /// A path with parameters is a pattern. Each name that matches it is a namespace with its own sockets and rooms;
    /// all of them use the pattern's handlers. `{id}` matches one segment, `{*rest}` at the end matches the rest of the
    /// path, and `{{` is a literal brace. A namespace defined by its exact path takes precedence over patterns.
    /// Handlers read the parameters with [`Path`](crate::extract::Path).
    ///
    /// A dynamic namespace is created once the middlewares have admitted its first socket, and ends when its last
    /// socket has left.
    ///
    /// ```
    /// use socketio_tower::extract::Path;
    /// use socketio_tower::{Socket, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/orders/{id}", |ns| {
    ///     ns.middleware(async |Path(id): Path<u64>| if id > 0 { Ok(()) } else { Err("no such order".into()) });
    ///     ns.on("status", async |Path(id): Path<u64>| format!("order {id} is on its way"));
    /// });
    /// if let Some(order) = io.namespace("/orders/7") {
    ///     order.emit("delivered", ""); // at least one client is connected to it
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if a layer was already created and the definition is invalid. Earlier definitions do not panic: their
    /// errors are reported by [`layer`](Self::layer) or [`try_layer`](Self::try_layer).
    pub fn of(&self, path: &str, define: impl FnOnce(&mut NamespaceBuilder)) {
        self.0.define(path, define);
    }

    /// Removes a namespace or pattern defined with [`of`](Self::of). Removing a pattern also removes its dynamic
    /// namespaces.
    ///
    /// All its sockets are disconnected as if by [`Socket::disconnect`](crate::Socket::disconnect): clients see
    /// `io server disconnect`, stay connected to their other namespaces, and do not reconnect automatically. As for any
    /// disconnected socket, running handlers may finish, and the disconnect handler runs last. Later connection
    /// requests are rejected as for an unknown namespace, unless another definition matches the name. A request whose
    /// middlewares are still running is rejected when they have finished. Handles to the namespace no longer reach any
    /// socket.
    ///
    /// The path can be defined again afterwards, and then has no handlers. A single dynamic namespace cannot be
    /// removed; it ends when its last socket leaves.
    ///
    /// ```
    /// use socketio_tower::{RemoveError, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/beta/{tenant}", |ns| {
    ///     ns.on("try", async || "something new");
    /// });
    /// assert_eq!(io.remove("/beta/{tenant}"), Ok(()));
    /// assert_eq!(io.remove("/"), Err(RemoveError::Root));
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if no namespace or pattern was defined with this path, or if it is `/`.
    pub fn remove(&self, path: &str) -> Result<(), RemoveError> {
        let unknown = || RemoveError::Unknown(path.to_owned());
        let path: NamespacePath = path.parse().map_err(|_| unknown())?;
        if path.is_root() {
            return Err(RemoveError::Root);
        }
        let removed = self.0.remove(path.as_str()).ok_or_else(unknown)?;
        for namespace in removed {
            // Other nodes have definitions of their own.
            namespace.perform(&Selection::default(), Operation::Disconnect { close: false });
        }
        Ok(())
    }

    /// Returns the layer that serves this server's clients inside a tower application.
    ///
    /// Add it last, so that it is the outermost layer. Long-polling requests stay open by design: a timeout layer
    /// around it would cut them off, and they would use up a concurrency limit. [`SocketIoLayer`] lists the layers that
    /// may be added around it.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use socketio_tower::SocketIo;
    ///
    /// let io = SocketIo::new();
    /// let app: Router = Router::new().route("/", get(async || "hello")).layer(io.layer());
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the setup is invalid; the message lists all errors. See [`try_layer`](Self::try_layer).
    pub fn layer(&self) -> SocketIoLayer {
        self.try_layer().unwrap_or_else(|errors| panic!("{errors}"))
    }

    /// Returns the layer, or the errors in the setup. The fallible version of [`layer`](Self::layer).
    ///
    /// ```
    /// use socketio_tower::{SetupError, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.of("/", |ns| ns.on("connect", async || ())); // a name that the protocol reserves
    /// let errors = io.try_layer().unwrap_err();
    /// assert_eq!(errors.iter().next(), Some(&SetupError::ReservedEvent("connect".to_owned())));
    /// ```
    ///
    /// # Errors
    ///
    /// Returns all errors in the setup: reserved event names, handlers registered twice, handlers with conflicting
    /// arguments, invalid paths, patterns, origins or cookies, and missing states or path parameters.
    pub fn try_layer(&self) -> Result<SocketIoLayer, SetupErrors> {
        self.0.finish_setup()?;
        Ok(SocketIoLayer::new(Arc::clone(&self.0)))
    }
}

/// Clients that do not connect over HTTP.
impl SocketIo {
    /// Serves a client over a byte stream, such as an in-memory connection, a tunnel, or a connection that another
    /// server has upgraded.
    ///
    /// The stream carries WebSocket frames (RFC 6455). The opening handshake must already be complete, and the client
    /// must mask its frames. The session is then served like any WebSocket session of the [layer](Self::layer).
    ///
    /// `parts` is the head of the client's request, received or constructed. Its query opens a session
    /// (`EIO=4&transport=websocket`) or, with a `sid`, upgrades that session from long polling to the stream. Its
    /// headers and extensions are available in [`Handshake`](crate::Handshake). Its path, its method and the headers of
    /// an HTTP upgrade are ignored.
    ///
    /// Returns as soon as the session is open or the upgrade is queued; the session runs in a task of its own.
    ///
    /// ```
    /// use http::Request;
    /// use socketio_tower::{SocketIo, layer::Rejection};
    /// use tokio::io::{AsyncRead, AsyncWrite};
    ///
    /// async fn serve(io: &SocketIo, tunnel: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Result<(), Rejection> {
    ///     let request = Request::get("/socket.io/?EIO=4&transport=websocket").body(()).expect("a valid request");
    ///     io.attach(request.into_parts().0, tunnel).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the layer would reject the request. In this case, the stream is dropped and
    /// [`on_connection_error`](crate::SocketIoBuilder::on_connection_error) is called. The error contains the HTTP
    /// response that the layer would send: [`status`](Rejection::status) and [`body`](Rejection::body).
    ///
    /// # Panics
    ///
    /// Panics if polled outside a tokio runtime, because it spawns the session's task.
    ///
    /// # Cancel safety
    ///
    /// The future waits only for [`allow_request`](crate::SocketIoBuilder::allow_request) hooks. If it is dropped
    /// before it completes, the stream is dropped and no session is opened.
    pub async fn attach<S>(&self, parts: Parts, stream: S) -> Result<(), Rejection>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        crate::layer::attach(&self.0, &parts, stream).await
    }
}

/// Sending to the sockets of the namespace `/`. For other namespaces see [`namespace`](Self::namespace).
impl SocketIo {
    /// Sends an event to all sockets.
    ///
    /// ```
    /// use socketio_tower::{Args, SocketIo};
    ///
    /// let io = SocketIo::new();
    /// io.emit("news", "it works");
    /// io.emit("move", &Args((1, 2))); // two arguments
    /// ```
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> EmitStatus {
        self.root().emit(event, args)
    }

    /// Selects the sockets in `room`.
    ///
    /// ```
    /// # let io = socketio_tower::SocketIo::new();
    /// io.to("lobby").to("garden").emit("message", "in either room");
    /// ```
    pub fn to(&self, room: impl Into<String>) -> BroadcastOperator {
        self.root().to(room)
    }

    /// Selects all sockets that are not in `room`.
    ///
    /// ```
    /// # let io = socketio_tower::SocketIo::new();
    /// io.except("muted").emit("message", "to all others");
    /// ```
    pub fn except(&self, room: impl Into<String>) -> BroadcastOperator {
        self.root().except(room)
    }

    /// Sends a `message` event to all sockets.
    pub fn send<T: ToArgs + ?Sized>(&self, args: &T) -> EmitStatus {
        self.root().send(args)
    }

    /// Sends an event to all sockets and returns their acks, as a stream or all at once; see
    /// [`BroadcastOperator::emit_with_ack`].
    ///
    /// ```
    /// # async fn example(io: socketio_tower::SocketIo) {
    /// let acks = io.emit_with_ack::<_, String>("version", "").await;
    /// println!("{} clients acknowledged", acks.iter().filter(|ack| ack.is_ok()).count());
    /// # }
    /// ```
    pub fn emit_with_ack<T, R>(&self, event: &str, args: &T) -> BroadcastAck<R>
    where
        T: ToArgs + ?Sized,
    {
        self.root().emit_with_ack(event, args)
    }

    /// Selects all sockets, and discards packets that cannot be sent immediately; see
    /// [`Socket::volatile`](crate::Socket::volatile).
    pub fn volatile(&self) -> BroadcastOperator {
        self.root().volatile()
    }

    /// Selects the sockets of this process; see [`BroadcastOperator::local`].
    pub fn local(&self) -> BroadcastOperator {
        self.root().local()
    }

    /// Selects all sockets, and sets the ack timeout of the following `emit_with_ack`.
    pub fn timeout(&self, timeout: Duration) -> BroadcastOperator {
        self.root().timeout(timeout)
    }

    /// Returns a snapshot of each socket.
    ///
    /// ```
    /// # async fn example(io: socketio_tower::SocketIo) {
    /// for socket in io.fetch_sockets().await {
    ///     println!("{} is in {:?}", socket.id(), socket.rooms());
    /// }
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The future can be dropped at any time.
    pub async fn fetch_sockets(&self) -> Vec<RemoteSocket> {
        self.root().fetch_sockets().await
    }

    /// Makes all sockets join `room`.
    ///
    /// # Cancel safety
    ///
    /// The sockets join on the first poll; a future dropped before that does nothing.
    pub async fn sockets_join(&self, room: impl AsRef<str>) {
        self.root().sockets_join(room).await;
    }

    /// Makes all sockets leave `room`.
    ///
    /// # Cancel safety
    ///
    /// The sockets leave on the first poll; a future dropped before that does nothing.
    pub async fn sockets_leave(&self, room: impl AsRef<str>) {
        self.root().sockets_leave(room).await;
    }

    /// Disconnects all sockets from `/`. If `close` is `true`, their clients are disconnected from all namespaces and
    /// their connections are closed.
    ///
    /// # Cancel safety
    ///
    /// The sockets are disconnected on the first poll; a future dropped before that does nothing.
    pub async fn disconnect_sockets(&self, close: bool) {
        self.root().disconnect_sockets(close).await;
    }

    /// Returns a handle to a namespace: one defined with this exact path, or a dynamic namespace that has sockets. In a
    /// cluster, the sockets of a dynamic namespace may be on other nodes: any name that matches a pattern is returned.
    ///
    /// A handle to a dynamic namespace stays valid after the last socket has left, and also reaches sockets that
    /// connect later.
    ///
    /// ```
    /// use socketio_tower::SocketIo;
    ///
    /// let io = SocketIo::new();
    /// io.of("/chat", |_| {});
    /// let chat = io.namespace("/chat").expect("it was defined");
    /// chat.to("lobby").emit("message", "hello");
    /// assert!(io.namespace("/unknown").is_none());
    /// ```
    pub fn namespace(&self, path: &str) -> Option<NamespaceHandle> {
        let path: NamespacePath = path.parse().ok()?;
        #[cfg(feature = "cluster")]
        if self.0.cluster().get().is_some() {
            return self.0.resolve(path.as_str()).map(NamespaceHandle::new);
        }
        self.0.find(path.as_str()).map(NamespaceHandle::new)
    }

    /// Returns handles to all namespaces: those defined with an exact path, and the dynamic ones that have sockets.
    pub fn namespaces(&self) -> Vec<NamespaceHandle> {
        self.0.all().into_iter().map(NamespaceHandle::new).collect()
    }
}

/// Metrics and shutdown.
impl SocketIo {
    /// Returns the number of open sessions.
    pub fn sessions(&self) -> usize {
        self.0.server().sessions().len()
    }

    /// Returns a snapshot of the server's counters.
    ///
    /// Each call visits every session: call it once a second to collect metrics, not once per message.
    ///
    /// ```
    /// let io = socketio_tower::SocketIo::new();
    /// let stats = io.stats();
    /// println!("{} sessions, {} sockets, {} bytes queued", stats.sessions, stats.sockets, stats.queued_bytes);
    /// ```
    pub fn stats(&self) -> Stats {
        let sockets = self.0.all().iter().map(|namespace| namespace.rooms().len()).sum();
        Stats {
            sockets,
            #[cfg(feature = "cluster")]
            cluster: self.0.cluster().joined().map(|joined| joined.stats()),
            ..self.0.server().sessions().stats()
        }
    }

    /// Closes every session and rejects new ones. Waits until all sessions have ended, including their disconnect
    /// handlers, but at most for `timeout`. Returns `true` if all of them ended in time.
    ///
    /// A server in a cluster then leaves it, within the same time, of which a tenth is kept for that, at most a second: it
    /// answers what other nodes have asked, publishes what is queued, and says goodbye.
    ///
    /// hyper's graceful shutdown does not wait for upgraded connections; this method does.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn example(
    /// #     io: socketio_tower::SocketIo, listener: tokio::net::TcpListener, app: axum::Router,
    /// # ) -> std::io::Result<()> {
    /// let shutdown = async move {
    ///     tokio::signal::ctrl_c().await.ok();
    ///     io.close(Duration::from_secs(10)).await;
    /// };
    /// axum::serve(listener, app.into_make_service()).with_graceful_shutdown(shutdown).await
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if polled outside a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Once the future has been polled, dropping it only ends the wait: the sessions are still closed, and new ones are
    /// still rejected. A cluster is left only if the future was not dropped before the sessions have ended.
    pub async fn close(&self, timeout: Duration) -> bool {
        #[cfg(feature = "cluster")]
        if let Some(joined) = self.0.cluster().joined() {
            let deadline = crate::clock::deadline(timeout);
            let closed = self.0.server().close(timeout - crate::cluster::time_to_leave(timeout)).await;
            // Last, because disconnect handlers broadcast.
            joined.close(deadline.into()).await;
            return closed;
        }
        self.0.server().close(timeout).await
    }

    /// Returns the path on which the layer accepts requests.
    #[cfg(feature = "testing")]
    pub(crate) fn path(&self) -> &str {
        &self.0.server().settings().path
    }

    pub(crate) fn root(&self) -> NamespaceHandle {
        NamespaceHandle::new(self.0.resolve("/").expect("`/` is defined by `build` and cannot be removed"))
    }
}

impl SocketIoBuilder {
    /// Builds the server.
    ///
    /// ```
    /// let io = socketio_tower::SocketIo::builder().path("/ws").build();
    /// ```
    pub fn build(self) -> SocketIo {
        let namespaces = self.make();
        namespaces.define("/", |_| {});
        SocketIo(Arc::new(namespaces))
    }
}

/// The server of the socket.
impl Socket {
    /// Returns the server this socket belongs to.
    pub fn io(&self) -> SocketIo {
        SocketIo(Arc::clone(self.namespaces()))
    }
}

impl Default for SocketIo {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SocketIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketIo")
            .field("path", &self.0.server().settings().path)
            .field("sessions", &self.0.server().sessions().len())
            .finish_non_exhaustive()
    }
}
