use std::marker::PhantomData;

use bytes::Bytes;
use bytestring::ByteString;
use serde::de::DeserializeOwned;

use super::DeserializeError;
use super::arguments::{AllArguments, Arguments};
use super::cursor::Cursor;
use super::known::{KnownArgument, KnownValue};
use super::placeholders::placeholders_are_valid;
use super::plain::Shape;
use super::reader::MAX_DEPTH;

/// Arguments as they were received: a valid JSON array and binary attachments. They are parsed when they are read as a
/// type.
///
/// ```
/// use socketio_core::packet::{Args, Encoder, Event};
///
/// let packet = Encoder::default().event("/", "add", &Args((1, "two")), None).unwrap();
/// let event = Event::from_encoded(&packet).unwrap();
/// let args = event.args();
/// assert_eq!(args.json(), r#"1,"two""#);
/// assert_eq!(args.all::<(u8, String)>().unwrap(), (1, "two".to_owned()));
/// assert_eq!(args.first::<String>().unwrap_err().argument(), 1);
/// ```
#[derive(Debug, Clone)]
pub struct RawArgs {
    /// A text that ends with the array. For an event, the first element of the array is its name.
    text: ByteString,
    /// The offset of the first argument in the text, or 0 if there is none.
    first: u32,
    /// The shape of the first argument, which saves parsing it.
    shape: Shape,
    attachments: Vec<Bytes>,
}

/// An argument that does not have the expected type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("argument {argument}: {error}")]
pub struct ArgsError {
    argument: usize,
    error: DeserializeError,
}

impl ArgsError {
    /// Returns the position of the argument, counted from 1.
    pub fn argument(&self) -> usize {
        self.argument
    }
}

impl RawArgs {
    /// The maximum depth of nested arrays and objects in an argument that is read as a type, with or without binary. A
    /// deeper argument can still be sent on unparsed.
    pub const MAX_DEPTH: usize = MAX_DEPTH as usize;

    /// Reads the first argument. A missing argument is read as `null`; further arguments are ignored.
    ///
    /// # Errors
    ///
    /// Returns an error if the argument does not have type `T`.
    ///
    /// ```
    /// use socketio_core::packet::{Args, Encoder, Event};
    ///
    /// let packet = Encoder::default().event("/", "add", &Args((1, "two")), None).unwrap();
    /// let event = Event::from_encoded(&packet).unwrap();
    /// assert_eq!(event.args().first::<u8>().unwrap(), 1);
    /// ```
    pub fn first<T: DeserializeOwned>(&self) -> Result<T, ArgsError> {
        if let Some(first) = self.first_by_shape() {
            return Ok(first);
        }
        self.arguments().read(|mut arguments| {
            arguments.next(PhantomData).map_err(|error| ArgsError { argument: 1, error: error.into() })
        })
    }

    /// Reads all arguments as a tuple or a `Vec`. For a tuple, missing arguments are read as `null`, and further
    /// arguments are ignored.
    ///
    /// # Errors
    ///
    /// Returns an error if an argument does not have its type.
    ///
    /// ```
    /// use socketio_core::packet::{Args, Encoder, Event};
    ///
    /// let packet = Encoder::default().event("/", "add", &Args((1, "two")), None).unwrap();
    /// let event = Event::from_encoded(&packet).unwrap();
    /// let (number, word): (u8, String) = event.args().all().unwrap();
    /// assert_eq!((number, word.as_str()), (1, "two"));
    /// ```
    pub fn all<T: DeserializeOwned>(&self) -> Result<T, ArgsError> {
        self.arguments().read(|arguments| {
            let mut argument = 1;
            let all = AllArguments::new(arguments, &mut argument);
            T::deserialize(all).map_err(|error| ArgsError { argument, error: error.into() })
        })
    }

    /// Reads the first argument without parsing it, if its shape is known and is what the type asks for.
    fn first_by_shape<T: DeserializeOwned>(&self) -> Option<T> {
        let value = match self.shape {
            Shape::Any => return None,
            // Between its quotes, the second of which is before the end of the array.
            Shape::Text => KnownValue::Text(&self.text[self.first as usize + 1..self.text.len() - 2]),
            Shape::Attachment => KnownValue::Attachment(self.attachments.first()?),
        };
        let mut taken = false;
        let first = T::deserialize(KnownArgument { value, taken: &mut taken });
        first.ok().filter(|_| taken)
    }

