mod handshake;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use socketio_core::Config;

use crate::SocketIo;
use crate::config::{Overflow, Settings};
use crate::handler::{ErrorContext, ErrorHook};

/// Settings for a [`SocketIo`]. Every setting has a default; unless said otherwise it is that of the Node
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
    states: States,
}

pub(crate) type States = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

/// The protocol.
impl SocketIoBuilder {
    /// The path of the requests that are the layer's, with or without a slash at its end. Default
    /// `/socket.io`. Deeper paths pass through.
    pub fn path(mut self, path: &str) -> Self {
        let path = path.trim_matches('/');
        self.settings.path = format!("/{path}").into();
        self
    }

    /// How long after the last ping the server sends the next one. Default 25 s.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.core.ping_interval = interval;
        self
    }

    /// How long after a ping the client may stay silent. Default 20 s.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.core.ping_timeout = timeout;
        self
    }

    /// How long an upgrade from polling to WebSocket may take. Default 10 s.
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.core.upgrade_timeout = timeout;
        self
    }

    /// How long a client may stay without being connected to any namespace. Default 45 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.core.connect_timeout = timeout;
        self
    }

    /// The longest POST body and the longest WebSocket message that is accepted, in bytes. Default
    /// 1 000 000.
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.core.max_payload = bytes;
        self
    }

    /// The most binary attachments that an event from a client may have. Default 10.
    pub fn max_attachments(mut self, count: usize) -> Self {
        self.core.max_attachments = count;
        self
    }

    /// Whether clients may open a session by long polling. Default true.
    pub fn polling(mut self, enabled: bool) -> Self {
        self.core.polling = enabled;
        self
    }

    /// Whether clients may use WebSocket. Default true.
    pub fn websocket(mut self, enabled: bool) -> Self {
        self.core.websocket = enabled;
        self
    }

    /// Whether a session that was opened by polling may move to WebSocket. Default true.
    pub fn allow_upgrades(mut self, allowed: bool) -> Self {
        self.core.allow_upgrades = allowed;
        self
    }
}

/// The server.
impl SocketIoBuilder {
    /// The most bytes that may wait for one client, between `emit` and the kernel. Default 8 MiB; Node
    /// has no bound. A packet that is alone is taken however long it is.
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

    /// How long the running handlers of a socket that was disconnected may go on before its disconnect
    /// handler runs without waiting for them. Default 10 s.
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
    /// place. 1 handles the events of a socket one after the other. Default 64, at least 1.
    pub fn concurrency(mut self, handlers: usize) -> Self {
        self.settings.concurrency = handlers.max(1);
        self
    }

    /// Is told of everything that was not handled in a namespace without a hook of its own, and of what concerns none:
    /// namespaces that there are not, and clients that break the protocol. See
    /// [`NamespaceBuilder::on_error`](crate::NamespaceBuilder::on_error).
    pub fn on_error(mut self, hook: impl Fn(ErrorContext<'_>) + Send + Sync + 'static) -> Self {
        self.settings.on_error = Some(ErrorHook::new(hook));
        self
    }

    /// The headers of a session's first request that [`Handshake::headers`](crate::Handshake::headers)
    /// keeps. Default none: at 100 000 sessions every header costs megabytes.
    pub fn keep_headers(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.settings.kept_headers.extend(names);
        self
    }

    /// A type of value that [`Handshake::extensions`](crate::Handshake::extensions) keeps of what outer
    /// layers attached to a session's first request, such as axum's `ConnectInfo`. Default none: an
    /// extension may hold a slice of the request, and with it a whole read buffer.
    pub fn keep_extension<T: Clone + Send + Sync + 'static>(mut self) -> Self {
        self.settings.kept_extensions.push(|from, to| {
            if let Some(value) = from.get::<T>() {
                to.insert(value.clone());
            }
        });
        self
    }

    /// A value that handlers can ask for with [`State<T>`](crate::State).
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, state: T) -> Self {
        self.states.insert(TypeId::of::<T>(), Arc::new(state));
        self
    }

    /// Makes the server.
    pub fn build(self) -> SocketIo {
        let mut settings = self.settings;
        let mut core = self.core;
        for duration in [&mut core.upgrade_timeout, &mut settings.write_timeout, &mut settings.handler_grace]
        {
            *duration = (*duration).min(NEVER);
        }
        settings.core = Arc::new(core);
        SocketIo::with(settings, self.states)
    }
}

/// What `Duration::MAX` is taken for: long enough, and short enough for every clock.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
