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

/// The server's end of an established WebSocket, driven by polling from one task.
///
/// It has three families of methods: getters; [`push`](Self::push) and [`close`](Self::close), which
/// only queue; and `poll_*`, which do IO. It sets no timer: the write deadline and the wait for the
/// peer's close belong to the caller, who sees all movement in [`sent`](Self::sent) and
/// [`received`](Self::received).
///
/// # Drive rule
///
/// Poll [`poll_read`](Self::poll_read) and then [`poll_write`](Self::poll_write), because reading may queue
/// the answer to a ping or to a close. Call `poll_write` again after a `push` or `close`.
///
/// # End
///
/// After [`poll_read`](Self::poll_read) failed, or to end it from here: `close`, then
/// [`poll_shutdown`](Self::poll_shutdown), then `poll_read` until [`ReadError::Closed`],
/// [`ReadError::Ended`] or a deadline, then drop. Dropping it with unread input would make the kernel send a reset, which can overtake the close
/// frame.
pub(crate) struct WebSocket<S> {
    io: S,
    /// `None` once the input ended or broke; what still comes is thrown away.
    inbound: Option<Inbound>,
    outbound: Outbound,
    received: u64,
    /// What was read when a turn was broken off; boxed, because most never have any.
    unread: Option<Box<Bytes>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// How often one call reads at most: a quarter of a megabyte, some 100 µs of decoding, before the
    /// sessions beside this one have their turn.
    const READS_PER_TURN: usize = 4;

    /// A WebSocket over `io`, which is past its handshake. A message of more than `max_payload` bytes is
    /// refused.
    pub(crate) fn new(io: S, max_payload: usize) -> Self {
        let inbound = Some(Inbound::new(max_payload));
        Self { io, inbound, outbound: Outbound::default(), received: 0, unread: None }
    }

    /// How many bytes have come from the peer in all. Any of them is a sign of life.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// How many bytes the kernel has taken in all, control frames included. While this stands still and
    /// [`is_idle`](Self::is_idle) is false, the peer is stalled.
    pub(crate) fn sent(&self) -> u64 {
        self.outbound.sent()
    }

    /// The memory that waits for the kernel, in bytes: each packet weighs its overhead too.
    pub(crate) fn size(&self) -> usize {
        self.outbound.size()
    }

    /// How many bytes the kernel has yet to take, control frames included.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.outbound.queued_bytes()
    }

    /// Returns how many bytes have been read and not handed out: whole messages after a turn that was broken off, and the
    /// beginning of one that is not whole.
    pub(crate) fn received_bytes(&self) -> usize {
        self.unread.as_ref().map_or(0, |unread| unread.len())
            + self.inbound.as_ref().map_or(0, Inbound::held_bytes)
    }

    /// Whether what has come so far ends within a message or a frame.
    pub(crate) fn is_within_message(&self) -> bool {
        self.inbound.as_ref().is_some_and(|inbound| !inbound.is_clean())
    }

    /// Whether all that was queued has been written and flushed.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.outbound.is_idle()
    }

    /// Queues a packet.
    ///
    /// # Errors
    ///
    /// The packet comes back when a close frame stands before it: nothing is sent after one.
    pub(crate) fn push(&mut self, packet: Encoded) -> Result<(), Encoded> {
        self.outbound.push(packet)
    }

    /// Queues a close frame, empty without a `code`. Messages that still arrive are thrown away. Without
    /// effect when a close frame is already queued or sent.
    pub(crate) fn close(&mut self, code: Option<CloseCode>) {
        let reason = Utf8Bytes::from_static("");
        let mut frame = Vec::new();
        // Writing to a `Vec` cannot fail.
        if Frame::close(code.map(|code| CloseFrame { code, reason })).format(&mut frame).is_ok() {
            self.outbound.close(frame);
        }
    }

    /// Reads what the peer has sent and hands out the messages, in order, until `on_message` breaks off: then the rest of
    /// what was read, at most one read, is kept for the next call, and nothing more is read.
    ///
    /// `Pending` means that there is no more and the task will be woken; messages may have been handed
    /// out all the same. `Ready(Ok)` means that the turn is spent: poll again, after the others.
    ///
    /// # Errors
    ///
    /// The first error is why the link is lost; messages before the fault have been handed out. Polled
    /// again, it reads and throws away until the peer's end of stream, which is [`ReadError::Ended`].
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        mut on_message: impl FnMut(Message) -> ControlFlow<()>,
    ) -> Poll<Result<(), ReadError>> {
        if let Some(mut unread) = self.unread.take() {
            let used = match self.decode(&unread, &mut on_message) {
                Ok(used) => used,
                Err(error) => return self.fail(error),
            };
            if used < unread.len() {
                unread.advance(used);
                self.unread = Some(unread);
                return Poll::Ready(Ok(()));
            }
        }
        let mut scratch = Scratch::take();
        for _ in 0..Self::READS_PER_TURN {
            let mut buffer = ReadBuf::new(&mut scratch);
            // A read that comes up short is not the end: only `Pending` registers the waker. tokio
            // answers it from memory then, without a system call.
            let result = ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer));
            let bytes = buffer.filled();
            self.received += bytes.len() as u64;
            let used = match result {
                Ok(()) if bytes.is_empty() => return self.fail(ReadError::Ended),
                Ok(()) => self.decode(bytes, &mut on_message),
                Err(error) => return self.fail(ReadError::Io(error)),
            };
            match used {
                Ok(used) if used == bytes.len() => {}
                Ok(used) => {
                    self.unread = Some(Box::new(Bytes::copy_from_slice(&bytes[used..])));
                    break;
                }
                Err(error) => return self.fail(error),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what is queued, and flushes.
    ///
    /// `Pending` means that the peer or the kernel takes no more for now; [`queued_bytes`](Self::queued_bytes)
    /// is exact in either case.
    ///
    /// # Errors
    ///
    /// The connection failed; drop it.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbound.poll_write(&mut self.io, cx)
    }

    /// Writes what is queued, and then shuts the sending half of the stream. Queue a close frame first.
    ///
    /// # Errors
    ///
    /// The connection failed; drop it.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    /// Decodes what was read; returns how much of it.
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

    /// The input is of no use any more; what still comes is thrown away.
    fn fail(&mut self, error: ReadError) -> Poll<Result<(), ReadError>> {
        self.inbound = None;
        Poll::Ready(Err(error))
    }
}

#[cfg(test)]
mod tests;
