use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::forward_to_deserialize_any;

/// An argument whose value is known without parsing JSON, for types that ask for such a value.
pub(super) struct KnownArgument<'de, 'r> {
    pub(super) value: KnownValue<'de>,
    /// Set once the type has taken the value.
    pub(super) taken: &'r mut bool,
}

#[derive(Clone, Copy)]
pub(super) enum KnownValue<'de> {
    Text(&'de str),
    Attachment(&'de [u8]),
}

/// The type does not ask for the value that is known, or does not take it. The caller reads the argument as JSON, and
/// so finds the error.
///
/// A type may keep the message of an error and succeed, so an error of the type itself has a message.
#[derive(Debug)]
pub(super) struct NotTaken(Option<Box<str>>);

impl fmt::Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_deref().unwrap_or("another type is known"))
    }
}

impl std::error::Error for NotTaken {}

impl Error for NotTaken {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(Some(message.to_string().into()))
    }
}

impl<'de> Deserializer<'de> for KnownArgument<'de, '_> {
    type Error = NotTaken;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, NotTaken> {
        Err(NotTaken(None))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotTaken> {
        let KnownValue::Text(text) = self.value else { return Err(NotTaken(None)) };
        let value = visitor.visit_borrowed_str(text)?;
        *self.taken = true;
        Ok(value)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotTaken> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotTaken> {
        let KnownValue::Attachment(attachment) = self.value else { return Err(NotTaken(None)) };
        let value = visitor.visit_byte_buf(attachment.to_vec())?;
        *self.taken = true;
        Ok(value)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotTaken> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotTaken> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char unit unit_struct newtype_struct seq tuple tuple_struct
        map struct enum identifier ignored_any
    }
}
