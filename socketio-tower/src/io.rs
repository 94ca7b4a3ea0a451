use std::any::{Any, TypeId};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use http::request::Parts;
use socketio_core::engine::RequestError;
use socketio_core::namespace::NamespacePath;
use socketio_core::packet::ToArgs;
use socketio_core::{DisconnectReason, Sid, SocketId};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::broadcast::{BroadcastAck, BroadcastOperator, RemoteSocket};
use crate::builder::{SocketIoBuilder, States};
use crate::config::Settings;
use crate::entropy::entropy;
use crate::error::SetupError;
use crate::handler::{ErrorContext, ErrorHook};
use crate::layer::SocketIoLayer;
use crate::namespace::{NamespaceBuilder, NamespaceHandle, NamespaceSet, Table};
use crate::session::{Command, SessionTable};
use crate::socket::Sent;

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
pub struct SocketIo(Arc<Shared>);

struct Shared {
    settings: Settings,
    states: States,
    namespaces: NamespaceSet,
    sessions: SessionTable,
    closing: AtomicBool,
    /// The runtime that its first session was opened on.
    runtime: OnceLock<Handle>,
    /// Told when a session has ended.
    ended: Notify,
    errors: Mutex<Vec<SetupError>>,
}

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
    /// A path begins with a slash; one is put in front where it is missing. `/` exists always.
    pub fn of(&self, path: &str, define: impl FnOnce(&mut NamespaceBuilder)) {
        let path = match path.parse::<NamespacePath>() {
            Ok(path) => path,
            Err(error) => {
                self.blame([SetupError::Namespace { path: path.to_owned(), error }]);
                return;
            }
        };
        self.0.namespaces.define(path, |namespace| {
            let mut builder = NamespaceBuilder::new(Table::clone(&namespace.table()));
            define(&mut builder);
            let (table, errors) = builder.finish();
            namespace.publish(table);
            self.blame(errors);
        });
    }

    /// The layer that serves this server's clients inside a tower application. It should be the last one
    /// added: what wraps it, such as a timeout or a concurrency limit, would end or starve polls that
    /// wait.
    ///
    /// # Panics
    ///
    /// When the set-up has a mistake, with a message that names each. See [`try_layer`](Self::try_layer).
    pub fn layer(&self) -> SocketIoLayer {
        self.try_layer().unwrap_or_else(|errors| {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            panic!("the Socket.IO server is not set up correctly: {}", errors.join("; "))
        })
    }

    /// Like [`layer`](Self::layer).
    ///
    /// # Errors
    ///
    /// The mistakes in the set-up: reserved event names, paths that are none, states that are missing.
    pub fn try_layer(&self) -> Result<SocketIoLayer, Vec<SetupError>> {
        let mut errors = self.0.errors.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for namespace in self.0.namespaces.all() {
            let table = namespace.table();
            let missing = table.requirements().states().filter(|(id, _)| !self.0.states.contains_key(id));
            errors.extend(missing.map(|(_, state)| SetupError::MissingState {
                namespace: namespace.path().to_owned(),
                state,
            }));
        }
        if errors.is_empty() { Ok(SocketIoLayer::new(self.clone())) } else { Err(errors) }
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
    /// use socketio_tower::{SocketIo, layer::RequestError};
    /// use tokio::io::{AsyncRead, AsyncWrite};
    ///
    /// fn serve(io: &SocketIo, tunnel: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Result<(), RequestError> {
    ///     let request = Request::get("/socket.io/?EIO=4&transport=websocket").body(()).expect("a valid request");
    ///     io.attach(request.into_parts().0, tunnel)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those with which the layer would refuse the request; the stream is dropped. The error knows what an
    /// HTTP server would answer: [`status`](RequestError::status) and [`body`](RequestError::body).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime: the session's task is spawned on it.
    #[expect(clippy::needless_pass_by_value, reason = "who admits clients may want to take it apart")]
    pub fn attach<S>(&self, parts: Parts, stream: S) -> Result<(), RequestError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        crate::layer::attach(self, &parts, stream)
    }
}

