//! What is told to the `tracing` crate, if the feature of that name is on. Nothing else knows of it.

use socketio_core::engine::RequestError;
use socketio_core::{DisconnectReason, Transport};

use crate::handler::{Cause, ErrorContext};
use crate::session::Session;
use crate::socket::Socket;

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
pub(crate) fn session_span(session: &Session) -> Span {
    #[cfg(feature = "tracing")]
    return tracing::debug_span!("session", transport = session.transport().name());
    #[cfg(not(feature = "tracing"))]
    {
        let _ = session;
        Span
    }
}

/// The span of a handler that runs for a socket.
pub(crate) fn event_span(socket: &Socket, event: &str) -> Span {
    #[cfg(feature = "tracing")]
    return tracing::debug_span!("event", socket = %socket.id(), namespace = socket.namespace(), event);
    #[cfg(not(feature = "tracing"))]
    {
        let _ = (socket, event);
        Span
    }
}

pub(crate) fn session_opened(session: &Session) {
    let _ = session;
    event!(debug, transport = session.transport().name(), "session opened");
}

pub(crate) fn session_upgraded(transport: Transport) {
    let _ = transport;
    event!(debug, transport = transport.name(), "session upgraded");
}

pub(crate) fn session_closed(reason: DisconnectReason) {
    let _ = reason;
    event!(debug, %reason, "session closed");
}

/// A fault of the server's code is an error, and what its handlers say of themselves a warning; what a client did is
/// neither, because clients can do it all day.
pub(crate) fn not_handled(error: &ErrorContext<'_>) {
    let (namespace, event, cause) = (error.namespace(), error.event(), error.cause());
    let socket = error.socket().map(Socket::id);
    match cause {
        Cause::Panicked => {
            event!(error, socket = socket.map(tracing::field::display), namespace, event, %cause, "not handled");
        }
        Cause::BadArgs(why) if why.is_internal() => {
            event!(error, socket = socket.map(tracing::field::display), namespace, event, %cause, "not handled");
        }
        Cause::Failed(_) => {
            event!(warn, socket = socket.map(tracing::field::display), namespace, event, %cause, "not handled");
        }
        _ => {
            event!(debug, socket = socket.map(tracing::field::display), namespace, event, %cause, "not handled");
        }
    }
    let _ = (namespace, event, socket);
}

pub(crate) fn handlers_abandoned(socket: &Socket, count: usize) {
    let _ = (socket, count);
    event!(warn, socket = %socket.id(), namespace = socket.namespace(), count, "handlers outlived their socket's grace time");
}

/// A request of a client is answered with an error.
pub(crate) fn request_refused(error: RequestError) {
    let _ = error;
    event!(debug, status = error.status(), %error, "a request was refused");
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

#[cfg(all(test, feature = "tracing"))]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Level, Metadata, Subscriber};

    use super::*;
    use crate::SocketIo;
    use crate::handler::ExtractError;
    use crate::handshake::Handshake;

    /// The levels of what is logged.
    #[derive(Clone, Default)]
    struct Levels(Arc<Mutex<Vec<Level>>>);

    impl Subscriber for Levels {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            self.0.lock().expect("no panic inside").push(*event.metadata().level());
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    /// A mistake of the server's was logged as what any client can do all day.
    #[test]
    fn faults_of_the_server_are_errors() {
        let (parts, ()) = http::Request::new(()).into_parts();
        let handshake = Handshake::new(&parts, SocketIo::new().settings()).expect("it is short");
        let level = |cause: Cause| {
            let levels = Levels::default();
            let error = ErrorContext::new("/", &handshake, &cause);
            tracing::subscriber::with_default(levels.clone(), || not_handled(&error));
            let [level] = levels.0.lock().expect("no panic inside")[..] else { panic!("one event") };
            level
        };
        assert_eq!(level(Cause::Panicked), Level::ERROR);
        assert_eq!(level(Cause::BadArgs(ExtractError::internal("no such extension"))), Level::ERROR);
        assert_eq!(level(Cause::Failed("out of luck".into())), Level::WARN);
        assert_eq!(level(Cause::BadArgs(ExtractError::new("no number"))), Level::DEBUG);
        assert_eq!(level(Cause::UnknownEvent), Level::DEBUG);
    }
}
