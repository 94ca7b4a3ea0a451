use std::ops::Index;

use bytes::Bytes;

mod number;
pub use number::Number;

mod convert;
mod serde;

/// Any JSON value, with binary at any depth: for handlers that do not know the shape of their data.
///
/// A value is sent on as it was read. Members keep their order, numbers keep their value, and binary becomes an
/// attachment again. `serde_json::Value` cannot represent binary, so reading it from an argument with binary is an
/// error. Only an unpaired surrogate is replaced, by U+FFFD; [`RawArgs`](super::RawArgs) preserve even that.
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
    /// Binary data, sent as an attachment.
    Binary(Bytes),
    /// A list.
    Array(Vec<Self>),
    /// Names and values in the order in which they were written. If a name occurs twice, the last member is used.
    Object(Vec<(String, Self)>),
}

impl Value {
    /// Returns `true` for `null`.
    pub fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// Returns the `bool`, if the value is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// Returns the number, if the value is one.
    pub fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    /// Returns the number, if it is an integer in the range of `i64`.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    /// Returns the number, if it is an integer in the range of `u64`.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_number()?.as_u64()
    }

    /// Returns the number as an `f64`.
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number()?.as_f64()
    }

    /// Returns the text, if the value is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Returns the bytes, if the value is binary.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use socketio_core::packet::Value;
    ///
    /// let value = Value::Binary(Bytes::from_static(&[1, 2]));
    /// assert_eq!(value.as_binary().map(|bytes| &bytes[..]), Some(&[1, 2][..]));
    /// assert_eq!(value.as_str(), None);
    /// ```
    pub fn as_binary(&self) -> Option<&Bytes> {
        if let Self::Binary(bytes) = self { Some(bytes) } else { None }
    }

    /// Returns the elements, if the value is an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(values) = self { Some(values) } else { None }
    }

    /// Returns the members, if the value is an object.
    pub fn as_object(&self) -> Option<&[(String, Self)]> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// Returns the member of this name, if the value is an object that has it. Takes time linear in the number of
    /// members; for frequent look-ups, read a `HashMap` instead.
    ///
    /// ```
    /// use socketio_core::packet::Value;
    ///
    /// let value = Value::from([("name", "Ada")]);
    /// assert_eq!(value.get("name").and_then(Value::as_str), Some("Ada"));
    /// assert!(value.get("age").is_none());
    /// assert!(value["age"].is_null());
    /// ```
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.iter().rfind(|(member, _)| member == name).map(|(_, value)| value)
    }
}

/// Accesses the member of this name; `null` if there is none.
impl Index<&str> for Value {
    type Output = Self;

    fn index(&self, name: &str) -> &Self {
        self.get(name).unwrap_or(&Self::Null)
    }
}

/// Accesses the element at this index; `null` if there is none.
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
    fn missing_values_are_null() {
        let value = Value::from([("list", Value::from(vec![1, 2]))]);
        assert_eq!(value["list"][1].as_i64(), Some(2));
        assert!(value["list"][2].is_null() && value["list"]["x"].is_null() && value[0].is_null());
        assert_eq!(value.get("none"), None);
    }

    #[test]
    fn other_types_convert_into_values() {
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
        fn relayed_values_are_unchanged(
            value in value(),
            binary in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..3),
        ) {
            let binary: Vec<Value> = binary.into_iter().map(|bytes| Bytes::from(bytes).into()).collect();
            let value = Value::from([("a", value.clone()), ("b", Value::from(binary)), ("c", value)]);
            prop_assert_eq!(relayed(&value), value);
        }
    }
}
