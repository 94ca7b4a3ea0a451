use std::any::{Any, TypeId};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use http::request::Parts;
use socketio_core::namespace::NamespacePath;
use socketio_core::packet::ToArgs;
use socketio_core::{DisconnectReason, Sid, SocketId};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::admission::Origins;
use crate::broadcast::{
    BroadcastAck, BroadcastOperator, NamespaceHandle, Operation, RemoteSocket, Selection,
};
use crate::builder::{SocketIoBuilder, States};
use crate::config::Settings;
use crate::entropy::entropy;
use crate::error::{RemoveError, SetupError, SetupErrors};
use crate::handler::{ErrorContext, ErrorHook, Requirements};
use crate::layer::{AttachError, SocketIoLayer};
use crate::namespace::{Children, Namespace, NamespaceBuilder, NamespaceSet, Table};
use crate::panics::contained;
use crate::session::{Command, SessionTable};
use crate::socket::Sent;
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
pub struct SocketIo(Arc<Shared>);

struct Shared {
    settings: Settings,
    states: States,
    namespaces: NamespaceSet,
    sessions: SessionTable,
    closing: AtomicBool,
    /// Whether a layer was made.
    layered: AtomicBool,
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
    /// Definitions are made one after the other: one that waits for another thread's waits for ever. A definition may make
    /// another inside, of another path; of the same path, the outer one stands.
    ///
    /// A path begins with a slash; one is put in front where it is missing. `/` exists always.
    ///
    /// A path with parts in braces is a pattern: every name that meets it is a namespace of its own, with its own sockets
    /// and rooms, and with the handlers of the pattern. It begins to live when the middlewares have let its first socket
    /// in, and ends when the last has left. `{id}` stands for what is there up to the next slash, `{*rest}` at the end for
    /// all of the rest, `{{` for a brace. A path that is defined as it is wins over patterns. Handlers ask for what stood
    /// in the braces with [`Path`](crate::Path).
    ///
    /// ```
    /// use socketio_tower::{Path, Socket, SocketIo};
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
        let path = match path.parse::<NamespacePath>() {
            Ok(path) => path,
            Err(error) => {
                self.blame([SetupError::Namespace { path: path.to_owned(), error }]);
                return;
            }
        };
        let text = path.as_str().to_owned();
        let defined = self.0.namespaces.define(path, |namespace| {
            let mut builder = NamespaceBuilder::new(namespace.path(), Table::clone(&namespace.table()));
            define(&mut builder);
            let (table, mut errors) = builder.finish();
            if self.0.layered.load(Ordering::Acquire) {
                errors.extend(self.lacks(namespace, table.requirements()));
            }
            // First, because no client should meet what makes this panic.
            self.blame(errors);
            namespace.publish(table);
        });
        if let Err(error) = defined {
            self.blame([SetupError::Pattern { path: text, error }]);
        }
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
        let removed = self.0.namespaces.remove(path.as_str()).ok_or_else(unknown)?;
        for namespace in removed {
            namespace.perform(&Selection::default(), &Operation::Disconnect { close: false });
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
        let mut errors = self.0.errors.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for namespace in self.0.namespaces.defined() {
            errors.extend(self.lacks(&namespace, namespace.table().requirements()));
        }
        match SetupErrors::new(errors) {
            Some(errors) => Err(errors),
            None => {
                self.0.layered.store(true, Ordering::Release);
                Ok(SocketIoLayer::new(self.clone()))
            }
        }
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
    /// use socketio_tower::{SocketIo, layer::AttachError};
    /// use tokio::io::{AsyncRead, AsyncWrite};
    ///
    /// async fn serve(io: &SocketIo, tunnel: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Result<(), AttachError> {
    ///     let request = Request::get("/socket.io/?EIO=4&transport=websocket").body(()).expect("a valid request");
    ///     io.attach(request.into_parts().0, tunnel).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those with which the layer would refuse the request; the stream is dropped, and
    /// [`on_connection_error`](crate::SocketIoBuilder::on_connection_error) is told. The error knows what an HTTP server
    /// would answer: [`status`](AttachError::status) and [`body`](AttachError::body).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime: the session's task is spawned on it.
    pub async fn attach<S>(&self, parts: Parts, stream: S) -> Result<(), AttachError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        crate::layer::attach(self, &parts, stream).await
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

    /// A namespace that was defined by its path, or that lives by a pattern.
    ///
    /// A handle of the latter outlives its sockets, and reaches those that come later.
    pub fn namespace(&self, path: &str) -> Option<NamespaceHandle> {
        let path: NamespacePath = path.parse().ok()?;
        self.0.namespaces.find(path.as_str()).map(NamespaceHandle::new)
    }

    /// All namespaces: those that were defined by their path, and those that live by a pattern at the moment.
    pub fn namespaces(&self) -> Vec<NamespaceHandle> {
        self.0.namespaces.all().into_iter().map(NamespaceHandle::new).collect()
    }
}

/// The whole.
impl SocketIo {
    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.0.sessions.len()
    }

