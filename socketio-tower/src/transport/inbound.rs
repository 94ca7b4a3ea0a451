use std::borrow::Cow;
use std::io::{self, Cursor, Read, Write};

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use socketio_core::{Lost, Message};
use tokio_tungstenite::tungstenite;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, OpCode};
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};

use super::outbound::Outbound;

/// The receiving half of a [`Wire`](super::Wire): bytes as they were read become messages.
///
/// Nearly every message is one data frame, and nearly every frame comes whole: those are unmasked here. What
/// is left is tungstenite's: control frames, fragmented messages, and what breaks the rules. Its
/// `WebSocketContext` never lives longer than it must. It is given one whole frame at a time, cut with its
/// own header parser, so that it is known, not guessed, when nothing is left in it:
///
/// ```text
///   read ──▶ whole messages ──▶ unmasked
///     │
///     ├──▶ another whole frame ──▶ a context of this call ── no fragment open ──▶ dropped
///     │                                 │
///     │                                 ╰─ a fragmented message is open ──▶ fragments, until it ends
///     ╰──▶ start of a frame: partial
/// ```
#[derive(Default)]
pub(super) struct Inbound {
    max_payload: usize,
    /// The beginning of a frame whose end has not arrived.
    partial: Vec<u8>,
    /// What holds the beginning of a fragmented message.
    fragments: Option<Box<WebSocketContext>>,
}

impl Inbound {
    /// How many bytes small messages may have to share one allocation. A message keeps that allocation
    /// alive, so this bounds what a small one can pin; it is two allocations for some 50 messages.
    const SHARED: usize = 4096;

    pub(super) fn new(max_payload: usize) -> Self {
        Self { max_payload, ..Self::default() }
    }

    /// Takes all of `bytes` and hands out every message that they complete. Replies to control frames
    /// are queued in `outbound`.
    pub(super) fn receive(
        &mut self,
        mut bytes: &[u8],
        outbound: &mut Outbound,
        on_message: &mut impl FnMut(Message),
    ) -> Result<(), ReadError> {
        if !self.partial.is_empty() {
            let Some(used) = self.fill(bytes)? else { return Ok(()) };
            bytes = &bytes[used..];
            let frame = std::mem::take(&mut self.partial);
            self.take_frame(frame, outbound, on_message)?;
        }
        loop {
            if self.fragments.is_none() {
                bytes = self.take_messages(bytes, on_message)?;
            }
            match Span::parse(bytes, self.max_payload)? {
                Some(span) if span.length <= bytes.len() => {
                    let (frame, rest) = bytes.split_at(span.length);
                    self.feed(Cow::Borrowed(frame), &span, outbound, on_message)?;
                    bytes = rest;
                }
                _ => break,
            }
        }
        if !bytes.is_empty() {
            self.fill(bytes)?;
        }
        Ok(())
    }

    /// Whether it holds nothing of a message or frame.
    #[cfg(test)]
    pub(super) fn is_clean(&self) -> bool {
        self.partial.capacity() == 0 && self.fragments.is_none()
    }

    /// How many bytes of a frame it has set memory aside for.
    #[cfg(test)]
    pub(super) fn partial_capacity(&self) -> usize {
        self.partial.capacity()
    }

    /// Moves bytes into `partial` until it is a whole frame. Returns how many it took then, or `None` when it
    /// took all and the frame is still not whole.
    fn fill(&mut self, bytes: &[u8]) -> Result<Option<usize>, ReadError> {
        let mut start = [0; MAX_HEADER];
        let held = self.partial.len().min(MAX_HEADER);
        let more = bytes.len().min(MAX_HEADER - held);
        start[..held].copy_from_slice(&self.partial[..held]);
        start[held..held + more].copy_from_slice(&bytes[..more]);

        let Some(span) = Span::parse(&start[..held + more], self.max_payload)? else {
            self.partial.extend_from_slice(bytes);
            return Ok(None);
        };
        let used = bytes.len().min(span.length - self.partial.len());
        // The length in a header is a claim. Memory follows what has arrived, twofold.
        let arrived = self.partial.len() + used;
        let room = (arrived * 2).min(span.length);
        self.partial.reserve_exact(room.saturating_sub(self.partial.len()));
        self.partial.extend_from_slice(&bytes[..used]);
        Ok((arrived == span.length).then_some(used))
    }

