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

/// A Socket.IO server.
///
/// A handle: cloning is cheap, and it may be used on any thread, with or without a runtime. All layers
/// made of it share its sessions and namespaces.
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

/// Setting up.
impl SocketIo {
    /// A server with default settings.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Settings for a server.
    pub fn builder() -> SocketIoBuilder {
        SocketIoBuilder::default()
    }

    /// Defines a namespace, or adds to one. Clients that connect meet all that the closure says; sockets
    /// that are connected already keep to what stood when they came.
    ///
    /// Several definitions of one path add up, whichever threads they are made on; one may be made inside another.
    ///
    /// A path begins with a slash; one is put in front where it is missing. `/` exists always.
    ///
    /// A path with parts in braces is a pattern: every name that meets it is a namespace of its own, with its own sockets
    /// and rooms, and with the handlers of the pattern. It begins to live when the middlewares have let its first socket
    /// in, and ends when the last has left. `{id}` stands for what is there up to the next slash, `{*rest}` at the end for
    /// all of the rest, `{{` for a brace. A path that is defined as it is wins over patterns. Handlers ask for what stood
    /// in the braces with [`Path`](crate::extract::Path).
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
    ///     order.emit("delivered", ""); // somebody is looking at it
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// When a layer was made already and the definition has a mistake. Before that, mistakes are told when the layer is
    /// made.
    pub fn of(&self, path: &str, define: impl FnOnce(&mut NamespaceBuilder)) {
        self.0.define(path, define);
    }

    /// Takes a namespace away while the server runs: what [`of`](Self::of) has defined by this path, or by this pattern with
    /// all that lives by it. From then on a client that asks for it is refused as for one that there never was, or meets
    /// what else is defined for the name; those whose middlewares run are refused at their end.
    ///
    /// Its sockets are disconnected, as by [`Socket::disconnect`](crate::Socket::disconnect): their clients see
    /// `io server disconnect`, keep their other namespaces, and do not come back by themselves. What is running for them
    /// ends as for any socket, the disconnect handler last. A handle of the namespace reaches nobody any more.
    ///
    /// The path may then be defined again, and begins afresh. A single namespace that met a pattern is not removed: it
    /// goes with its last socket.
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
    /// Nothing was defined by this path, or it is `/`.
    pub fn remove(&self, path: &str) -> Result<(), RemoveError> {
        let unknown = || RemoveError::Unknown(path.to_owned());
        let path: NamespacePath = path.parse().map_err(|_| unknown())?;
        if path.is_root() {
            return Err(RemoveError::Root);
        }
        let removed = self.0.remove(path.as_str()).ok_or_else(unknown)?;
        for namespace in removed {
            namespace.perform(&Selection::default(), Operation::Disconnect { close: false });
        }
        Ok(())
    }

    /// The layer that serves this server's clients inside a tower application. It should be the last one
    /// added: what wraps it, such as a timeout or a concurrency limit, would end or starve polls that
    /// wait.
    ///
    /// # Panics
    ///
    /// When the set-up has a mistake, with a message that names each. See [`try_layer`](Self::try_layer).
    pub fn layer(&self) -> SocketIoLayer {
        self.try_layer().unwrap_or_else(|errors| panic!("{errors}"))
    }

    /// Like [`layer`](Self::layer).
    ///
    /// # Errors
    ///
    /// The mistakes in the set-up: reserved event names, two handlers where one can be, arguments that cannot stand
    /// together, paths that are none, states that are missing.
    pub fn try_layer(&self) -> Result<SocketIoLayer, SetupErrors> {
        self.0.finish_setup()?;
        Ok(SocketIoLayer::new(Arc::clone(&self.0)))
    }
}

/// Clients that come by another way than HTTP.
impl SocketIo {
    /// Takes in a client that speaks over a stream of bytes: a connection in memory, one that another server
    /// has upgraded, a tunnel, or whatever is not served by a [layer](Self::layer).
    ///
    /// On the stream WebSocket (RFC 6455) is spoken, and it is past its handshake: the next byte of either
    /// side belongs to a frame, and those of the client are masked. From here on it is driven as any
    /// WebSocket of the layer. `parts` are the request that the client made or would have made: its query
    /// opens a session (`EIO=4&transport=websocket`), or with a `sid` moves that session from long polling
    /// to the stream; its headers and extensions are what [`Handshake`](crate::Handshake) keeps. The path,
    /// the method and the headers of an HTTP upgrade are not looked at.
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
    /// Those with which the layer would refuse the request; the stream is dropped, and
    /// [`on_connection_error`](crate::SocketIoBuilder::on_connection_error) is told. The error knows what an HTTP server
    /// would answer: [`status`](Rejection::status) and [`body`](Rejection::body).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime: the session's task is spawned on it.
    pub async fn attach<S>(&self, parts: Parts, stream: S) -> Result<(), Rejection>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        crate::layer::attach(&self.0, &parts, stream).await
    }
}

