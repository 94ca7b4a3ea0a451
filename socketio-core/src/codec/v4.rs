//! Engine.IO 4 with Socket.IO 5. Queued packets are stored in this form.

use std::fmt::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;

#[cfg(feature = "client")]
pub(super) mod client;

use super::{Control, Malformed, Packet};
use crate::encoded::EncodedBuffer;
use crate::packet::{self, AckId, DecodeError, Encoder, Kind, MESSAGE, RawJson, Unchecked};
use crate::{Config, Encoded, Message, Sid, SocketId, Transport};

/// Writes `0` and an object with exactly five keys, whose number the tests of the protocol check.
pub(super) fn open(sid: &Sid, transport: Transport, config: &Config) -> Encoded {
    let upgrades = Upgrades { from: transport, config };
    let mut text = String::with_capacity(OPEN_CAPACITY);
    let written = write!(
        text,
        "0{{\"sid\":\"{}\",\"upgrades\":[{upgrades}],\"pingInterval\":{},\"pingTimeout\":{},\"maxPayload\":{}}}",
        sid.expose(),
        millis(config.ping_interval),
        millis(config.ping_timeout),
        config.max_payload,
    );
    debug_assert!(written.is_ok(), "memory does not fail");
    Encoded::text_only(&text)
}

/// Enough for an [OPEN packet](open) with the usual settings, which has 118 bytes.
const OPEN_CAPACITY: usize = 128;

/// The names of the transports to which a session may move, as the elements of an array.
struct Upgrades<'a> {
    from: Transport,
    config: &'a Config,
}

impl fmt::Display for Upgrades<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, to) in self.config.upgrades(self.from).enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}\"{}\"", to.name())?;
        }
        Ok(())
    }
}

pub(super) fn ping() -> Encoded {
    Encoded::text_only(PING)
}

/// Returns `true` for a ping. Packets of the application begin with `4`, so none of them is mistaken for one.
pub(super) fn is_ping(packet: &Encoded) -> bool {
    packet.text() == PING.as_bytes()
}

/// Clients of this revision do not ping, except to probe a transport: see [`probe_answer`].
pub(super) fn pong() -> Encoded {
    Encoded::text_only("3")
}

pub(super) fn probe_answer() -> Encoded {
    Encoded::text_only("3probe")
}

pub(super) const fn control(control: Control) -> &'static [u8] {
    match control {
        Control::Noop => b"6",
        Control::Close => b"1",
    }
}

pub(super) fn message(message: &Message) -> Encoded {
    match message {
        Message::Text(text) => {
            let mut buffer = EncodedBuffer::default();
            buffer.begin(1);
            buffer.text().extend_from_slice(text.as_bytes());
            buffer.prepend(&[MESSAGE]);
            buffer.finish()
        }
        Message::Binary(bytes) => Encoded::binary_only(bytes),
    }
}

pub(super) fn length(packet: &Encoded) -> usize {
    let attachments = packet.attachments().map(|attachment| BASE64.encode_len(attachment.len()) + 2);
    packet.text().len() + 1 + attachments.sum::<usize>()
}

pub(super) fn append(packet: &Encoded, body: &mut Vec<u8>) {
    if !packet.text().is_empty() {
        separate(body);
        body.extend_from_slice(packet.text());
    }
    for attachment in packet.attachments() {
        separate(body);
        body.push(BINARY);
        let start = body.len();
        body.resize(start + BASE64.encode_len(attachment.len()), 0);
        BASE64.encode_mut(attachment, &mut body[start..]);
    }
}

pub(super) fn read_first(body: &str) -> (Result<Packet<'_>, Malformed>, Option<&str>) {
    match memchr::memchr(SEPARATOR, body.as_bytes()) {
        Some(end) => (read_text(&body[..end]), Some(&body[end + 1..])),
        None => (read_text(body), None),
    }
}

/// `b` and base64 is a binary message on every transport: clients that force base64 also send it over a WebSocket.
#[inline]
pub(super) fn read_text(text: &str) -> Result<Packet<'_>, Malformed> {
    Ok(match *text.as_bytes() {
        [MESSAGE, ..] => Packet::Text(&text[1..]),
        [BINARY, ref base64 @ ..] => {
            let bytes = BASE64.decode(base64).map_err(|_| Malformed)?;
            Packet::Binary(Bytes::from(bytes))
        }
        [b'0', ..] => Packet::Open(&text[1..]),
        [b'1', ..] => Packet::Close,
        [b'2', ref data @ ..] => Packet::Ping { probe: data == b"probe" },
        [b'3', ref data @ ..] => Packet::Pong { probe: data == b"probe" },
        [b'5', ..] => Packet::Upgrade,
        [b'6', ..] => Packet::Noop,
        _ => return Err(Malformed),
    })
}

