use std::borrow::Cow;

use serde::Deserializer as _;
use serde::de::IgnoredAny;

use super::AckId;
use super::cursor::Cursor;
use super::plain::{PlainArray, Shape};
use crate::Revision;
use crate::namespace::is_reserved;

/// A Socket.IO packet, borrowed from its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The namespace, with its leading slash.
    pub namespace: &'a str,
    /// The kind of packet, with its contents.
    pub kind: PacketKind<'a>,
}

/// The kind of a packet, with its contents. All JSON in it is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacketKind<'a> {
    /// A connection request.
    Connect {
        /// The `auth` data of the client, a JSON object.
        auth: Option<&'a str>,
    },
    /// A disconnect from the namespace.
    Disconnect,
    /// An event.
    Event(EventHead<'a>),
    /// The ack of an event.
    Ack {
        /// The id of the event.
        id: AckId,
        /// The number of binary messages that follow and belong to the packet.
        attachments: usize,
        /// The arguments, a JSON array.
        args: &'a str,
    },
    /// A rejected connection request. Clients do not send it.
    ConnectError {
        /// The reason, a JSON object or string.
        data: &'a str,
    },
}

/// An event without its attachments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHead<'a> {
    /// The ack id, if the sender requests an ack.
    pub id: Option<AckId>,
    /// The number of binary messages that follow and belong to the packet.
    pub attachments: usize,
    /// The JSON array of the event's name and arguments.
    pub(super) array: &'a str,
    pub(super) name: EventName<'a>,
    /// The offset of the first argument in `array`, or 0 if there is none.
    pub(super) first: usize,
    pub(super) shape: Shape,
}

/// The name of an event, without quotes and escapes. A number is kept as written. An unpaired surrogate, which a `str`
/// cannot hold, becomes U+FFFD.
pub type EventName<'a> = Cow<'a, str>;

impl<'a> EventHead<'a> {
    /// Reads the array of an event without the header of a packet.
    pub(super) fn of_array(array: &'a str, attachments: usize) -> Result<Self, DecodeError> {
        let (name, first, shape) = scan_named(array).ok_or(DecodeError::InvalidPayload)?;
        if is_reserved(&name) {
            return Err(DecodeError::ReservedEvent);
        }
        Ok(Self { id: None, attachments, array, name, first, shape })
    }
}

impl EventHead<'_> {
    /// Returns the name of the event.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The reason a text is not a valid packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The first character is not a digit from 0 to 6.
    #[error("unknown packet type")]
    UnknownType,
    /// A binary packet has no attachment count, or a count of 0.
    #[error("invalid attachment count")]
    IllegalAttachments,
    /// A binary packet announces more attachments than allowed.
    #[error("too many attachments")]
    TooManyAttachments,
    /// The namespace is longer than the limit.
    #[error("namespace too long")]
    NamespaceTooLong,
    /// The ack id is missing or does not fit into 64 bits.
    #[error("invalid ack id")]
    IllegalId,
    /// The payload is missing, is not valid JSON, or is not of the kind that the packet's type requires.
    #[error("invalid payload")]
    InvalidPayload,
    /// The name of the event is reserved by the protocol.
    #[error("reserved event name")]
    ReservedEvent,
}

/// Reads `<type>[<attachments>-][<namespace>,][<id>][payload]`, the text of a packet without the `4` of its Engine.IO
/// packet.
///
/// # Errors
///
/// Returns an error if the text is not a valid packet. The connection cannot continue after it.
///
/// ```
/// use socketio_core::packet::{PacketKind, decode};
///
/// let packet = decode(r#"2/chat,7["message","hi"]"#, 10).unwrap();
/// let PacketKind::Event(event) = packet.kind else { panic!("an event") };
/// assert_eq!((packet.namespace, event.name()), ("/chat", "message"));
/// ```
pub fn decode(text: &str, max_attachments: usize) -> Result<Packet<'_>, DecodeError> {
    Revision::V4.decode(text, max_attachments)
}

/// A packet whose header has been read, in the format of any revision, and whose payload has not been checked.
#[derive(Debug)]
pub(crate) struct Unchecked<'a> {
    pub(crate) kind: Kind,
    pub(crate) attachments: usize,
    pub(crate) namespace: &'a str,
    pub(crate) id: Option<AckId>,
    pub(crate) payload: &'a str,
}

/// The kind of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Connect,
    Disconnect,
    Event,
    Ack,
    ConnectError,
}