    /// Hands out the whole messages that `bytes` begin with, and gives back the rest.
    fn take_messages<'a>(
        &self,
        mut bytes: &'a [u8],
        on_message: &mut impl FnMut(Message),
    ) -> Result<&'a [u8], ReadError> {
        let mut shared = BytesMut::new();
        while let Some(frame) = MessageFrame::parse(bytes, self.max_payload) {
            let (start, end) = (frame.start, frame.end);
            if shared.capacity() < end - start {
                shared = BytesMut::with_capacity((end - start).max(bytes.len().min(Self::SHARED)));
            }
            shared.extend_from_slice(&bytes[start..end]);
            unmask(&mut shared, frame.mask);
            on_message(frame.message(shared.split().freeze())?);
            bytes = &bytes[end..];
        }
        Ok(bytes)
    }

    /// Takes a frame that is whole, and alone in its buffer.
    fn take_frame(
        &mut self,
        mut frame: Vec<u8>,
        outbound: &mut Outbound,
        on_message: &mut impl FnMut(Message),
    ) -> Result<(), ReadError> {
        if self.fragments.is_none()
            && let Some(message) = MessageFrame::parse(&frame, self.max_payload)
        {
            unmask(&mut frame[message.start..], message.mask);
            let payload = Bytes::from(frame).slice(message.start..);
            on_message(message.message(payload)?);
            return Ok(());
        }
        match Span::parse(&frame, self.max_payload)? {
            Some(span) => self.feed(Cow::Owned(frame), &span, outbound, on_message),
            None => Ok(()),
        }
    }

    /// Has tungstenite read a whole frame.
    fn feed(
        &mut self,
        frame: Cow<'_, [u8]>,
        span: &Span,
        outbound: &mut Outbound,
        on_message: &mut impl FnMut(Message),
    ) -> Result<(), ReadError> {
        let open = match span.role {
            FrameRole::Control => self.fragments.is_some(),
            FrameRole::Fragment => true,
            FrameRole::Last => false,
        };
        let (mut context, mut stream);
        if let Some(held) = self.fragments.take() {
            (context, stream) = (*held, Feed { unread: &frame, reply: Vec::new() });
        } else {
            let mut part = frame.into_owned();
            // After the header tungstenite reserves the payload again, although it is there.
            part.reserve_exact(span.payload);
            context = WebSocketContext::from_partially_read(part, Role::Server, Some(self.config(open)));
            stream = Feed { unread: &[], reply: Vec::new() };
        }

        // With a fragment open the context is read until it asks for more. Otherwise there is one message
        // in it, and one more read would make it allocate a buffer for bytes that nobody has.
        loop {
            let message = match context.read(&mut stream) {
                Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.fragments = Some(Box::new(context));
                    return Ok(());
                }
                result => result?,
            };
            match message {
                tungstenite::Message::Text(text) => on_message(Message::Text(byte_string(text.into())?)),
                tungstenite::Message::Binary(bytes) => on_message(Message::Binary(bytes)),
                tungstenite::Message::Ping(_) => {
                    context.flush(&mut stream)?;
                    outbound.pong(std::mem::take(&mut stream.reply));
                }
                tungstenite::Message::Close(_) => {
                    // Its result is the end of the handshake; the reply has been written before.
                    let _ = context.flush(&mut stream);
                    outbound.close(stream.reply);
                    return Err(ReadError::Closed);
                }
                tungstenite::Message::Pong(_) | tungstenite::Message::Frame(_) => {}
            }
            if !open {
                return Ok(());
            }
        }
    }

    fn config(&self, open: bool) -> WebSocketConfig {
        // The buffer is allocated even if nothing is read into it, so only a context that will be kept
        // has one.
        WebSocketConfig::default()
            .read_buffer_size(if open { Self::SHARED } else { 0 })
            .write_buffer_size(0)
            .max_message_size(Some(self.max_payload))
            .max_frame_size(Some(self.max_payload))
            .accept_unmasked_frames(false)
    }
}

/// Why nothing more will be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The peer sent a close frame, which has been answered.
    #[error("the peer closed the connection")]
    Closed,
    /// The peer ended the stream.
    #[error("the peer ended the stream")]
    Ended,
    /// A message is longer than the bound for one.
    #[error("a message is longer than the bound")]
    TooLarge,
    /// The peer broke RFC 6455; the code says how.
    #[error("the peer broke the WebSocket protocol ({0})")]
    Violation(CloseCode),
    /// The connection failed.
    #[error("the connection failed")]
    Io(#[source] io::Error),
}

impl ReadError {
    /// What the peer is told, if it can still be told anything ([RFC 6455 §7.4.1]).
    ///
    /// [RFC 6455 §7.4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
    pub(crate) fn close_code(&self) -> Option<CloseCode> {
        match *self {
            Self::TooLarge => Some(CloseCode::Size),
            Self::Violation(code) => Some(code),
            Self::Closed | Self::Ended | Self::Io(_) => None,
        }
    }
}

impl From<&ReadError> for Lost {
    fn from(error: &ReadError) -> Self {
        match error {
            ReadError::Closed | ReadError::Ended => Self::Closed,
            ReadError::TooLarge => Self::TooLarge,
            ReadError::Violation(_) | ReadError::Io(_) => Self::Failed,
        }
    }
}