/// A binary message has no framing of its own.
pub(super) fn read_binary(message: Bytes) -> Result<Bytes, Malformed> {
    Ok(message)
}

#[inline]
pub(super) fn for_stream(packet: Encoded, base64: bool) -> Encoded {
    if base64 && packet.is_binary() { packet.to_base64(BINARY) } else { packet }
}

/// Reads `<type>[<attachments>-][<namespace>,][<id>][payload]`.
pub(super) fn decode(text: &str, max_attachments: usize) -> Result<packet::Packet<'_>, DecodeError> {
    let (kind, binary) = match text.as_bytes().first() {
        Some(b'0') => (Kind::Connect, false),
        Some(b'1') => (Kind::Disconnect, false),
        Some(b'2') => (Kind::Event, false),
        Some(b'3') => (Kind::Ack, false),
        Some(b'4') => (Kind::ConnectError, false),
        Some(b'5') => (Kind::Event, true),
        Some(b'6') => (Kind::Ack, true),
        _ => return Err(DecodeError::UnknownType),
    };
    // JSON may end in white space.
    let mut rest = text[1..].trim_ascii_end();
    let attachments = if binary { take_attachments(&mut rest, max_attachments)? } else { 0 };
    let namespace = take_namespace(&mut rest)?;
    let id = take_id(&mut rest)?;
    Unchecked { kind, attachments, namespace, id, payload: rest }.check()
}

pub(super) fn connect(namespace: &str, id: &SocketId) -> Encoded {
    Encoder::default().connect(namespace, id)
}

pub(super) fn connect_error(namespace: &str, message: &str, data: Option<&RawJson>) -> Encoded {
    Encoder::default().connect_error(namespace, message, data)
}

pub(super) fn disconnect(namespace: &str) -> Encoded {
    Encoder::default().disconnect(namespace)
}

/// Reads `<digits>-`, at least 1: with a count of 0 the decoder would wait forever (CVE-2026-69185).
fn take_attachments(rest: &mut &str, max: usize) -> Result<usize, DecodeError> {
    let (digits, after) = split_digits(rest, MAX_COUNT_DIGITS);
    let count = digits.parse().unwrap_or(0);
    if count == 0 || !after.starts_with('-') {
        return Err(DecodeError::IllegalAttachments);
    }
    if count > max {
        return Err(DecodeError::TooManyAttachments);
    }
    *rest = &after[1..];
    Ok(count)
}

fn take_namespace<'a>(rest: &mut &'a str) -> Result<&'a str, DecodeError> {
    if !rest.starts_with('/') {
        return Ok("/");
    }
    let window = &rest.as_bytes()[..rest.len().min(MAX_NAMESPACE + 1)];
    match window.iter().position(|byte| *byte == b',') {
        Some(comma) => {
            let namespace = &rest[..comma];
            *rest = &rest[comma + 1..];
            Ok(namespace)
        }
        None if rest.len() <= MAX_NAMESPACE => Ok(std::mem::take(rest)),
        None => Err(DecodeError::NamespaceTooLong),
    }
}

fn take_id(rest: &mut &str) -> Result<Option<AckId>, DecodeError> {
    let (digits, after) = split_digits(rest, MAX_ID_DIGITS);
    if digits.is_empty() {
        return Ok(None);
    }
    *rest = after;
    digits.parse().map(|id| Some(AckId(id))).map_err(|_| DecodeError::IllegalId)
}

/// Splits off the leading digits, at most `max + 1` of them: a longer run is invalid anyway.
fn split_digits(text: &str, max: usize) -> (&str, &str) {
    let window = &text.as_bytes()[..text.len().min(max + 1)];
    let digits = window.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(window.len());
    text.split_at(digits)
}

/// JavaScript timers wrap above `i32::MAX` milliseconds and fire at once.
fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX).min(i32::MAX as u32)
}

