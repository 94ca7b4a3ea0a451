use serde::de::Visitor;
use serde_json::Error;

use super::{invalid, out_of_range};

/// A number, classified as `serde_json` does.
#[derive(Clone, Copy)]
pub(super) enum Number {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

impl Number {
    pub(super) fn parse(word: &str) -> Result<Self, Error> {
        if word == "-0" {
            return Ok(Self::Float(-0.0));
        }
        if let Ok(number) = word.parse() {
            return Ok(Self::Unsigned(number));
        }
        if let Ok(number) = word.parse() {
            return Ok(Self::Signed(number));
        }
        match word.parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(Self::Float(float)),
            Ok(_) => Err(out_of_range()),
            Err(_) => Err(invalid()),
        }
    }

    /// Converts a float that is a whole number into an integer. The bounds are the floats next to those of the
    /// integers.
    pub(super) fn whole(float: f64) -> Option<Self> {
        match float {
            _ if float.fract() != 0.0 => None,
            0.0..18_446_744_073_709_551_616.0 => Some(Self::Unsigned(float as u64)),
            -9_223_372_036_854_775_808.0..0.0 => Some(Self::Signed(float as i64)),
            _ => None,
        }
    }

    pub(super) fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Unsigned(number) => visitor.visit_u64(number),
            Self::Signed(number) => visitor.visit_i64(number),
            Self::Float(float) => visitor.visit_f64(float),
        }
    }
}
