use std::error::Error;

use bytes::Bytes;
use serde::Serialize;
use socketio_core::packet::{Args, NoArgs, RawArgs, ToArgs, Value};

use super::ConnectError;
use crate::emit_status::EmitStatus;
use crate::filter::Verdict;
use crate::socket::AckSlot;

/// What a handler of events may return: it becomes the ack, if the client awaits one.
///
/// Nothing (`()`, and what `emit` returns) acks without arguments; strings, numbers, `bool`, `Bytes`, `Value`,
/// `serde_json::Value` and their `Option`s ack with themselves; [`Reply`] acks with anything that
/// serializes; `Args` with several arguments; [`RawArgs`] with those that came with an event or an answer, as they are.
/// `Result` acks with what `Ok` holds, and never on `Err`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a handler of events may return",
    note = "return `()`, a string, a number, a `bool`, `Bytes`, `serde_json::Value`, `Args((a, b))`, or a `Result` of one of them",
    note = "wrap any other type that implements `Serialize`: `Reply(value)`"
)]
pub trait EventReply {
    /// Acks, if the client awaits it.
    #[doc(hidden)]
    fn reply(self, ack: Option<&AckSlot>) -> Result<(), BoxError>;
}

/// The error that a handler may return: what becomes a `Box<dyn Error + Send + Sync>`. The error hook is told it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error that a handler may return",
    label = "not an error, or not one for every thread",
    note = "return a type of yours that implements `std::error::Error`, a `String`, a `&str`, or a `Box<dyn Error + Send + Sync>`"
)]
pub trait HandlerError: Into<BoxError> {}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> HandlerError for E {}

/// Acks with one value of any type that serializes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply<T>(pub T);

/// The error of a handler, of any type.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// What is refused was not sent: the right to answer is still there.
fn send<T: ToArgs + ?Sized>(ack: Option<&AckSlot>, value: &T) -> Result<(), BoxError> {
    let Some(ack) = ack else { return Ok(()) };
    match ack.send(value) {
        EmitStatus::Invalid(error) => Err(error.into()),
        EmitStatus::Full => Err("the ack was not sent: too many bytes wait for the client".into()),
        EmitStatus::Queued | EmitStatus::Dropped | EmitStatus::Gone => Ok(()),
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

/// What a middleware may return: nothing admits the client, `Err` refuses it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a middleware may return",
    note = "return `()` or `Result<(), ConnectError>`"
)]
pub trait ConnectReply {
    /// Whether the client may connect.
    #[doc(hidden)]
    fn verdict(self) -> Result<(), ConnectError>;
}

impl ConnectReply for () {
    fn verdict(self) -> Result<(), ConnectError> {
        Ok(())
    }
}

/// Of this error alone, so that `?` knows what to make of others without being told.
impl ConnectReply for Result<(), ConnectError> {
    fn verdict(self) -> Result<(), ConnectError> {
        self
    }
}

/// What an async filter may return: a [`Verdict`], or a `Result` with one, whose error the error hook is told.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a filter may return",
    note = "return `Verdict`, or `Result<Verdict, E>`"
)]
pub trait FilterReply {
    /// What becomes of the event.
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

/// What handlers that answer nobody may return: nothing, what `emit` returns, or a `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what this handler may return: there is nobody to be answered",
    note = "return `()` or `Result<(), E>`"
)]
pub trait NoReply {
    /// How it went.
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
