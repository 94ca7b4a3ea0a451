//! Spans and log events for the `tracing` crate, if the feature `tracing` is enabled. No other module uses that crate.

use socketio_core::{DisconnectReason, SocketId, Transport};

#[cfg(feature = "tracing")]
pub(crate) use tracing::Span;

/// A placeholder for a span when the feature is disabled.
#[cfg(not(feature = "tracing"))]
#[derive(Debug, Clone)]
pub(crate) struct Span;

#[cfg(not(feature = "tracing"))]
impl Span {
    pub(crate) fn enter(&self) -> Entered {
        Entered
    }
}

/// A placeholder for the guard of an entered span.
#[cfg(not(feature = "tracing"))]
#[derive(Debug)]
pub(crate) struct Entered;

macro_rules! event {
    ($level:ident, $($rest:tt)*) => {
        #[cfg(feature = "tracing")]
        tracing::$level!($($rest)*)
    };
}

/// Returns the span of a session's task.
pub(crate) fn session_span(transport: Transport) -> Span {
    #[cfg(feature = "tracing")]
    return tracing::debug_span!("session", transport = transport.name());
    #[cfg(not(feature = "tracing"))]
    {
        let _ = transport;
        Span
    }
}

/// Returns the span of a handler that runs for a socket.
pub(crate) fn event_span(socket: SocketId, namespace: &str, event: &str) -> Span {
    #[cfg(feature = "tracing")]
    return tracing::debug_span!("event", %socket, namespace, event);
    #[cfg(not(feature = "tracing"))]
    {
        let _ = (socket, namespace, event);
        Span
    }
}

pub(crate) fn session_opened(transport: Transport) {
    let _ = transport;
    event!(debug, transport = transport.name(), "session opened");
}

pub(crate) fn session_upgraded(transport: Transport) {
    let _ = transport;
    event!(debug, transport = transport.name(), "session upgraded");
}

pub(crate) fn session_closed(reason: DisconnectReason) {
    let _ = reason;
    event!(debug, %reason, "session closed");
}

#[cfg(feature = "cluster")]
pub(crate) fn cluster_up() {
    event!(info, "connected to the cluster");
}

#[cfg(feature = "cluster")]
pub(crate) fn cluster_down(error: &impl std::fmt::Display) {
    let _ = error;
    event!(warn, %error, "no connection to the cluster: events reach the sockets of this process only");
}

#[cfg(feature = "cluster")]
pub(crate) fn peer_joined(node: &str) {
    let _ = node;
    event!(info, node, "a node has joined the cluster");
}

#[cfg(feature = "cluster")]
pub(crate) fn peer_left(node: &str, goodbye: bool) {
    let _ = (node, goodbye);
    event!(info, node, goodbye, "a node has left the cluster");
}

#[cfg(feature = "cluster")]
pub(crate) fn cluster_messages_dropped(count: u64) {
    let _ = count;
    event!(
        warn,
        count,
        "messages for other nodes were dropped: the connection is down, or the broker too slow"
    );
}

#[cfg(feature = "cluster")]
pub(crate) fn cluster_messages_malformed(count: u64, error: &impl std::fmt::Display) {
    let _ = (count, error);
    event!(
        warn,
        count,
        %error,
        "messages of other nodes could not be read: does another program use the same prefix?"
    );
}

#[cfg(feature = "cluster")]
pub(crate) fn server_event_failed(namespace: &str, event: &str, reason: &str) {
    let _ = (namespace, event, reason);
    event!(warn, namespace, event, reason, "the handler of a server event failed");
}

/// The party at fault for an event or request that was not handled. It decides the log level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server's code; logged as an error.
    Server,
    /// An error returned by a handler; logged as a warning.
    Handler,
    /// The client; logged at debug level, since a client can repeat it at will.
    Client,
}

pub(crate) fn not_handled(
    fault: Fault,
    socket: Option<SocketId>,
    namespace: &str,
    event: Option<&str>,
    cause: &dyn std::error::Error,
) {
    match fault {
        Fault::Server => {
            event!(error, socket = socket.map(tracing::field::display), namespace, event, %cause, "not handled");
        }
        Fault::Handler => {
            event!(warn, socket = socket.map(tracing::field::display), namespace, event, %cause, "not handled");
        }
        Fault::Client => {
            event!(debug, socket = socket.map(tracing::field::display), namespace, event, %cause, "not handled");
        }
    }
    let _ = (socket, namespace, event, cause);
}

pub(crate) fn handlers_abandoned(socket: SocketId, namespace: &str, count: usize) {
    let _ = (socket, namespace, count);
    event!(warn, %socket, namespace, count, "handlers outlived their socket's grace period");
}

/// Logs a rejected request.
pub(crate) fn request_rejected(status: u16, rejection: &impl std::fmt::Display) {
    let _ = (status, rejection);
    event!(debug, status, %rejection, "a request was rejected");
}

/// Logs that an admission hook failed.
pub(crate) fn admission_failed(why: &str) {
    let _ = why;
    event!(warn, why, "a request was not admitted");
}

/// Logs that the HTTP server does not support upgrades.
pub(crate) fn no_upgrade() {
    event!(warn, "WebSocket rejected: the HTTP server was started without upgrades");
}

/// Logs that the HTTP server did not hand over an upgraded connection.
pub(crate) fn upgrade_failed(error: &dyn std::error::Error) {
    let _ = error;
    event!(warn, %error, "WebSocket failed: the HTTP server did not hand over the connection");
}
