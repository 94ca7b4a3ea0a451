use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::BASE64;
use serde::Serialize;
use serde_json::ser::Formatter;

use crate::Message;
use crate::packet::{SerializeError, placeholders_are_valid};

mod argument;
#[cfg(feature = "cluster")]
pub(crate) use argument::write_bytes;
pub(crate) use argument::write_string;

/// A packet encoded once: its text and its attachments, framed so that a broadcast to any number of sockets on any
/// transport copies only a pointer.
///
/// The bytes are laid out as they are sent over a WebSocket, because the frames of a server are not masked and are the
/// same for every client ([RFC 6455 §5.1]): `[header][text]([header][attachment])*`. Polling payloads are built from
/// [`text`](Self::text) and [`attachments`](Self::attachments).
///
/// Cloning is cheap.
///
/// [RFC 6455 §5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.1
#[derive(Clone)]
pub struct Encoded {
    frames: Arc<[u8]>,
    text: u32,
    /// The offset of the JSON in `frames`.
    json: u32,
    text_end: u32,
    attachments: u32,
}

impl Encoded {
    /// Creates an Engine.IO packet without attachments, such as `2` or `3probe`.
    pub fn text_only(text: &str) -> Self {
        let (header, length) = frame_header(TEXT, text.len());
        let frames = [&header[..length], text.as_bytes()].concat();
        Self {
            frames: frames.into(),
            text: length as u32,
            json: length as u32,
            text_end: (length + text.len()) as u32,
            attachments: 0,
        }
    }

    /// Creates a binary message without a text packet before it.
    pub(crate) fn binary_only(bytes: &[u8]) -> Self {
        let mut frames = AttachmentFrames::default();
        frames.push(bytes);
        Self { frames: frames.bytes.into(), text: 0, json: 0, text_end: 0, attachments: 1 }
    }

    /// Returns the text packet, starting with the digit of its Engine.IO type. The text is valid UTF-8, and empty for a
    /// binary [message](Self::message).
    ///
    /// ```
    /// use socketio_core::packet::Encoder;
    ///
    /// let packet = Encoder::default().event("/", "file", &bytes::Bytes::from_static(&[1, 2]), None).unwrap();
    /// assert_eq!(packet.text(), br#"451-["file",{"_placeholder":true,"num":0}]"#);
    /// ```
    pub fn text(&self) -> &[u8] {
        &self.frames[self.text as usize..self.text_end as usize]
    }

    /// Returns the JSON array of an event (its name and arguments) or of an ack, without the packet header, which
    /// depends on the receiver. Returns `None` for other packets. Use this to write the same event for another
    /// receiver, in another format or on another node, without serializing again.
    ///
    /// ```
    /// use socketio_core::packet::{AckId, Encoder};
    ///
    /// let packet = Encoder::default().event("/chat", "message", "hi", Some(AckId(7))).unwrap();
    /// assert_eq!(packet.text(), br#"42/chat,7["message","hi"]"#);
    /// assert_eq!(packet.array(), Some(r#"["message","hi"]"#));
    /// ```
    pub fn array(&self) -> Option<&str> {
        let json = &self.frames[self.json as usize..self.text_end as usize];
        // Only events and acks have a JSON array as payload. A raw message has no header and may contain anything.
        let has_head = self.json > self.text + 1;
        std::str::from_utf8(json).ok().filter(|json| has_head && json.starts_with('['))
    }

