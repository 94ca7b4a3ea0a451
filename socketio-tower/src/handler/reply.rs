use std::error::Error;

use bytes::Bytes;
use serde::Serialize;
use socketio_core::packet::{Args, NoArgs, RawArgs, ToArgs, Value};

use super::ConnectError;
use crate::emit_status::EmitStatus;
use crate::filter::Verdict;
use crate::socket::AckSlot;

/// Types that an event handler may return. The value becomes the ack, if the client requested one.
///
/// | return type | ack |
/// |---|---|
/// | `()`, [`EmitStatus`] | without arguments |
/// | strings, numbers, `bool`, `Bytes`, `Value`, `serde_json::Value`, and `Option`s of them | the value |
/// | [`Reply<T>`](Reply) | any value that implements `Serialize` |
/// | `Args` | several arguments |
/// | [`RawArgs`] | received arguments, unchanged |
/// | `Result` | the value of `Ok`; none for `Err`, which goes to the error hook |
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from an event handler",
    note = "return `()`, a string, a number, a `bool`, `Bytes`, `serde_json::Value`, `Args((a, b))`, or a `Result` of one of them",
    note = "wrap any other type that implements `Serialize`: `Reply(value)`"
)]
pub trait EventReply {
    /// Sends the ack, if the client requested one.
    #[doc(hidden)]
    fn reply(self, ack: Option<&AckSlot>) -> Result<(), BoxError>;
}

/// An error that a handler may return: any type that converts into `Box<dyn Error + Send + Sync>`. It is passed to the
/// error hook.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error that a handler may return",
    label = "not an error, or not `Send + Sync`",
    note = "return a type that implements `std::error::Error`, a `String`, a `&str`, or a `Box<dyn Error + Send + Sync>`"
)]
pub trait HandlerError: Into<BoxError> {}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> HandlerError for E {}

/// An ack of one value of any type that implements `Serialize`.
///
/// ```
/// use socketio_tower::{Data, Reply, SocketIo};
///
/// #[derive(serde::Serialize)]
/// struct User {
///     id: u64,
///     name: String,
/// }
///
/// let io = SocketIo::new();
/// io.of("/", |ns| {
///     ns.on("user", async |Data(id): Data<u64>| Reply(User { id, name: "Ada".to_owned() }));
/// });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply<T>(pub T);

/// The error of a handler, of any type.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// Sends an ack. On an error nothing was sent, and the right to send the ack is kept.
fn send<T: ToArgs + ?Sized>(ack: Option<&AckSlot>, value: &T) -> Result<(), BoxError> {
    let Some(ack) = ack else { return Ok(()) };
    match ack.send(value) {
        EmitStatus::Invalid(error) => Err(error.into()),
        EmitStatus::Full => Err("the ack was not sent: the client's queue is full".into()),
        EmitStatus::Queued | EmitStatus::Local | EmitStatus::Dropped | EmitStatus::Gone => Ok(()),
    }
}

impl EventReply for () {
    fn reply(self, ack: Option<&AckSlot>) -> Result<(), BoxError> {
        send(ack, &NoArgs)
    }
}

impl EventReply for EmitStatus {
    fn reply(self, ack: Option<&AckSlot>) -> Result<(), BoxError> {
        match self {
            Self::Invalid(error) => Err(error.into()),
            _ => ().reply(ack),
        }
    }
}

impl EventReply for RawArgs {
    fn reply(self, ack: Option<&AckSlot>) -> Result<(), BoxError> {
        send(ack, &self)
    }
}

impl<T: Serialize> EventReply for Reply<T> {
    fn reply(self, ack: Option<&AckSlot>) -> Result<(), BoxError> {
        send(ack, &self.0)
    }
}

impl<T> EventReply for Args<T>
where
    Self: ToArgs,
{
    fn reply(self, ack: Option<&AckSlot>) -> Result<(), BoxError> {
        send(ack, &self)
    }
}

impl<R: EventReply, E: HandlerError> EventReply for Result<R, E> {
    fn reply(self, ack: Option<&AckSlot>) -> Result<(), BoxError> {
        match self {
            Ok(reply) => reply.reply(ack),
            Err(error) => Err(error.into()),
        }
    }
}

macro_rules! reply_with_itself {
    ($($type:ty),*) => {$(
        impl EventReply for $type {
            fn reply(self, ack: Option<&AckSlot>) -> Result<(), BoxError> {
                send(ack, &self)
            }
        }

        impl EventReply for Option<$type> {
            fn reply(self, ack: Option<&AckSlot>) -> Result<(), BoxError> {
                send(ack, &self)
            }
        }
    )*};
}

reply_with_itself!(
    String,
    &'static str,
    bool,
    char,
    i8,
    i16,
    i32,
    i64,
    isize,
    u8,
    u16,
    u32,
    u64,
    usize,
    f32,
    f64,
    Bytes,
    Value,
    serde_json::Value
);

/// Types that a middleware may return: `()` accepts the client, `Err` rejects it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a middleware",
    note = "return `()` or `Result<(), ConnectError>`"
)]
pub trait ConnectReply {
    /// Returns `Ok` if the client may connect.
    #[doc(hidden)]
    fn verdict(self) -> Result<(), ConnectError>;
}

impl ConnectReply for () {
    fn verdict(self) -> Result<(), ConnectError> {
        Ok(())
    }
}

/// Implemented for this error type only, so that `?` can infer the error type without an annotation.
impl ConnectReply for Result<(), ConnectError> {
    fn verdict(self) -> Result<(), ConnectError> {
        self
    }
}

/// Types that an async filter may return: a [`Verdict`], or a `Result` of one, whose error is passed to the error hook.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a filter",
    note = "return `Verdict`, or `Result<Verdict, E>`"
)]
pub trait FilterReply {
    /// Returns the verdict on the event.
    #[doc(hidden)]
    fn verdict(self) -> Result<Verdict, BoxError>;
}

impl FilterReply for Verdict {
    fn verdict(self) -> Result<Verdict, BoxError> {
        Ok(self)
    }
}

impl<E: HandlerError> FilterReply for Result<Verdict, E> {
    fn verdict(self) -> Result<Verdict, BoxError> {
        self.map_err(Into::into)
    }
}

/// Types that a handler without an ack may return: `()`, [`EmitStatus`], or a `Result` of one of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from this handler, which has no ack",
    note = "return `()` or `Result<(), E>`"
)]
pub trait NoReply {
    /// Returns the outcome of the handler.
    #[doc(hidden)]
    fn outcome(self) -> Result<(), BoxError>;
}

impl NoReply for () {
    fn outcome(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl NoReply for EmitStatus {
    fn outcome(self) -> Result<(), BoxError> {
        self.reply(None)
    }
}

impl<R: NoReply, E: HandlerError> NoReply for Result<R, E> {
    fn outcome(self) -> Result<(), BoxError> {
        match self {
            Ok(reply) => reply.outcome(),
            Err(error) => Err(error.into()),
        }
    }
}
