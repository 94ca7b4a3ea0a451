use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;

use bytes::{Bytes, BytesMut};
use socketio_core::Message;
use tokio_tungstenite::tungstenite;
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};

use super::error::ReadError;
use super::frame::{Extent, FrameRole, MAX_HEADER, MessageFrame, byte_string, unmask};
use super::outbound::Outbound;

/// The receiving half of a [`WebSocket`](super::WebSocket), which decodes bytes to messages.
///
/// Nearly every message is one data frame, and nearly every frame arrives whole: those are unmasked here. tungstenite
/// handles the rest: control frames, fragmented messages and protocol violations. Its `WebSocketContext` is created
/// only when needed. It receives one whole frame at a time, delimited with tungstenite's own header parser, so it is
/// certain when no data is left in it:
///
/// ```text
///   read ──▶ whole messages ──▶ unmasked
///     │
///     ├──▶ other whole frames ──▶ a context for this call ── no fragment open ──▶ dropped
///     │                                 │
///     │                                 ╰─ a fragmented message is open ──▶ fragments, until it ends
///     ╰──▶ start of a frame: partial
/// ```
#[derive(Default)]
pub(super) struct Inbound {
    max_payload: usize,
    /// The start of an incomplete frame.
    partial: Vec<u8>,
    /// The start of a fragmented message.
    fragments: Option<Box<Fragments>>,
}

struct Fragments {
    context: WebSocketContext,
    /// The number of bytes of the message received so far.
    bytes: usize,
}

impl Inbound {
    /// The maximum size of an allocation shared by small messages. Each message keeps the allocation alive, so this
    /// bounds the memory that a small one can pin. Some 50 messages need two allocations.
    const SHARED: usize = 4096;

    pub(super) fn new(max_payload: usize) -> Self {
        Self { max_payload, ..Self::default() }
    }

    /// Passes every message that `bytes` complete to `on_message`, until it breaks. Returns the number of bytes
    /// consumed: all of them unless `on_message` broke. Replies to control frames are queued in `outbound`.
    pub(super) fn receive(
        &mut self,
        bytes: &[u8],
        outbound: &mut Outbound,
        on_message: &mut impl FnMut(Message) -> ControlFlow<()>,
    ) -> Result<usize, ReadError> {
        let mut rest = bytes;
        if !self.partial.is_empty() {
            let Some((extent, used)) = self.fill(rest)? else { return Ok(bytes.len()) };
            rest = &rest[used..];
            let frame = std::mem::take(&mut self.partial);
            if self.take_frame(frame, &extent, outbound, on_message)?.is_break() {
                return Ok(bytes.len() - rest.len());
            }
        }
        loop {
            if self.fragments.is_none() && self.take_messages(&mut rest, on_message)?.is_break() {
                return Ok(bytes.len() - rest.len());
            }
            match Extent::parse(rest, self.max_payload)? {
                Some(extent) if extent.length <= rest.len() => {
                    let (frame, after) = rest.split_at(extent.length);
                    rest = after;
                    if self.feed(Cow::Borrowed(frame), &extent, outbound, on_message)?.is_break() {
                        return Ok(bytes.len() - rest.len());
                    }
                }
                _ => break,
            }
        }
        if !rest.is_empty() {
            self.fill(rest)?;
        }
        Ok(bytes.len())
    }

    /// Returns the number of bytes held of an incomplete message.
    pub(super) fn held_bytes(&self) -> usize {
        self.partial.len() + self.fragments.as_ref().map_or(0, |fragments| fragments.bytes)
    }

    /// Returns `true` if it holds no part of a message or frame.
    pub(super) fn is_clean(&self) -> bool {
        self.partial.capacity() == 0 && self.fragments.is_none()
    }

    /// Returns the number of bytes allocated for an incomplete frame.
    #[cfg(test)]
    pub(super) fn partial_capacity(&self) -> usize {
        self.partial.capacity()
    }

    /// Copies bytes into `partial` until it is a whole frame. Returns the frame's extent and the number of bytes
    /// copied, or `None` if all bytes were copied and the frame is still incomplete.
    fn fill(&mut self, bytes: &[u8]) -> Result<Option<(Extent, usize)>, ReadError> {
        let mut start = [0; MAX_HEADER];
        let held = self.partial.len().min(MAX_HEADER);
        let more = bytes.len().min(MAX_HEADER - held);
        start[..held].copy_from_slice(&self.partial[..held]);
        start[held..held + more].copy_from_slice(&bytes[..more]);

        let Some(extent) = Extent::parse(&start[..held + more], self.max_payload)? else {
            self.partial.extend_from_slice(bytes);
            return Ok(None);
        };
        let used = bytes.len().min(extent.length - self.partial.len());
        // The length in a header is not trusted: at most twice the bytes that have arrived are allocated.
        let arrived = self.partial.len() + used;
        let capacity = (arrived * 2).min(extent.length);
        self.partial.reserve_exact(capacity.saturating_sub(self.partial.len()));
        self.partial.extend_from_slice(&bytes[..used]);
        Ok((arrived == extent.length).then_some((extent, used)))
    }

