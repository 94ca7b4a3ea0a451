use bytes::Bytes;
use serde::de::value::UnitDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Error;

use super::DeserializeError;
use super::reader::Reader;

/// Arguments that are read one after the other. They can be read again from a copy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arguments<'a> {
    /// The rest of the array, from its next element on; empty if there is none.
    rest: &'a str,
    attachments: &'a [Bytes],
    manner: Manner,
}

/// By what they are read.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// `serde_json`, which is the fastest, and knows neither of attachments nor of what JavaScript makes of JSON.
    Json,
    /// [`Reader`].
    Binary,
    /// The same, with whatever helps to read what could not be read before.
    Lenient,
}

impl<'a> Arguments<'a> {
    /// Those that `rest` begins with, the rest of a valid JSON array.
    pub(super) fn new(rest: &'a str, attachments: &'a [Bytes]) -> Self {
        let manner = if attachments.is_empty() { Manner::Json } else { Manner::Binary };
        Self { rest, attachments, manner }
    }

    /// Reads them all, and again if that fails, with more indulgence: what is usual costs no more for it.
    pub(super) fn read<T, E>(self, read: impl Fn(Self) -> Result<T, E>) -> Result<T, E> {
        read(self).or_else(|_| read(Self { manner: Manner::Lenient, ..self }))
    }

    /// The next one. A missing one is taken for `null`.
    pub(super) fn next<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<S::Value, Error> {
        if self.rest.is_empty() {
            return seed.deserialize(UnitDeserializer::new());
        }
        let (value, length) = match self.manner {
            Manner::Json => {
                let mut json = serde_json::Deserializer::from_str(self.rest);
                (seed.deserialize(&mut json)?, json.into_iter::<IgnoredAny>().byte_offset())
            }
            Manner::Binary => {
                let mut reader = Reader::new(self.rest, self.attachments);
                (seed.deserialize(&mut reader)?, reader.position())
            }
            Manner::Lenient => {
                let mut reader = Reader::new(self.rest, self.attachments).with_whole_numbers();
                (seed.deserialize(&mut reader)?, reader.position())
            }
        };
        let behind = self.rest.get(length..).unwrap_or_default().trim_ascii_start();
        self.rest = match behind.as_bytes().first() {
            Some(b',') => &behind[1..],
            Some(b']') => "",
            _ => return Err(Error::custom("a part of it was not read")),
        };
        Ok(value)
    }
}

/// Reads a value from valid JSON as indulgently as an argument is read: half a surrogate pair is U+FFFD, and `5.0` is an
/// integer where one is asked for.
///
/// # Errors
///
/// The text is no JSON, or no value of this type.
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
    /// The argument that is being read, counted from 1.
    argument: &'p mut usize,
    /// How many arguments the type has, if it says so.
    wanted: usize,
}

impl<'de, 'p> AllArguments<'de, 'p> {
    pub(super) fn new(arguments: Arguments<'de>, argument: &'p mut usize) -> Self {
        *argument = 1;
        Self { arguments, argument, wanted: 0 }
    }
}

impl<'de> Deserializer<'de> for AllArguments<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, wanted: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Self { wanted, ..self })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        wanted: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(wanted, visitor)
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
        if self.arguments.rest.is_empty() && *self.argument > self.wanted {
            return Ok(None);
        }
        let value = self.arguments.next(seed)?;
        *self.argument += 1;
        Ok(Some(value))
    }
}