impl From<tungstenite::Error> for ReadError {
    fn from(error: tungstenite::Error) -> Self {
        use tungstenite::Error;
        match error {
            Error::ConnectionClosed | Error::AlreadyClosed => Self::Closed,
            Error::Capacity(_) => Self::TooLarge,
            Error::Utf8(_) => Self::Violation(CloseCode::Invalid),
            Error::Io(error) => Self::Io(error),
            _ => Self::Violation(CloseCode::Protocol),
        }
    }
}

/// A data frame that is a whole message.
struct MessageFrame {
    binary: bool,
    mask: [u8; 4],
    /// Where its payload begins and ends.
    start: usize,
    end: usize,
}

impl MessageFrame {
    /// The frame that `bytes` begin with (RFC 6455 §5.2), if it is whole, masked, and neither a fragment nor
    /// extended nor too large.
    fn parse(bytes: &[u8], max_payload: usize) -> Option<Self> {
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

    /// The message, of its unmasked payload.
    fn message(&self, payload: Bytes) -> Result<Message, ReadError> {
        Ok(if self.binary { Message::Binary(payload) } else { Message::Text(byte_string(payload)?) })
    }
}

/// FIN and the opcodes of RFC 6455 §5.2.
const FINAL_TEXT: u8 = 0x81;
const FINAL_BINARY: u8 = 0x82;
/// In the byte of the length.
const MASKED: u8 = 0x80;

/// RFC 6455 §5.3.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let (words, rest) = payload.as_chunks_mut::<4>();
    let word = u32::from_ne_bytes(mask);
    for bytes in words {
        *bytes = (u32::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

/// Where a frame ends, and what it does to the message it belongs to.
struct Span {
    /// With its header, in bytes.
    length: usize,
    payload: usize,
    role: FrameRole,
}

enum FrameRole {
    Control,
    Fragment,
    Last,
}

impl Span {
    /// The frame that `bytes` begin with, or `None` when its header is not complete.
    fn parse(bytes: &[u8], max_payload: usize) -> Result<Option<Self>, ReadError> {
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
        Ok(Some(Self { length: cursor.position() as usize + payload, payload, role }))
    }
}

/// The longest frame header, RFC 6455 §5.2: 2 bytes, 8 of length, 4 of mask.
const MAX_HEADER: usize = 14;

/// What a context takes for the network: frames to read, and room for what it answers.
struct Feed<'a> {
    unread: &'a [u8],
    reply: Vec<u8>,
}

impl Read for Feed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.unread.read(buffer)? {
            // Zero would mean the end of the stream.
            0 => Err(io::ErrorKind::WouldBlock.into()),
            n => Ok(n),
        }
    }
}

impl Write for Feed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.reply.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes as text, if they are UTF-8 (RFC 6455 §8.1).
fn byte_string(bytes: Bytes) -> Result<ByteString, ReadError> {
    ByteString::try_from(bytes).map_err(|_| ReadError::Violation(CloseCode::Invalid))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
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
    fn a_message_is_taken_at_every_length() {
        for length in [0, 1, 125, 126, 127, 4096, 65_535, 65_536] {
            let payload: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let whole = frame(FINAL_BINARY, &payload);
            let message = MessageFrame::parse(&whole, length).expect("a whole message");
            assert_eq!((message.end, message.end - message.start), (whole.len(), length));
            let mut taken = whole[message.start..].to_vec();
            unmask(&mut taken, message.mask);
            assert_eq!(taken, payload);

            assert!(MessageFrame::parse(&whole[..whole.len() - 1], length).is_none(), "cut");
            assert!(length == 0 || MessageFrame::parse(&whole, length - 1).is_none(), "too large");
        }
        assert!(MessageFrame::parse(&frame(0x01, b"fragment"), 100).is_none());
        assert!(MessageFrame::parse(&frame(0x89, b"ping"), 100).is_none());
        assert!(MessageFrame::parse(&frame(0xc1, b"compressed"), 100).is_none());
        assert!(MessageFrame::parse(&[FINAL_TEXT, 4, b'b', b'a', b'r', b'e'], 100).is_none());
        assert!(MessageFrame::parse(&[], 100).is_none());
    }

    #[test]
    fn small_messages_share_an_allocation_of_bounded_size() {
        let batch = frame(FINAL_BINARY, &[7; 100]).repeat(100);
        let mut messages = Vec::new();
        let mut take = |message| {
            if let Message::Binary(bytes) = message {
                messages.push(bytes);
            }
        };
        Inbound::new(1000).receive(&batch, &mut Outbound::default(), &mut take).expect("valid frames");
        assert!(messages.len() == 100 && messages.iter().all(|bytes| **bytes == [7; 100]));
        let runs = messages.chunk_by(|a, b| a.as_ptr().wrapping_add(100) == b.as_ptr());
        assert!(runs.map(<[Bytes]>::len).max() <= Some(Inbound::SHARED / 100));
    }
}
