use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{DeserializeError, SerializeError, from_json};

/// A valid JSON text, written unchanged.
///
/// ```
/// use socketio_core::packet::RawJson;
///
/// let written = RawJson::of(&["a", "b"]).unwrap();
/// assert_eq!(written.as_str(), r#"["a","b"]"#);
/// assert_eq!(written.read::<Vec<String>>().unwrap(), ["a", "b"]);
/// assert!(RawJson::parse("no JSON").is_err());
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// Writes a value as JSON. Binary in it becomes an array of numbers.
    ///
    /// # Errors
    ///
    /// Returns an error if the value cannot be written as JSON.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, SerializeError> {
        serde_json::value::to_raw_value(value).map(Self).map_err(SerializeError::from)
    }

    /// Validates a JSON text.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not valid JSON.
    pub fn parse(text: impl Into<String>) -> Result<Self, DeserializeError> {
        RawValue::from_string(text.into()).map(Self).map_err(DeserializeError::from)
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Reads a value as [`from_json`] does.
    ///
    /// # Errors
    ///
    /// Returns an error if the JSON is not a value of type `T`.
    ///
    /// ```
    /// use socketio_core::packet::RawJson;
    ///
    /// let json = RawJson::parse("[1,2]").unwrap();
    /// assert_eq!(json.read::<Vec<u8>>().unwrap(), [1, 2]);
    /// ```
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, DeserializeError> {
        from_json(self.as_str())
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawJson").field(&self.as_str()).finish()
    }
}

impl fmt::Display for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Compares the texts byte for byte.
impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RawJson {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::error::Error;

    use super::*;
    use crate::packet::Encoder;

    #[test]
    fn a_text_stays_as_it_is_written() {
        let odd = RawJson::parse("{ \"odd\" :  1e2 }").unwrap();
        let packet = Encoder::default().event("/", "raw", &odd, None).unwrap();
        assert_eq!(packet.text(), br#"42["raw",{ "odd" :  1e2 }]"#);
        assert_eq!(odd.read::<BTreeMap<String, u8>>().unwrap()["odd"], 100, "as an argument is read");
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let error = RawJson::of(&BTreeMap::from([((1, 2), 3)])).unwrap_err();
        assert_eq!(error.to_string(), "key must be a string");
        let error = RawJson::parse("[1,]").unwrap_err();
        assert!(error.to_string().ends_with("at line 1 column 4"), "{error}");
        assert!(error.source().is_none());
        assert!(RawJson::of(&1).unwrap().read::<bool>().is_err());
    }
}
