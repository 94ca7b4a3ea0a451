use socketio_core::namespace::ParsePathError;

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
