use std::borrow::Cow;

use bytes::Bytes;
use serde::de::value::CowStrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, Unexpected, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Error;

use super::cursor::{Cursor, Quoted};
use super::placeholders::{Placeholders, take_placeholder};

mod key;
mod number;

use key::Key;
use number::Number;

/// The maximum depth of nested arrays and objects in a value read as a type. `serde_json` has the same limit, which
/// cannot be changed.
pub(super) const MAX_DEPTH: u8 = 127;

/// A deserializer of JSON that has already been validated. It behaves as `serde_json` does, except:
///
/// - A placeholder is an attachment, whatever type is requested. This includes types that first inspect the data
///   and interpret it later, such as tagged enums.
/// - An unpaired surrogate becomes U+FFFD.
/// - A whole number is accepted as an integer, even if it is written as `5.0` or `1e3`.
#[derive(Debug)]
pub(super) struct Reader<'de> {
    cursor: Cursor<'de>,
    attachments: &'de [Bytes],
    depth: u8,
    /// Set if whole numbers are integers also for types that first inspect the data.
    whole: bool,
}

impl<'de> Reader<'de> {
    /// Creates a reader of the value at the start of `json`.
    pub(super) fn new(json: &'de str, attachments: &'de [Bytes]) -> Self {
        Self { cursor: Cursor::new(json), attachments, depth: 0, whole: false }
    }

    /// Returns the reader for a type that could not be read without this: the type may interpret a number later.
    pub(super) fn with_whole_numbers(self) -> Self {
        Self { whole: true, ..self }
    }

    /// Returns the number of bytes read.
    pub(super) fn position(&self) -> usize {
        self.cursor.position()
    }

    fn take_text(&mut self) -> Result<Cow<'de, str>, Error> {
        self.cursor.take_string().map(Quoted::text).ok_or_else(invalid)
    }

    /// Returns the attachment whose placeholder is next, if there is one.
    fn take_attachment(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.attachments.is_empty() || self.cursor.peek() != Some(b'{') {
            return Ok(None);
        }
        let Some(number) = take_placeholder(&mut self.cursor) else { return Ok(None) };
        match self.attachments.get(number) {
            Some(attachment) => Ok(Some(attachment.to_vec())),
            None => Err(Error::custom(format_args!("no attachment {number}"))),
        }
    }

    /// Reads the contents of a pair of brackets.
    fn nested<T>(
        &mut self,
        [opening, closing]: [u8; 2],
        read: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if !self.cursor.take(opening) {
            return Err(invalid());
        }
        if self.depth == MAX_DEPTH {
            return Err(Error::custom(format_args!("nested deeper than {MAX_DEPTH}")));
        }
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        match self.cursor.take(closing) {
            true => Ok(value),
            false => Err(Error::custom("more elements than the type has")),
        }
    }

    /// Reads a number for an integer type.
    fn read_integer<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        if !self.at_number() {
            return self.deserialize_any(visitor);
        }
        let word = self.cursor.take_word();
        match Number::parse(word)? {
            Number::Float(float) => match Number::whole(float) {
                Some(number) => number.visit(visitor),
                None => Err(Error::invalid_type(Unexpected::Float(float), &visitor)),
            },
            number => number.visit(visitor),
        }
    }

    /// Returns `true` if a number is next.
    fn at_number(&mut self) -> bool {
        matches!(self.cursor.peek(), Some(b'0'..=b'9' | b'-'))
    }
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.read_integer(visitor)
        }
    )*};
}

