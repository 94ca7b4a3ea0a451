//! What is told to the `tracing` crate, if the feature of that name is on. Nothing else knows of it.

use socketio_core::{DisconnectReason, SocketId, Transport};

#[cfg(feature = "tracing")]
pub(crate) use tracing::Span;

/// Stands in for a span when the feature is off.
#[cfg(not(feature = "tracing"))]
#[derive(Debug, Clone)]
pub(crate) struct Span;

#[cfg(not(feature = "tracing"))]
impl Span {
    pub(crate) fn enter(&self) -> Entered {
        Entered
    }
}

/// Stands in for the guard of such a span.
#[cfg(not(feature = "tracing"))]
#[derive(Debug)]
pub(crate) struct Entered;

macro_rules! event {
    ($level:ident, $($rest:tt)*) => {
        #[cfg(feature = "tracing")]
        tracing::$level!($($rest)*)
    };
}

/// The span of all that a session's task does.
pub(crate) fn session_span(transport: Transport) -> Span {
    #[cfg(feature = "tracing")]
    return tracing::debug_span!("session", transport = transport.name());
    #[cfg(not(feature = "tracing"))]
    {
        let _ = transport;
        Span
    }
}

/// The span of a handler that runs for a socket.
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

/// The party at fault for something that was not handled, which decides how loud it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server's code: an error.
    Server,
    /// Reported by a handler: a warning.
    Handler,
    /// The client's, which can do it all day.
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
    event!(warn, %socket, namespace, count, "handlers outlived their socket's grace time");
}

/// Logs a request of a client that is answered with an error.
pub(crate) fn request_rejected(status: u16, rejection: &impl std::fmt::Display) {
    let _ = (status, rejection);
    event!(debug, status, %rejection, "a request was rejected");
}

/// Nobody could say whether a client may come.
pub(crate) fn admission_failed(why: &str) {
    let _ = why;
    event!(warn, why, "a request was not admitted");
}

/// The HTTP server cannot hand connections over.
pub(crate) fn no_upgrade() {
    event!(warn, "no WebSocket: this HTTP server was not started with upgrades");
}

/// The HTTP server did not hand the connection over.
pub(crate) fn upgrade_failed(error: &dyn std::error::Error) {
    let _ = error;
    event!(warn, %error, "no WebSocket: the connection was not handed over");
}