    /// Returns the binary messages that follow the text, in order.
    ///
    /// ```
    /// use socketio_core::packet::Encoder;
    ///
    /// let packet = Encoder::default().event("/", "file", &bytes::Bytes::from_static(&[1, 2]), None).unwrap();
    /// assert!(packet.attachments().eq([&[1, 2][..]]));
    /// ```
    pub fn attachments(&self) -> Attachments<'_> {
        Attachments { frames: &self.frames[self.text_end as usize..] }
    }

    /// Returns the packet as WebSocket messages, in order, for drivers whose library writes the frames. The contents
    /// are copied.
    ///
    /// ```
    /// use socketio_core::Message;
    /// use socketio_core::packet::Encoder;
    ///
    /// let packet = Encoder::default().event("/", "file", &bytes::Bytes::from_static(&[1, 2]), None).unwrap();
    /// let messages: Vec<Message> = packet.messages().collect();
    /// assert_eq!(messages[1], Message::Binary(vec![1, 2].into()));
    /// ```
    pub fn messages(&self) -> impl Iterator<Item = Message> {
        let mut frames = Attachments { frames: &self.frames };
        std::iter::from_fn(move || {
            let opcode = *frames.frames.first()?;
            let payload = frames.next()?;
            Some(match opcode {
                TEXT => Message::Text(String::from_utf8_lossy(payload).into_owned().into()),
                _ => Message::Binary(Bytes::copy_from_slice(payload)),
            })
        })
    }

    /// Returns the number of Engine.IO packets: the text and its attachments.
    pub fn packets(&self) -> usize {
        usize::from(self.text > 0) + self.attachments as usize
    }

    /// Returns `true` if the packet has attachments.
    pub(crate) fn is_binary(&self) -> bool {
        self.attachments > 0
    }

    /// Returns the packet as server-to-client WebSocket frames, ready to be written.
    ///
    /// ```
    /// use socketio_core::Encoded;
    ///
    /// assert_eq!(Encoded::text_only("3").websocket(), [0x81, 1, b'3']);
    /// ```
    pub fn websocket(&self) -> &[u8] {
        &self.frames
    }

    /// Returns the packet for a client that cannot receive binary messages: each attachment follows as a text message
    /// of `letter` and base64. Only the WebSocket form of the result is used.
    pub(crate) fn to_base64(&self, letter: u8) -> Self {
        let mut frames = self.frames[..self.text_end as usize].to_vec();
        for attachment in self.attachments() {
            let length = 1 + BASE64.encode_len(attachment.len());
            let (header, used) = frame_header(TEXT, length);
            frames.extend_from_slice(&header[..used]);
            frames.push(letter);
            let start = frames.len();
            frames.resize(start + length - 1, 0);
            BASE64.encode_mut(attachment, &mut frames[start..]);
        }
        Self { frames: frames.into(), ..*self }
    }

    /// The memory used by a queued packet beyond its own bytes, in bytes: a block with its reference counts, and an
    /// entry of a queue that grows by doubling.
    pub const OVERHEAD: usize = 96;

    /// Returns the size of the packet that counts towards the limits of a session, in bytes: its frames plus
    /// [`OVERHEAD`](Self::OVERHEAD).
    pub fn size(&self) -> usize {
        self.frames.len() + Self::OVERHEAD
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded")
            .field("text", &String::from_utf8_lossy(self.text()))
            .field("attachments", &self.attachments)
            .finish_non_exhaustive()
    }
}

/// The attachments of an [`Encoded`] packet.
#[derive(Debug, Clone)]
pub struct Attachments<'a> {
    frames: &'a [u8],
}

impl<'a> Iterator for Attachments<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (header, length) = match *self.frames {
            [] => return None,
            [_, 126, a, b, ..] => (4, usize::from(u16::from_be_bytes([a, b]))),
            [_, 127, a, b, c, d, e, f, g, h, ..] => {
                (10, u64::from_be_bytes([a, b, c, d, e, f, g, h]) as usize)
            }
            [_, length, ..] => (2, usize::from(length)),
            [_] => unreachable!("frames are written whole"),
        };
        let (frame, rest) = self.frames.split_at(header + length);
        self.frames = rest;
        Some(&frame[header..])
    }
}

/// A buffer in which a packet is written before it becomes an [`Encoded`]: the payload first, then the header in the
/// space reserved before it, because the header depends on the payload.
///
/// Meant to be reused: its buffers grow to the largest packet seen, up to [`MAX_RETAINED`](Self::MAX_RETAINED).
#[derive(Default)]
pub(crate) struct EncodedBuffer {
    text: Vec<u8>,
    /// The offset of the text.
    start: usize,
    /// The offset of the part that was not [prepended](Self::prepend).
    json: usize,
    attachments: AttachmentFrames,
}

impl EncodedBuffer {
    /// The capacity in bytes above which a buffer is shrunk after use.
    const MAX_RETAINED: usize = 64 * 1024;

    /// Begins a packet, reserving `room` bytes for parts to be [prepended](Self::prepend).
    pub(crate) fn begin(&mut self, room: usize) {
        self.clear();
        self.start = HEADROOM + room;
        self.json = self.start;
        self.text.resize(self.start, 0);
    }