macro_rules! large_integers {
    ($($method:ident: $type:ty, $visit:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let mut ahead = self.cursor;
            match ahead.take_word().parse::<$type>() {
                Ok(number) => {
                    self.cursor = ahead;
                    visitor.$visit(number)
                }
                Err(_) => self.read_integer(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.cursor.peek() {
            Some(b'"') => match self.take_text()? {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            },
            Some(b'[') => self.nested(ARRAY, |reader| visitor.visit_seq(Elements { reader, first: true })),
            Some(b'{') => match self.take_attachment()? {
                Some(attachment) => visitor.visit_byte_buf(attachment).map_err(|error| no_bytes(&error)),
                None => self.nested(OBJECT, |reader| visitor.visit_map(Elements { reader, first: true })),
            },
            _ => match self.cursor.take_word() {
                "null" => visitor.visit_unit(),
                "true" => visitor.visit_bool(true),
                "false" => visitor.visit_bool(false),
                number => match Number::parse(number)? {
                    // A zero keeps its sign.
                    Number::Float(float) if self.whole && float != 0.0 => {
                        Number::whole(float).unwrap_or(Number::Float(float)).visit(visitor)
                    }
                    number => number.visit(visitor),
                },
            },
        }
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    large_integers! {
        deserialize_i128: i128, visit_i128;
        deserialize_u128: u128, visit_u128;
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.at_number() {
            return self.deserialize_any(visitor);
        }
        // Parsed as `f32` directly: rounding to `f64` first may be off by one.
        match self.cursor.take_word().parse::<f32>() {
            Ok(float) if float.is_finite() => visitor.visit_f32(float),
            _ => Err(out_of_range()),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.cursor.peek() == Some(b'"') {
            return match self.take_text()? {
                Cow::Borrowed(text) => visitor.visit_borrowed_bytes(text.as_bytes()),
                Cow::Owned(text) => visitor.visit_byte_buf(text.into_bytes()),
            };
        }
        match self.take_attachment()? {
            Some(attachment) => visitor.visit_byte_buf(attachment),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.cursor.peek() == Some(b'n') {
            self.cursor.take_word();
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        // `RawValue` can be read only from the deserializer of `serde_json`.
        if name.starts_with("$serde_json::") {
            let json = self.cursor.take_value();
            if !self.attachments.is_empty() && Placeholders::of(json).next().is_some() {
                return Err(no_bytes(&Error::invalid_type(Unexpected::Bytes(&[]), &visitor)));
            }
            return serde_json::Deserializer::from_str(json).deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.cursor.peek() {
            Some(b'"') => visitor.visit_enum(CowStrDeserializer::new(self.take_text()?)),
            Some(b'{') => self.nested(OBJECT, |reader| visitor.visit_enum(Elements { reader, first: true })),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.cursor.take_value();
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool f64 char str string unit unit_struct seq tuple tuple_struct map struct identifier
    }
}

/// The contents of an array or an object.
struct Elements<'r, 'de> {
    reader: &'r mut Reader<'de>,
    first: bool,
}

impl Elements<'_, '_> {
    /// Passes the comma before the next element. Returns `false` at the closing bracket.
    fn has_next(&mut self) -> bool {
        match std::mem::take(&mut self.first) {
            true => !matches!(self.reader.cursor.peek(), Some(b']' | b'}') | None),
            false => self.reader.cursor.take(b','),
        }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        self.has_next().then(|| seed.deserialize(&mut *self.reader)).transpose()
    }
}

impl<'de> MapAccess<'de> for Elements<'_, 'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        if !self.has_next() {
            return Ok(None);
        }
        seed.deserialize(Key(self.reader.take_text()?)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        if !self.reader.cursor.take(b':') {
            return Err(invalid());
        }
        seed.deserialize(&mut *self.reader)
    }
}

/// The single member of an object that represents an enum variant with contents.
impl<'de> EnumAccess<'de> for Elements<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<(S::Value, Self), Error> {
        let variant = self.next_key_seed(seed)?.ok_or_else(|| Error::custom("missing variant name"))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Elements<'_, 'de> {
    type Error = Error;

    fn unit_variant(mut self) -> Result<(), Error> {
        self.next_value()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<S::Value, Error> {
        self.next_value_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(mut self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.next_value_seed(Contents(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        mut self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.next_value_seed(Contents(visitor))
    }
}

/// The fields of an enum variant.
struct Contents<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Contents<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        deserializer.deserialize_any(self.0)
    }
}

const ARRAY: [u8; 2] = *b"[]";
const OBJECT: [u8; 2] = *b"{}";

fn invalid() -> Error {
    Error::custom("invalid JSON")
}

fn out_of_range() -> Error {
    Error::custom("number out of range")
}

/// Returns an error that explains how to read binary if the type does not accept it.
fn no_bytes(error: &Error) -> Error {
    Error::custom(format_args!("{error}; read binary as `Bytes`, or as part of any JSON as `Value`"))
}

#[cfg(test)]
mod tests;