fn separate(body: &mut Vec<u8>) {
    if !body.is_empty() {
        body.push(SEPARATOR);
    }
}

/// Returns `true` if the text of a packet is that of an event, with or without attachments.
pub(super) fn is_event(text: &[u8]) -> bool {
    matches!(text, [MESSAGE, b'2' | b'5', ..])
}

pub(super) const ACCEPTED: &[u8] = b"ok";
const PING: &str = "2";
/// The prefix of a binary message in base64.
const BINARY: u8 = b'b';
/// The ASCII record separator, between the packets of a body.
const SEPARATOR: u8 = 0x1e;
/// The maximum length of a namespace, in bytes. Namespaces are short paths.
const MAX_NAMESPACE: usize = 512;
/// `u64::MAX` has twenty digits.
const MAX_ID_DIGITS: usize = 20;
/// The maximum number of digits in the attachment count. Sensible bounds on attachments have fewer.
const MAX_COUNT_DIGITS: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_packet_is_as_the_node_server_writes_it() {
        let sid = "07HVrYzr_77H86xDAAAA".parse().unwrap();
        let config = Config::default();
        let tail = "\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}";
        let polling = open(&sid, Transport::Polling, &config);
        let expected = format!("0{{\"sid\":\"07HVrYzr_77H86xDAAAA\",\"upgrades\":[\"websocket\"],{tail}");
        assert_eq!(polling.text(), expected.as_bytes());
        let websocket = open(&sid, Transport::WebSocket, &config);
        let expected = format!("0{{\"sid\":\"07HVrYzr_77H86xDAAAA\",\"upgrades\":[],{tail}");
        assert_eq!(websocket.text(), expected.as_bytes());
    }

    #[test]
    fn every_type() {
        assert_eq!(read_text("0{}"), Ok(Packet::Open("{}")));
        assert_eq!(read_text("1"), Ok(Packet::Close));
        assert_eq!(read_text("2"), Ok(Packet::Ping { probe: false }));
        assert_eq!(read_text("2probe"), Ok(Packet::Ping { probe: true }));
        assert_eq!(read_text("3"), Ok(Packet::Pong { probe: false }));
        assert_eq!(read_text("3probe"), Ok(Packet::Pong { probe: true }));
        assert_eq!(read_text("4€"), Ok(Packet::Text("€")));
        assert_eq!(read_text("bAQIDBA=="), Ok(Packet::Binary(Bytes::from_static(&[1, 2, 3, 4]))));
        assert_eq!(read_text("b"), Ok(Packet::Binary(Bytes::new())));
        assert_eq!(read_text("5"), Ok(Packet::Upgrade));
        assert_eq!(read_text("6"), Ok(Packet::Noop));
    }

    #[test]
    fn what_is_no_packet() {
        for text in ["", "7", "abc", "€", "bAQID*A==", "bAQIDBA", "\u{1e}"] {
            assert_eq!(read_text(text), Err(Malformed), "{text:?}");
        }
    }

    #[test]
    fn binary_goes_as_base64() {
        let bytes = Bytes::from_static(&[1, 2, 3, 4]);
        let event = Encoder::default().event("/", "a", &bytes, None).unwrap();
        let message = message(&Message::Binary(bytes));
        let body = b"451-[\"a\",{\"_placeholder\":true,\"num\":0}]\x1ebAQIDBA==\x1ebAQIDBA==";
        assert_eq!(for_stream(message.clone(), true).websocket(), b"\x81\x09bAQIDBA==");
        assert_eq!(for_stream(message.clone(), false).websocket(), message.websocket());
        let mut written = Vec::new();
        append(&event, &mut written);
        append(&message, &mut written);
        assert_eq!(written, body);
        assert!(length(&event) + length(&message) >= written.len());
    }

    #[test]
    fn a_message_of_either_kind_is_one_packet() {
        for length in [0, 125, 126, 70_000] {
            let packet = message(&Message::Text("x".repeat(length).into()));
            assert_eq!((packet.packets(), packet.text().len()), (1, 1 + length));
            assert_eq!(packet.attachments().count(), 0);
            let binary = Message::Binary(vec![7; length].into());
            let packet = message(&binary);
            assert_eq!((packet.packets(), packet.text()), (1, &b""[..]));
            assert!(packet.attachments().eq([vec![7; length]]));
            assert!(packet.messages().eq([binary]));
        }
    }
}
