use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use serde::de::value::UnitDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::binary::BinaryDeserializer;
use super::placeholders::placeholders_are_valid;

/// Arguments as they were received: a valid JSON array, and binary attachments. They are read when
/// somebody says of which type they are.
#[derive(Debug, Clone)]
pub struct RawArgs {
    /// The whole array; of an event, with its name in front.
    array: ByteString,
    /// Where the first argument begins; 0 if there is none.
    first: u32,
    /// Whether the name of an event stands in front.
    named: bool,
    attachments: Vec<Bytes>,
}

/// Why arguments are not of the expected type.
#[derive(Debug, thiserror::Error)]
#[error("argument {argument}: {error}")]
pub struct ArgsError {
    argument: usize,
    error: serde_json::Error,
}

impl ArgsError {
    /// Which argument it was, counted from 1.
    pub fn argument(&self) -> usize {
        self.argument
    }
}

impl RawArgs {
    /// The first argument. A missing one is taken for `null`; further ones are ignored.
    ///
    /// # Errors
    ///
    /// The argument is not of this type.
    pub fn first<T: DeserializeOwned>(&self) -> Result<T, ArgsError> {
        let read = || {
            let json = self.array.get(self.first as usize..).filter(|_| self.first > 0);
            let Some(json) = json else {
                return T::deserialize(UnitDeserializer::<serde_json::Error>::new());
            };
            let mut json = serde_json::Deserializer::from_str(json);
            if self.attachments.is_empty() {
                T::deserialize(&mut json)
            } else {
                T::deserialize(BinaryDeserializer::new(&mut json, &self.attachments))
            }
        };
        read().map_err(|error| ArgsError { argument: 1, error })
    }

    /// All arguments: a tuple, for which missing ones are taken for `null` and further ones are ignored,
    /// or a `Vec`.
    ///
    /// # Errors
    ///
    /// One of them is not of its type.
    pub fn all<T: DeserializeOwned>(&self) -> Result<T, ArgsError> {
        let mut argument = 1;
        let all = AllDeserializer { args: self, argument: &mut argument };
        T::deserialize(all).map_err(|error| ArgsError { argument, error })
    }

    /// The arguments as JSON, separated by commas: `1,"two"`.
    pub fn json(&self) -> &str {
        match self.first as usize {
            0 => "",
            first => self.array[first..self.array.len() - 1].trim(),
        }
    }

    /// The binary attachments; the JSON refers to them by number.
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// What they weigh against the bounds of a connection, in bytes.
    pub fn weight(&self) -> usize {
        self.array.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }

    /// The arguments of an ack that was [decoded](super::decode) from `text`, without copying them.
    ///
    /// # Panics
    ///
    /// They are of another text.
    pub fn of_ack(text: &ByteString, array: &str) -> Self {
        let first = if array[1..].trim_start().starts_with(']') { 0 } else { 1 };
        Self { array: text.slice_ref(array), first, named: false, attachments: Vec::new() }
    }

    pub(super) fn of_event(array: ByteString, first: usize) -> Self {
        Self { array, first: first as u32, named: true, attachments: Vec::new() }
    }

    pub(super) fn array(&self) -> &str {
        &self.array
    }

    /// The same arguments with the binary messages that followed them.
    #[must_use]
    pub fn with_attachments(self, attachments: Vec<Bytes>) -> Self {
        Self { attachments, ..self }
    }

    /// Copies the text, so that it no longer shares the buffer it was received in.
    pub(super) fn detach(&mut self) {
        self.array = ByteString::from(&*self.array);
    }

    /// Whether every placeholder names an attachment, and none is named twice.
    pub(crate) fn is_consistent(&self) -> bool {
        self.attachments.is_empty() || placeholders_are_valid(&self.array, self.attachments.len())
    }
}

/// Reads all arguments as one sequence.
struct AllDeserializer<'de, 'p> {
    args: &'de RawArgs,
    /// The argument that is being read.
    argument: &'p mut usize,
}