    /// Returns the text, to be appended to.
    pub(crate) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Appends a string as JSON.
    pub(crate) fn write_string(&mut self, value: &str) {
        write_string(&mut self.text, value);
    }

    /// Appends a value as JSON; its binary parts become attachments.
    pub(crate) fn serialize<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerializeError> {
        argument::write(&mut self.text, &mut self.attachments, value).map_err(SerializeError::from)
    }

    /// Appends a placeholder and its attachment.
    pub(crate) fn attach(&mut self, attachment: &[u8]) {
        let written = (&mut self.attachments).write_byte_array(&mut self.text, attachment);
        debug_assert!(written.is_ok(), "memory does not fail");
    }

    /// Returns `true` if every placeholder refers to an attachment of this packet. Without attachments, receivers do
    /// not look for placeholders.
    pub(crate) fn placeholders_are_valid(&self) -> bool {
        let (count, text) = (self.count() as usize, &self.text[self.start..]);
        let json = || std::str::from_utf8(text);
        count == 0
            || has_only_own_placeholders(text, count)
            || json().is_ok_and(|json| placeholders_are_valid(json, count))
    }

    /// Writes `part` before the text. There must be enough reserved space.
    pub(crate) fn prepend(&mut self, part: &[u8]) {
        let start = self.start - part.len();
        self.text[start..self.start].copy_from_slice(part);
        self.start = start;
    }

    /// Returns the number of attachments.
    pub(crate) fn count(&self) -> u32 {
        self.attachments.count
    }

    /// Returns the number of bytes written.
    pub(crate) fn len(&self) -> usize {
        self.text.len() + self.attachments.bytes.len()
    }

    /// Discards the contents.
    pub(crate) fn clear(&mut self) {
        for buffer in [&mut self.text, &mut self.attachments.bytes] {
            buffer.clear();
            buffer.shrink_to(Self::MAX_RETAINED);
        }
        self.attachments.count = 0;
    }

    /// Returns the packet and resets the buffer.
    pub(crate) fn finish(&mut self) -> Encoded {
        let text_length = self.text.len() - self.start;
        let (header, length) = frame_header(TEXT, text_length);
        self.prepend(&header[..length]);
        self.text.extend_from_slice(&self.attachments.bytes);
        let encoded = Encoded {
            frames: Arc::from(&self.text[self.start..]),
            text: length as u32,
            json: (self.json - self.start) as u32,
            text_end: (length + text_length) as u32,
            attachments: self.attachments.count,
        };
        self.clear();
        encoded
    }
}

impl fmt::Debug for EncodedBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodedBuffer").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// The attachments, each with the header of its frame.
#[derive(Default)]
struct AttachmentFrames {
    bytes: Vec<u8>,
    count: u32,
}

/// Returns `true` if a JSON text contains exactly `count` placeholder keys, all unescaped. Each attachment has written
/// one.
fn has_only_own_placeholders(text: &[u8], count: usize) -> bool {
    let mut marks = 0;
    for at in memchr::memchr2_iter(b'_', b'\\', text) {
        match text[at..] {
            // The key of a placeholder may be written with escapes.
            [b'\\', b'u', ..] => return false,
            ref rest => marks += usize::from(rest.starts_with(b"_placeholder\"")),
        }
    }
    marks == count
}

/// Formats JSON as usual, except that bytes become attachments and leave placeholders.
impl Formatter for &mut AttachmentFrames {
    fn write_byte_array<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: &[u8]) -> io::Result<()> {
        writer.write_all(br#"{"_placeholder":true,"num":"#)?;
        match u8::try_from(self.count) {
            Ok(digit @ 0..=9) => writer.write_all(&[b'0' + digit])?,
            _ => write!(writer, "{}", self.count)?,
        }
        writer.write_all(b"}")?;
        self.push(value);
        Ok(())
    }
}

impl AttachmentFrames {
    fn push(&mut self, value: &[u8]) {
        let (header, length) = frame_header(BINARY, value.len());
        self.bytes.extend_from_slice(&header[..length]);
        self.bytes.extend_from_slice(value);
        self.count += 1;
    }
}