/// Speaking to sockets of the namespace `/`; for others see [`namespace`](Self::namespace).
impl SocketIo {
    /// Sends an event to all sockets.
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> EmitStatus {
        self.root().emit(event, args)
    }

    /// The sockets in a room.
    pub fn to(&self, room: impl Into<String>) -> BroadcastOperator {
        self.root().to(room)
    }

    /// All sockets but those in a room.
    pub fn except(&self, room: impl Into<String>) -> BroadcastOperator {
        self.root().except(room)
    }

    /// Sends a `message` event to all sockets.
    pub fn send<T: ToArgs + ?Sized>(&self, args: &T) -> EmitStatus {
        self.root().send(args)
    }

    /// Sends an event to all sockets and gives their answers; see [`BroadcastOperator::emit_with_ack`].
    pub fn emit_with_ack<T, R>(&self, event: &str, args: &T) -> BroadcastAck<R>
    where
        T: ToArgs + ?Sized,
    {
        self.root().emit_with_ack(event, args)
    }

    /// All sockets to whom something can leave at once; see [`Socket::volatile`](crate::Socket::volatile).
    pub fn volatile(&self) -> BroadcastOperator {
        self.root().volatile()
    }

    /// All sockets of this process.
    pub fn local(&self) -> BroadcastOperator {
        self.root().local()
    }

    /// All sockets, and how long to wait for their answers.
    pub fn timeout(&self, timeout: Duration) -> BroadcastOperator {
        self.root().timeout(timeout)
    }

    /// What is known of all sockets at the moment.
    pub async fn fetch_sockets(&self) -> Vec<RemoteSocket> {
        self.root().fetch_sockets().await
    }

    /// Lets all sockets join a room.
    pub async fn sockets_join(&self, room: impl AsRef<str>) {
        self.root().sockets_join(room).await;
    }

    /// Lets all sockets leave a room.
    pub async fn sockets_leave(&self, room: impl AsRef<str>) {
        self.root().sockets_leave(room).await;
    }

    /// Disconnects all sockets; with `close`, from all namespaces, and closes their connections.
    pub async fn disconnect_sockets(&self, close: bool) {
        self.root().disconnect_sockets(close).await;
    }

    /// A namespace that was defined by its path, or that lives by a pattern.
    ///
    /// A handle of the latter outlives its sockets, and reaches those that come later.
    pub fn namespace(&self, path: &str) -> Option<NamespaceHandle> {
        let path: NamespacePath = path.parse().ok()?;
        self.0.find(path.as_str()).map(NamespaceHandle::new)
    }

    /// All namespaces: those that were defined by their path, and those that live by a pattern at the moment.
    pub fn namespaces(&self) -> Vec<NamespaceHandle> {
        self.0.all().into_iter().map(NamespaceHandle::new).collect()
    }
}

/// The whole.
impl SocketIo {
    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.0.server().sessions().len()
    }

    /// How the server stands. Costs a look at each session: something for every second, not for every message.
    pub fn stats(&self) -> Stats {
        let sockets = self.0.all().iter().map(|namespace| namespace.rooms().len()).sum();
        Stats { sockets, ..self.0.server().sessions().stats() }
    }

    /// Closes every session and admits no new one. Resolves when all have ended, their disconnect
    /// handlers included, or when the deadline has passed: true if none is left.
    ///
    /// hyper's graceful shutdown does not wait for connections that were upgraded; this does.
    ///
    /// # Cancel safety
    ///
    /// The sessions close all the same.
    pub async fn close(&self, deadline: Duration) -> bool {
        self.0.server().close(deadline).await
    }

    /// The path of its requests.
    #[cfg(feature = "testing")]
    pub(crate) fn path(&self) -> &str {
        &self.0.server().settings().path
    }

    fn root(&self) -> NamespaceHandle {
        NamespaceHandle::new(self.0.resolve("/").expect("made with the server"))
    }
}

impl SocketIoBuilder {
    /// Makes the server.
    pub fn build(self) -> SocketIo {
        let namespaces = self.make();
        namespaces.define("/", |_| {});
        SocketIo(Arc::new(namespaces))
    }
}

/// The server of a socket.
impl Socket {
    /// The server it belongs to.
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
