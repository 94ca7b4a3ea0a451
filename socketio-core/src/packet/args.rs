use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::placeholders::Placeholders;
use super::{ArgsError, RawArgs, SerializeError};
use crate::encoded::EncodedBuffer;

/// Several arguments: of an event that is emitted or received, or of an ack. Any other value is one
/// argument.
///
/// ```
/// use socketio_core::packet::{Args, Encoder};
///
/// let mut encoder = Encoder::default();
/// let one = encoder.event("/", "sum", &(1, 2), None).unwrap();
/// let two = encoder.event("/", "sum", &Args((1, 2)), None).unwrap();
/// assert_eq!(one.text(), br#"42["sum",[1,2]]"#);
/// assert_eq!(two.text(), br#"42["sum",1,2]"#);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Args<T>(pub T);

/// No arguments: `emit("ready", &NoArgs)` is what `emit("ready")` is in JavaScript.
///
/// ```
/// use socketio_core::packet::{Encoder, NoArgs};
///
/// let mut encoder = Encoder::default();
/// let none = encoder.event("/", "ready", &NoArgs, None).unwrap();
/// let null = encoder.event("/", "ready", &(), None).unwrap();
/// assert_eq!(none.text(), br#"42["ready"]"#);
/// assert_eq!(null.text(), br#"42["ready",null]"#);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct NoArgs;

/// What can be sent as the arguments of an event or an ack: any value that serializes, as one argument,
/// [`Args`] of a tuple or a list, as several, [`NoArgs`], and [`RawArgs`], as they came.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as arguments",
    note = "one argument is any type that implements `serde::Serialize`",
    note = "several are `Args((a, b))`, of up to 8 values that implement it, or `Args` of a `Vec` or slice",
    note = "none are `NoArgs`"
)]
pub trait ToArgs {
    /// Writes the arguments.
    ///
    /// # Errors
    ///
    /// A value cannot be written as JSON.
    fn write(&self, writer: &mut ArgsWriter<'_>) -> Result<(), SerializeError>;
}

impl<T: Serialize + ?Sized> ToArgs for T {
    fn write(&self, writer: &mut ArgsWriter<'_>) -> Result<(), SerializeError> {
        writer.write(self)
    }
}

/// What the arguments of an ack can be read as: any value that deserializes, from the first argument, and
/// [`Args`] of a tuple or a `Vec`, from all.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from arguments",
    note = "one argument is any type that implements `serde::de::DeserializeOwned`",
    note = "several are `Args<(A, B)>` or `Args<Vec<T>>`"
)]
pub trait FromArgs: Sized {
    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// An argument is not of its type.
    fn from_args(args: &RawArgs) -> Result<Self, ArgsError>;
}

impl<T: DeserializeOwned> FromArgs for T {
    fn from_args(args: &RawArgs) -> Result<Self, ArgsError> {
        args.first()
    }
}

impl<T: DeserializeOwned> FromArgs for Args<T> {
    fn from_args(args: &RawArgs) -> Result<Self, ArgsError> {
        args.all().map(Self)
    }
}

/// The arguments as they came: nothing is parsed.
impl FromArgs for RawArgs {
    fn from_args(args: &RawArgs) -> Result<Self, ArgsError> {
        Ok(args.clone())
    }
}

/// Where arguments are written.
#[derive(Debug)]
pub struct ArgsWriter<'a> {
    buffer: &'a mut EncodedBuffer,
    /// Whether something stands in front of the next one.
    separated: bool,
}

impl<'a> ArgsWriter<'a> {
    /// Writes into an array that has been begun; `named` if the name of an event stands in it.
    pub(super) fn new(buffer: &'a mut EncodedBuffer, named: bool) -> Self {
        Self { buffer, separated: named }
    }

    /// Writes one argument.
    ///
    /// # Errors
    ///
    /// The value cannot be written as JSON.
    pub fn write<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerializeError> {
        if std::mem::replace(&mut self.separated, true) {
            self.buffer.text().push(b',');
        }
        self.buffer.serialize(value)
    }

    /// Writes arguments that are JSON. The attachments that it refers to are numbered anew, so that others may stand
    /// before and behind them.
    fn write_raw(&mut self, json: &str, attachments: &[Bytes]) {
        if json.is_empty() {
            return;
        }
        if std::mem::replace(&mut self.separated, true) {
            self.buffer.text().push(b',');
        }
        let mut rest = 0;
        if !attachments.is_empty() {
            for placeholder in Placeholders::of(json).flatten() {
                let Some(attachment) = attachments.get(placeholder.number) else { continue };
                self.buffer.text().extend_from_slice(&json.as_bytes()[rest..placeholder.range.start]);
                self.buffer.attach(attachment);
                rest = placeholder.range.end;
            }
        }
        self.buffer.text().extend_from_slice(&json.as_bytes()[rest..]);
    }
}

/// What was received, or encoded before, as it is: nothing is parsed.
impl ToArgs for RawArgs {
    fn write(&self, writer: &mut ArgsWriter<'_>) -> Result<(), SerializeError> {
        writer.write_raw(self.json(), self.attachments());
        Ok(())
    }
}

impl ToArgs for NoArgs {
    fn write(&self, _: &mut ArgsWriter<'_>) -> Result<(), SerializeError> {
        Ok(())
    }
}

impl<T: Serialize> ToArgs for Args<&[T]> {
    fn write(&self, writer: &mut ArgsWriter<'_>) -> Result<(), SerializeError> {
        self.0.iter().try_for_each(|value| writer.write(value))
    }
}

impl<T: Serialize> ToArgs for Args<Vec<T>> {
    fn write(&self, writer: &mut ArgsWriter<'_>) -> Result<(), SerializeError> {
        Args(&*self.0).write(writer)
    }
}

impl<T: Serialize, const N: usize> ToArgs for Args<[T; N]> {
    fn write(&self, writer: &mut ArgsWriter<'_>) -> Result<(), SerializeError> {
        Args(&self.0[..]).write(writer)
    }
}

macro_rules! several {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Serialize),*> ToArgs for Args<($($name,)*)> {
            fn write(&self, writer: &mut ArgsWriter<'_>) -> Result<(), SerializeError> {
                $(writer.write(&self.0.$index)?;)*
                Ok(())
            }
        }
    };
}

several!(A 0);
several!(A 0, B 1);
several!(A 0, B 1, C 2);
several!(A 0, B 1, C 2, D 3);
several!(A 0, B 1, C 2, D 3, E 4);
several!(A 0, B 1, C 2, D 3, E 4, F 5);
several!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
several!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
