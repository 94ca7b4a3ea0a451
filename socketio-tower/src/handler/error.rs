use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use socketio_core::ProtocolViolation;
use socketio_core::packet::ToArgs;

use super::{ConnectError, ExtractError};
use crate::handshake::Handshake;
use crate::limit::Limit;
use crate::panics::contained;
use crate::socket::{AckRight, AckSlot, Socket};
use crate::trace::{self, Fault};

/// The context of an error hook: input of a client that was not handled.
///
/// Nothing has been sent to the client, and its ack is not called unless the hook [answers](Self::answer).
///
/// ```
/// use serde_json::json;
/// use socketio_tower::SocketIo;
/// use socketio_tower::handler::Cause;
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.on_error(|error| match error.cause() {
///         // Client mistakes can be described to the client, server errors should not be.
///         Cause::BadArgs(why) => error.answer(&json!({ "error": why.to_string() })),
///         Cause::Failed(_) => error.answer(&json!({ "error": "internal error" })),
///         _ => {}
///     });
/// });
/// ```
#[derive(Debug)]
pub struct ErrorContext<'a> {
    namespace: &'a str,
    handshake: &'a Handshake,
    socket: Option<&'a Socket>,
    event: Option<&'a str>,
    cause: &'a Cause,
    ack: Option<AckSlot>,
}

impl<'a> ErrorContext<'a> {
    /// Returns the cause.
    pub fn cause(&self) -> &'a Cause {
        self.cause
    }

    /// Returns the namespace as the client wrote it. Empty for a [protocol violation](Cause::ProtocolViolation), which
    /// cannot be attributed to a namespace.
    pub fn namespace(&self) -> &'a str {
        self.namespace
    }

    /// Returns the socket, or `None` if none exists yet. A rejected socket is not [connected](Socket::is_connected).
    pub fn socket(&self) -> Option<&'a Socket> {
        self.socket
    }

    /// Returns the name of the event, if the error concerns one.
    pub fn event(&self) -> Option<&'a str> {
        self.event
    }

    /// Returns the request that opened the client's session.
    pub fn handshake(&self) -> &'a Handshake {
        self.handshake
    }

    /// Returns `true` if [`answer`](Self::answer) can send an ack: the client requested one, and the handler has
    /// neither used its [`Ack`](crate::Ack) nor moved it to a place where it still exists.
    pub fn is_answerable(&self) -> bool {
        self.ack.is_some()
    }

    /// Reports the error to the server's hook, for a hook without a value to call.
    #[doc(hidden)]
    pub fn unclaimed(self) {
        if let Some(socket) = self.socket {
            socket.namespaces().report(None, self);
        }
    }

    /// Sends the ack, if the client requested one.
    pub fn answer<T: ToArgs + ?Sized>(self, args: &T) {
        if let Some(ack) = self.ack {
            ack.send(args);
        }
    }
}

impl<'a> ErrorContext<'a> {
    /// Logs the error.
    pub(crate) fn trace(&self) {
        let fault = match self.cause {
            Cause::Panicked => Fault::Server,
            Cause::BadArgs(why) if why.is_internal() => Fault::Server,
            Cause::Failed(_) => Fault::Handler,
            _ => Fault::Client,
        };
        trace::not_handled(fault, self.socket.map(Socket::id), self.namespace, self.event, self.cause);
    }

    pub(crate) fn new(namespace: &'a str, handshake: &'a Handshake, cause: &'a Cause) -> Self {
        Self { namespace, handshake, socket: None, event: None, cause, ack: None }
    }

    pub(crate) fn of(
        socket: &'a Socket,
        event: Option<&'a str>,
        cause: &'a Cause,
        ack: Option<AckSlot>,
    ) -> Self {
        let (namespace, handshake) = (socket.namespace(), socket.handshake());
        Self { namespace, handshake, socket: Some(socket), event, cause, ack }
    }
}

