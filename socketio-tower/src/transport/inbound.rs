use std::borrow::Cow;
use std::io::{self, Cursor, Read, Write};

use bytes::Bytes;
use bytestring::ByteString;
use socketio_core::{Lost, Message};
use tokio_tungstenite::tungstenite;
use tungstenite::protocol::frame::coding::{CloseCode, OpCode};
use tungstenite::protocol::frame::{FrameHeader, Utf8Bytes};
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};

use super::outbound::Outbound;

/// The receiving half of a [`Wire`](super::Wire): bytes as they were read become messages.
///
/// tungstenite's `WebSocketContext` reads the frames, but it never lives longer than it must. The bytes
/// are cut between frames first, with tungstenite's own header parser, and the context is given whole
/// frames only. So it is known, not guessed, when nothing is left in it:
///
/// ```text
///   read ──▶ whole frames ──▶ a context of this call ── no fragment open ──▶ dropped
///     │                                │
///     ╰─▶ start of a frame: partial    ╰─ a fragmented message is open ──▶ fragments, until it ends
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
    /// How many bytes small frames may have to share one allocation. A message keeps that allocation
    /// alive, so this bounds what a small one can pin; it is two allocations for some 50 messages.
    const RUN: usize = 4096;

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
            let Some((run, used)) = self.fill(bytes)? else { return Ok(()) };
            let frame = std::mem::take(&mut self.partial);
            self.feed(run, Cow::Owned(frame), outbound, on_message)?;
            bytes = &bytes[used..];
        }
        while let Some(run) = Run::cut(bytes, self.max_payload, self.fragments.is_some())? {
            let (frames, rest) = bytes.split_at(run.length);
            self.feed(run, Cow::Borrowed(frames), outbound, on_message)?;
            bytes = rest;
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

    /// Moves bytes into `partial` until it is a whole frame. Returns the run of that one frame and how
    /// many bytes it took, or `None` when it took all and the frame is still not whole.
    fn fill(&mut self, bytes: &[u8]) -> Result<Option<(Run, usize)>, ReadError> {
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
        // The length in a header is a claim. Memory follows what has arrived, twofold, and stops where
        // tungstenite will ask for no more: see `Run::room`.
        let arrived = self.partial.len() + used;
        let room = (arrived * 2).min(span.length + span.payload);
        self.partial.reserve_exact(room.saturating_sub(self.partial.len()));
        self.partial.extend_from_slice(&bytes[..used]);
        Ok((arrived == span.length).then(|| (Run::of(&span, self.fragments.is_some()), used)))
    }

    /// Has tungstenite read whole frames.
    fn feed(
        &mut self,
        run: Run,
        frames: Cow<'_, [u8]>,
        outbound: &mut Outbound,
        on_message: &mut impl FnMut(Message),
    ) -> Result<(), ReadError> {
        let (mut context, mut stream);
        if let Some(held) = self.fragments.take() {
            (context, stream) = (*held, Feed { unread: &frames, reply: Vec::new() });
        } else {
            let part = match frames {
                Cow::Owned(frame) => frame,
                Cow::Borrowed(frames) => {
                    let mut part = Vec::with_capacity(run.length + run.room);
                    part.extend_from_slice(frames);
                    part
                }
            };
            let config = self.config(run.open);
            context = WebSocketContext::from_partially_read(part, Role::Server, Some(config));
            stream = Feed { unread: &[], reply: Vec::new() };
        }

        let mut expected = run.messages;
        // With a fragment open the context is read until it asks for more. Otherwise one read more
        // than there are messages would make it allocate a buffer for bytes that nobody has.
        while expected > 0 || run.open {
            let message = match context.read(&mut stream) {
                Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.fragments = Some(Box::new(context));
                    return Ok(());
                }
                result => result?,
            };
            expected = expected.saturating_sub(1);
            match message {
                tungstenite::Message::Text(text) => on_message(Message::Text(byte_string(text)?)),
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
        }
        Ok(())
    }

    fn config(&self, open: bool) -> WebSocketConfig {
        // The buffer is allocated even if nothing is read into it, so only a context that will be kept
        // has one.
        WebSocketConfig::default()
            .read_buffer_size(if open { Self::RUN } else { 0 })
            .write_buffer_size(0)
            .max_message_size(Some(self.max_payload))
            .max_frame_size(Some(self.max_payload))
            .accept_unmasked_frames(false)
    }
}

