use std::borrow::Cow;

use bytes::Bytes;
use serde::de::IgnoredAny;

use super::ReadError;
use super::json::check_depth;
use super::msgpack::{Binary, Reader, Token, append_json, key_text};
use crate::cluster::RawArray;
use crate::packet::{Cursor, RawJson, placeholders_are_valid};

/// A value in a message, and what follows it. The JSON of a message is validated before it is read; MessagePack is
/// validated on the way.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Json(Cursor<'a>),
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

impl<'a> Value<'a> {
    /// Returns the value of a message in either form. JSON begins with `{`, which is not the beginning of a map in
    /// MessagePack.
    pub(super) fn of_map(message: &'a Bytes) -> Result<Self, ReadError> {
        if message.first() != Some(&b'{') {
            return Ok(Self::of_msgpack(message));
        }
        let invalid = ReadError::Malformed("invalid JSON");
        let json = std::str::from_utf8(message).map_err(|_| invalid)?;
        serde_json::from_str::<IgnoredAny>(json).map_err(|_| invalid)?;
        Ok(Self::Json(Cursor::new(json)))
    }

    /// Returns the value of a message in MessagePack.
    pub(super) fn of_msgpack(message: &'a Bytes) -> Self {
        Self::MsgPack(Reader::new(message))
    }

    /// Checks that the message ends here.
    pub(super) fn end(self) -> Result<(), ReadError> {
        match self {
            Self::MsgPack(reader) if !reader.is_at_end() => {
                Err(ReadError::Malformed("bytes behind the message"))
            }
            _ => Ok(()),
        }
    }

    /// Begins to read a map, or returns an error if the value is not a map.
    pub(super) fn open_map(&mut self) -> Result<Entries, ReadError> {
        let left = match self {
            Self::Json(cursor) => cursor.take(b'{').then_some(0),
            Self::MsgPack(reader) => match reader.token()? {
                Token::Map(length) => Some(length),
                _ => None,
            },
        };
        let left = left.ok_or(ReadError::Malformed("not a map"))?;
        Ok(Entries { left, is_begun: false })
    }

    /// Begins to read a list, or returns an error if the value is not a list.
    pub(super) fn open_list(&mut self) -> Result<Entries, ReadError> {
        let left = match self {
            Self::Json(cursor) => cursor.take(b'[').then_some(0),
            Self::MsgPack(reader) => match reader.token()? {
                Token::Array(length) => Some(length),
                _ => None,
            },
        };
        let left = left.ok_or(ReadError::Malformed("not a list"))?;
        Ok(Entries { left, is_begun: false })
    }