/// A callback for input that was not handled.
#[derive(Clone)]
pub(crate) struct ErrorHook(Arc<dyn Fn(ErrorContext<'_>) + Send + Sync>);

impl ErrorHook {
    pub(crate) fn new(hook: impl Fn(ErrorContext<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }

    /// Calls the hook. A panic of the hook must not affect other sockets of the client.
    pub(crate) fn call(&self, error: ErrorContext<'_>) {
        contained(|| (self.0)(error));
    }
}

impl fmt::Debug for ErrorHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ErrorHook")
    }
}

/// The reason that input of a client was not handled.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The client violated the Socket.IO protocol. Its connection is closed.
    ProtocolViolation(ProtocolViolation),
    /// The client requested a namespace that does not exist. The request is rejected.
    UnknownNamespace,
    /// The event has no handler.
    UnknownEvent,
    /// A [filter](crate::NamespaceBuilder::filter) or a [policy](crate::EventPolicy) denied the event, for the reason
    /// given.
    Denied(Cow<'static, str>),
    /// An argument could not be extracted: the client sent invalid data, or the application did not provide a value.
    BadArgs(ExtractError),
    /// The handler returned an error.
    Failed(Box<dyn Error + Send + Sync>),
    /// The handler, a middleware, a filter, or a task of the socket panicked.
    Panicked,
    /// A limit was reached. The client was rejected, or disconnected from its namespace.
    LimitReached(Limit),
    /// The socket is gone, and this number of its last events was not handled within
    /// [`handler_grace`](crate::SocketIoBuilder::handler_grace).
    EventsDropped(usize),
}

impl Cause {
    /// Returns the `ConnectError` sent to a rejected client. Client mistakes are described; application failures become
    /// "internal error".
    pub(crate) fn connect_error(&self) -> ConnectError {
        match self {
            Self::BadArgs(error) if !error.is_internal() => {
                ConnectError::new(format!("invalid request: {error}"))
            }
            Self::LimitReached(Limit::DynamicNamespaces | Limit::Namespaces) => {
                ConnectError::new("Too many namespaces")
            }
            Self::LimitReached(Limit::Ids) => ConnectError::new("id taken"),
            _ => ConnectError::new("internal error"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProtocolViolation(violation) => write!(f, "protocol violation: {violation}"),
            Self::UnknownNamespace => f.write_str("unknown namespace"),
            Self::UnknownEvent => f.write_str("no handler for the event"),
            Self::Denied(reason) => write!(f, "the event is denied: {reason}"),
            Self::BadArgs(error) => write!(f, "an argument could not be extracted: {error}"),
            Self::Failed(error) => write!(f, "the handler failed: {error}"),
            Self::Panicked => f.write_str("the handler panicked"),
            Self::EventsDropped(count) => {
                write!(f, "{count} of the socket's last events were not handled in time")
            }
            Self::LimitReached(limit) => limit.fmt(f),
        }
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::ProtocolViolation(violation) => Some(violation),
            Self::BadArgs(error) => Some(error),
            Self::Failed(error) => Some(error.as_ref()),
            Self::UnknownNamespace
            | Self::UnknownEvent
            | Self::Denied(_)
            | Self::Panicked
            | Self::LimitReached(_)
            | Self::EventsDropped(_) => None,
        }
    }
}

/// The failure of a handler, and the right to send the ack if it has not been used.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    pub(crate) ack: Option<AckSlot>,
}

impl Failure {
    /// Creates a failure. Boxed to keep the result of successful handlers small.
    pub(crate) fn new(cause: Cause, right: AckRight) -> Box<Self> {
        Box::new(Self { cause, ack: right.reclaim() })
    }
}

#[cfg(all(test, feature = "tracing"))]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Level, Metadata, Subscriber};

    use super::*;
    use crate::handshake::HandshakeSettings;

    /// The levels of logged events.
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

    /// Server faults were once logged at the level of client mistakes, which any client can trigger.
    #[test]
    fn faults_of_the_server_are_errors() {
        let (parts, ()) = http::Request::new(()).into_parts();
        let handshake = Handshake::new(&parts, &HandshakeSettings::default()).expect("it is short");
        let level = |cause: Cause| {
            let levels = Levels::default();
            let error = ErrorContext::new("/", &handshake, &cause);
            tracing::subscriber::with_default(levels.clone(), || error.trace());
            let [level] = levels.0.lock().expect("no panic inside")[..] else { panic!("one event") };
            level
        };
        assert_eq!(level(Cause::Panicked), Level::ERROR);
        assert_eq!(level(Cause::BadArgs(ExtractError::internal("no such extension"))), Level::ERROR);
        assert_eq!(level(Cause::Failed("database error".into())), Level::WARN);
        assert_eq!(level(Cause::BadArgs(ExtractError::new("not a number"))), Level::DEBUG);
        assert_eq!(level(Cause::UnknownEvent), Level::DEBUG);
    }
}
