use std::io::Cursor;

use bytes::Bytes;
use bytestring::ByteString;
use socketio_core::Message;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, OpCode};

use super::error::ReadError;

/// A data frame that contains a whole message.
pub(super) struct MessageFrame {
    binary: bool,
    pub(super) mask: [u8; 4],
    /// The start and end of its payload.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl MessageFrame {
    /// Parses the frame at the start of `bytes` (RFC 6455 §5.2). Returns `None` unless it is complete, masked,
    /// unfragmented, without extension bits and at most `max_payload` bytes long.
    pub(super) fn parse(bytes: &[u8], max_payload: usize) -> Option<Self> {
        let (&[first, second], rest) = bytes.split_first_chunk()?;
        let binary = match first {
            FINAL_TEXT => false,
            FINAL_BINARY => true,
            _ => return None,
        };
        let (length, rest) = match second.checked_sub(MASKED)? {
            126 => {
                let (length, rest) = rest.split_first_chunk()?;
                (usize::from(u16::from_be_bytes(*length)), rest)
            }
            127 => {
                let (length, rest) = rest.split_first_chunk()?;
                (usize::try_from(u64::from_be_bytes(*length)).ok()?, rest)
            }
            length => (usize::from(length), rest),
        };
        let (mask, rest) = rest.split_first_chunk()?;
        if length > rest.len() || length > max_payload {
            return None;
        }
        let start = bytes.len() - rest.len();
        Some(Self { binary, mask: *mask, start, end: start + length })
    }

    /// Creates the message from the unmasked payload.
    pub(super) fn message(&self, payload: Bytes) -> Result<Message, ReadError> {
        match self.binary {
            true => Ok(Message::Binary(payload)),
            false => byte_string(payload).map(Message::Text),
        }
    }
}

/// The first byte of an unfragmented text frame: FIN and the opcode (RFC 6455 §5.2).
const FINAL_TEXT: u8 = 0x81;
/// The first byte of an unfragmented binary frame.
const FINAL_BINARY: u8 = 0x82;
/// The mask bit, in the same byte as the length.
const MASKED: u8 = 0x80;

/// Unmasks a payload in place (RFC 6455 §5.3).
pub(super) fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let (words, rest) = payload.as_chunks_mut::<4>();
    let word = u32::from_ne_bytes(mask);
    for bytes in words {
        *bytes = (u32::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

/// The length of a frame and its role in a message.
pub(super) struct Extent {
    /// The length with the header, in bytes.
    pub(super) length: usize,
    pub(super) payload: usize,
    pub(super) role: FrameRole,
}

#[derive(PartialEq)]
pub(super) enum FrameRole {
    Control,
    Fragment,
    Last,
}

impl Extent {
    /// Parses the frame at the start of `bytes`. Returns `None` if its header is incomplete.
    pub(super) fn parse(bytes: &[u8], max_payload: usize) -> Result<Option<Self>, ReadError> {
        let mut cursor = Cursor::new(bytes);
        let Some((header, payload)) = FrameHeader::parse(&mut cursor)? else { return Ok(None) };
        let payload = usize::try_from(payload).map_err(|_| ReadError::TooLarge)?;
        if payload > max_payload {
            return Err(ReadError::TooLarge);
        }
        let role = match header.opcode {
            OpCode::Control(_) => FrameRole::Control,
            OpCode::Data(_) if header.is_final => FrameRole::Last,
            OpCode::Data(_) => FrameRole::Fragment,
        };
        let length = payload.checked_add(cursor.position() as usize).ok_or(ReadError::TooLarge)?;
        Ok(Some(Self { length, payload, role }))
    }
}

/// The maximum length of a frame header: 2 bytes, 8 of length and 4 of mask (RFC 6455 §5.2).
pub(super) const MAX_HEADER: usize = 14;

/// Converts bytes to text. Returns an error if they are not UTF-8 (RFC 6455 §8.1).
pub(super) fn byte_string(bytes: Bytes) -> Result<ByteString, ReadError> {
    ByteString::try_from(bytes).map_err(|_| ReadError::Violation(CloseCode::Invalid))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Creates a masked frame, as clients send it.
    pub(in crate::transport) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let mut frame = vec![first];
        match payload.len() {
            length @ ..126 => frame.push(MASKED | length as u8),
            length @ 126..0x1_0000 => {
                frame.push(MASKED | 126);
                frame.extend((length as u16).to_be_bytes());
            }
            length => {
                frame.push(MASKED | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend(mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    #[test]
    fn messages_of_every_length_are_parsed() {
        for length in [0, 1, 125, 126, 127, 4096, 65_535, 65_536] {
            let payload: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let whole = frame(FINAL_BINARY, &payload);
            let message = MessageFrame::parse(&whole, length).expect("a whole message");
            assert_eq!((message.end, message.end - message.start), (whole.len(), length));
            let mut unmasked = whole[message.start..].to_vec();
            unmask(&mut unmasked, message.mask);
            assert_eq!(unmasked, payload);

            assert!(MessageFrame::parse(&whole[..whole.len() - 1], length).is_none(), "cut");
            assert!(length == 0 || MessageFrame::parse(&whole, length - 1).is_none(), "too large");
        }
        assert!(MessageFrame::parse(&frame(0x01, b"fragment"), 100).is_none());
        assert!(MessageFrame::parse(&frame(0x89, b"ping"), 100).is_none());
        assert!(MessageFrame::parse(&frame(0xc1, b"compressed"), 100).is_none());
        assert!(MessageFrame::parse(&[FINAL_TEXT, 4, b'b', b'a', b'r', b'e'], 100).is_none());
        assert!(MessageFrame::parse(&[], 100).is_none());
    }
}
