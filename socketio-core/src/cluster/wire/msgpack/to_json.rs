use std::borrow::Cow;

use bytes::Bytes;
use serde_json::ser::{CompactFormatter, Formatter};

use super::date::iso;
use super::{Reader, Token};
use crate::cluster::array::placeholder_of;
use crate::cluster::wire::levels::Levels;
use crate::cluster::wire::{MAX_ATTACHMENTS, ReadError};
use crate::encoded::{write_bytes, write_string};

/// The representation of binary in JSON.
#[derive(Debug)]
pub(in crate::cluster::wire) enum Binary<'v> {
    /// Placeholders; the attachments are appended to a list.
    Attachments(&'v mut Vec<Bytes>),
    /// Objects with a list of numbers, as `JSON.stringify` writes a `Buffer`.
    Numbers,
}

/// An array or a map that is being written.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    /// The number of elements or members left.
    left: usize,
    is_map: bool,
    /// Set if the next element needs a comma before it.
    needs_comma: bool,
}

/// Reads a value and appends it to `json`, as a Node server would: dates become text, numbers that JSON cannot represent
/// become `null`, members that are `undefined` are left out. Text is copied as it is, also if it is not valid UTF-8.
///
/// The text is at most six times as long as the value, apart from 50 bytes for each of a bounded number of attachments.
///
/// # Errors
///
/// Returns an error if the value is not valid MessagePack, is nested too deeply, or has too many attachments.
pub(in crate::cluster::wire) fn append_json(
    reader: &mut Reader<'_>,
    json: &mut Vec<u8>,
    mut binary: Binary<'_>,
) -> Result<(), ReadError> {
    let (mut outer, mut binaries) = (Levels::<Level>::new(), 0);
    // The innermost level that is open, and before the first one, a list of the value alone.
    let mut level = Level::default();
    loop {
        let token = reader.token()?;
        if let Token::Binary(_) | Token::Extension(..) = token {
            binaries += 1;
            if binaries > MAX_ATTACHMENTS {
                return Err(ReadError::TooLarge("attachments"));
            }
        }
        if let Token::Array(left) | Token::Map(left) = token {
            let is_map = matches!(token, Token::Map(_));
            json.push(if is_map { b'{' } else { b'[' });
            outer.push(level)?;
            level = Level { left, is_map, needs_comma: false };
        } else {
            append_scalar(json, reader, token, &mut binary);
        }
        // Up to the next value, with the end of all arrays and maps that end here.
        while !begin_element(&mut level, reader, json)? {
            let Some(next) = outer.pop() else { return Ok(()) };
            json.push(if level.is_map { b'}' } else { b']' });
            level = next;
        }
    }
}

/// Writes what precedes the next element. Returns `false` if there is none.
fn begin_element(level: &mut Level, reader: &mut Reader<'_>, json: &mut Vec<u8>) -> Result<bool, ReadError> {
    loop {
        if level.left == 0 {
            return Ok(false);
        }
        level.left -= 1;
        if !level.is_map {
            separate(level, json);
            return Ok(true);
        }
        let key = reader.token()?;
        if reader.is_at_undefined() {
            reader.skip()?;
            continue;
        }
        separate(level, json);
        match key {
            Token::Text(key) => write_bytes(json, key),
            key => write_string(json, &key_text(key)?),
        }
        json.push(b':');
        return Ok(true);
    }
}

fn separate(level: &mut Level, json: &mut Vec<u8>) {
    if std::mem::replace(&mut level.needs_comma, true) {
        json.push(b',');
    }
}

fn append_scalar<'a>(json: &mut Vec<u8>, reader: &Reader<'a>, token: Token<'a>, binary: &mut Binary<'_>) {
    match token {
        Token::Nil | Token::Undefined | Token::Array(_) | Token::Map(_) => json.extend_from_slice(b"null"),
        Token::Boolean(true) => json.extend_from_slice(b"true"),
        Token::Boolean(false) => json.extend_from_slice(b"false"),
        Token::Unsigned(_) | Token::Signed(_) | Token::Double(_) => append_number(json, token),
        Token::Text(text) => write_bytes(json, text),
        Token::Binary(bytes) => append_binary(json, reader, bytes, binary),
        Token::Date(milliseconds) => match iso(milliseconds) {
            Some(date) => write_string(json, &date),
            None => json.extend_from_slice(b"null"),
        },
        Token::Extension(kind, bytes) => {
            json.push(b'[');
            json.extend_from_slice(kind.to_string().as_bytes());
            json.push(b',');
            append_binary(json, reader, bytes, binary);
            json.push(b']');
        }
    }
}

