use std::cell::Cell;
use std::io;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use socketio_core::{Encoded, Message};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::frame::{Frame, Utf8Bytes};

use super::error::ReadError;
use super::inbound::Inbound;
use super::outbound::Outbound;
use super::scratch::Scratch;

/// The server's end of an established WebSocket, polled by one task.
///
/// It has three kinds of methods: getters; [`push`](Self::push) and [`close`](Self::close), which only queue; and
/// `poll_*`, which do I/O. It has no timer: the caller enforces the write deadline and the wait for the peer's close,
/// and observes progress with [`sent`](Self::sent) and [`received`](Self::received).
///
/// # Drive rule
///
/// Call [`poll_read`](Self::poll_read) before [`poll_write`](Self::poll_write), because reading may queue the reply to
/// a ping or close frame. Call `poll_write` again after `push` or `close`.
///
/// # Closing
///
/// After [`poll_read`](Self::poll_read) has failed, or to close the connection: call `close`, then
/// [`poll_shutdown`](Self::poll_shutdown), then `poll_read` until [`ReadError::Closed`], [`ReadError::Ended`] or a
/// deadline, then drop it. Dropping it with unread input would make the kernel send a reset, which can overtake the
/// close frame.
pub(crate) struct WebSocket<S> {
    io: S,
    /// The decoder, or `None` once the input has ended or failed. Further input is discarded.
    inbound: Option<Inbound>,
    outbound: Outbound,
    received: u64,
    /// Input that was read but not decoded because `on_message` broke. Boxed, because most streams never have any.
    unread: Option<Box<Bytes>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// The maximum number of reads per call. They yield up to a quarter of a megabyte, which takes some 100 µs to
    /// decode, before other sessions get their turn.
    const READS_PER_TURN: usize = 4;

    /// Creates a WebSocket over `io`, whose handshake is complete. Messages of more than `max_payload` bytes are an
    /// error.
    pub(crate) fn new(io: S, max_payload: usize) -> Self {
        let inbound = Some(Inbound::new(max_payload));
        Self { io, inbound, outbound: Outbound::default(), received: 0, unread: None }
    }

    /// Returns the total number of bytes received from the peer. Any of them shows that the peer is alive.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Returns the total number of bytes that the kernel has taken, including control frames. The peer is stalled while
    /// this does not increase and [`queued_bytes`](Self::queued_bytes) is not zero.
    pub(crate) fn sent(&self) -> u64 {
        self.outbound.sent()
    }

    /// Returns the memory of the queued output in bytes, including the overhead of each packet.
    pub(crate) fn size(&self) -> usize {
        self.outbound.size()
    }

    /// Returns the number of bytes that the kernel has not taken yet, including control frames.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.outbound.queued_bytes()
    }

    /// Returns the number of bytes that were read but not passed on: messages left when `on_message` broke, and the
    /// start of an incomplete message.
    pub(crate) fn received_bytes(&self) -> usize {
        self.unread.as_ref().map_or(0, |unread| unread.len())
            + self.inbound.as_ref().map_or(0, Inbound::held_bytes)
    }

    /// Returns `true` if the input so far ends within a message or frame.
    pub(crate) fn is_within_message(&self) -> bool {
        self.inbound.as_ref().is_some_and(|inbound| !inbound.is_clean())
    }

    /// Returns `true` if all queued output has been written and flushed.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.outbound.is_idle()
    }

    /// Queues a packet.
    ///
    /// # Errors
    ///
    /// Returns the packet if a close frame was queued before, after which nothing is sent.
    pub(crate) fn push(&mut self, packet: Encoded) -> Result<(), Encoded> {
        self.outbound.push(packet)
    }

    /// Queues a close frame, which is empty without a `code`. Messages that still arrive are discarded. Has no effect
    /// if a close frame was queued or sent before.
    pub(crate) fn close(&mut self, code: Option<CloseCode>) {
        let reason = Utf8Bytes::from_static("");
        let mut frame = Vec::new();
        // Writing to a `Vec` cannot fail.
        if Frame::close(code.map(|code| CloseFrame { code, reason })).format(&mut frame).is_ok() {
            self.outbound.close(frame);
        }
    }

    /// Reads input and passes the messages to `on_message` in order. If it breaks, no more is read, and the rest of the
    /// input, at most one read, is kept for the next call.
    ///
    /// `Pending` means that there is no more input and the task will be woken; messages may have been passed on before.
    /// `Ready(Ok)` means that the limit of one call was reached or `on_message` broke: poll again, after other
    /// sessions.
    ///
    /// # Errors
    ///
    /// Returns an error if the link is lost. Messages before the fault have been passed on. Further calls discard input
    /// until the end of the peer's stream, which is [`ReadError::Ended`].
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        mut on_message: impl FnMut(Message) -> ControlFlow<()>,
    ) -> Poll<Result<(), ReadError>> {
        let broken = Cell::new(false);
        let mut on_message = |message| {
            let flow = on_message(message);
            broken.set(flow.is_break());
            flow
        };
        if let Some(mut unread) = self.unread.take() {
            let used = match self.decode(&unread, &mut on_message) {
                Ok(used) => used,
                Err(error) => return self.fail(error),
            };
            if used < unread.len() {
                unread.advance(used);
                self.unread = Some(unread);
            }
            if broken.get() {
                return Poll::Ready(Ok(()));
            }
        }
        let mut scratch = Scratch::take();
        for _ in 0..Self::READS_PER_TURN {
            let mut buffer = ReadBuf::new(&mut scratch);
            // A short read is followed by another, because only `Pending` registers the waker. After a short read,
            // tokio returns it without a system call.
            let result = ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer));
            let bytes = buffer.filled();
            self.received += bytes.len() as u64;
            let used = match result {
                Ok(()) if bytes.is_empty() => return self.fail(ReadError::Ended),
                Ok(()) => self.decode(bytes, &mut on_message),
                Err(error) => return self.fail(ReadError::Io(error)),
            };
            match used {
                Ok(used) if used < bytes.len() => {
                    self.unread = Some(Box::new(Bytes::copy_from_slice(&bytes[used..])));
                    break;
                }
                Ok(_) if broken.get() => break,
                Ok(_) => {}
                Err(error) => return self.fail(error),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Writes and flushes queued output.
    ///
    /// `Pending` means that the kernel takes no more for now. [`queued_bytes`](Self::queued_bytes) is exact in either
    /// case.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection has failed. Drop it then.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbound.poll_write(&mut self.io, cx)
    }

    /// Writes queued output, then shuts down the sending half of the stream. Queue a close frame first.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection has failed. Drop it then.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    /// Decodes input. Returns the number of bytes consumed.
    fn decode(
        &mut self,
        bytes: &[u8],
        on_message: &mut impl FnMut(Message) -> ControlFlow<()>,
    ) -> Result<usize, ReadError> {
        let Some(inbound) = &mut self.inbound else { return Ok(bytes.len()) };
        if self.outbound.is_closed() {
            inbound.receive(bytes, &mut self.outbound, &mut |_| ControlFlow::Continue(()))
        } else {
            inbound.receive(bytes, &mut self.outbound, on_message)
        }
    }

    /// Drops the decoder, so that further input is discarded, and returns the error.
    fn fail(&mut self, error: ReadError) -> Poll<Result<(), ReadError>> {
        self.inbound = None;
        Poll::Ready(Err(error))
    }
}

#[cfg(test)]
mod tests;