    /// Passes the key of the next member of a map. The value must be passed before the next call.
    pub(super) fn next_key(&mut self, map: &mut Entries) -> Result<Option<Cow<'a, str>>, ReadError> {
        if !self.next(map, b'}') {
            return Ok(None);
        }
        match self {
            Self::Json(cursor) => {
                let key = cursor.take_string().ok_or(ReadError::Malformed("a key is not text"))?;
                cursor.take(b':');
                Ok(Some(key.text()))
            }
            Self::MsgPack(reader) => key_text(reader.token()?).map(Some),
        }
    }

    /// Moves to the next element of a list, or returns `false` at its end. The element must be passed before the next call.
    pub(super) fn next_element(&mut self, list: &mut Entries) -> bool {
        self.next(list, b']')
    }

    fn next(&mut self, entries: &mut Entries, closing: u8) -> bool {
        let is_first = !std::mem::replace(&mut entries.is_begun, true);
        match self {
            Self::Json(cursor) => !cursor.take(closing) && (is_first || cursor.take(b',')),
            Self::MsgPack(_) => {
                let has_next = entries.left > 0;
                entries.left -= usize::from(has_next);
                has_next
            }
        }
    }

    /// Passes the value and returns it.
    #[inline]
    pub(super) fn pass(&mut self) -> Result<Self, ReadError> {
        let value = *self;
        match self {
            Self::Json(cursor) => _ = cursor.take_value(),
            Self::MsgPack(reader) => reader.skip()?,
        }
        Ok(value)
    }

    /// Returns `true` for `null` and `undefined`.
    pub(super) fn is_absent(mut self) -> bool {
        match &mut self {
            Self::Json(cursor) => cursor.peek() == Some(b'n'),
            Self::MsgPack(reader) => matches!(reader.token(), Ok(Token::Nil | Token::Undefined)),
        }
    }

    /// Returns `true` for `undefined`.
    pub(super) fn is_undefined(self) -> bool {
        matches!(self, Self::MsgPack(reader) if reader.is_at_undefined())
    }

    /// Returns `true` for `true`.
    pub(super) fn is_true(mut self) -> bool {
        match &mut self {
            Self::Json(cursor) => cursor.peek() == Some(b't'),
            Self::MsgPack(reader) => matches!(reader.token(), Ok(Token::Boolean(true))),
        }
    }

    fn is_text(mut self) -> bool {
        match &mut self {
            Self::Json(cursor) => cursor.peek() == Some(b'"'),
            Self::MsgPack(reader) => matches!(reader.token(), Ok(Token::Text(_))),
        }
    }

    /// Returns the text, if the value is one.
    pub(super) fn text(mut self) -> Option<Cow<'a, str>> {
        match &mut self {
            Self::Json(cursor) => cursor.take_string().map(|string| string.text()),
            Self::MsgPack(reader) => match reader.token() {
                Ok(Token::Text(text)) => Some(Reader::text(text)),
                _ => None,
            },
        }
    }

    /// Returns the name of a room, which JavaScript allows to be a number.
    pub(super) fn name(mut self) -> Option<Cow<'a, str>> {
        match &mut self {
            Self::Json(cursor) => match cursor.peek()? {
                b'"' => self.text(),
                b'-' | b'0'..=b'9' => number_name(cursor.take_word()),
                _ => None,
            },
            Self::MsgPack(reader) => match reader.token() {
                Ok(token @ (Token::Text(_) | Token::Unsigned(_) | Token::Signed(_) | Token::Double(_))) => {
                    key_text(token).ok()
                }
                _ => None,
            },
        }
    }

    /// Returns a number that is not negative, without its fraction. One that is too large becomes `u64::MAX`.
    pub(super) fn number(mut self) -> Option<u64> {
        let number = match &mut self {
            Self::Json(cursor) => {
                let word = cursor.take_word();
                match word.parse() {
                    Ok(number) => return Some(number),
                    Err(_) if word.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
                        word.parse::<f64>().ok()?
                    }
                    Err(_) => return None,
                }
            }
            Self::MsgPack(reader) => match reader.token() {
                Ok(Token::Unsigned(number)) => return Some(number),
                Ok(Token::Double(number)) => number,
                _ => return None,
            },
        };
        (number >= 0.0).then_some(number as u64)
    }

    /// Returns the array of an event, whose first element is its name.
    pub(super) fn event(self) -> Result<RawArray, ReadError> {
        let mut name = self;
        let mut list = name.open_list()?;
        if !name.next_element(&mut list) || !name.is_text() {
            return Err(ReadError::Malformed("the name of an event is not text"));
        }
        self.with_text(["", ""])
    }

    /// Returns a list as an array.
    pub(super) fn array(self) -> Result<RawArray, ReadError> {
        let mut list = self;
        list.open_list()?;
        self.with_text(["", ""])
    }

    /// Returns a value as an array of one element.
    pub(super) fn as_element(self) -> Result<RawArray, ReadError> {
        self.with_text(["[", "]"])
    }

    fn with_text(mut self, [before, after]: [&str; 2]) -> Result<RawArray, ReadError> {
        let (json, attachments) = match &mut self {
            Self::Json(cursor) => ([before, cursor.take_value(), after].concat(), Vec::new()),
            Self::MsgPack(reader) => {
                let mut attachments = Vec::new();
                let mut json = Vec::with_capacity(reader.len() + 2);
                json.extend_from_slice(before.as_bytes());
                append_json(reader, &mut json, Binary::Attachments(&mut attachments))?;
                json.extend_from_slice(after.as_bytes());
                (text_of(json), attachments)
            }
        };
        check_depth(&json)?;
        if !attachments.is_empty() && !placeholders_are_valid(&json, attachments.len()) {
            // Clients would take the data for an attachment.
            return Err(ReadError::Malformed("data that looks like a placeholder"));
        }
        Ok(RawArray::new(json, attachments))
    }

    /// Returns any value as JSON. Binary in it becomes a list of numbers.
    pub(super) fn json(mut self) -> Result<RawJson, ReadError> {
        let json = match &mut self {
            Self::Json(cursor) => cursor.take_value().to_owned(),
            Self::MsgPack(reader) => {
                let mut json = Vec::new();
                append_json(reader, &mut json, Binary::Numbers)?;
                text_of(json)
            }
        };
        check_depth(&json)?;
        RawJson::parse(json).map_err(|_| ReadError::Malformed("invalid JSON"))
    }
}

fn number_name(word: &str) -> Option<Cow<'_, str>> {
    let is_integer = word.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit());
    if is_integer && word != "-0" {
        return Some(word.into());
    }
    word.parse().ok().and_then(|number| key_text(Token::Double(number)).ok())
}

fn text_of(json: Vec<u8>) -> String {
    String::from_utf8(json).expect("it consists of texts and of ASCII")
}
