use std::borrow::Cow;

use super::ReadError;
use super::source::Source;
use super::value::Value;
use crate::cluster::RawArray;

/// The packet in a message that broadcasts an event. The same member of other messages is an argument, so it is also kept
/// as a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet<'a> {
    pub(super) value: Value<'a>,
    kind: Option<Value<'a>>,
    data: Option<Value<'a>>,
    namespace: Option<Value<'a>>,
}

impl<'a> Packet<'a> {
    /// Passes a value, and finds the members of a packet if it is a map.
    pub(super) fn pass(source: &mut Source<'a>) -> Result<Self, ReadError> {
        if !source.is_at_map() {
            return Ok(Self { value: source.pass()?, kind: None, data: None, namespace: None });
        }
        let (mut kind, mut data, mut namespace) = (None, None, None);
        let start = source.start();
        let mut members = source.open_map()?;
        while let Some(key) = source.next_key(&mut members)? {
            let value = source.pass()?.present();
            match &*key {
                b"type" => kind = value,
                b"data" => data = value,
                b"nsp" => namespace = value,
                _ => {}
            }
        }
        Ok(Self { value: source.since(start), kind, data, namespace })
    }

    /// Returns the event in the packet.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is not a packet, or a packet of another kind.
    pub(super) fn event(self) -> Result<RawArray, ReadError> {
        match self.kind.and_then(Value::number).ok_or(ReadError::Malformed("a packet without a type"))? {
            EVENT | BINARY_EVENT => {}
            _ => return Err(ReadError::Unknown),
        }
        self.data.ok_or(ReadError::Malformed("a packet without data"))?.event()
    }

    /// Returns the namespace in the packet, if there is one.
    pub(super) fn namespace(self) -> Result<Option<Cow<'a, str>>, ReadError> {
        let text =
            |value: Value<'a>| value.text().ok_or(ReadError::Malformed("a namespace that is not text"));
        self.namespace.map(text).transpose()
    }
}

/// The type of an event in Node's parser. Receivers find out themselves whether there is binary in it.
pub(super) const EVENT: u64 = 2;
/// The type of an event with binary, which old emitters write.
const BINARY_EVENT: u64 = 5;
