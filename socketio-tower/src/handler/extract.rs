use std::any::TypeId;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

/// A type that a handler can ask for as an argument. `C` is the occasion: [`ConnectContext`],
/// [`EventContext`] or [`DisconnectContext`], so that a handler which asks for what its occasion does not
/// have is refused by the compiler.
///
/// Extraction is synchronous and gives owned values. Implement it for your own types:
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
    label = "not available on this occasion",
    note = "everywhere: `Socket`, `Client`, `State<T>`, `Extension<T>`, `Query<T>`, `Path<T>`",
    note = "on connect: `Auth<T>`; on an event: `Data<T>`, `Args<(A, B)>`, `Event`, `Ack`",
    note = "on disconnect: `DisconnectReason`, `Rooms`; there is no event, so no `Data<T>` and no `Ack`"
)]
pub trait Extract<C>: Sized {
    /// Takes the value out of the context.
    ///
    /// # Errors
    ///
    /// The handler is not called. The error goes to the namespace's error hook; the client is told
    /// nothing, and its ack is not called.
    fn extract(context: &mut C) -> Result<Self, ExtractError>;

    /// Names what the application must have provided, so that a lack is found when the layer is made.
    fn require(requirements: &mut Requirements) {
        let _ = requirements;
    }
}

/// Why a handler's argument could not be extracted: the client's mistake, or the application's.
#[derive(Debug)]
pub struct ExtractError {
    cause: Box<dyn Error + Send + Sync>,
    internal: bool,
}

impl ExtractError {
    /// The client has sent something else. One that asks for a namespace is told the text.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: cause.into(), internal: false }
    }

    /// The application has not provided something. Clients are told `internal error`.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: cause.into(), internal: true }
    }

    /// Whether it is the application's mistake, which is no client's business.
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

/// What the handlers of an application need it to provide, and what one of them takes of its event.
#[derive(Debug, Clone, Default)]
pub struct Requirements {
    states: BTreeMap<TypeId, &'static str>,
    captures: bool,
    readers: usize,
    acks: usize,
    /// Whether a filter asks, which answers nobody.
    filter: bool,
}

impl Requirements {
    /// A handler asks for `State<T>`.
    pub fn state<T: 'static>(&mut self) {
        self.states.insert(TypeId::of::<T>(), std::any::type_name::<T>());
    }

    /// A handler asks for `Path<T>`.
    pub fn captures(&mut self) {
        self.captures = true;
    }

    /// A handler reads the arguments of its event, as [`Data`](crate::Data) and [`Args`](crate::Args) do: each from the
    /// first, so that a second one is a mistake.
    pub fn arguments(&mut self) {
        self.readers += 1;
    }

    /// A handler asks for the right to answer, as [`Ack`](crate::Ack) does. There is one.
    pub fn ack(&mut self) {
        self.acks += 1;
    }

    pub(crate) fn of_filter() -> Self {
        Self { filter: true, ..Self::default() }
    }

    /// Why a handler cannot have all that it asks for, if that is so.
    pub(crate) fn conflict(&self) -> Option<&'static str> {
        if self.readers > 1 {
            return Some(
                "it reads the event's arguments twice, each time from the first; \
                 for several write `Args((a, b)): Args<(A, B)>`",
            );
        }
        if self.filter && self.acks > 0 {
            return Some(
                "it is a filter, which answers nobody; deny the event, and answer in the error hook",
            );
        }
        (self.acks > 1).then_some("it asks for `Ack` twice, but a client is answered once; hand the one on")
    }

    /// Adds what another handler needs.
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