/// The length of the longest header of an unmasked frame.
const HEADROOM: usize = 10;
/// FIN and the opcode of a text frame, RFC 6455 §5.2.
const TEXT: u8 = 0x81;
/// FIN and the opcode of a binary frame.
const BINARY: u8 = 0x82;

/// Returns the header of an unmasked frame, and its length in bytes (RFC 6455 §5.2).
fn frame_header(opcode: u8, length: usize) -> ([u8; HEADROOM], usize) {
    let mut header = [0; HEADROOM];
    header[0] = opcode;
    let used = match length {
        0..=125 => {
            header[1] = length as u8;
            2
        }
        126..=0xffff => {
            header[1] = 126;
            header[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            4
        }
        _ => {
            header[1] = 127;
            header[2..10].copy_from_slice(&(length as u64).to_be_bytes());
            10
        }
    };
    (header, used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SocketId;
    use crate::packet::{AckId, Encoder};

    #[test]
    fn events_and_acks_know_where_their_array_begins() {
        let mut encoder = Encoder::default();
        let bytes = Bytes::from_static(&[1, 2, 3]);
        let binary = r#"["a",{"_placeholder":true,"num":0}]"#;
        for (namespace, id) in
            [("/", None), ("/chat", None), ("/", Some(AckId(7))), ("/chat", Some(AckId(700)))]
        {
            let event = encoder.event(namespace, "a", &1, id).unwrap();
            assert_eq!(event.array(), Some(r#"["a",1]"#));
            assert_eq!(encoder.event(namespace, "a", &bytes, id).unwrap().array(), Some(binary));
            assert_eq!(encoder.ack(namespace, AckId(7), &1).unwrap().array(), Some("[1]"));
        }
        let sid = SocketId::from_entropy([0; 15]);
        for other in [
            encoder.connect("/chat", &sid),
            encoder.disconnect("/chat"),
            encoder.connect_error("/chat", "no", None),
            Encoded::message(&Message::Text("[1]".into())),
            Encoded::message(&Message::Text("2[1]".into())),
            Encoded::message(&Message::Binary(bytes)),
        ] {
            assert_eq!(other.array(), None, "{other:?}");
        }
    }

    #[test]
    fn frames_follow_rfc_6455_at_every_length_form() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
            let text = "x".repeat(length);
            let encoded = Encoded::text_only(&text);
            assert_eq!(encoded.text(), text.as_bytes());
            let (header, used) = frame_header(TEXT, length);
            assert_eq!(encoded.websocket()[..used], header[..used]);
            assert_eq!(encoded.websocket().len(), used + length);
        }
        assert_eq!(Encoded::text_only("2").websocket(), [0x81, 1, b'2']);
    }

    fn encoded(text: &str, attachments: &[Vec<u8>]) -> Encoded {
        let mut buffer = EncodedBuffer::default();
        buffer.begin(0);
        buffer.text().extend_from_slice(text.as_bytes());
        for attachment in attachments {
            (&mut buffer.attachments).write_byte_array(&mut Vec::new(), attachment).unwrap();
        }
        buffer.finish()
    }

    #[test]
    fn base64_turns_attachments_into_text_frames() {
        let encoded = encoded("451-[\"a\"]", &[vec![1, 2, 3, 4]]).to_base64(b'b');
        assert_eq!(encoded.websocket(), b"\x81\x09451-[\"a\"]\x81\x09bAQIDBA==");
    }

    #[test]
    fn messages_are_the_frames_without_their_headers() {
        let packet = encoded("451-[\"a\"]", &[vec![1; 200], vec![]]);
        let text = || Message::Text("451-[\"a\"]".into());
        let binary = [Message::Binary(vec![1; 200].into()), Message::Binary(Bytes::new())];
        assert!(packet.messages().eq([text()].into_iter().chain(binary)));
        let base64 = packet.to_base64(b'b');
        assert!(base64.messages().all(|message| matches!(message, Message::Text(_))));
    }

    #[test]
    fn attachments_come_back_in_order() {
        let parts = [vec![], vec![1; 125], vec![2; 126], vec![3; 70_000]];
        let encoded = encoded("454-[\"a\"]", &parts);
        assert_eq!(encoded.packets(), 5);
        assert!(encoded.attachments().eq(parts.iter().map(Vec::as_slice)));
    }
}
