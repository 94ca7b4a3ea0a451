use std::borrow::Cow;

use bytes::Bytes;

use super::date;
use crate::cluster::wire::ReadError;

/// A position in a MessagePack message. Reading is not recursive, and no length in a header is trusted.
#[derive(Debug, Clone, Copy)]
pub(in crate::cluster::wire) struct Reader<'a> {
    /// The message, which attachments are slices of.
    message: &'a Bytes,
    /// The part of the message that is read.
    bytes: &'a [u8],
    rest: &'a [u8],
}

/// A value, or the beginning of an array or a map whose elements follow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::cluster::wire) enum Token<'a> {
    Nil,
    /// JavaScript's `undefined`, which only old versions of notepack.io write.
    Undefined,
    Boolean(bool),
    Unsigned(u64),
    /// A negative integer.
    Signed(i64),
    Double(f64),
    /// Text, which may not be valid UTF-8.
    Text(&'a [u8]),
    Binary(&'a [u8]),
    Array(usize),
    /// The number of pairs of key and value.
    Map(usize),
    /// A date, in milliseconds since 1970, with a fraction.
    Date(f64),
    /// A value of a type that the application has defined.
    Extension(i8, &'a [u8]),
}

/// The maximum size of a message whose memory an attachment keeps, as a multiple of its own size.
const MAX_KEPT: usize = 4;

const TRUNCATED: ReadError = ReadError::Malformed("the MessagePack is truncated");
const INVALID: ReadError = ReadError::Malformed("invalid MessagePack");

impl<'a> Reader<'a> {
    /// Creates a reader of a part of a message.
    pub(in crate::cluster::wire) fn new(message: &'a Bytes, bytes: &'a [u8]) -> Self {
        Self { message, bytes, rest: bytes }
    }

    /// Returns the message.
    pub(in crate::cluster::wire) fn message(self) -> &'a Bytes {
        self.message
    }

    /// Returns the number of bytes passed.
    pub(in crate::cluster::wire) fn position(self) -> usize {
        self.bytes.len() - self.rest.len()
    }

    /// Returns the bytes from a position up to here.
    pub(in crate::cluster::wire) fn since(self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.position()).unwrap_or_default()
    }

    /// Returns `true` at the end of the message.
    pub(in crate::cluster::wire) fn is_at_end(self) -> bool {
        self.rest.is_empty()
    }

    /// Returns a part of the message as an attachment. It is copied if it would keep far more in memory than its own size,
    /// by which it is counted and limited.
    pub(in crate::cluster::wire) fn attachment(self, bytes: &'a [u8]) -> Bytes {
        if self.message.len() / MAX_KEPT > bytes.len() {
            Bytes::copy_from_slice(bytes)
        } else {
            self.message.slice_ref(bytes)
        }
    }

    /// Returns `true` if a map is next.
    pub(in crate::cluster::wire) fn is_at_map(self) -> bool {
        matches!(self.rest, [0x80..=0x8f | 0xde | 0xdf, ..])
    }

    /// Returns `true` if `nil` is next.
    pub(in crate::cluster::wire) fn is_at_nil(self) -> bool {
        self.rest.first() == Some(&0xc0)
    }

    /// Returns `true` if `undefined` is next.
    pub(in crate::cluster::wire) fn is_at_undefined(self) -> bool {
        self.rest.starts_with(&[0xd4, 0])
    }

    /// Reads a value, or the header of an array or a map.
    ///
    /// # Errors
    ///
    /// Returns an error if the message ends within the value, or cannot hold the elements that the header promises.
    #[inline]
    pub(in crate::cluster::wire) fn token(&mut self) -> Result<Token<'a>, ReadError> {
        let (tag, rest) = self.rest.split_first().ok_or(TRUNCATED)?;
        self.rest = rest;
        match *tag {
            0x00..=0x7f => Ok(Token::Unsigned(u64::from(*tag))),
            0x80..=0x8f => self.map(usize::from(tag & 0x0f)),
            0x90..=0x9f => self.array(usize::from(tag & 0x0f)),
            0xa0..=0xbf => self.bytes(usize::from(tag & 0x1f)).map(Token::Text),
            0xe0..=0xff => Ok(Token::Signed(i64::from(*tag as i8))),
            0xc0..=0xdf => self.long_token(*tag),
        }
    }

    /// Reads a value after a tag that is not part of it.
    fn long_token(&mut self, tag: u8) -> Result<Token<'a>, ReadError> {
        Ok(match tag {
            0xc0 => Token::Nil,
            0xc2 | 0xc3 => Token::Boolean(tag == 0xc3),
            0xc4..=0xc6 => {
                let length = self.length(tag - 0xc4)?;
                Token::Binary(self.bytes(length)?)
            }
            0xc7..=0xc9 => {
                let length = self.length(tag - 0xc7)?;
                self.extension(length, Some(tag))?
            }
            0xca => Token::Double(f64::from(f32::from_be_bytes(self.take()?))),
            0xcb => Token::Double(f64::from_be_bytes(self.take()?)),
            0xcc => Token::Unsigned(u64::from(u8::from_be_bytes(self.take()?))),
            0xcd => Token::Unsigned(u64::from(u16::from_be_bytes(self.take()?))),
            0xce => Token::Unsigned(u64::from(u32::from_be_bytes(self.take()?))),
            0xcf => Token::Unsigned(u64::from_be_bytes(self.take()?)),
            0xd0 => signed(i64::from(i8::from_be_bytes(self.take()?))),
            0xd1 => signed(i64::from(i16::from_be_bytes(self.take()?))),
            0xd2 => signed(i64::from(i32::from_be_bytes(self.take()?))),
            0xd3 => signed(i64::from_be_bytes(self.take()?)),
            0xd4..=0xd8 => self.extension(1 << (tag - 0xd4), None)?,
            0xd9..=0xdb => {
                let length = self.length(tag - 0xd9)?;
                Token::Text(self.bytes(length)?)
            }
            0xdc => {
                let length = self.length(1)?;
                self.array(length)?
            }
            0xdd => {
                let length = self.length(2)?;
                self.array(length)?
            }
            0xde => {
                let length = self.length(1)?;
                self.map(length)?
            }
            0xdf => {
                let length = self.length(2)?;
                self.map(length)?
            }
            _ => return Err(INVALID),
        })
    }

    /// Passes a value of any depth. Takes time linear in its size.
    pub(in crate::cluster::wire) fn skip(&mut self) -> Result<(), ReadError> {
        let mut left = 1_u64;
        while left > 0 {
            left -= 1;
            // Short texts and integers are most of what there is.
            match *self.rest {
                [0x00..=0x7f | 0xe0..=0xff | 0xc2 | 0xc3, ref rest @ ..] => self.rest = rest,
                [tag @ 0xa0..=0xbf, ref rest @ ..] => {
                    self.rest = rest.get(usize::from(tag & 0x1f)..).ok_or(TRUNCATED)?;
                }
                _ => {
                    left += match self.token()? {
                        Token::Array(length) => length as u64,
                        Token::Map(length) => 2 * length as u64,
                        _ => 0,
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns a text. What is not valid UTF-8 in it becomes U+FFFD, as in Node.
    pub(in crate::cluster::wire) fn text(bytes: &[u8]) -> Cow<'_, str> {
        std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
    }

    fn array(self, length: usize) -> Result<Token<'a>, ReadError> {
        if length > self.rest.len() { Err(TRUNCATED) } else { Ok(Token::Array(length)) }
    }

    fn map(self, length: usize) -> Result<Token<'a>, ReadError> {
        if length > self.rest.len() / 2 { Err(TRUNCATED) } else { Ok(Token::Map(length)) }
    }

    /// Reads a length of one, two or four bytes.
    fn length(&mut self, size: u8) -> Result<usize, ReadError> {
        Ok(match size {
            0 => usize::from(u8::from_be_bytes(self.take()?)),
            1 => usize::from(u16::from_be_bytes(self.take()?)),
            _ => u32::from_be_bytes(self.take()?) as usize,
        })
    }

    fn extension(&mut self, length: usize, tag: Option<u8>) -> Result<Token<'a>, ReadError> {
        let [kind] = self.take()?;
        let bytes = self.bytes(length)?;
        Ok(match (kind as i8, bytes, tag) {
            // The types that notepack.io has written for `undefined` and `Date` before version 3, and for an `ArrayBuffer`.
            (0, [_], None) => Token::Undefined,
            (0, &[a, b, c, d, e, f, g, h], None) => {
                Token::Date(i64::from_be_bytes([a, b, c, d, e, f, g, h]) as f64)
            }
            (0, buffer, Some(_)) => Token::Binary(buffer),
            (-1, _, None | Some(0xc7)) => {
                date::timestamp(bytes).map_or(Token::Extension(-1, bytes), Token::Date)
            }
            (kind, ..) => Token::Extension(kind, bytes),
        })
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], ReadError> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(TRUNCATED)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(TRUNCATED)?;
        self.rest = rest;
        Ok(*bytes)
    }
}

