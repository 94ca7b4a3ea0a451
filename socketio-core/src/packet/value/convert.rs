use bytes::Bytes;

use super::{Number, Value};

macro_rules! from {
    ($($type:ty => $value:ident: $become:expr;)*) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $become
            }
        }
    )*};
}

from! {
    () => _unit: Self::Null;
    bool => value: Self::Bool(value);
    u8 => number: Self::Number(number.into());
    u16 => number: Self::Number(number.into());
    u32 => number: Self::Number(number.into());
    u64 => number: Self::Number(number.into());
    usize => number: Self::Number(number.into());
    i8 => number: Self::Number(number.into());
    i16 => number: Self::Number(number.into());
    i32 => number: Self::Number(number.into());
    i64 => number: Self::Number(number.into());
    isize => number: Self::Number(number.into());
    Number => number: Self::Number(number);
    &str => text: Self::Text(text.to_owned());
    String => text: Self::Text(text);
    Bytes => bytes: Self::Binary(bytes);
}

/// Converts a float. NaN and the infinities become `null`, as in `JSON.stringify`.
impl From<f64> for Value {
    fn from(float: f64) -> Self {
        Number::from_f64(float).map_or(Self::Null, Self::Number)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, T::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        values.into_iter().collect()
    }
}

/// Creates an object.
impl<K: Into<String>, V: Into<Self>, const N: usize> From<[(K, V); N]> for Value {
    fn from(members: [(K, V); N]) -> Self {
        members.into_iter().collect()
    }
}

/// Creates an array.
impl<T: Into<Self>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self::Array(values.into_iter().map(T::into).collect())
    }
}

/// Creates an object.
impl<K: Into<String>, V: Into<Self>> FromIterator<(K, V)> for Value {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(members: I) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
