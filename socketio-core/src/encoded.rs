use std::fmt;
use std::sync::Arc;

use data_encoding::BASE64;

/// One packet encoded once: its text, then its attachments, framed so that a broadcast to any number of
/// sockets on any transport copies nothing but a pointer.
///
/// The bytes are laid out as they leave over a WebSocket, because the frames of a server carry no mask
/// and are the same for everyone ([RFC 6455 §5.1]): `[header][text]([header][attachment])*`. Polling
/// payloads are built from [`text`](Self::text) and [`attachments`](Self::attachments).
///
/// Cloning is cheap.
///
/// [RFC 6455 §5.1]: https://www.rfc-editor.org/rfc/rfc6455#section-5.1
#[derive(Clone)]
pub struct Encoded {
    frames: Arc<[u8]>,
    text: u32,
    text_end: u32,
    attachments: u32,
}

impl Encoded {
    /// A packet of the Engine.IO layer that has no attachments, such as `2` or `3probe`.
    pub fn text_only(text: &str) -> Self {
        let mut buffer = EncodedBuffer::default();
        buffer.text().extend_from_slice(text.as_bytes());
        buffer.finish()
    }

    /// The text packet, with the digit of its Engine.IO type in front. It is valid UTF-8.
    pub fn text(&self) -> &[u8] {
        &self.frames[self.text as usize..self.text_end as usize]
    }

    /// The binary messages that follow the text, in order.
    pub fn attachments(&self) -> Attachments<'_> {
        Attachments { frames: &self.frames[self.text_end as usize..] }
    }

    /// How many Engine.IO packets this is: the text and its attachments.
    pub fn packets(&self) -> usize {
        1 + self.attachments as usize
    }

    /// All of it as WebSocket frames of a server, ready to be written.
    pub fn websocket(&self) -> &[u8] {
        &self.frames
    }

    /// The same packet for a client that cannot receive binary messages: its attachments follow as text
    /// messages, `b` and base64. Only its WebSocket form is of use.
    pub(crate) fn to_base64(&self) -> Self {
        let mut frames = self.frames[..self.text_end as usize].to_vec();
        for attachment in self.attachments() {
            let length = 1 + BASE64.encode_len(attachment.len());
            let (header, used) = frame_header(TEXT, length);
            frames.extend_from_slice(&header[..used]);
            frames.push(b'b');
            let start = frames.len();
            frames.resize(start + length - 1, 0);
            BASE64.encode_mut(attachment, &mut frames[start..]);
        }
        Self { frames: frames.into(), ..*self }
    }

    /// What it weighs against the bounds of a session, in bytes.
    pub fn weight(&self) -> usize {
        self.frames.len()
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

/// Where a packet is written before it becomes an [`Encoded`]. Meant to be kept and used again: its
/// buffers grow to the largest packet seen, up to [`KEPT`](Self::KEPT).
#[derive(Default)]
pub(crate) struct EncodedBuffer {
    /// `HEADROOM` bytes, then the text.
    text: Vec<u8>,
    /// Attachments with their frame headers.
    attachments: Vec<u8>,
    count: u32,
}

impl EncodedBuffer {
    /// A buffer larger than this is given back after the packet that needed it.
    const KEPT: usize = 64 * 1024;

    /// The buffer of the text, to be appended to.
    pub(crate) fn text(&mut self) -> &mut Vec<u8> {
        if self.text.is_empty() {
            self.text.resize(HEADROOM, 0);
        }
        &mut self.text
    }

    /// Adds an attachment and returns its number.
    pub(crate) fn attach(&mut self, bytes: &[u8]) -> u32 {
        let (header, length) = frame_header(BINARY, bytes.len());
        self.attachments.extend_from_slice(&header[..length]);
        self.attachments.extend_from_slice(bytes);
        self.count += 1;
        self.count - 1
    }

    /// How many attachments there are.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Forgets what was written.
    pub(crate) fn clear(&mut self) {
        for buffer in [&mut self.text, &mut self.attachments] {
            buffer.clear();
            buffer.shrink_to(Self::KEPT);
        }
        self.count = 0;
    }

    /// The packet that was written; the buffer is empty afterwards.
    pub(crate) fn finish(&mut self) -> Encoded {
        let text_length = self.text().len() - HEADROOM;
        let (header, length) = frame_header(TEXT, text_length);
        let start = HEADROOM - length;
        self.text[start..HEADROOM].copy_from_slice(&header[..length]);
        self.text.extend_from_slice(&self.attachments);
        let encoded = Encoded {
            frames: Arc::from(&self.text[start..]),
            text: length as u32,
            text_end: (length + text_length) as u32,
            attachments: self.count,
        };
        self.clear();
        encoded
    }
}

/// The longest header of a frame without a mask.
const HEADROOM: usize = 10;
/// FIN and the opcode of a text frame, RFC 6455 §5.2.
const TEXT: u8 = 0x81;
/// FIN and the opcode of a binary frame.
const BINARY: u8 = 0x82;

/// The header of an unmasked frame, and how many of its bytes count (RFC 6455 §5.2).
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

    #[test]
    fn base64_turns_attachments_into_text_frames() {
        let mut buffer = EncodedBuffer::default();
        buffer.text().extend_from_slice(b"451-[\"a\"]");
        buffer.attach(&[1, 2, 3, 4]);
        let encoded = buffer.finish().to_base64();
        assert_eq!(encoded.websocket(), b"\x81\x09451-[\"a\"]\x81\x09bAQIDBA==");
    }

    #[test]
    fn attachments_come_back_in_order() {
        let mut buffer = EncodedBuffer::default();
        buffer.text().extend_from_slice(b"452-[\"a\"]");
        let parts = [vec![], vec![1; 125], vec![2; 126], vec![3; 70_000]];
        for (i, part) in parts.iter().enumerate() {
            assert_eq!(buffer.attach(part), i as u32);
        }
        let encoded = buffer.finish();
        assert_eq!(encoded.packets(), 5);
        assert_eq!(
            encoded.attachments().collect::<Vec<_>>(),
            parts.iter().map(Vec::as_slice).collect::<Vec<_>>()
        );
        assert_eq!(buffer.finish().text(), b"", "the buffer starts anew");
    }
}
