use std::fmt;

use serde::{Deserialize, Serialize};

/// A JSON number: an integer of up to 64 bits, or a finite double.
///
/// ```
/// use socketio_core::packet::Number;
///
/// assert_eq!(Number::from(7).as_i64(), Some(7));
/// assert_eq!(Number::from_f64(2.5).map(|number| number.to_string()).as_deref(), Some("2.5"));
/// assert_eq!(Number::from_f64(f64::NAN), None);
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Number(serde_json::Number);

impl Number {
    /// Creates a number from a float. Returns `None` if it is not finite.
    pub fn from_f64(float: f64) -> Option<Self> {
        serde_json::Number::from_f64(float).map(Self)
    }

    /// Returns the number, if it is an integer in the range of `i64`.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.as_i64()
    }

    /// Returns the number, if it is an integer in the range of `u64`.
    pub fn as_u64(&self) -> Option<u64> {
        self.0.as_u64()
    }

    /// Returns the number as an `f64`.
    pub fn as_f64(&self) -> Option<f64> {
        self.0.as_f64()
    }
}

macro_rules! from_integers {
    ($($integer:ty)*) => {$(
        impl From<$integer> for Number {
            fn from(number: $integer) -> Self {
                Self(number.into())
            }
        }
    )*};
}

from_integers!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({self})")
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
