mod handshake;
mod protocol;
mod requests;

use std::any::TypeId;
use std::sync::Arc;
use std::time::Duration;

use socketio_core::Config;

use crate::config::{Overflow, Settings};
use crate::handler::{ErrorContext, ErrorHook};
use crate::namespace::{NamespaceEvent, NamespaceHook, NamespaceSet, NamespaceSettings};
use crate::observer::Observation;
use crate::server::{Server, States};

/// A builder for a [`SocketIo`](crate::SocketIo). Every setting has a default, which is that of the Node server unless
/// stated otherwise.
///
/// Durations may be `Duration::MAX`, which means never.
///
/// ```
/// use std::time::Duration;
/// use socketio_tower::SocketIo;
///
/// let io = SocketIo::builder().path("/ws").ping_interval(Duration::from_secs(10)).build();
/// ```
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct SocketIoBuilder {
    core: Config,
    settings: Settings,
    namespaces: NamespaceSettings,
    states: States,
}

/// Limits, hooks and state of the server.
impl SocketIoBuilder {
    /// Sets the maximum number of open sessions. Default: 200 000. Node has no limit.
    ///
    /// A request that would open one more is rejected with status 503 and counted by
    /// [`Stats::rejected`](crate::Stats::rejected); requests of existing sessions are not affected. At the default, idle
    /// sessions take about half a gigabyte, and most processes may not open as many files.
    ///
    /// ```
    /// let io = socketio_tower::SocketIo::builder().max_sessions(10_000).build();
    /// ```
    pub fn max_sessions(mut self, count: usize) -> Self {
        self.settings.max_sessions = count;
        self
    }

    /// Sets the maximum size, in bytes, of the request data kept with a session: its path, its query and the [kept
    /// headers](Self::keep_headers). Default: 16 KiB, Node's limit for a whole request head; nginx accepts 8 KiB for
    /// the request line.
    ///
    /// A larger request is rejected with status 414 if path and query alone are too long, otherwise with 431.
    pub fn max_handshake(mut self, bytes: usize) -> Self {
        self.settings.handshake.max_bytes = bytes;
        self
    }