impl<'de> AllDeserializer<'de, '_> {
    fn read<V: Visitor<'de>>(self, wanted: usize, visitor: V) -> Result<V::Value, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(&self.args.array);
        json.deserialize_seq(AllVisitor { all: self, wanted, visitor })
    }
}

impl<'de> Deserializer<'de> for AllDeserializer<'de, '_> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.read(0, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Self::Error> {
        self.read(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.read(len, visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit_struct seq map struct enum identifier ignored_any
    }
}

/// Hands the arguments of the array to `visitor`.
struct AllVisitor<'de, 'p, V> {
    all: AllDeserializer<'de, 'p>,
    /// How many arguments the type has, if it says so.
    wanted: usize,
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for AllVisitor<'de, '_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<V::Value, A::Error> {
        if self.all.args.named {
            seq.next_element::<IgnoredAny>()?;
        }
        let attachments = &self.all.args.attachments;
        let value = self.visitor.visit_seq(AllAccess {
            seq: &mut seq,
            attachments,
            wanted: self.wanted,
            argument: self.all.argument,
        })?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(value)
    }
}

struct AllAccess<'a, 'p, A> {
    seq: &'a mut A,
    attachments: &'a [Bytes],
    wanted: usize,
    argument: &'p mut usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for AllAccess<'_, '_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let mut seed = Some(seed);
        let kept = KeptSeed { seed: &mut seed, attachments: self.attachments };
        let value = match self.seq.next_element_seed(kept)? {
            Some(value) => value,
            None if *self.argument > self.wanted => return Ok(None),
            // A tuple asks for more than there is.
            None => match seed.take() {
                Some(seed) => seed.deserialize(UnitDeserializer::new())?,
                None => return Ok(None),
            },
        };
        *self.argument += 1;
        Ok(Some(value))
    }
}

/// A seed that is still there after a sequence had no element for it.
struct KeptSeed<'a, S> {
    seed: &'a mut Option<S>,
    attachments: &'a [Bytes],
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for KeptSeed<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let seed = self.seed.take().ok_or_else(|| serde::de::Error::custom("a seed serves once"))?;
        if self.attachments.is_empty() {
            seed.deserialize(deserializer)
        } else {
            seed.deserialize(BinaryDeserializer::new(deserializer, self.attachments))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    fn event(json: &str, attachments: &[&'static [u8]]) -> RawArgs {
        let text = ByteString::from(format!("2{json}"));
        let packet = crate::packet::decode(&text, 10).unwrap();
        let crate::packet::PacketKind::Event(head) = packet.kind else { panic!("an event") };
        let attachments = attachments.iter().map(|bytes| Bytes::from_static(bytes)).collect();
        crate::packet::Event::new(&text, head).args().clone().with_attachments(attachments)
    }

    #[test]
    fn one_value_is_the_first_argument() {
        assert_eq!(event(r#"["e","x",2]"#, &[]).first::<String>().unwrap(), "x");
        assert_eq!(event(r#"["e",[1,2]]"#, &[]).first::<Vec<u8>>().unwrap(), [1, 2]);
        assert_eq!(event(r#"["e"]"#, &[]).first::<Option<u8>>().unwrap(), None);
        assert_eq!(event(r#"["e",null]"#, &[]).first::<Option<u8>>().unwrap(), None);
        assert!(event(r#"["e"]"#, &[]).first::<u8>().is_err());
        assert!(event(r#"["e","x"]"#, &[]).first::<u8>().unwrap_err().to_string().contains("argument 1"));
    }

    #[test]
    fn several_are_a_tuple_or_a_list() {
        let args = event(r#"["e",1,"two",3]"#, &[]);
        assert_eq!(args.all::<(u8, String)>().unwrap(), (1, "two".to_owned()));
        assert_eq!(args.all::<(u8, String, u8, Option<u8>)>().unwrap(), (1, "two".to_owned(), 3, None));
        assert_eq!(args.all::<(u8, u8)>().unwrap_err().argument(), 2);
        assert_eq!(args.all::<(u8, String, u8, u8)>().unwrap_err().argument(), 4);
        assert_eq!(event(r#"["e",1,2,3]"#, &[]).all::<Vec<u8>>().unwrap(), [1, 2, 3]);
        assert_eq!(event(r#"["e"]"#, &[]).all::<Vec<u8>>().unwrap(), [0; 0]);
        args.all::<()>().unwrap();
        assert_eq!(args.json(), r#"1,"two",3"#);
        assert_eq!(event(r#"["e"]"#, &[]).json(), "");
    }

    #[test]
    fn the_arguments_of_an_ack_have_no_name() {
        let text = ByteString::from_static("[1,2]");
        assert_eq!(RawArgs::of_ack(&text, &text).all::<(u8, u8)>().unwrap(), (1, 2));
        assert_eq!(RawArgs::of_ack(&text, &text).first::<u8>().unwrap(), 1);
        let text = ByteString::from_static("[ ]");
        assert_eq!(RawArgs::of_ack(&text, &text).first::<Option<u8>>().unwrap(), None);
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Upload {
        name: String,
        whole: Bytes,
        parts: Vec<Bytes>,
        more: BTreeMap<String, Option<Bytes>>,
        pair: (u8, Bytes),
        kind: Kind,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    enum Kind {
        Raw(Bytes),
        Named { bytes: Bytes },
    }

    #[test]
    fn binary_stands_anywhere_and_goes_by_number() {
        let at = |num: usize| format!(r#"{{"_placeholder":true,"num":{num}}}"#);
        let json = format!(
            r#"["e",{{"kind":{{"Named":{{"bytes":{}}}}},"pair":[7,{}],"whole":{},"name":"x","parts":[{},{}],"more":{{"a":{},"b":null}}}}]"#,
            at(5),
            at(1),
            at(0),
            at(4),
            at(2),
            at(3)
        );
        let attachments: [&[u8]; 6] = [b"zero", b"one", b"two", b"three", b"four", b"five"];
        let upload: Upload = event(&json, &attachments).first().unwrap();
        let bytes = |text: &'static str| Bytes::from_static(text.as_bytes());
        let expected = Upload {
            name: "x".to_owned(),
            whole: bytes("zero"),
            parts: vec![bytes("four"), bytes("two")],
            more: BTreeMap::from([("a".to_owned(), Some(bytes("three"))), ("b".to_owned(), None)]),
            pair: (7, bytes("one")),
            kind: Kind::Named { bytes: bytes("five") },
        };
        assert_eq!(upload, expected);
        let raw = event(&format!(r#"["e",{{"Raw":{}}},{}]"#, at(1), at(0)), &[b"zero", b"one"]);
        assert_eq!(raw.all::<(Kind, Bytes)>().unwrap(), (Kind::Raw(bytes("one")), bytes("zero")));
    }

    #[test]
    fn a_wrong_number_is_an_error() {
        for num in ["1", "-1", "0.5", r#""0""#, r#""splice""#, "1e99", "null", "{}", "18446744073709551616"] {
            let json = format!(r#"["e",{{"_placeholder":true,"num":{num}}}]"#);
            let args = event(&json, &[b"zero"]);
            assert!(args.first::<Bytes>().is_err(), "{num}");
            assert!(!args.is_consistent(), "{num}");
        }
        assert!(
            event(r#"["e",[{"a":{"num":0,"_placeholder":true}}],{"num":9}]"#, &[b"zero"]).is_consistent()
        );
        assert!(!event(r#"["e",[{"a":{"num":1,"_placeholder":true}}]]"#, &[b"zero"]).is_consistent());
        for json in
            [r#"["e",{"_placeholder":true}]"#, r#"["e",{"_placeholder":false,"num":0}]"#, r#"["e",{}]"#]
        {
            assert!(event(json, &[b"zero"]).first::<Bytes>().is_err(), "{json}");
        }
    }

    #[test]
    fn a_placeholder_is_plain_data_where_no_binary_is_asked_for() {
        let json = r#"["e",{"_placeholder":true,"num":0}]"#;
        let value: serde_json::Value = event(json, &[b"zero"]).first().unwrap();
        assert_eq!(value["num"], 0);
        assert!(event(json, &[]).first::<Bytes>().is_err(), "no attachment, no bytes");
    }
}