    fn arguments(&self) -> Arguments<'_> {
        Arguments::new(self.rest(), &self.attachments)
    }

    /// Returns the arguments as JSON, separated by commas: `1,"two"`.
    ///
    /// ```
    /// use socketio_core::packet::{Args, Encoder, Event};
    ///
    /// let packet = Encoder::default().event("/", "add", &Args((1, "two")), None).unwrap();
    /// let event = Event::from_encoded(&packet).unwrap();
    /// assert_eq!(event.args().json(), r#"1,"two""#);
    /// ```
    pub fn json(&self) -> &str {
        self.rest().strip_suffix(']').unwrap_or_default().trim()
    }

    /// Returns an iterator over the arguments, each as JSON. Binary in them is represented by a placeholder,
    /// `{"_placeholder":true,"num":0}`. To read the argument at index `n` as a type, use `skip(n).first()`.
    ///
    /// ```
    /// # use socketio_core::packet::{Args, Encoder, Event};
    /// let packet = Encoder::default().event("/", "add", &Args((1, "two")), None).unwrap();
    /// let event = Event::from_encoded(&packet).unwrap();
    /// assert!(event.args().iter().eq(["1", r#""two""#]));
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let mut cursor = Cursor::new(self.rest());
        std::iter::from_fn(move || {
            let argument = cursor.take_value();
            cursor.take(b',');
            (!argument.is_empty()).then_some(argument)
        })
    }

    /// Returns the number of arguments. Takes time linear in their size.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Returns `true` if there are no arguments.
    pub fn is_empty(&self) -> bool {
        self.first == 0
    }

    /// Returns the arguments after the first `count`, for events whose first arguments say how to forward the others.
    /// The result shares the text, and no argument is parsed.
    ///
    /// ```
    /// use socketio_core::packet::{Args, Encoder, Event};
    ///
    /// let mut encoder = Encoder::default();
    /// let packet = encoder.event("/", "to", &Args(("lobby", "say", 1.5)), None).unwrap();
    /// let to = Event::from_encoded(&packet).unwrap();
    /// assert_eq!(to.args().first::<String>().unwrap(), "lobby");
    ///
    /// let relayed = encoder.event("/", "relayed", &to.args().skip(1), None).unwrap();
    /// assert_eq!(relayed.text(), br#"42["relayed","say",1.5]"#);
    /// ```
    #[must_use]
    pub fn skip(&self, count: usize) -> Self {
        let mut cursor = Cursor::new(self.rest());
        for _ in 0..count {
            cursor.take_value();
            if !cursor.take(b',') {
                return Self { first: 0, shape: Shape::Any, ..self.clone() };
            }
        }
        let shape = if count == 0 { self.shape } else { Shape::Any };
        Self { first: self.first + cursor.position() as u32, shape, ..self.clone() }
    }

    /// Returns the array from its first argument on.
    fn rest(&self) -> &str {
        if self.first == 0 { "" } else { &self.text[self.first as usize..] }
    }

    /// Returns the binary attachments. The JSON refers to them by number.
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// Returns the size of the arguments that counts towards the limits of a connection, in bytes: the length of the text
    /// that holds them, with the name of the event and the header of the packet, and of the attachments.
    pub fn size(&self) -> usize {
        self.text.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }

    /// Creates the arguments of an ack [decoded](super::decode) from `text`, without copying.
    ///
    /// # Panics
    ///
    /// Panics if `array` is not part of `text`.
    pub fn of_ack(text: &ByteString, array: &str) -> Self {
        let first = if array[1..].trim_start().starts_with(']') { 0 } else { 1 };
        Self { text: text.slice_ref(array), first, shape: Shape::Any, attachments: Vec::new() }
    }

    pub(super) fn of_event(text: ByteString, first: usize, shape: Shape) -> Self {
        Self { text, first: first as u32, shape, attachments: Vec::new() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the arguments with the binary messages that followed them.
    #[must_use]
    pub fn with_attachments(self, attachments: Vec<Bytes>) -> Self {
        Self { attachments, ..self }
    }

    /// Copies the text, so that it no longer shares the buffer it was received in.
    pub(super) fn detach(&mut self) {
        self.text = ByteString::from(&*self.text);
    }

    /// Returns `true` if every placeholder refers to an attachment, each to a different one.
    pub(crate) fn is_consistent(&self) -> bool {
        self.attachments.is_empty()
            || self.shape == Shape::Attachment
            || self.shape == Shape::Text
            || placeholders_are_valid(self.rest(), self.attachments.len())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde::de::IgnoredAny;

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
    fn they_are_counted_and_skipped_unparsed() {
        for (json, expected) in [
            (r#"["e"]"#, &[][..]),
            (
                r#"[ "e" , 1.50 , [2 , "]"],{"a":{}},"\ud83d" ]"#,
                &["1.50", r#"[2 , "]"]"#, r#"{"a":{}}"#, r#""\ud83d""#],
            ),
        ] {
            let args = event(json, &[]);
            assert!(args.iter().eq(expected.iter().copied()), "{json}");
            assert_eq!((args.len(), args.is_empty()), (expected.len(), expected.is_empty()));
            for count in 0..6 {
                let rest = args.skip(count);
                assert!(rest.iter().eq(expected.iter().skip(count).copied()), "{json} {count}");
                assert!(rest.skip(1).iter().eq(args.skip(count + 1).iter()), "{json} {count}");
                assert_eq!(rest.is_empty(), count >= expected.len());
                assert!(rest.json().starts_with(rest.iter().next().unwrap_or_default()));
            }
        }
        let args = event(r#"["e",1,"two",3]"#, &[]).skip(1);
        assert_eq!(args.first::<String>().unwrap(), "two");
        assert_eq!(args.all::<(String, u8, Option<u8>)>().unwrap(), ("two".to_owned(), 3, None));
        assert_eq!(args.json(), r#""two",3"#);
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
    fn binary_is_found_at_any_depth_by_number() {
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
    fn binary_is_no_data_of_another_type() {
        let json = r#"["e",{"a":{"num":0,"_placeholder":true}}]"#;
        let args = event(json, &[b"zero"]);
        let error = args.first::<serde_json::Value>().unwrap_err().to_string();
        assert!(error.contains("read binary as `Bytes`"), "{error}");
        assert!(args.first::<Box<serde_json::value::RawValue>>().is_err());
        assert!(args.first::<BTreeMap<String, BTreeMap<String, u8>>>().is_err());
        let value: serde_json::Value = event(json, &[]).first().unwrap();
        assert_eq!(value["a"]["num"], 0, "without attachments it is data");
        assert!(event(json, &[]).first::<BTreeMap<String, Bytes>>().is_err(), "no attachment, no bytes");
    }

    #[test]
    fn depth_has_one_bound() {
        for (kept, depth) in [(true, RawArgs::MAX_DEPTH), (false, RawArgs::MAX_DEPTH + 1)] {
            for (opening, closing) in [("[", "]"), (r#"{"a":"#, "}")] {
                let value = format!("{}1{}", opening.repeat(depth), closing.repeat(depth));
                for json in [
                    format!(r#"["e",{value}]"#),
                    format!(r#"["e",{value},{{"_placeholder":true,"num":0}}]"#),
                    format!(r#"["e",{value},"\ud83d"]"#),
                ] {
                    for attachments in [&[][..], &[&b"zero"[..]]] {
                        let args = event(&json, attachments);
                        assert!(args.is_consistent());
                        let first = args.first::<serde_json::Value>();
                        assert_eq!(first.is_ok(), kept, "{depth} {opening}: {first:?}");
                        let all = args.all::<(serde_json::Value, IgnoredAny)>();
                        assert_eq!(all.is_ok(), kept, "{depth} {opening}: {all:?}");
                    }
                }
            }
        }
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(tag = "type", rename_all = "lowercase")]
    enum Internally {
        Picture { name: String, data: Bytes, size: u8 },
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(tag = "type", content = "content", rename_all = "lowercase")]
    enum Adjacently {
        Picture { name: String, data: Bytes, size: u8 },
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(untagged)]
    enum Untagged {
        Number { name: u8 },
        Picture { name: String, data: Bytes, size: u8 },
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Flat {
        name: String,
        #[serde(flatten)]
        rest: Rest,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Rest {
        data: Bytes,
        size: u8,
    }

    /// Reads the first argument by its shape and as JSON, which must not differ.
    fn check_shape<T: DeserializeOwned + std::fmt::Debug>(args: &RawArgs) {
        let parsed = RawArgs { shape: Shape::Any, ..args.clone() };
        assert_eq!(
            format!("{:?}", args.first::<T>()),
            format!("{:?}", parsed.first::<T>()),
            "{}",
            args.json()
        );
    }

    #[derive(Debug, Deserialize)]
    enum Unit {
        #[serde(rename = "x")]
        X,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "shown by `Debug`")]
    struct Newtype(String);

    /// A type that takes its value from nowhere.
    #[derive(Debug)]
    struct Ignoring;

    impl<'de> Deserialize<'de> for Ignoring {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Ok(Self)
        }
    }

    /// A number written as a string, or the message of the error that it is not one.
    #[derive(Debug)]
    #[expect(dead_code, reason = "shown by `Debug`")]
    struct Written(Result<u8, String>);

    impl<'de> Deserialize<'de> for Written {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let number = |text: String| text.parse().map_err(serde::de::Error::custom);
            let number = String::deserialize(deserializer).and_then(number);
            Ok(Self(number.map_err(|error: D::Error| error.to_string())))
        }
    }

    /// An address, or the message of the error that its visitor returned.
    #[derive(Debug)]
    #[expect(dead_code, reason = "shown by `Debug`")]
    struct Address(Result<std::net::IpAddr, String>);

    impl<'de> Deserialize<'de> for Address {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Ok(Self(Deserialize::deserialize(deserializer).map_err(|error: D::Error| error.to_string())))
        }
    }

    #[test]
    fn an_argument_is_the_same_by_its_shape_and_as_json() {
        for (json, attachments) in [
            (r#"["e","x"]"#, &[][..]),
            (r#"["e",""]"#, &[]),
            (r#"["e","é x,] 😀"]"#, &[]),
            (r#"["e","x"]"#, &[&b"zero"[..]]),
            (r#"["e",{"_placeholder":true,"num":0}]"#, &[&b"zero"[..]]),
            (r#"["e",{"_placeholder":true,"num":0}]"#, &[&b""[..], &b"one"[..]]),
            (r#"["e",{"_placeholder":true,"num":0}]"#, &[]),
        ] {
            let args = event(json, attachments);
            assert_ne!(args.shape, Shape::Any, "{json}");
            check_shape::<String>(&args);
            check_shape::<Option<String>>(&args);
            check_shape::<Bytes>(&args);
            check_shape::<Option<Bytes>>(&args);
            check_shape::<Vec<u8>>(&args);
            check_shape::<char>(&args);
            check_shape::<u8>(&args);
            check_shape::<bool>(&args);
            check_shape::<()>(&args);
            check_shape::<(String, u8)>(&args);
            check_shape::<serde_json::Value>(&args);
            check_shape::<crate::packet::Value>(&args);
            check_shape::<Box<serde_json::value::RawValue>>(&args);
            check_shape::<BTreeMap<String, Bytes>>(&args);
            check_shape::<IgnoredAny>(&args);
            check_shape::<Unit>(&args);
            check_shape::<Newtype>(&args);
            check_shape::<Ignoring>(&args);
            check_shape::<Written>(&args);
            check_shape::<Address>(&args);
            check_shape::<Option<Option<String>>>(&args);
        }
    }

    #[test]
    fn binary_stands_in_shapes_that_are_looked_at_before_they_are_read() {
        let (name, data, size) = ("p \u{fffd}".to_owned(), Bytes::from_static(b"zero"), 5);
        for placeholder in [r#"{"_placeholder":true,"num":0}"#, r#"{"num":0,"_placeholder":true}"#] {
            let members = format!(r#""name":"p \ud83d","data":{placeholder},"size":5.0"#);
            let adjacent = format!(r#"{{"content":{{{members}}},"type":"picture"}}"#);
            let args = event(&format!(r#"["e",{{{members},"type":"picture"}},{adjacent}]"#), &[b"zero"]);
            let (name, data) = (name.clone(), data.clone());
            let flat = Flat { name: name.clone(), rest: Rest { data: data.clone(), size } };
            assert_eq!(args.first::<Flat>().unwrap(), flat);
            let untagged = Untagged::Picture { name: name.clone(), data: data.clone(), size };
            assert_eq!(args.first::<Untagged>().unwrap(), untagged);
            let (internally, adjacently) = args.all::<(Internally, Adjacently)>().unwrap();
            let expected = Internally::Picture { name: name.clone(), data: data.clone(), size };
            assert_eq!(internally, expected);
            assert_eq!(adjacently, Adjacently::Picture { name, data, size });
        }
    }
}