/// Why nothing more will be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The peer sent a close frame, which has been answered, or ended the stream.
    #[error("the peer closed the connection")]
    Closed,
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
            Self::Closed | Self::Io(_) => None,
        }
    }
}

impl From<&ReadError> for Lost {
    fn from(error: &ReadError) -> Self {
        match error {
            ReadError::Closed => Self::Closed,
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

/// Whole frames that go to tungstenite together.
#[derive(Clone, Copy)]
struct Run {
    length: usize,
    /// Capacity that their buffer needs beyond them: after each header tungstenite reserves the payload
    /// again, although it is there, and would reallocate for it.
    room: usize,
    /// How many messages will come of them, control frames included.
    messages: usize,
    /// Whether they leave a fragmented message unfinished.
    open: bool,
}

impl Run {
    /// The run of a single frame. `open` tells whether it comes inside a fragmented message.
    fn of(span: &Span, open: bool) -> Self {
        let mut run = Self { length: 0, room: 0, messages: 0, open };
        run.extend(span);
        run
    }

    /// The run that `bytes` begin with, if they begin with a whole frame. A broken header is an error
    /// only when no frame stands before it: what came before a fault is valid.
    fn cut(bytes: &[u8], max_payload: usize, open: bool) -> Result<Option<Self>, ReadError> {
        let mut run = match Span::parse(bytes, max_payload)? {
            Some(span) if span.length <= bytes.len() => Self::of(&span, open),
            _ => return Ok(None),
        };
        let limit = bytes.len().min(Inbound::RUN);
        while let Ok(Some(span)) = Span::parse(&bytes[run.length..], max_payload)
            && run.length + span.length <= limit
        {
            run.extend(&span);
        }
        Ok(Some(run))
    }

    fn extend(&mut self, span: &Span) {
        self.length += span.length;
        self.room = self.room.max(span.payload);
        match span.role {
            FrameRole::Control => self.messages += 1,
            FrameRole::Fragment => self.open = true,
            FrameRole::Last => {
                self.messages += 1;
                self.open = false;
            }
        }
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

/// tungstenite's text as ours, without a copy. Neither type lets the other skip its check.
fn byte_string(text: Utf8Bytes) -> Result<ByteString, ReadError> {
    ByteString::try_from(Bytes::from(text)).map_err(|_| ReadError::Violation(CloseCode::Invalid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_frames_share_an_allocation_of_bounded_size() {
        let frame = [0x82, 0x80 | 2, 0, 0, 0, 0, 1, 2];
        let batch = frame.repeat(8192);
        let run = Run::cut(&batch, 1000, false).expect("valid frames").expect("whole frames");
        assert_eq!((run.length, run.messages), (Inbound::RUN, Inbound::RUN / frame.len()));
        assert_eq!(run.room, 2);
        assert!(!run.open);
    }

    #[test]
    fn a_large_frame_travels_alone() {
        let small = [0x82, 0x80, 0, 0, 0, 0];
        let mut batch = small.to_vec();
        batch.extend([0x82, 0x80 | 126, 0x20, 0, 0, 0, 0, 0]);
        batch.resize(batch.len() + 0x2000, 0);
        let first = Run::cut(&batch, 10_000, false).expect("valid").expect("whole");
        assert_eq!(first.length, small.len());
        let second = Run::cut(&batch[first.length..], 10_000, false).expect("valid").expect("whole");
        assert_eq!((second.length, second.messages, second.room), (8 + 0x2000, 1, 0x2000));
    }
}
