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

/// Settings for a [`SocketIo`](crate::SocketIo). Every setting has a default; unless said otherwise it is that of the Node
/// server.
///
/// ```
/// use std::time::Duration;
/// use socketio_tower::SocketIo;
///
/// let io = SocketIo::builder().path("/ws").ping_interval(Duration::from_secs(10)).build();
/// ```
#[derive(Debug, Default)]
#[must_use = "it only collects; `build` makes the server"]
pub struct SocketIoBuilder {
    core: Config,
    settings: Settings,
    namespaces: NamespaceSettings,
    states: States,
}

/// The server.
impl SocketIoBuilder {
    /// The most sessions there may be at once. A client that would open one more is refused with status 503, and
    /// [`Stats::refused`](crate::Stats::refused) counts it; requests of the sessions there are pass. Default 200 000: about
    /// half a gigabyte of sessions that do nothing, and more than the files that a process may mostly have open. Node has no
    /// bound.
    pub fn max_sessions(mut self, count: usize) -> Self {
        self.settings.max_sessions = count;
        self
    }

    /// The most bytes that are kept of the request that opens a session: its path, its query, and the
    /// [headers](Self::keep_headers) that were chosen. A request with more is refused, with status 414 if the path and query
    /// alone are too long, or else with 431. Default 16 KiB, which is what Node takes of a request's head in all; nginx takes
    /// 8 KiB of its first line.
    pub fn max_handshake(mut self, bytes: usize) -> Self {
        self.settings.handshake.max_bytes = bytes;
        self
    }

    /// The most bytes that may wait for one client, between `emit` and the kernel. Default 8 MiB; Node
    /// has no bound. One packet that is larger than the bound may wait as well; the bound is then for what waits beside it.
    pub fn max_queued_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_queued_bytes = bytes;
        self
    }

    /// What happens to a client at that bound. Default [`Overflow::Close`].
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.settings.overflow = overflow;
        self
    }

    /// How long a client may take nothing of what is written to it before it is closed. Default 20 s;
    /// Node waits for ever.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.settings.write_timeout = timeout;
        self
    }

    /// How long the running handlers of a socket that is gone may go on, and those of events that came before its end and
    /// wait; then its disconnect handler runs without waiting for them. Default 10 s.
    pub fn handler_grace(mut self, grace: Duration) -> Self {
        self.settings.handler_grace = grace;
        self
    }

    /// How long `emit_with_ack` waits for the client. Default 5 s.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.settings.ack_timeout = timeout;
        self
    }

    /// How many handlers of one socket may be waiting at once; further events of that socket wait for a
    /// place. 1 handles the events of a socket one after the other. Default 64, at least 1. A client may have many sockets:
    /// see [`client_concurrency`](Self::client_concurrency).
    pub fn concurrency(mut self, handlers: usize) -> Self {
        self.settings.concurrency = handlers.max(1);
        self
    }

    /// How many handlers of one client may be waiting at once, at all its sockets together, those that it has left included.
    /// Middlewares, async filters, connect and disconnect handlers count. At the bound further events wait, as with
    /// [`concurrency`](Self::concurrency), and so do wishes to connect; acks pass, and disconnect handlers run. 1 handles one
    /// thing of a client after the other. Default 256, at least 1: four sockets at their own bound; a client may be in
    /// [`max_namespaces`](Self::max_namespaces), and leave and join them while its handlers wait.
    pub fn client_concurrency(mut self, handlers: usize) -> Self {
        self.settings.client_concurrency = handlers.max(1);
        self
    }

    /// The most namespaces that may live by [patterns](crate::SocketIo::of) at once, of all clients; a client that asks for one
    /// more is refused. Default 10 000: clients choose their names, and each costs about a kilobyte. Node has no bound.
    ///
    /// It protects the server's memory, and is no share for each client: one may be in
    /// [`max_namespaces`](Self::max_namespaces) of them, so that 159 connections use up the defaults, and everybody else is
    /// refused until they leave. Let a [middleware](crate::NamespaceBuilder::middleware) refuse whoever should not make
    /// namespaces: it runs before the namespace begins to live, and who is refused there does not count. Where strangers may
    /// make them, bound the connections of one address in front of the server.
    pub fn max_dynamic_namespaces(mut self, count: usize) -> Self {
        self.namespaces.max_dynamic = count;
        self
    }

    /// Is told when a namespace begins to live by a pattern, with its first socket, and when its last socket has left.
    /// Called by whoever connects or leaves: it should be quick. `new_namespace` on the Node server.
    pub fn on_namespace(mut self, hook: impl Fn(&NamespaceEvent) + Send + Sync + 'static) -> Self {
        self.namespaces.on_namespace = Some(NamespaceHook(Arc::new(hook)));
        self
    }

    /// Is told of everything that was not handled in a namespace without a hook of its own, and of what concerns none:
    /// namespaces that there are not, and clients that break the protocol. See
    /// [`NamespaceBuilder::on_error`](crate::NamespaceBuilder::on_error).
    pub fn on_error(mut self, hook: impl Fn(ErrorContext<'_>) + Send + Sync + 'static) -> Self {
        self.namespaces.on_error = Some(ErrorHook::new(hook));
        self
    }

    /// Adds an observer: told of everything that [`Observation`] names, on the whole server, in every namespace. Several may be
    /// added. Enough to write metrics, an audit log or an admin UI; without observers it costs nothing.
    ///
    /// Called by whoever does it, on their thread: it should be quick, for those whose joins it is told of wait for it; one that
    /// panics is passed over. Events that an
    /// observer emits itself are not observed.
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

    /// A value that handlers can ask for with [`State<T>`](crate::extract::State).
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, state: T) -> Self {
        self.states.insert(TypeId::of::<T>(), Arc::new(state));
        self
    }
}

impl SocketIoBuilder {
    /// The server and its namespaces, without `/`.
    pub(crate) fn make(self) -> NamespaceSet {
        let mut settings = self.settings;
        let mut core = self.core;
        for duration in [&mut core.upgrade_timeout, &mut settings.write_timeout, &mut settings.handler_grace]
        {
            *duration = (*duration).min(NEVER);
        }
        settings.core = Arc::new(core);
        let mistakes = settings.requests.mistakes();
        let namespaces = NamespaceSet::new(Server::new(settings, self.states), self.namespaces);
        namespaces.record(mistakes);
        namespaces
    }
}

/// What `Duration::MAX` is taken for: long enough, and short enough for every clock.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
