use std::fmt;

pub use socketio_core::namespace::{ParsePathError, PatternError};

/// An error in the setup of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A handler was registered for an event name that the protocol reserves.
    #[error("`{0}` is an event of the protocol; it cannot have a handler")]
    ReservedEvent(String),
    /// A handler or setting that may be set once per namespace was set twice: the handler of an event, the connect,
    /// disconnect, fallback or error handler, the policy or the concurrency.
    #[error("`{namespace}` has `{method}` twice")]
    SetTwice {
        /// The path of the namespace.
        namespace: String,
        /// The method that was called twice: `on("say", …)`, `on_connect(…)`, `policy(…)` and so on.
        method: String,
    },
    /// The arguments of a handler conflict: it reads the event's arguments twice, or takes two [`Ack`](crate::Ack)s.
    #[error("`{namespace}` has a `{method}` with invalid arguments: {why}")]
    Arguments {
        /// The path of the namespace.
        namespace: String,
        /// The method that registered the handler: `on("say", …)`.
        method: String,
        /// The conflict, and the fix.
        why: &'static str,
    },
    /// The path of a namespace is invalid.
    #[error("`{path}` is not a valid namespace: {error}")]
    Namespace {
        /// The path.
        path: String,
        /// The reason.
        error: ParsePathError,
    },
    /// An entry of the [`Origins`](crate::layer::Origins) is invalid.
    #[error(
        "`{0}` is not an origin: expected a scheme, a host and an optional port, such as `https://example.com`"
    )]
    Origin(String),
    /// The name or the path of the [`SessionCookie`](crate::layer::SessionCookie) is invalid.
    #[error("invalid name or path of the session cookie")]
    Cookie,
    /// The [value](crate::layer::SessionCookie::value) of the session cookie is invalid.
    #[error(
        "`{0}` is not a cookie value: expected printable ASCII characters except space, `\"`, `,`, `;` and `\\`"
    )]
    CookieValue(String),
    /// The pattern of a namespace is invalid, or conflicts with another.
    #[error("`{path}` is not a valid pattern for namespaces: {error}")]
    Pattern {
        /// The pattern.
        path: String,
        /// The reason.
        error: PatternError,
    },
    /// A handler takes [`Path`](crate::extract::Path), but the namespace has no path parameters.
    #[error("a handler of `{namespace}` takes a Path, but the namespace has no path parameters")]
    NoPathParameters {
        /// The path of the namespace.
        namespace: String,
    },
    /// A handler takes a [`State`](crate::extract::State) that was not added to the builder.
    #[error(
        "a handler of `{namespace}` takes State<{state}>, which was not added with SocketIoBuilder::state"
    )]
    MissingState {
        /// The path of the namespace.
        namespace: String,
        /// The name of the state's type.
        state: &'static str,
    },
}

/// The error of [`SocketIo::remove`](crate::SocketIo::remove).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemoveError {
    /// The path is `/`. This namespace always exists.
    #[error("the namespace `/` cannot be removed")]
    Root,
    /// No namespace or pattern was defined by this path.
    #[error("the namespace `{0}` is not defined")]
    Unknown(String),
}

/// All errors in the setup of a server, in the order of the calls that made them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupErrors(Vec<SetupError>);

impl SetupErrors {
    /// Returns `None` if `errors` is empty.
    pub(crate) fn new(errors: Vec<SetupError>) -> Option<Self> {
        (!errors.is_empty()).then_some(Self(errors))
    }

    /// Returns an iterator over the errors. There is at least one.
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
        f.write_str("invalid setup of the Socket.IO server: ")?;
        for (index, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl std::error::Error for SetupErrors {}