fn append_number(json: &mut Vec<u8>, number: Token<'_>) {
    let mut format = CompactFormatter;
    let written = match number {
        Token::Unsigned(number) => format.write_u64(json, number),
        Token::Signed(number) => format.write_i64(json, number),
        Token::Double(number) if number.is_finite() => format.write_f64(json, number),
        _ => format.write_null(json),
    };
    debug_assert!(written.is_ok(), "memory does not fail");
}

fn append_binary<'a>(json: &mut Vec<u8>, reader: &Reader<'a>, bytes: &'a [u8], binary: &mut Binary<'_>) {
    match binary {
        Binary::Attachments(attachments) => {
            json.extend_from_slice(placeholder_of(attachments.len()).as_bytes());
            attachments.push(reader.attachment(bytes));
        }
        Binary::Numbers => {
            json.extend_from_slice(br#"{"type":"Buffer","data":["#);
            for (index, byte) in bytes.iter().enumerate() {
                if index > 0 {
                    json.push(b',');
                }
                append_number(json, Token::Unsigned(u64::from(*byte)));
            }
            json.extend_from_slice(b"]}");
        }
    }
}

/// Returns the key of a member. Other types than text are converted as JavaScript does for the key of an object.
///
/// # Errors
///
/// Returns an error for an array, a map, binary or a date.
pub(in crate::cluster::wire) fn key_text(token: Token<'_>) -> Result<Cow<'_, str>, ReadError> {
    Ok(match token {
        Token::Text(text) => Reader::text(text),
        // A number of JavaScript, which is a double.
        Token::Unsigned(number) => number_text(number as f64).into(),
        Token::Signed(number) => number_text(number as f64).into(),
        Token::Double(number) => number_text(number).into(),
        Token::Nil => "null".into(),
        Token::Undefined => "undefined".into(),
        Token::Boolean(boolean) => boolean.to_string().into(),
        _ => return Err(ReadError::Malformed("a key is not text")),
    })
}

/// Returns a double as JavaScript writes it.
fn number_text(number: f64) -> String {
    match number.abs() {
        0.0 => "0".to_owned(),
        1e-6..1e21 => number.to_string(),
        f64::INFINITY => if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        _ if number.is_nan() => "NaN".to_owned(),
        1e21.. => format!("{number:e}").replace('e', "e+"),
        _ => format!("{number:e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::MAX_DEPTH;

    fn json(bytes: &[u8], binary: Binary<'_>) -> Result<String, ReadError> {
        let message = Bytes::copy_from_slice(bytes);
        let (mut reader, mut json) = (Reader::new(&message, &message), Vec::new());
        append_json(&mut reader, &mut json, binary)?;
        assert!(reader.is_at_end(), "{bytes:x?}");
        Ok(String::from_utf8_lossy(&json).into_owned())
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        assert_eq!(json(bytes, Binary::Numbers).as_deref(), Ok(expected), "{bytes:x?}");
        let nested = [&[0x92, 0x81, 0xa1, b'k'], bytes, &[0x90]].concat();
        assert_eq!(json(&nested, Binary::Numbers), Ok(format!(r#"[{{"k":{expected}}},[]]"#)), "{bytes:x?}");
    }

    #[test]
    fn values_are_those_of_javascript() {
        for (bytes, expected) in [
            (&[0x07][..], "7"),
            (&[0xcf, 255, 255, 255, 255, 255, 255, 255, 255], "18446744073709551615"),
            (&[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0], "-9223372036854775808"),
            (&[0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], "1.5"),
            (&[0xca, 0x3d, 0xcc, 0xcc, 0xcd], "0.10000000149011612"),
            (&[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], "null"),
            (&[0xcb, 0xff, 0xf0, 0, 0, 0, 0, 0, 0], "null"),
            (&[0xc0], "null"),
            (&[0xc2], "false"),
            (&[0xc3], "true"),
            (b"\xa4\"\xc3\xa9\n", r#""\"é\n""#),
            (b"\xa3a\xffb", "\"a\u{fffd}b\""),
            (&[0xd6, 0xff, 0, 0, 0, 0], r#""1970-01-01T00:00:00.000Z""#),
            (&[0xd7, 0, 0x7f, 255, 255, 255, 255, 255, 255, 255], "null"),
            (&[0xc4, 2, 0, 255], r#"{"type":"Buffer","data":[0,255]}"#),
            (&[0xd4, 5, 9], r#"[5,{"type":"Buffer","data":[9]}]"#),
            (&[0x80], "{}"),
            (&[0x93, 1, 0x90, 2], "[1,[],2]"),
        ] {
            check(bytes, expected);
        }
    }

    #[test]
    fn undefined_is_null_in_a_list_and_left_out_of_a_map() {
        assert_eq!(json(&[0x92, 0xd4, 0, 0, 1], Binary::Numbers).as_deref(), Ok("[null,1]"));
        let undefined = &[0xd4, 0, 0][..];
        let map = [&b"\x83\xa1a"[..], undefined, b"\xa1b\x01\xa1c", undefined].concat();
        assert_eq!(json(&map, Binary::Numbers).as_deref(), Ok(r#"{"b":1}"#));
        let map = [&b"\x82\xa1a"[..], undefined, b"\xa1c", undefined].concat();
        assert_eq!(json(&map, Binary::Numbers).as_deref(), Ok("{}"));
    }

    #[test]
    fn keys_are_text() {
        for (key, expected) in [
            (&b"\xa1\""[..], r#"\""#),
            (&[7], "7"),
            (&[0xff], "-1"),
            (&[0xcf, 255, 255, 255, 255, 255, 255, 255, 255], "18446744073709552000"),
            (&[0xc0], "null"),
            (&[0xc3], "true"),
            (&[0xd4, 0, 0], "undefined"),
            (&[0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], "1.5"),
        ] {
            let map = [&[0x81], key, &[1]].concat();
            assert_eq!(json(&map, Binary::Numbers), Ok(format!(r#"{{"{expected}":1}}"#)));
        }
        for key in [&[0x90][..], &[0x80], &[0xc4, 0], &[0xd6, 0xff, 0, 0, 0, 0], &[0xd4, 1, 0]] {
            let map = [&[0x81], key, &[1]].concat();
            assert!(json(&map, Binary::Numbers).is_err(), "{key:x?}");
        }
    }

    #[test]
    fn numbers_are_keys_as_in_javascript() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (5.0, "5"),
            (-1e20, "-100000000000000000000"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (1e21, "1e+21"),
            (-1.5e300, "-1.5e+300"),
            (0.000_001, "0.000001"),
            (1e-7, "1e-7"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(number_text(number), text);
        }
    }

    #[test]
    fn binary_becomes_attachments() {
        let mut attachments = Vec::new();
        let bytes = [0x93, 0xc4, 1, 8, 0xc7, 1, 0, 9, 0xd4, 5, 7];
        let text = json(&bytes, Binary::Attachments(&mut attachments)).unwrap();
        let [zero, one, two] = [0, 1, 2].map(placeholder_of);
        assert_eq!(text, format!("[{zero},{one},[5,{two}]]"));
        assert_eq!(attachments, [&[8][..], &[9], &[7]]);
    }

    #[test]
    fn depth_and_attachments_are_bounded() {
        let deep = |depth: usize| [vec![0x91; depth], vec![0xc0]].concat();
        assert_eq!(json(&deep(MAX_DEPTH), Binary::Numbers).unwrap().len(), 2 * MAX_DEPTH + 4);
        assert!(matches!(json(&deep(MAX_DEPTH + 1), Binary::Numbers), Err(ReadError::TooLarge(_))));
        let many =
            |count: usize| [&[0xdc][..], &(count as u16).to_be_bytes(), &[0xc4, 0].repeat(count)].concat();
        json(&many(MAX_ATTACHMENTS), Binary::Attachments(&mut Vec::new())).unwrap();
        let more = json(&many(MAX_ATTACHMENTS + 1), Binary::Attachments(&mut Vec::new()));
        assert!(matches!(more, Err(ReadError::TooLarge(_))));
    }
}
