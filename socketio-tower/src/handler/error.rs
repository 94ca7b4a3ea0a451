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

/// Something that a client sent and that was not handled, as an error hook is told of it.
///
/// The client has been told nothing, and its ack is not called unless the hook [answers](Self::answer).
///
/// ```
/// use serde_json::json;
/// use socketio_tower::SocketIo;
/// use socketio_tower::handler::Cause;
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.on_error(|error| match error.cause() {
///         // What the client did wrong it may know; what went wrong here it may not.
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
    /// The cause.
    pub fn cause(&self) -> &'a Cause {
        self.cause
    }

    /// The namespace, as the client wrote it; empty for a [violation](Cause::ProtocolViolation), after which there is no
    /// telling.
    pub fn namespace(&self) -> &'a str {
        self.namespace
    }

    /// The socket; none if there is none yet. [Connected](Socket::is_connected) it is not if it was refused.
    pub fn socket(&self) -> Option<&'a Socket> {
        self.socket
    }

    /// The name of the event, if it is about one.
    pub fn event(&self) -> Option<&'a str> {
        self.event
    }

    /// The request that opened the client's session.
    pub fn handshake(&self) -> &'a Handshake {
        self.handshake
    }

    /// Whether the client awaits an answer that [`answer`](Self::answer) can give. There is none to be given if the
    /// handler has used its [`Ack`](crate::Ack), or has handed it to somebody who still has it.
    pub fn is_answerable(&self) -> bool {
        self.ack.is_some()
    }

    /// For a hook that has nobody to tell: the server's hook is told instead.
    #[doc(hidden)]
    pub fn unclaimed(self) {
        if let Some(socket) = self.socket {
            socket.namespaces().report(None, self);
        }
    }

    /// Calls the client's ack, if it awaits one.
    pub fn answer<T: ToArgs + ?Sized>(self, args: &T) {
        if let Some(ack) = self.ack {
            ack.send(args);
        }
    }
}

impl<'a> ErrorContext<'a> {
    /// Writes it to the log.
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

/// Is told of what was not handled.
#[derive(Clone)]
pub(crate) struct ErrorHook(Arc<dyn Fn(ErrorContext<'_>) + Send + Sync>);

impl ErrorHook {
    pub(crate) fn new(hook: impl Fn(ErrorContext<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }

    /// A panic of the hook must not take the client's other sockets along.
    pub(crate) fn tell(&self, error: ErrorContext<'_>) {
        contained(|| (self.0)(error));
    }
}

impl fmt::Debug for ErrorHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ErrorHook")
    }
}

/// Why something that a client sent was not handled.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The client broke the rules of Socket.IO; its connection is closed.
    ProtocolViolation(ProtocolViolation),
    /// The client asked for a namespace that there is not; it is refused.
    UnknownNamespace,
    /// Nobody listens for the event.
    UnknownEvent,
    /// A [filter](crate::NamespaceBuilder::filter) or a [policy](crate::EventPolicy) denied the event, for the reason
    /// given.
    Denied(Cow<'static, str>),
    /// An argument could not be extracted: the client sent something else, or the application lacks something.
    BadArgs(ExtractError),
    /// The handler returned an error.
    Failed(Box<dyn Error + Send + Sync>),
    /// The handler, a middleware, a filter, or a task of the socket panicked.
    Panicked,
    /// A bound was reached: the client was refused, or disconnected from its namespace.
    LimitReached(Limit),
    /// The socket is gone, and so many of its last events were not handled within
    /// [`handler_grace`](crate::SocketIoBuilder::handler_grace).
    EventsDropped(usize),
}

impl Cause {
    /// What a client is told that is not let in to a namespace: what it did wrong, not what the application did.
    pub(crate) fn refusal(&self) -> ConnectError {
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
            Self::ProtocolViolation(violation) => write!(f, "the client broke the protocol: {violation}"),
            Self::UnknownNamespace => f.write_str("there is no such namespace"),
            Self::UnknownEvent => f.write_str("nobody listens for the event"),
            Self::Denied(reason) => write!(f, "the event is denied: {reason}"),
            Self::BadArgs(error) => write!(f, "an argument could not be extracted: {error}"),
            Self::Failed(error) => write!(f, "the handler failed: {error}"),
            Self::Panicked => f.write_str("the handler panicked"),
            Self::EventsDropped(count) => write!(f, "{count} of its last events were not handled in time"),
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

/// How a handler failed, and the right to answer if it has not been used.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    pub(crate) ack: Option<AckSlot>,
}

impl Failure {
    /// In a box, because what ends well should not carry its size.
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
        assert_eq!(level(Cause::Failed("out of luck".into())), Level::WARN);
        assert_eq!(level(Cause::BadArgs(ExtractError::new("no number"))), Level::DEBUG);
        assert_eq!(level(Cause::UnknownEvent), Level::DEBUG);
    }
}