    /// How the server stands. Costs a look at each session: something for every second, not for every message.
    pub fn stats(&self) -> Stats {
        let sockets = self.0.namespaces.all().iter().map(|namespace| namespace.rooms().len()).sum();
        Stats { sockets, ..self.0.sessions.stats() }
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
        let requests = &settings.requests;
        let origins = requests.origins.iter().flat_map(Origins::wrong);
        let mut errors: Vec<_> = origins.map(|origin| SetupError::Origin(origin.to_string())).collect();
        errors.extend(requests.cookie.iter().filter(|cookie| !cookie.is_valid()).map(|_| SetupError::Cookie));
        let children = Children::new(settings.max_dynamic_namespaces, settings.on_namespace.clone());
        let io = Self(Arc::new(Shared {
            settings,
            states,
            namespaces: NamespaceSet::new(children),
            sessions: SessionTable::default(),
            closing: AtomicBool::new(false),
            layered: AtomicBool::new(false),
            runtime: OnceLock::new(),
            ended: Notify::new(),
            errors: Mutex::new(errors),
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

    pub(crate) fn namespace_set(&self) -> &NamespaceSet {
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
        Sid::from_entropy(self.id_bytes())
    }

    pub(crate) fn new_socket_id(&self) -> SocketId {
        SocketId::from_entropy(self.id_bytes())
    }

    fn id_bytes(&self) -> [u8; 15] {
        self.0.settings.ids.as_ref().map_or_else(entropy, |generator| (generator.0)())
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
        // It writes down an error of the application's.
        contained(|| crate::trace::not_handled(&error));
        if let Some(hook) = hook.or(self.settings().on_error.as_ref()) {
            hook.tell(error);
        }
    }

    fn root(&self) -> NamespaceHandle {
        NamespaceHandle::new(self.0.namespaces.resolve("/").expect("made with the server"))
    }

    /// What the handlers of a namespace ask for, and cannot have.
    fn lacks(&self, namespace: &Namespace, requirements: &Requirements) -> Vec<SetupError> {
        let path = || namespace.path().to_owned();
        let missing = requirements.states().filter(|(id, _)| !self.0.states.contains_key(id));
        let mut errors: Vec<_> =
            missing.map(|(_, state)| SetupError::MissingState { namespace: path(), state }).collect();
        if requirements.needs_captures() && !namespace.is_pattern() {
            errors.push(SetupError::NoPattern { namespace: path() });
        }
        errors
    }

    /// Keeps mistakes until the layer is made. Afterwards nobody would ask for them.
    fn blame(&self, errors: impl IntoIterator<Item = SetupError>) {
        let Some(errors) = SetupErrors::new(errors.into_iter().collect()) else { return };
        assert!(!self.0.layered.load(Ordering::Acquire), "{errors}");
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
