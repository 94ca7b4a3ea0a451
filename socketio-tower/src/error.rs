use std::fmt;

use socketio_core::namespace::{ParsePathError, PatternError};

/// A mistake in the set-up of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A handler was registered for a name that is the protocol's own.
    #[error("`{0}` is an event of the protocol; it cannot have a handler")]
    ReservedEvent(String),
    /// Something of a namespace was set twice of which there can be one: the handler of an event, of clients that connect,
    /// of a socket's end, of events without a handler, or of errors; its policy, or its concurrency.
    #[error("`{namespace}` has `{method}` twice")]
    SetTwice {
        /// The namespace.
        namespace: String,
        /// How it was set: `on("say", …)`, `on_connect(…)`, `policy(…)` and so on.
        method: String,
    },
    /// Something cannot have all the arguments that it asks for: it reads those of the event twice, or asks for two
    /// [`Ack`](crate::Ack)s.
    #[error("`{namespace}` has a `{method}` that cannot have its arguments: {why}")]
    Arguments {
        /// The namespace.
        namespace: String,
        /// How it was set: `on("say", …)`.
        method: String,
        /// What is wrong, and what to write instead.
        why: &'static str,
    },
    /// A namespace's path is not one.
    #[error("`{path}` is no namespace: {error}")]
    Namespace {
        /// The path.
        path: String,
        /// What is wrong with it.
        error: ParsePathError,
    },
    /// Something among the [origins](crate::layer::Origins) is no origin.
    #[error(
        "`{0}` is no origin: it is a scheme, a host and perhaps a port, such as `https://example.com`, and nothing else"
    )]
    Origin(String),
    /// The [cookie](crate::layer::SessionCookie) has a name or a path that a cookie cannot have.
    #[error("the session cookie has a name or a path that a cookie cannot have")]
    Cookie,
    /// The pattern of a namespace is none, or cannot stand beside another.
    #[error("`{path}` is no pattern for namespaces: {error}")]
    Pattern {
        /// The pattern.
        path: String,
        /// What is wrong with it.
        error: PatternError,
    },
    /// A handler asks for what the parts in braces of the namespace's pattern stand for, and there are none.
    #[error(
        "a handler of `{namespace}` asks for a Path, but there are no parts in braces in the namespace's path"
    )]
    NoPathParameters {
        /// The namespace.
        namespace: String,
    },
    /// A handler asks for a state that was not given to the builder.
    #[error(
        "a handler of `{namespace}` asks for State<{state}>, which was not given to SocketIoBuilder::state"
    )]
    MissingState {
        /// The namespace.
        namespace: String,
        /// The name of the state's type.
        state: &'static str,
    },
}

/// Why a namespace cannot be [removed](crate::SocketIo::remove).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemoveError {
    /// It is `/`, which exists always.
    #[error("the namespace `/` cannot be removed")]
    Root,
    /// No namespace and no pattern was defined by this path.
    #[error("`{0}` was not defined, and cannot be removed")]
    Unknown(String),
}

/// All mistakes in the set-up of a server, in the order in which they were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupErrors(Vec<SetupError>);

impl SetupErrors {
    /// None if there are no mistakes.
    pub(crate) fn new(errors: Vec<SetupError>) -> Option<Self> {
        (!errors.is_empty()).then_some(Self(errors))
    }

    /// One after the other. There is at least one.
    pub fn iter(&self) -> std::slice::Iter<'_, SetupError> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a SetupErrors {
    type Item = &'a SetupError;
    type IntoIter = std::slice::Iter<'a, SetupError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for SetupErrors {
    type Item = SetupError;
    type IntoIter = std::vec::IntoIter<SetupError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for SetupErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the Socket.IO server is not set up correctly: ")?;
        for (index, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl std::error::Error for SetupErrors {}
