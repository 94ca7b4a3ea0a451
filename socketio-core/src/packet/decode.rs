use std::borrow::Cow;

use serde::Deserializer as _;
use serde::de::IgnoredAny;

use super::AckId;
use super::cursor::Cursor;
use crate::Revision;
use crate::namespace::is_reserved;

/// A Socket.IO packet, borrowed from its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The namespace, with its leading slash.
    pub namespace: &'a str,
    /// What it says.
    pub kind: PacketKind<'a>,
}

/// What a packet says. All JSON in it is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacketKind<'a> {
    /// The client asks to be connected.
    Connect {
        /// A JSON object.
        auth: Option<&'a str>,
    },
    /// The client leaves.
    Disconnect,
    /// An event.
    Event(EventHead<'a>),
    /// The answer to an event.
    Ack {
        /// The id of the event.
        id: AckId,
        /// How many binary messages follow that belong to it.
        attachments: usize,
        /// A JSON array.
        args: &'a str,
    },
    /// A refusal. No client sends it.
    ConnectError {
        /// A JSON object or string.
        data: &'a str,
    },
}

/// An event, but for its attachments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHead<'a> {
    /// Under which id the sender awaits an answer, if it does.
    pub id: Option<AckId>,
    /// How many binary messages follow that belong to it.
    pub attachments: usize,
    /// The JSON array of the name and the arguments.
    pub(super) array: &'a str,
    pub(super) name: EventName<'a>,
    /// Where in `array` the first argument begins; 0 if there is none.
    pub(super) first: usize,
}

/// The name of an event, without quotes and escapes. A number stands as it was written; half a surrogate pair, which no
/// `str` can hold, is U+FFFD.
pub type EventName<'a> = Cow<'a, str>;

impl EventHead<'_> {
    /// The name of the event.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Why a text is no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The first character is not a digit from 0 to 6.
    #[error("unknown packet type")]
    UnknownType,
    /// A binary packet does not say how many attachments it has, or says that it has none.
    #[error("illegal attachments")]
    IllegalAttachments,
    /// A binary packet announces more attachments than are allowed.
    #[error("too many attachments")]
    TooManyAttachments,
    /// The namespace is longer than any would be.
    #[error("namespace too long")]
    NamespaceTooLong,
    /// The id has more digits than a counter gets.
    #[error("illegal id")]
    IllegalId,
    /// The payload is missing, is no JSON, or not of the kind that the packet's type asks for.
    #[error("invalid payload")]
    InvalidPayload,
    /// The event has a name that is the protocol's own.
    #[error("reserved event name")]
    ReservedEvent,
}

/// Reads `<type>[<attachments>-][<namespace>,][<id>][payload]`, the text of a packet without the `4` of
/// its Engine.IO packet.
///
/// # Errors
///
/// What the client got wrong; there is no way on after it.
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

/// A packet whose head has been read, in whatever form it came, and whose payload is any text.
#[derive(Debug)]
pub(crate) struct Unchecked<'a> {
    pub(crate) kind: Kind,
    pub(crate) attachments: usize,
    pub(crate) namespace: &'a str,
    pub(crate) id: Option<AckId>,
    pub(crate) payload: &'a str,
}

/// The purpose of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Connect,
    Disconnect,
    Event,
    Ack,
    ConnectError,
}

impl<'a> Unchecked<'a> {
    /// Returns the packet if the payload is the JSON that its kind asks for.
    #[inline]
    pub(crate) fn check(self) -> Result<Packet<'a>, DecodeError> {
        let Self { kind, attachments, namespace, id, payload } = self;
        let kind = match kind {
            Kind::Connect => PacketKind::Connect { auth: take_object(payload)? },
            Kind::Disconnect if payload.is_empty() => PacketKind::Disconnect,
            Kind::Event => {
                let (name, first) = scan_event(payload)?;
                PacketKind::Event(EventHead { id, attachments, array: payload, name, first })
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

/// Like [`is_json`], but without the list of open brackets that it would allocate for an object in the array.
fn is_array(text: &str) -> bool {
    let mut json = serde_json::Deserializer::from_str(text);
    text.starts_with('[') && json.deserialize_seq(IgnoredAny).and_then(|_| json.end()).is_ok()
}

/// Checks the array of an event; gives its name, and where its first argument begins.
fn scan_event(array: &str) -> Result<(EventName<'_>, usize), DecodeError> {
    if !is_array(array) {
        return Err(DecodeError::InvalidPayload);
    }
    // From here on it is JSON: an element ends where it ends.
    let start = array.len() - array[1..].trim_ascii_start().len();
    let (end, name) = match array.as_bytes()[start] {
        b'"' => {
            let mut name = Cursor::new(&array[start..]);
            let text = name.take_string().ok_or(DecodeError::InvalidPayload)?.text();
            (start + name.position(), text)
        }
        b'0'..=b'9' | b'-' => {
            let length = array[start..].bytes().take_while(|byte| !b",] \t\n\r".contains(byte)).count();
            (start + length, Cow::Borrowed(&array[start..start + length]))
        }
        _ => return Err(DecodeError::InvalidPayload),
    };
    if is_reserved(&name) {
        return Err(DecodeError::ReservedEvent);
    }
    let comma = array[end..].trim_ascii_start().strip_prefix(',');
    Ok((name, comma.map_or(0, |rest| array.len() - rest.len())))
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
        PacketKind::Event(EventHead { id: id.map(AckId), attachments, array, name: name.into(), first })
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
    fn long_runs_are_refused_in_linear_time() {
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
