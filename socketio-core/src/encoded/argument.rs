use std::cell::RefCell;
use std::fmt;
use std::io;

use serde::{Serialize, Serializer};

use super::AttachmentFrames;
use crate::packet::plain_prefix;

/// Writes one argument as JSON. The output is that of `serde_json`. The only difference is speed: an argument that is
/// itself a string, as in most events, is searched for characters to escape by the block instead of by the byte. This
/// saves a seventh of the total cost of an event with 1 KiB of text.
pub(super) fn write<T: Serialize + ?Sized>(
    text: &mut Vec<u8>,
    attachments: &mut AttachmentFrames,
    value: &T,
) -> Result<(), serde_json::Error> {
    let text = RefCell::new(text);
    let mut json = serde_json::Serializer::with_formatter(Text(&text), attachments);
    value.serialize(ArgumentSerializer { json: &mut json, text: Text(&text) })
}

/// The output, shared by `serde_json` and the string writer.
#[derive(Clone, Copy)]
struct Text<'t>(&'t RefCell<&'t mut Vec<u8>>);

impl io::Write for Text<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes).map(drop)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Json<'j, 't> = &'j mut serde_json::Serializer<Text<'t>, &'t mut AttachmentFrames>;

struct ArgumentSerializer<'j, 't> {
    json: Json<'j, 't>,
    text: Text<'t>,
}

macro_rules! forward {
    ($($method:ident($($name:ident: $type:ty),*) -> $output:ty;)*) => {$(
        fn $method(self, $($name: $type),*) -> Result<$output, Self::Error> {
            self.json.$method($($name),*)
        }
    )*};
}

impl<'j, 't> Serializer for ArgumentSerializer<'j, 't> {
    type Ok = ();
    type Error = serde_json::Error;
    type SerializeSeq = <Json<'j, 't> as Serializer>::SerializeSeq;
    type SerializeTuple = <Json<'j, 't> as Serializer>::SerializeTuple;
    type SerializeTupleStruct = <Json<'j, 't> as Serializer>::SerializeTupleStruct;
    type SerializeTupleVariant = <Json<'j, 't> as Serializer>::SerializeTupleVariant;
    type SerializeMap = <Json<'j, 't> as Serializer>::SerializeMap;
    type SerializeStruct = <Json<'j, 't> as Serializer>::SerializeStruct;
    type SerializeStructVariant = <Json<'j, 't> as Serializer>::SerializeStructVariant;

    fn serialize_str(self, value: &str) -> Result<(), serde_json::Error> {
        write_string(&mut self.text.0.borrow_mut(), value);
        Ok(())
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), serde_json::Error> {
        self.json.collect_str(value)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), serde_json::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), serde_json::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), serde_json::Error> {
        self.json.serialize_newtype_variant(name, index, variant, value)
    }

    forward! {
        serialize_bool(value: bool) -> ();
        serialize_i8(value: i8) -> ();
        serialize_i16(value: i16) -> ();
        serialize_i32(value: i32) -> ();
        serialize_i64(value: i64) -> ();
        serialize_i128(value: i128) -> ();
        serialize_u8(value: u8) -> ();
        serialize_u16(value: u16) -> ();
        serialize_u32(value: u32) -> ();
        serialize_u64(value: u64) -> ();
        serialize_u128(value: u128) -> ();
        serialize_f32(value: f32) -> ();
        serialize_f64(value: f64) -> ();
        serialize_char(value: char) -> ();
        serialize_bytes(value: &[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(name: &'static str) -> ();
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str) -> ();
        serialize_seq(length: Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(length: usize) -> Self::SerializeTuple;
        serialize_tuple_struct(name: &'static str, length: usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, length: usize)
            -> Self::SerializeTupleVariant;
        serialize_map(length: Option<usize>) -> Self::SerializeMap;
        serialize_struct(name: &'static str, length: usize) -> Self::SerializeStruct;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, length: usize)
            -> Self::SerializeStructVariant;
    }
}

/// Writes a string with its quotes and escapes (RFC 8259 §7). Runs of bytes that need no escape are copied whole.
pub(crate) fn write_string(text: &mut Vec<u8>, value: &str) {
    write_bytes(text, value.as_bytes());
}

/// Writes the bytes of a string, which may not be valid UTF-8, as [`write_string`] does.
pub(crate) fn write_bytes(text: &mut Vec<u8>, value: &[u8]) {
    text.reserve(value.len() + 2);
    text.push(b'"');
    let plain = plain_prefix(value);
    text.extend_from_slice(&value[..plain]);
    if plain < value.len() {
        write_escaped(text, &value[plain..]);
    }
    text.push(b'"');
}

/// Writes the rest of a string from its first byte that needs an escape.
#[cold]
fn write_escaped(text: &mut Vec<u8>, mut rest: &[u8]) {
    while let Some((byte, behind)) = rest.split_first() {
        write_escape(text, *byte);
        let (plain, escaped) = behind.split_at(plain_prefix(behind));
        text.extend_from_slice(plain);
        rest = escaped;
    }
}

fn write_escape(text: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        _ => {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            text.extend_from_slice(b"\\u00");
            text.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            return;
        }
    };
    text.extend([b'\\', short]);
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn json<T: Serialize + ?Sized>(value: &T) -> String {
        let (mut text, mut attachments) = (Vec::new(), AttachmentFrames::default());
        write(&mut text, &mut attachments, value).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[derive(Serialize)]
    struct Newtype<'a>(Option<Cow<'a, str>>);

    #[derive(Serialize)]
    enum Shape {
        Unit,
        Newtype(String),
        Tuple(u8, char),
        Struct { name: String },
    }

    #[test]
    fn every_byte_is_escaped_as_serde_json_does() {
        let all: String = (0..=0x7f_u8).map(char::from).chain("é☃😀".chars()).collect();
        assert_eq!(json(&all), serde_json::to_string(&all).unwrap());
    }

    #[test]
    fn other_values_are_written_by_serde_json() {
        fn check<T: Serialize>(value: T) {
            assert_eq!(json(&value), serde_json::to_string(&value).unwrap());
        }

        check((1_u8, -2_i64, 2.5_f32, 1e300, f64::NAN, u128::MAX, true, 'x', ()));
        check(Some(Newtype(Some("a\"b".into()))));
        check(Newtype(None));
        check(format_args!("{}\n", 1));
        check([Shape::Unit, Shape::Newtype("n".to_owned()), Shape::Tuple(1, '\n')]);
        check(Shape::Unit);
        check(Shape::Newtype("a\nb".to_owned()));
        check(Shape::Tuple(1, 'c'));
        check(Shape::Struct { name: "x".to_owned() });
        check(BTreeMap::from([(1, vec!["a"]), (2, vec![])]));
        check(serde_json::json!({ "a": [1, "b", null], "c": 1.5 }));
        check(serde_json::value::to_raw_value(&["raw"]).unwrap());
    }

    proptest! {
        #[test]
        fn any_string_is_written_as_serde_json_does(value in "[ -~é\\n\"\\\\\\x00-\\x1f]{0,200}|.{0,200}") {
            prop_assert_eq!(json(&value), serde_json::to_string(&value).unwrap());
        }
    }
}
