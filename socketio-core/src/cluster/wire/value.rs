use std::borrow::Cow;

use bytes::Bytes;

use super::ReadError;
use super::json::{Scanner, check_depth};
use super::msgpack::{Binary, Reader, Token, append_json};
use super::source::Source;
use crate::cluster::RawArray;
use crate::packet::{Cursor, RawJson, placeholders_are_valid};

/// A value that has been passed in a message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    /// Valid JSON.
    Json(&'a str),
    /// Bytes of a message that are a whole value.
    MsgPack { message: &'a Bytes, bytes: &'a [u8] },
}

impl<'a> Value<'a> {
    /// Returns the beginning of the value, to read what is in it.
    pub(super) fn source(self) -> Source<'a> {
        match self {
            Self::Json(json) => Source::Json(Scanner::new(json)),
            Self::MsgPack { message, bytes } => Source::MsgPack(Reader::new(message, bytes)),
        }
    }

    /// Returns the value, unless it is `null` or `undefined`.
    pub(super) fn present(self) -> Option<Self> {
        let is_absent = match self {
            Self::Json(json) => json == "null",
            Self::MsgPack { bytes, .. } => matches!(bytes, [0xc0] | [0xd4, 0, _]),
        };
        (!is_absent).then_some(self)
    }

    /// Returns the value, unless it is `undefined`.
    pub(super) fn defined(self) -> Option<Self> {
        let is_undefined = matches!(self, Self::MsgPack { bytes: [0xd4, 0, _], .. });
        (!is_undefined).then_some(self)
    }

    /// Returns `true` for `true`.
    pub(super) fn is_true(self) -> bool {
        match self {
            Self::Json(json) => json == "true",
            Self::MsgPack { bytes, .. } => bytes == [0xc3],
        }
    }

    /// Returns the text, if the value is one.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Json(json) if json.starts_with('"') => Some(Cursor::new(json).take_string()?.text()),
            Self::Json(_) => None,
            Self::MsgPack { .. } => match self.token()? {
                Token::Text(text) => Some(Reader::text(text)),
                _ => None,
            },
        }
    }

    /// Returns a number that is not negative, without its fraction. One that is too large becomes `u64::MAX`.
    pub(super) fn number(self) -> Option<u64> {
        let number = match self {
            Self::Json(json) if is_number(json) => match json.parse() {
                Ok(number) => return Some(number),
                Err(_) => json.parse::<f64>().ok()?,
            },
            Self::Json(_) => return None,
            Self::MsgPack { .. } => match self.token()? {
                Token::Unsigned(number) => return Some(number),
                Token::Double(number) => number,
                _ => return None,
            },
        };
        (number >= 0.0).then_some(number as u64)
    }

    /// Returns the array of an event, whose first element is its name.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is not such an array, or contains what [`RawArray`] cannot represent.
    pub(super) fn event(self) -> Result<RawArray, ReadError> {
        let is_event = match self {
            Self::Json(json) => {
                json.strip_prefix('[').is_some_and(|rest| rest.trim_ascii_start().starts_with('"'))
            }
            Self::MsgPack { message, bytes } => {
                let mut reader = Reader::new(message, bytes);
                matches!(reader.token()?, Token::Array(1..)) && matches!(reader.token()?, Token::Text(_))
            }
        };
        if is_event { self.with_text(["", ""]) } else { Err(ReadError::Malformed("not an event")) }
    }

    /// Returns a list as an array.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is not a list, or contains what [`RawArray`] cannot represent.
    pub(super) fn array(self) -> Result<RawArray, ReadError> {
        self.source().open_list()?;
        self.with_text(["", ""])
    }

    /// Returns a value as an array of one element.
    ///
    /// # Errors
    ///
    /// Returns an error if the value contains what [`RawArray`] cannot represent.
    pub(super) fn as_element(self) -> Result<RawArray, ReadError> {
        let array = self.with_text(["[", "]"])?;
        check_depth(array.json())?;
        Ok(array)
    }

    fn with_text(self, [before, after]: [&str; 2]) -> Result<RawArray, ReadError> {
        let (message, bytes) = match self {
            Self::Json(json) => return Ok(RawArray::new([before, json, after].concat(), Vec::new())),
            Self::MsgPack { message, bytes } => (message, bytes),
        };
        let (mut json, mut attachments) = (Vec::with_capacity(bytes.len() + 8), Vec::new());
        json.extend_from_slice(before.as_bytes());
        append_json(&mut Reader::new(message, bytes), &mut json, Binary::Attachments(&mut attachments))?;
        json.extend_from_slice(after.as_bytes());
        let json = text_of(json);
        if !attachments.is_empty() && !placeholders_are_valid(&json, attachments.len()) {
            // Clients would take the data for an attachment.
            return Err(ReadError::Malformed("data that looks like a placeholder"));
        }
        Ok(RawArray::new(json, attachments))
    }

    /// Returns any value as JSON. Binary in it becomes a list of numbers.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is nested too deeply.
    pub(super) fn json(self) -> Result<RawJson, ReadError> {
        let json = match self {
            Self::Json(json) => json.to_owned(),
            Self::MsgPack { message, bytes } => {
                let mut json = Vec::new();
                append_json(&mut Reader::new(message, bytes), &mut json, Binary::Numbers)?;
                text_of(json)
            }
        };
        RawJson::parse(json).map_err(|_| ReadError::Malformed("invalid JSON"))
    }

    fn token(self) -> Option<Token<'a>> {
        let Self::MsgPack { message, bytes } = self else { return None };
        Reader::new(message, bytes).token().ok()
    }
}

fn is_number(json: &str) -> bool {
    json.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

/// Returns the JSON of MessagePack. What is not valid UTF-8 in its texts becomes U+FFFD, as in Node. It is found at once for
/// all texts, which are separated by ASCII.
fn text_of(json: Vec<u8>) -> String {
    String::from_utf8(json).unwrap_or_else(|invalid| String::from_utf8_lossy(invalid.as_bytes()).into_owned())
}
