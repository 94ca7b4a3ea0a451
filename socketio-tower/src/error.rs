use socketio_core::namespace::{ParsePathError, PatternError};

/// A mistake in the set-up of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A handler was registered for a name that is the protocol's own.
    #[error("`{0}` is an event of the protocol; it cannot have a handler")]
    ReservedEvent(String),
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
    NoPattern {
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
