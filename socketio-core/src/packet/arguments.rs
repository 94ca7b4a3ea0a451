use bytes::Bytes;
use serde::de::value::UnitDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Error;

use super::DeserializeError;
use super::reader::Reader;

/// Arguments that are read one after another. A copy can be read again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arguments<'a> {
    /// The rest of the array, starting at the next element. Empty if there is none.
    rest: &'a str,
    attachments: &'a [Bytes],
    mode: Mode,
}

/// The parser that reads the arguments.
#[derive(Debug, Clone, Copy)]
enum Mode {
    /// `serde_json`: the fastest, but without attachments and without the leniency of [`Lenient`](Self::Lenient).
    Json,
    /// [`Reader`].
    Binary,
    /// [`Reader`], with all its leniency, to read values that the other modes rejected.
    Lenient,
}

impl<'a> Arguments<'a> {
    /// Creates arguments from `rest`, the rest of a valid JSON array.
    pub(super) fn new(rest: &'a str, attachments: &'a [Bytes]) -> Self {
        let mode = if attachments.is_empty() { Mode::Json } else { Mode::Binary };
        Self { rest, attachments, mode }
    }

    /// Reads the arguments, and retries in lenient mode if that fails. The common case pays nothing for the retry.
    pub(super) fn read<T, E>(self, read: impl Fn(Self) -> Result<T, E>) -> Result<T, E> {
        read(self).or_else(|_| read(Self { mode: Mode::Lenient, ..self }))
    }

    /// Reads the next argument. A missing argument is read as `null`.
    pub(super) fn next<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<S::Value, Error> {
        if self.rest.is_empty() {
            return seed.deserialize(UnitDeserializer::new());
        }
        let (value, length) = match self.mode {
            Mode::Json => {
                let mut json = serde_json::Deserializer::from_str(self.rest);
                (seed.deserialize(&mut json)?, json.into_iter::<IgnoredAny>().byte_offset())
            }
            Mode::Binary => {
                let mut reader = Reader::new(self.rest, self.attachments);
                (seed.deserialize(&mut reader)?, reader.position())
            }
            Mode::Lenient => {
                let mut reader = Reader::new(self.rest, self.attachments).with_whole_numbers();
                (seed.deserialize(&mut reader)?, reader.position())
            }
        };
        let after = self.rest.get(length..).unwrap_or_default().trim_ascii_start();
        self.rest = match after.as_bytes().first() {
            Some(b',') => &after[1..],
            Some(b']') => "",
            _ => return Err(Error::custom("not fully deserialized")),
        };
        Ok(value)
    }
}

/// Reads a value from JSON as leniently as arguments are read: an unpaired surrogate becomes U+FFFD, and `5.0` is
/// accepted as an integer.
///
/// # Errors
///
/// Returns an error if the text is not valid JSON, or is not a value of type `T`.
///
/// ```
/// use socketio_core::packet::from_json;
///
/// assert_eq!(from_json::<u8>("5.0").unwrap(), 5);
/// assert!(from_json::<u8>("5.5").is_err());
/// ```
pub fn from_json<T: DeserializeOwned>(json: &str) -> Result<T, DeserializeError> {
    let read = serde_json::from_str(json).or_else(|_| {
        serde_json::from_str::<IgnoredAny>(json)?;
        T::deserialize(&mut Reader::new(json, &[]).with_whole_numbers())
    });
    read.map_err(DeserializeError::from)
}

/// Reads all arguments as one sequence.
pub(super) struct AllArguments<'de, 'p> {
    arguments: Arguments<'de>,
    /// The argument being read, counted from 1.
    argument: &'p mut usize,
    /// The number of arguments the type expects, if known; otherwise 0.
    expected: usize,
}

impl<'de, 'p> AllArguments<'de, 'p> {
    pub(super) fn new(arguments: Arguments<'de>, argument: &'p mut usize) -> Self {
        *argument = 1;
        Self { arguments, argument, expected: 0 }
    }
}

impl<'de> Deserializer<'de> for AllArguments<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, expected: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Self { expected, ..self })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        expected: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(expected, visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit_struct seq map struct enum identifier ignored_any
    }
}

impl<'de> SeqAccess<'de> for AllArguments<'de, '_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        if self.arguments.rest.is_empty() && *self.argument > self.expected {
            return Ok(None);
        }
        let value = self.arguments.next(seed)?;
        *self.argument += 1;
        Ok(Some(value))
    }
}