impl<'a> Unchecked<'a> {
    /// Checks the payload and returns the packet if it is the JSON that its kind requires.
    #[inline]
    pub(crate) fn check(self) -> Result<Packet<'a>, DecodeError> {
        let Self { kind, attachments, namespace, id, payload } = self;
        let kind = match kind {
            Kind::Connect => PacketKind::Connect { auth: take_object(payload)? },
            Kind::Disconnect if payload.is_empty() => PacketKind::Disconnect,
            Kind::Event => {
                let (name, first, shape) = scan_event(payload)?;
                PacketKind::Event(EventHead { id, attachments, array: payload, name, first, shape })
            }
            Kind::Ack if is_array(payload) => {
                PacketKind::Ack { id: id.ok_or(DecodeError::IllegalId)?, attachments, args: payload }
            }
            Kind::ConnectError if payload.starts_with(['{', '"']) && is_json(payload) => {
                PacketKind::ConnectError { data: payload }
            }
            Kind::Disconnect | Kind::Ack | Kind::ConnectError => return Err(DecodeError::InvalidPayload),
        };
        Ok(Packet { namespace, kind })
    }
}

fn take_object(rest: &str) -> Result<Option<&str>, DecodeError> {
    match rest {
        "" => Ok(None),
        object if object.starts_with('{') && is_json(object) => Ok(Some(object)),
        _ => Err(DecodeError::InvalidPayload),
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Returns `true` for a JSON array. Unlike [`is_json`], does not allocate a list of open brackets for an object in the
/// array.
fn is_array(text: &str) -> bool {
    if PlainArray::scan(text).is_some() {
        return true;
    }
    let mut json = serde_json::Deserializer::from_str(text);
    text.starts_with('[') && json.deserialize_seq(IgnoredAny).and_then(|_| json.end()).is_ok()
}

/// Checks the array of an event. Returns its name, and the offset (or 0) and the shape of its first argument.
fn scan_event(array: &str) -> Result<(EventName<'_>, usize, Shape), DecodeError> {
    if let Some(PlainArray { name_end, second, shape }) = PlainArray::scan(array) {
        let name = &array[2..name_end];
        return if is_reserved(name) {
            Err(DecodeError::ReservedEvent)
        } else {
            Ok((name.into(), second, shape))
        };
    }
    let event = scan_any(array).ok_or(DecodeError::InvalidPayload)?;
    if is_reserved(&event.0) { Err(DecodeError::ReservedEvent) } else { Ok(event) }
}

/// Checks an array that begins with a name, which may be reserved. Returns what [`scan_event`] does.
pub(super) fn scan_named(array: &str) -> Option<(EventName<'_>, usize, Shape)> {
    match PlainArray::scan(array) {
        Some(PlainArray { name_end, second, shape }) => Some((array[2..name_end].into(), second, shape)),
        None => scan_any(array),
    }
}

/// Does the same for an array of any form. Rare, and kept out of line so that the plain form stays short.
#[cold]
fn scan_any(array: &str) -> Option<(EventName<'_>, usize, Shape)> {
    if !is_array(array) {
        return None;
    }
    // The text is valid JSON from here on.
    let start = array.len() - array[1..].trim_ascii_start().len();
    let (end, name) = match array.as_bytes()[start] {
        b'"' => {
            let mut name = Cursor::new(&array[start..]);
            let text = name.take_string()?.text();
            (start + name.position(), text)
        }
        b'0'..=b'9' | b'-' => {
            let length = array[start..].bytes().take_while(|byte| !b",] \t\n\r".contains(byte)).count();
            (start + length, Cow::Borrowed(&array[start..start + length]))
        }
        _ => return None,
    };
    let comma = array[end..].trim_ascii_start().strip_prefix(',');
    Some((name, comma.map_or(0, |rest| array.len() - rest.len()), Shape::Any))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event<'a>(
        id: Option<u64>,
        attachments: usize,
        name: &'a str,
        array: &'a str,
        first: usize,
    ) -> PacketKind<'a> {
        let shape = PlainArray::scan(array).map_or(Shape::Any, |plain| plain.shape);
        PacketKind::Event(EventHead {
            id: id.map(AckId),
            attachments,
            array,
            name: name.into(),
            first,
            shape,
        })
    }

    #[test]
    fn every_packet_of_a_client() {
        let cases = [
            ("0", "/", PacketKind::Connect { auth: None }),
            (r#"0{"token":"x"}"#, "/", PacketKind::Connect { auth: Some(r#"{"token":"x"}"#) }),
            ("0/admin,", "/admin", PacketKind::Connect { auth: None }),
            ("0/admin", "/admin", PacketKind::Connect { auth: None }),
            ("0/admin?x=1,", "/admin?x=1", PacketKind::Connect { auth: None }),
            (r#"0/admin,{"a":1}"#, "/admin", PacketKind::Connect { auth: Some(r#"{"a":1}"#) }),
            ("1", "/", PacketKind::Disconnect),
            ("1/admin,", "/admin", PacketKind::Disconnect),
            (r#"2["foo",1]"#, "/", event(None, 0, "foo", r#"["foo",1]"#, 7)),
            (r#"2/admin,13["foo"]"#, "/admin", event(Some(13), 0, "foo", r#"["foo"]"#, 0)),
            (r#"20["foo"]"#, "/", event(Some(0), 0, "foo", r#"["foo"]"#, 0)),
            (r#"2[1,"x"]"#, "/", event(None, 0, "1", r#"[1,"x"]"#, 3)),
            (r#"2[ "é" , null ]"#, "/", event(None, 0, "é", r#"[ "é" , null ]"#, 8)),
            (r#"2["a,b"]"#, "/", event(None, 0, "a,b", r#"["a,b"]"#, 0)),
            (r#"2["a\"\\\n\u20ac",2]"#, "/", event(None, 0, "a\"\\\n€", r#"["a\"\\\n\u20ac",2]"#, 17)),
            (r#"2["a \ud83d","\ude00"]"#, "/", event(None, 0, "a \u{fffd}", r#"["a \ud83d","\ude00"]"#, 12)),
            (r#"0{"name":"\ud83d"}"#, "/", PacketKind::Connect { auth: Some(r#"{"name":"\ud83d"}"#) }),
            (
                r#"51-["a",{"_placeholder":true,"num":0}]"#,
                "/",
                event(None, 1, "a", r#"["a",{"_placeholder":true,"num":0}]"#, 5),
            ),
            (
                "3/admin,13[\"bar\"]",
                "/admin",
                PacketKind::Ack { id: AckId(13), attachments: 0, args: "[\"bar\"]" },
            ),
            ("30[]", "/", PacketKind::Ack { id: AckId(0), attachments: 0, args: "[]" }),
            ("61-15[1]", "/", PacketKind::Ack { id: AckId(15), attachments: 1, args: "[1]" }),
            (r#"4{"message":"x"}"#, "/", PacketKind::ConnectError { data: r#"{"message":"x"}"# }),
        ];
        for (text, namespace, kind) in cases {
            assert_eq!(decode(text, 10), Ok(Packet { namespace, kind }), "{text}");
        }
    }

    #[test]
    fn what_is_no_packet() {
        use DecodeError::*;
        let cases = [
            ("", UnknownType),
            ("7", UnknownType),
            ("€", UnknownType),
            ("2", InvalidPayload),
            ("2[]", InvalidPayload),
            ("2{}", InvalidPayload),
            (r#"2["a""#, InvalidPayload),
            (r#"2["a"]]"#, InvalidPayload),
            (r#"2["a",]"#, InvalidPayload),
            (r#"2["a",nope]"#, InvalidPayload),
            (r#"2[null]"#, InvalidPayload),
            (r#"2[true]"#, InvalidPayload),
            (r#"2[["a"]]"#, InvalidPayload),
            (r#"2[{"toString":"foo"}]"#, InvalidPayload),
            (r#"2["connect"]"#, ReservedEvent),
            (r#"2["disconnecting"]"#, ReservedEvent),
            (r#"2["\u0063onnect"]"#, ReservedEvent),
            ("0[]", InvalidPayload),
            ("0{", InvalidPayload),
            ("0\"x\"", InvalidPayload),
            ("1{}", InvalidPayload),
            ("3[]", IllegalId),
            ("30{}", InvalidPayload),
            ("30", InvalidPayload),
            ("4[]", InvalidPayload),
            (r#"5["a"]"#, IllegalAttachments),
            (r#"5-["a"]"#, IllegalAttachments),
            (r#"50-["a"]"#, IllegalAttachments),
            (r#"51["a"]"#, IllegalAttachments),
            (r#"51.2-["a"]"#, IllegalAttachments),
            (r#"5-1-["a"]"#, IllegalAttachments),
            ("60-1[]", IllegalAttachments),
            (r#"511-["a"]"#, TooManyAttachments),
            (r#"2184467440737095516160["a"]"#, IllegalId),
        ];
        for (text, error) in cases {
            assert_eq!(decode(text, 10), Err(error), "{text}");
        }
    }

    #[test]
    fn long_runs_are_rejected_in_linear_time() {
        let digits = "1".repeat(10_000_000);
        assert_eq!(decode(&format!("5{digits}-[]"), 10), Err(DecodeError::IllegalAttachments));
        assert_eq!(decode(&format!("2{digits}[]"), 10), Err(DecodeError::IllegalId));
        assert_eq!(decode(&format!("0/{digits},"), 10), Err(DecodeError::NamespaceTooLong));
        let deep = "[".repeat(1_000_000);
        assert_eq!(decode(&format!("2[\"a\",{deep}"), 10), Err(DecodeError::InvalidPayload));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "[0-6]?[0-9/,\\-]{0,6}\\PC{0,40}", any in ".{0,40}") {
            let _ = decode(&text, 10);
            let _ = decode(&any, 10);
        }
    }
}
