use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::placeholders::Placeholders;
use super::{ArgsError, RawArgs, SerializeError};
use crate::encoded::EncodedBuffer;

/// Several arguments of an event or an ack, sent or received. Any other value is a single argument.
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

/// No arguments: `emit("ready", &NoArgs)` is equivalent to `emit("ready")` in JavaScript.
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

/// Values that can be sent as the arguments of an event or an ack.
///
/// Any value that implements `Serialize` is a single argument. [`Args`] of a tuple or a list is several, [`NoArgs`]
/// none, and [`RawArgs`] are sent as they were received.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as arguments",
    note = "one argument is any type that implements `serde::Serialize`",
    note = "several are `Args((a, b))`, of up to 8 values that implement it, or `Args` of a `Vec` or slice",
    note = "for no arguments, use `NoArgs`"
)]
pub trait ToArgs {
    /// Writes the arguments.
    ///
    /// # Errors
    ///
    /// Returns an error if a value cannot be written as JSON.
    fn write(&self, writer: &mut ArgsWriter<'_>) -> Result<(), SerializeError>;
}

impl<T: Serialize + ?Sized> ToArgs for T {
    fn write(&self, writer: &mut ArgsWriter<'_>) -> Result<(), SerializeError> {
        writer.write(self)
    }
}

/// Types that the arguments of an ack can be read as. Any type that implements `DeserializeOwned` is read from the
/// first argument, [`Args`] of a tuple or a `Vec` from all of them.
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
    /// Returns an error if an argument does not have the expected type.
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

/// Returns the arguments unparsed.
impl FromArgs for RawArgs {
    fn from_args(args: &RawArgs) -> Result<Self, ArgsError> {
        Ok(args.clone())
    }
}

/// The output for the arguments of a packet.
#[derive(Debug)]
pub struct ArgsWriter<'a> {
    buffer: &'a mut EncodedBuffer,
    /// Set if the next argument needs a comma before it.
    needs_comma: bool,
}

impl<'a> ArgsWriter<'a> {
    /// Creates a writer into an array that has been opened. `named` is set if it already contains the name of an event.
    pub(super) fn new(buffer: &'a mut EncodedBuffer, named: bool) -> Self {
        Self { buffer, needs_comma: named }
    }

    /// Writes one argument.
    ///
    /// # Errors
    ///
    /// Returns an error if the value cannot be written as JSON.
    pub fn write<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerializeError> {
        if std::mem::replace(&mut self.needs_comma, true) {
            self.buffer.text().push(b',');
        }
        self.buffer.serialize(value)
    }

    /// Writes arguments that are already JSON. The attachments they refer to are renumbered, so that other attachments
    /// may precede and follow them.
    pub(super) fn write_raw(&mut self, json: &str, attachments: &[Bytes]) {
        if json.is_empty() {
            return;
        }
        if std::mem::replace(&mut self.needs_comma, true) {
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

/// Writes received or previously encoded arguments without parsing them.
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
