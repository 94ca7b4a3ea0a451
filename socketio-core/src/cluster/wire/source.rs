use std::borrow::Cow;

use bytes::Bytes;

use super::ReadError;
use super::json::Scanner;
use super::msgpack::{Reader, Token, key_text};
use super::value::Value;
use crate::packet::Cursor;

/// A position in a message, in either form. Everything that has been passed is valid.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'a> {
    Json(Scanner<'a>),
    MsgPack(Reader<'a>),
}

/// A map or a list that is being read.
#[derive(Debug)]
pub(super) struct Entries {
    /// The number of entries left, in MessagePack.
    left: usize,
    /// Set if an entry has been read.
    is_begun: bool,
}

impl<'a> Source<'a> {
    /// Returns the beginning of a message that is a map, in either form. JSON begins with `{`, which is not the beginning of
    /// a map in MessagePack.
    pub(super) fn of_map(message: &'a Bytes) -> Result<Self, ReadError> {
        if message.first() != Some(&b'{') {
            return Ok(Self::of_msgpack(message));
        }
        let json = std::str::from_utf8(message).map_err(|_| ReadError::Malformed("invalid UTF-8"))?;
        Ok(Self::Json(Scanner::new(json)))
    }

    /// Returns the beginning of a message in MessagePack.
    pub(super) fn of_msgpack(message: &'a Bytes) -> Self {
        Self::MsgPack(Reader::new(message, message))
    }

    /// Checks that the message ends here.
    pub(super) fn end(mut self) -> Result<(), ReadError> {
        let is_at_end = match &mut self {
            Self::Json(scanner) => scanner.peek().is_none(),
            Self::MsgPack(reader) => reader.is_at_end(),
        };
        if is_at_end { Ok(()) } else { Err(ReadError::Malformed("bytes behind the message")) }
    }

    /// Returns `true` if a map is next.
    pub(super) fn is_at_map(&mut self) -> bool {
        match self {
            Self::Json(scanner) => scanner.peek() == Some(b'{'),
            Self::MsgPack(reader) => reader.is_at_map(),
        }
    }

    /// Passes `null` or `undefined`, if it is next.
    pub(super) fn take_absent(&mut self) -> Result<bool, ReadError> {
        let is_absent = match self {
            Self::Json(scanner) => scanner.peek() == Some(b'n'),
            Self::MsgPack(reader) => reader.is_at_nil() || reader.is_at_undefined(),
        };
        if is_absent {
            self.pass()?;
        }
        Ok(is_absent)
    }

    /// Begins to read a map.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is not a map.
    pub(super) fn open_map(&mut self) -> Result<Entries, ReadError> {
        let left = match self {
            Self::Json(scanner) => scanner.take(b'{').then_some(0),
            Self::MsgPack(reader) => match reader.token()? {
                Token::Map(length) => Some(length),
                _ => None,
            },
        };
        let left = left.ok_or(ReadError::Malformed("not a map"))?;
        Ok(Entries { left, is_begun: false })
    }

    /// Begins to read a list.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is not a list.
    pub(super) fn open_list(&mut self) -> Result<Entries, ReadError> {
        let left = match self {
            Self::Json(scanner) => scanner.take(b'[').then_some(0),
            Self::MsgPack(reader) => match reader.token()? {
                Token::Array(length) => Some(length),
                _ => None,
            },
        };
        let left = left.ok_or(ReadError::Malformed("not a list"))?;
        Ok(Entries { left, is_begun: false })
    }

    /// Passes the key of the next member of a map, or returns `None` at its end. The value must be passed before the next
    /// call. A key is returned as bytes, because those with a meaning are ASCII.
    #[inline]
    pub(super) fn next_key(&mut self, map: &mut Entries) -> Result<Option<Cow<'a, [u8]>>, ReadError> {
        if !self.next(map, b'}')? {
            return Ok(None);
        }
        Ok(Some(match self {
            Self::Json(scanner) => match scanner.key()?.text() {
                Cow::Borrowed(key) => Cow::Borrowed(key.as_bytes()),
                Cow::Owned(key) => Cow::Owned(key.into_bytes()),
            },
            Self::MsgPack(reader) => match reader.token()? {
                Token::Text(key) => Cow::Borrowed(key),
                // Not one of ours.
                Token::Array(_) | Token::Map(_) => return Err(ReadError::Malformed("a key is not text")),
                _ => Cow::Borrowed(b""),
            },
        }))
    }

    /// Moves to the next element of a list, or returns `false` at its end. The element must be passed before the next call.
    #[inline]
    pub(super) fn next_element(&mut self, list: &mut Entries) -> Result<bool, ReadError> {
        self.next(list, b']')
    }

    #[inline]
    fn next(&mut self, entries: &mut Entries, closing: u8) -> Result<bool, ReadError> {
        let is_first = !std::mem::replace(&mut entries.is_begun, true);
        match self {
            Self::Json(scanner) => {
                if scanner.take(closing) {
                    return Ok(false);
                }
                if is_first || scanner.take(b',') {
                    return Ok(true);
                }
                Err(ReadError::Malformed("invalid JSON"))
            }
            Self::MsgPack(_) => {
                let has_next = entries.left > 0;
                entries.left -= usize::from(has_next);
                Ok(has_next)
            }
        }
    }

    /// Passes a value and returns it.
    #[inline]
    pub(super) fn pass(&mut self) -> Result<Value<'a>, ReadError> {
        match self {
            Self::Json(scanner) => scanner.value().map(Value::Json),
            Self::MsgPack(reader) => {
                let start = reader.position();
                reader.skip()?;
                Ok(Value::MsgPack { message: reader.message(), bytes: reader.since(start) })
            }
        }
    }

    /// Passes a text or the name of a room, which JavaScript allows to be a number.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is something else.
    #[inline]
    pub(super) fn name(&mut self) -> Result<Cow<'a, str>, ReadError> {
        let name = match self {
            Self::Json(scanner) => json_name(scanner.value()?),
            Self::MsgPack(reader) => match reader.token()? {
                Token::Text(text) => Some(Reader::text(text)),
                token @ (Token::Unsigned(_) | Token::Signed(_) | Token::Double(_)) => key_text(token).ok(),
                _ => None,
            },
        };
        name.ok_or(ReadError::Malformed("a name is not text"))
    }

    /// Returns the position of the next value.
    pub(super) fn start(&mut self) -> usize {
        match self {
            Self::Json(scanner) => scanner.start(),
            Self::MsgPack(reader) => reader.position(),
        }
    }

    /// Returns the value that was passed since a position.
    pub(super) fn since(self, start: usize) -> Value<'a> {
        match self {
            Self::Json(scanner) => Value::Json(scanner.since(start)),
            Self::MsgPack(reader) => Value::MsgPack { message: reader.message(), bytes: reader.since(start) },
        }
    }
}

fn json_name(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'"' => Some(Cursor::new(json).take_string()?.text()),
        b'-' | b'0'..=b'9' => key_text(Token::Double(json.parse().ok()?)).ok(),
        _ => None,
    }
}