fn signed(number: i64) -> Token<'static> {
    u64::try_from(number).map_or(Token::Signed(number), Token::Unsigned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader_of(message: &Bytes) -> Reader<'_> {
        Reader::new(message, message)
    }

    #[track_caller]
    fn check(bytes: &'static [u8], expected: Result<Token<'static>, ReadError>) {
        let message = Bytes::from_static(bytes);
        let mut reader = reader_of(&message);
        assert_eq!(reader.token(), expected, "{bytes:x?}");
        let is_container = matches!(expected, Ok(Token::Array(_) | Token::Map(_)));
        assert!(expected.is_err() || is_container || reader.is_at_end(), "{bytes:x?}");
        // The value is read wherever it is, and no part of it is.
        let list = Bytes::from([&[0x92], bytes, &[0xc0]].concat());
        assert_eq!(reader_of(&list).skip().is_ok(), expected.is_ok(), "{bytes:x?}");
        for end in 0..bytes.len() {
            let part = Bytes::copy_from_slice(&bytes[..end]);
            assert!(reader_of(&part).skip().is_err(), "{end} of {bytes:x?}");
        }
    }

    #[test]
    fn every_type_is_read() {
        use Token::*;
        for (bytes, token) in [
            (&[0x07][..], Unsigned(7)),
            (&[0xe0], Signed(-32)),
            (&[0xff], Signed(-1)),
            (&[0x81, 0xa0, 0x07], Map(1)),
            (&[0x92, 1, 2], Array(2)),
            (b"\xa1a", Text(b"a")),
            (&[0xc0], Nil),
            (&[0xc2], Boolean(false)),
            (&[0xc3], Boolean(true)),
            (&[0xc4, 1, 9], Binary(&[9])),
            (&[0xc5, 0, 1, 9], Binary(&[9])),
            (&[0xc6, 0, 0, 0, 1, 9], Binary(&[9])),
            (&[0xca, 0x3f, 0xc0, 0, 0], Double(1.5)),
            (&[0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], Double(1.5)),
            (&[0xcc, 200], Unsigned(200)),
            (&[0xcd, 1, 0], Unsigned(256)),
            (&[0xce, 1, 0, 0, 0], Unsigned(1 << 24)),
            (&[0xcf, 255, 255, 255, 255, 255, 255, 255, 255], Unsigned(u64::MAX)),
            (&[0xd0, 0x80], Signed(-128)),
            (&[0xd0, 1], Unsigned(1)),
            (&[0xd1, 0x80, 0], Signed(-32_768)),
            (&[0xd2, 0x80, 0, 0, 0], Signed(i64::from(i32::MIN))),
            (&[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0], Signed(i64::MIN)),
            (b"\xd9\x01a", Text(b"a")),
            (b"\xda\x00\x01a", Text(b"a")),
            (b"\xdb\x00\x00\x00\x01a", Text(b"a")),
            (&[0xdc, 0, 1, 7], Array(1)),
            (&[0xdd, 0, 0, 0, 1, 7], Array(1)),
            (&[0xde, 0, 1, 0xa0, 7], Map(1)),
            (&[0xdf, 0, 0, 0, 1, 0xa0, 7], Map(1)),
        ] {
            check(bytes, Ok(token));
        }
    }

    #[test]
    fn extensions_are_those_of_notepack() {
        use Token::*;
        for (bytes, token) in [
            (&[0xd4, 0, 0][..], Undefined),
            (&[0xd4, 1, 9], Extension(1, &[9])),
            (&[0xd5, 0, 8, 9], Extension(0, &[8, 9])),
            (&[0xd6, 5, 1, 2, 3, 4], Extension(5, &[1, 2, 3, 4])),
            (&[0xd8, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Extension(-1, &[0; 16])),
            (&[0xc7, 2, 0, 8, 9], Binary(&[8, 9])),
            (&[0xc7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1], Binary(&[0, 0, 0, 0, 0, 0, 0, 1])),
            (&[0xc8, 0, 1, 0, 9], Binary(&[9])),
            (&[0xc9, 0, 0, 0, 1, 0, 9], Binary(&[9])),
            (&[0xc7, 1, 7, 9], Extension(7, &[9])),
            (&[0xd7, 0, 0, 0, 1, 0, 0, 0, 0, 5], Date(1_099_511_627_781.0)),
            (&[0xd7, 0, 255, 255, 255, 255, 255, 255, 255, 255], Date(-1.0)),
            (&[0xd6, 0xff, 0, 0, 0, 5], Date(5000.0)),
            (&[0xd7, 0xff, 0, 0x1e, 0x84, 0x80, 0, 0, 0, 5], Date(5000.5)),
            (&[0xc7, 12, 0xff, 0, 7, 0xa1, 0x20, 255, 255, 255, 255, 255, 255, 255, 251], Date(-4999.5)),
            (&[0xc8, 0, 4, 0xff, 0, 0, 0, 5], Extension(-1, &[0, 0, 0, 5])),
        ] {
            check(bytes, Ok(token));
        }
    }

    #[test]
    fn lengths_are_not_trusted() {
        for bytes in [
            &[0xc1][..],
            &[0xdd, 255, 255, 255, 255],
            &[0xdf, 255, 255, 255, 255],
            &[0xdf, 0x80, 0, 0, 0, 1, 1, 1],
            &[0xdb, 255, 255, 255, 255, b'a'],
            &[0xc6, 255, 255, 255, 255],
            &[0xc9, 255, 255, 255, 255, 0],
            &[0x92, 1],
            &[0x81, 1],
        ] {
            let message = Bytes::from_static(bytes);
            assert!(matches!(reader_of(&message).skip(), Err(ReadError::Malformed(_))), "{bytes:x?}");
        }
    }

    #[test]
    fn any_depth_is_skipped() {
        let deep = Bytes::from([vec![0x91; 1_000_000], vec![0xc0]].concat());
        let mut reader = reader_of(&deep);
        reader.skip().unwrap();
        assert!(reader.is_at_end());
    }
}