    /// Passes the whole messages at the start of `rest` to `on_message`, and leaves the bytes after them in `rest`.
    fn take_messages(
        &self,
        rest: &mut &[u8],
        on_message: &mut impl FnMut(Message) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, ReadError> {
        let mut shared = BytesMut::new();
        while let Some(frame) = MessageFrame::parse(rest, self.max_payload) {
            let (start, end) = (frame.start, frame.end);
            // Nothing to share the allocation with, so it needs no reference count.
            if shared.capacity() == 0 && (end == rest.len() || end - start >= Self::SHARED) {
                let mut payload = rest[start..end].to_vec();
                unmask(&mut payload, frame.mask);
                *rest = &rest[end..];
                if on_message(frame.message(payload.into())?).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                continue;
            }
            if shared.capacity() < end - start {
                shared = BytesMut::with_capacity((end - start).max(rest.len().min(Self::SHARED)));
            }
            shared.extend_from_slice(&rest[start..end]);
            unmask(&mut shared, frame.mask);
            *rest = &rest[end..];
            if on_message(frame.message(shared.split().freeze())?).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Handles a whole frame that is alone in its buffer.
    fn take_frame(
        &mut self,
        mut frame: Vec<u8>,
        extent: &Extent,
        outbound: &mut Outbound,
        on_message: &mut impl FnMut(Message) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, ReadError> {
        if self.fragments.is_none()
            && let Some(message) = MessageFrame::parse(&frame, self.max_payload)
        {
            unmask(&mut frame[message.start..], message.mask);
            let payload = Bytes::from(frame).slice(message.start..);
            return Ok(on_message(message.message(payload)?));
        }
        self.feed(Cow::Owned(frame), extent, outbound, on_message)
    }

    /// Handles a whole frame with tungstenite.
    fn feed(
        &mut self,
        frame: Cow<'_, [u8]>,
        extent: &Extent,
        outbound: &mut Outbound,
        on_message: &mut impl FnMut(Message) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, ReadError> {
        let open = match extent.role {
            FrameRole::Control => self.fragments.is_some(),
            FrameRole::Fragment => true,
            FrameRole::Last => false,
        };
        let mut bytes = if extent.role == FrameRole::Control { 0 } else { extent.payload };
        let (mut context, mut stream);
        if let Some(held) = self.fragments.take() {
            bytes += held.bytes;
            (context, stream) = (held.context, Feed { unread: &frame, reply: Vec::new() });
        } else {
            let mut part = frame.into_owned();
            // tungstenite reserves space for the payload after it has read the header, although the payload is there.
            part.reserve_exact(extent.payload);
            context = WebSocketContext::from_partially_read(part, Role::Server, Some(self.config(open)));
            stream = Feed { unread: &[], reply: Vec::new() };
        }

        // With a fragment open, the context is read until it would block. Otherwise it contains exactly one message,
        // and a second read would allocate a buffer for nothing.
        let mut flow = ControlFlow::Continue(());
        loop {
            let message = match context.read(&mut stream) {
                Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.fragments = Some(Box::new(Fragments { context, bytes }));
                    return Ok(flow);
                }
                result => result?,
            };
            match message {
                tungstenite::Message::Text(text) => {
                    flow = on_message(Message::Text(byte_string(text.into())?));
                }
                tungstenite::Message::Binary(bytes) => flow = on_message(Message::Binary(bytes)),
                tungstenite::Message::Ping(_) => {
                    context.flush(&mut stream)?;
                    outbound.pong(std::mem::take(&mut stream.reply));
                }
                tungstenite::Message::Close(_) => {
                    // The error only signals the end of the close handshake; the reply was written before.
                    let _ = context.flush(&mut stream);
                    outbound.close(stream.reply);
                    return Err(ReadError::Closed);
                }
                tungstenite::Message::Pong(_) | tungstenite::Message::Frame(_) => {}
            }
            if !open {
                return Ok(flow);
            }
        }
    }

    fn config(&self, open: bool) -> WebSocketConfig {
        // The buffer is allocated even if nothing is read into it, so only a context that is kept has one.
        WebSocketConfig::default()
            .read_buffer_size(if open { Self::SHARED } else { 0 })
            .write_buffer_size(0)
            .max_message_size(Some(self.max_payload))
            .max_frame_size(Some(self.max_payload))
            .accept_unmasked_frames(false)
    }
}

/// The stream of a context: the frames to read, and the replies it writes.
struct Feed<'a> {
    unread: &'a [u8],
    reply: Vec<u8>,
}

impl Read for Feed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.unread.read(buffer)? {
            // Zero bytes would signal the end of the stream.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::frame::tests::frame;

    #[test]
    fn small_messages_share_an_allocation_of_bounded_size() {
        let batch = frame(0x82, &[7; 100]).repeat(100);
        let mut messages = Vec::new();
        let mut take = |message| {
            if let Message::Binary(bytes) = message {
                messages.push(bytes);
            }
            ControlFlow::Continue(())
        };
        Inbound::new(1000).receive(&batch, &mut Outbound::default(), &mut take).expect("valid frames");
        assert!(messages.len() == 100 && messages.iter().all(|bytes| **bytes == [7; 100]));
        let runs = messages.chunk_by(|a, b| a.as_ptr().wrapping_add(100) == b.as_ptr());
        assert_eq!(runs.map(<[Bytes]>::len).max(), Some(Inbound::SHARED / 100));
    }
}
