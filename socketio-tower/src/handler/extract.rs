use std::any::TypeId;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

/// A type that a handler can take as an argument. `C` is the context: [`ConnectContext`], [`EventContext`] or
/// [`DisconnectContext`]. The compiler rejects a handler with an argument that its context does not provide.
///
/// Extraction is synchronous and returns owned values. Implement this trait for your own types:
///
/// ```
/// use socketio_tower::extract::{Context, Extract, ExtractError};
///
/// struct Room(String);
///
/// impl<C: Context> Extract<C> for Room {
///     fn extract(context: &mut C) -> Result<Self, ExtractError> {
///         let query = context.socket().handshake().query();
///         let room = query.split('&').find_map(|pair| pair.strip_prefix("room="));
///         room.map(|room| Room(room.to_owned())).ok_or_else(|| ExtractError::new("no `room` in the query"))
///     }
/// }
/// ```
///
/// [`ConnectContext`]: super::ConnectContext
/// [`EventContext`]: super::EventContext
/// [`DisconnectContext`]: super::DisconnectContext
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of this handler",
    label = "not available in this kind of handler",
    note = "everywhere: `Socket`, `Client`, `State<T>`, `Extension<T>`, `Query<T>`, `Path<T>`",
    note = "on connect: `Auth<T>`; on an event: `Data<T>`, `Args<(A, B)>`, `Event`, `Ack`",
    note = "on disconnect: `DisconnectReason`, `Rooms`; there is no event, so no `Data<T>` and no `Ack`"
)]
pub trait Extract<C>: Sized {
    /// Extracts the value from the context.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is invalid or missing. The handler is not called then, and the error goes to the
    /// namespace's error hook. An event is not acked; a connection request is rejected if the handler is a middleware.
    fn extract(context: &mut C) -> Result<Self, ExtractError>;

    /// Declares the values that the application must provide, so that a missing one is reported when the layer is
    /// created.
    fn require(requirements: &mut Requirements) {
        let _ = requirements;
    }
}

/// The reason that a handler's argument could not be extracted: a mistake of the client or of the application.
#[derive(Debug)]
pub struct ExtractError {
    cause: Box<dyn Error + Send + Sync>,
    internal: bool,
}

impl ExtractError {
    /// Creates an error for invalid data from the client. For a connection request, the text is sent to the client.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: cause.into(), internal: false }
    }

    /// Creates an error for a value that the application did not provide. For a connection request, the client receives
    /// `internal error`.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: cause.into(), internal: true }
    }

    /// Returns `true` for a mistake of the application, whose details are not sent to clients.
    pub fn is_internal(&self) -> bool {
        self.internal
    }
}

impl fmt::Display for ExtractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl Error for ExtractError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}

/// The values that handlers require from the application, and the parts of the event that one handler takes.
#[derive(Debug, Clone, Default)]
pub struct Requirements {
    states: BTreeMap<TypeId, &'static str>,
    captures: bool,
    readers: usize,
    acks: usize,
    /// Set for a filter, which cannot send an ack.
    filter: bool,
}

impl Requirements {
    /// Declares that a handler takes `State<T>`.
    pub fn state<T: 'static>(&mut self) {
        self.states.insert(TypeId::of::<T>(), std::any::type_name::<T>());
    }

    /// Declares that a handler takes `Path<T>`.
    pub fn captures(&mut self) {
        self.captures = true;
    }

    /// Declares that a handler reads the arguments of its event, as [`Data`](crate::Data) and [`Args`](crate::Args) do.
    /// Each such argument starts with the first argument of the event, so a second one is a setup error.
    pub fn arguments(&mut self) {
        self.readers += 1;
    }

    /// Declares that a handler takes the right to send the ack, as [`Ack`](crate::Ack) does. A handler can take it
    /// once.
    pub fn ack(&mut self) {
        self.acks += 1;
    }

    pub(crate) fn of_filter() -> Self {
        Self { filter: true, ..Self::default() }
    }

    /// Returns the reason that a handler cannot have all of its arguments, if that is so.
    pub(crate) fn conflict(&self) -> Option<&'static str> {
        if self.readers > 1 {
            return Some(
                "it reads the event's arguments twice, each time from the first; \
                 for several, write `Args((a, b)): Args<(A, B)>`",
            );
        }
        if self.filter && self.acks > 0 {
            return Some("a filter cannot send the ack; deny the event, and answer in the error hook");
        }
        (self.acks > 1)
            .then_some("it takes `Ack` twice, but an event is acknowledged once; pass the first one on")
    }

    /// Adds the requirements of another handler.
    pub(crate) fn add(&mut self, handler: Self) {
        self.states.extend(handler.states);
        self.captures |= handler.captures;
    }

    pub(crate) fn needs_captures(&self) -> bool {
        self.captures
    }

    pub(crate) fn states(&self) -> impl Iterator<Item = (TypeId, &'static str)> {
        self.states.iter().map(|(id, name)| (*id, *name))
    }
}