    /// Sets the maximum number of bytes queued for one client, between `emit` and the kernel. Default: 8 MiB. Node has
    /// no limit.
    ///
    /// One packet larger than the limit may be queued as well; the limit then applies to the rest of the queue. See
    /// [`overflow`](Self::overflow) for the policy at the limit.
    ///
    /// ```
    /// use socketio_tower::{Overflow, SocketIo};
    ///
    /// let io = SocketIo::builder().max_queued_bytes(1024 * 1024).overflow(Overflow::Discard).build();
    /// ```
    pub fn max_queued_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_queued_bytes = bytes;
        self
    }

    /// Sets the policy for a client whose queue is [full](Self::max_queued_bytes). Default: [`Overflow::Close`].
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.settings.overflow = overflow;
        self
    }

    /// Sets how long a write may make no progress before the client is disconnected. Default: 20 s. Node waits
    /// indefinitely.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.settings.write_timeout = timeout;
        self
    }

    /// Sets how long the handlers of a disconnected socket may keep running, including those of parked events that
    /// arrived before the disconnect. Afterwards the disconnect handler runs without waiting for them. Default: 10 s.
    pub fn handler_grace(mut self, grace: Duration) -> Self {
        self.settings.handler_grace = grace;
        self
    }

    /// Sets how long `emit_with_ack` waits for the client. Default: 5 s.
    ///
    /// [`Socket::timeout`](crate::Socket::timeout) and
    /// [`BroadcastOperator::timeout`](crate::BroadcastOperator::timeout) override it for one call.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.settings.ack_timeout = timeout;
        self
    }

    /// Sets how many handlers of one socket may be suspended at once; further events of the socket wait. Default: 64.
    /// Minimum: 1, which handles the events of a socket one after the other.
    ///
    /// A client may have several sockets: see [`client_concurrency`](Self::client_concurrency).
    ///
    /// ```
    /// let io = socketio_tower::SocketIo::builder().concurrency(1).build();
    /// ```
    pub fn concurrency(mut self, handlers: usize) -> Self {
        self.settings.concurrency = handlers.max(1);
        self
    }

    /// Sets how many handlers of one client may be suspended at once, over all its sockets, including disconnected
    /// ones. Default: 256, which is four sockets at their own limit. Minimum: 1, which runs the handlers of a client
    /// one after the other.
    ///
    /// Middlewares, async filters, connect handlers and disconnect handlers count. At the limit, further events and
    /// connection requests wait; acks are still processed and disconnect handlers still run. A limit per client is
    /// needed in addition to [`concurrency`](Self::concurrency), because a client may be in
    /// [`max_namespaces`](Self::max_namespaces) namespaces, and leave and rejoin them while its handlers are suspended.
    pub fn client_concurrency(mut self, handlers: usize) -> Self {
        self.settings.client_concurrency = handlers.max(1);
        self
    }

    /// Sets the maximum number of [dynamic namespaces](crate::SocketIo::of) on the server. Default: 10 000. Node has no
    /// limit.
    ///
    /// A connection request that would create one more is rejected. Clients choose the names of these namespaces, and
    /// each takes about a kilobyte.
    ///
    /// The limit protects the server's memory and is not divided among clients. One client may be in
    /// [`max_namespaces`](Self::max_namespaces) of them, so about 160 connections can use up the default and have all
    /// other clients rejected until they leave. Use a [middleware](crate::NamespaceBuilder::middleware) to reject
    /// clients that must not create namespaces: it runs before the namespace is created, and rejected clients do not
    /// count. If anonymous clients may create namespaces, limit the number of connections per address in front of the
    /// server.
    pub fn max_dynamic_namespaces(mut self, count: usize) -> Self {
        self.namespaces.max_dynamic = count;
        self
    }

    /// Sets a hook that is called when a dynamic namespace is created by its first socket, and when its last socket has
    /// left. Default: none. `new_namespace` on the Node server.
    ///
    /// The hook runs in the task of the socket that connects or leaves, so it should return quickly.
    ///
    /// ```
    /// use socketio_tower::{NamespaceEvent, SocketIo};
    ///
    /// let io = SocketIo::builder()
    ///     .on_namespace(|event| match event {
    ///         NamespaceEvent::Created { path } => println!("{path} created"),
    ///         NamespaceEvent::Removed { path } => println!("{path} removed"),
    ///         _ => {}
    ///     })
    ///     .build();
    /// ```
    pub fn on_namespace(mut self, hook: impl Fn(&NamespaceEvent) + Send + Sync + 'static) -> Self {
        self.namespaces.on_namespace = Some(NamespaceHook(Arc::new(hook)));
        self
    }

    /// Sets the error hook of the server. Default: none.
    ///
    /// It receives the errors of namespaces without their own
    /// [`NamespaceBuilder::on_error`](crate::NamespaceBuilder::on_error), and those that belong to no namespace:
    /// requests for unknown namespaces, and protocol violations. It runs in the session's task, or in the socket's
    /// [task](crate::Socket::spawn) that failed, so it should return quickly.
    ///
    /// ```
    /// let io = socketio_tower::SocketIo::builder()
    ///     .on_error(|error| eprintln!("{}: {}", error.namespace(), error.cause()))
    ///     .build();
    /// ```
    pub fn on_error(mut self, hook: impl Fn(ErrorContext<'_>) + Send + Sync + 'static) -> Self {
        self.namespaces.on_error = Some(ErrorHook::new(hook));
        self
    }

    /// Adds an observer, which receives every [`Observation`] of the server, in all namespaces: for metrics, an audit
    /// log or an admin UI. Without observers there is no cost.
    ///
    /// Observers run on the thread that causes the observation, in the order in which they were added. They should
    /// return quickly, because the observed operation, such as a join, waits for them. A panic of an observer is
    /// ignored. Events that an observer emits are not observed.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use socketio_tower::{Observation, SocketIo};
    ///
    /// let received = Arc::new(AtomicU64::new(0));
    /// let count = Arc::clone(&received);
    /// let io = SocketIo::builder()
    ///     .observe(move |observation| {
    ///         if let Observation::EventReceived { .. } = observation {
    ///             count.fetch_add(1, Ordering::Relaxed);
    ///         }
    ///     })
    ///     .build();
    /// ```
    pub fn observe(mut self, observer: impl Fn(&Observation<'_>) + Send + Sync + 'static) -> Self {
        self.settings.observers.add(observer);
        self
    }

    /// Sets a hook that is called when something happens to the server's [cluster](crate::SocketIo::join_cluster): the
    /// connection is lost or back, a node joins or leaves, messages are dropped. Default: none.
    ///
    /// The hook runs in the task of the cluster, or on the thread that causes the event, so it should return quickly.
    ///
    /// ```
    /// let io = socketio_tower::SocketIo::builder().on_cluster(|event| println!("{event:?}")).build();
    /// ```
    #[cfg(feature = "cluster")]
    pub fn on_cluster(
        mut self,
        hook: impl Fn(&crate::cluster::ClusterEvent) + Send + Sync + 'static,
    ) -> Self {
        self.settings.on_cluster = Some(crate::bus::ClusterHook(Arc::new(hook)));
        self
    }

    /// Adds a value that handlers read with the extractor [`State<T>`](crate::extract::State). A second value of the
    /// same type replaces the first.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use socketio_tower::SocketIo;
    /// use socketio_tower::extract::State;
    ///
    /// struct Database;
    ///
    /// let io = SocketIo::builder().state(Arc::new(Database)).build();
    /// io.of("/", |ns| {
    ///     ns.on("load", async |State(database): State<Arc<Database>>| drop(database));
    /// });
    /// ```
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, state: T) -> Self {
        self.states.insert(TypeId::of::<T>(), Arc::new(state));
        self
    }
}

impl SocketIoBuilder {
    /// Creates the server and its set of namespaces, without `/`.
    pub(crate) fn make(self) -> NamespaceSet {
        let mut settings = self.settings;
        let mut core = self.core;
        for duration in [&mut core.upgrade_timeout, &mut settings.write_timeout, &mut settings.handler_grace]
        {
            *duration = (*duration).min(NEVER);
        }
        settings.core = Arc::new(core);
        let errors = settings.requests.errors();
        let namespaces = NamespaceSet::new(Server::new(settings, self.states), self.namespaces);
        namespaces.record(errors);
        namespaces
    }
}

/// The duration that stands in for `Duration::MAX`: long enough, and within the range of every clock.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
