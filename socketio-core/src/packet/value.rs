use std::ops::Index;

use bytes::Bytes;

mod number;
pub use number::Number;

mod convert;
mod serde;

/// Any JSON, with binary wherever a client put it: for handlers that do not know what they are sent.
///
/// What was read is what is sent on. Members keep their order, numbers stay what they are, and binary becomes an
/// attachment again, where `serde_json::Value` has no place for it and is a bad argument. Only half a surrogate pair is
/// replaced, by U+FFFD; [`RawArgs`](super::RawArgs) keep even that.
///
/// ```
/// use bytes::Bytes;
/// use socketio_core::packet::{Encoder, Event, Value};
///
/// let picture = Value::from([("name", Value::from("p.png")), ("data", Bytes::from_static(b"\x89PNG").into())]);
/// let packet = Encoder::default().event("/", "picture", &picture, None).unwrap();
/// assert_eq!(packet.text(), br#"451-["picture",{"name":"p.png","data":{"_placeholder":true,"num":0}}]"#);
///
/// let read: Value = Event::from_encoded(&packet).unwrap().args().first().unwrap();
/// assert_eq!(read, picture);
/// assert_eq!(read["name"].as_str(), Some("p.png"));
/// assert_eq!(read["data"].as_binary().map(Bytes::len), Some(4));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer of up to 64 bits, or a double.
    Number(Number),
    /// A text.
    Text(String),
    /// An attachment.
    Binary(Bytes),
    /// A list.
    Array(Vec<Self>),
    /// Names and values in the order in which they were written. Of two members of one name the last one counts.
    Object(Vec<(String, Self)>),
}

impl Value {
    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// The `bool`, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    /// The number, if it is an integer in this range.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    /// The number, if it is an integer in this range.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_number()?.as_u64()
    }

    /// The number as a double.
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number()?.as_f64()
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The bytes, if it is binary.
    pub fn as_binary(&self) -> Option<&Bytes> {
        if let Self::Binary(bytes) = self { Some(bytes) } else { None }
    }

    /// The values in it, if it is an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(values) = self { Some(values) } else { None }
    }

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&[(String, Self)]> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// The member of this name, if it is an object that has one. It is searched for; a type that is looked up by name often
    /// is a `HashMap`, which can be asked for instead.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.iter().rfind(|(member, _)| member == name).map(|(_, value)| value)
    }
}

/// The member of this name; `null` if there is none.
impl Index<&str> for Value {
    type Output = Self;

    fn index(&self, name: &str) -> &Self {
        self.get(name).unwrap_or(&Self::Null)
    }
}

/// The element at this place; `null` if there is none.
impl Index<usize> for Value {
    type Output = Self;

    fn index(&self, index: usize) -> &Self {
        self.as_array().and_then(|values| values.get(index)).unwrap_or(&Self::Null)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::packet::{Args, Encoder, Event};

    fn relayed(value: &Value) -> Value {
        let packet = Encoder::default().event("/", "e", value, None).unwrap();
        Event::from_encoded(&packet).unwrap().args().first().unwrap()
    }

    #[test]
    fn members_keep_their_order_and_numbers_their_value() {
        let json = r#"{"z":1,"a":[-1,0.1,5.0,-0.0,1e300,18446744073709551615,null,true],"z":"again"}"#;
        let value: Value = crate::packet::from_json(json).unwrap();
        assert_eq!(value["z"].as_str(), Some("again"), "the last one counts, as in JavaScript");
        let packet = Encoder::default().event("/", "e", &value, None).unwrap();
        let written = std::str::from_utf8(packet.text()).unwrap();
        assert_eq!(written, format!(r#"42["e",{}]"#, json.replace("1e300", "1e+300")));
    }

    #[test]
    fn what_is_not_there_is_null() {
        let value = Value::from([("list", Value::from(vec![1, 2]))]);
        assert_eq!(value["list"][1].as_i64(), Some(2));
        assert!(value["list"][2].is_null() && value["list"]["x"].is_null() && value[0].is_null());
        assert_eq!(value.get("none"), None);
    }

    #[test]
    fn other_values_become_one() {
        let json = r#"{"a":[1,2.5,"x",null,false]}"#;
        let list = vec![1.into(), 2.5.into(), "x".into(), Value::from(None::<u8>), false.into()];
        assert_eq!(crate::packet::from_json::<Value>(json).unwrap(), Value::from([("a", list)]));
        assert_eq!(Value::from(f64::NAN), Value::Null);
        assert_eq!(["a"].into_iter().collect::<Value>(), Value::from(vec!["a".to_owned()]));
        assert_eq!([("a", 1)].into_iter().collect::<Value>(), Value::from([("a", 1)]));
        let several = Encoder::default().event("/", "e", &Args((Value::from("x"), Value::Null)), None);
        assert_eq!(several.unwrap().text(), br#"42["e","x",null]"#);
    }

    fn value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,5}".prop_map(Value::from),
        ];
        scalar.prop_recursive(4, 20, 4, |value| {
            prop_oneof![
                prop::collection::vec(value.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((".{0,3}", value), 0..4).prop_map(Value::from_iter),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_relayed_is_the_same(
            value in value(),
            binary in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..3),
        ) {
            let binary: Vec<Value> = binary.into_iter().map(|bytes| Bytes::from(bytes).into()).collect();
            let value = Value::from([("a", value.clone()), ("b", Value::from(binary)), ("c", value)]);
            prop_assert_eq!(relayed(&value), value);
        }
    }
}