/// Speaking to sockets of the namespace `/`; for others see [`namespace`](Self::namespace).
impl SocketIo {
    /// Sends an event to all sockets.
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> Sent {
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
    pub fn send<T: ToArgs + ?Sized>(&self, args: &T) -> Sent {
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

    /// A namespace that was defined.
    pub fn namespace(&self, path: &str) -> Option<NamespaceHandle> {
        let path: NamespacePath = path.parse().ok()?;
        self.0.namespaces.resolve(path.as_str()).map(NamespaceHandle::new)
    }
}

/// The whole.
impl SocketIo {
    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.0.sessions.len()
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
        self.0.closing.store(true, Ordering::Release);
        for session in self.0.sessions.all() {
            let reason = DisconnectReason::ServerShuttingDown;
            session.mailbox.push(Command::Close { reason }).ok();
        }
        let ended = async {
            loop {
                let notified = self.0.ended.notified();
                tokio::pin!(notified);
                notified.as_mut().enable();
                if self.0.sessions.len() == 0 {
                    break;
                }
                notified.await;
            }
        };
        tokio::time::timeout(deadline, ended).await.is_ok()
    }
}

impl SocketIo {
    pub(crate) fn with(settings: Settings, states: States) -> Self {
        let io = Self(Arc::new(Shared {
            settings,
            states,
            namespaces: NamespaceSet::default(),
            sessions: SessionTable::default(),
            closing: AtomicBool::new(false),
            runtime: OnceLock::new(),
            ended: Notify::new(),
            errors: Mutex::default(),
        }));
        io.of("/", |_| {});
        io
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn session_table(&self) -> &SessionTable {
        &self.0.sessions
    }

    pub(crate) fn namespaces(&self) -> &NamespaceSet {
        &self.0.namespaces
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.0.closing.load(Ordering::Acquire)
    }

    /// A session has ended and is not in the table any more.
    pub(crate) fn session_ended(&self) {
        self.0.ended.notify_waiters();
    }

    pub(crate) fn state<T: Clone + 'static>(&self) -> Option<T> {
        let state: &dyn Any = self.0.states.get(&TypeId::of::<T>())?.as_ref();
        state.downcast_ref::<T>().cloned()
    }

    pub(crate) fn new_sid(&self) -> Sid {
        Sid::from_entropy(entropy())
    }

    pub(crate) fn new_socket_id(&self) -> SocketId {
        SocketId::from_entropy(entropy())
    }

    /// Runs a future on the runtime of the caller, or else on that of the server. Without either there is no session it
    /// could be for.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let runtime = Handle::try_current().ok().or_else(|| self.0.runtime.get().cloned());
        if let Some(runtime) = runtime {
            runtime.spawn(future);
        }
    }

    /// A session opens on the runtime of the caller.
    pub(crate) fn session_opens(&self) {
        if self.0.runtime.get().is_none() {
            self.0.runtime.set(Handle::current()).ok();
        }
    }

    /// Tells the application that something was not handled: the namespace's hook, or else the server's.
    pub(crate) fn report(&self, hook: Option<&ErrorHook>, error: ErrorContext<'_>) {
        crate::trace::not_handled(&error);
        if let Some(hook) = hook.or(self.settings().on_error.as_ref()) {
            hook.tell(error);
        }
    }

    fn root(&self) -> NamespaceHandle {
        NamespaceHandle::new(self.0.namespaces.resolve("/").expect("made with the server"))
    }

    fn blame(&self, errors: impl IntoIterator<Item = SetupError>) {
        self.0.errors.lock().unwrap_or_else(PoisonError::into_inner).extend(errors);
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
            .field("path", &self.0.settings.path)
            .field("sessions", &self.0.sessions.len())
            .finish_non_exhaustive()
    }
}
