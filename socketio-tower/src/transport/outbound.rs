use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use socketio_core::Encoded;
use tokio::io::AsyncWrite;

use super::scratch::Scratch;

/// The sending half of a [`WebSocket`](super::WebSocket): a queue of ready frames, and how far the kernel has
/// come in it.
#[derive(Default)]
pub(super) struct Outbound {
    queue: VecDeque<Chunk>,
    /// How much of the first chunk the kernel has.
    offset: usize,
    /// How many bytes it has yet to take.
    queued: usize,
    /// How many pongs are queued.
    pongs: usize,
    /// The answer to the latest ping, when the queue has its fill of pongs.
    late_pong: Option<Vec<u8>>,
    /// A close frame is queued or sent: nothing may follow it (RFC 6455 §5.5.1).
    closed: bool,
    /// Written bytes may still be in a buffer of the stream.
    unflushed: bool,
    sent: u64,
}

impl Outbound {
    /// How many pongs wait at most. A peer that pings without reading gets its latest ping answered
    /// and loses those in between, as RFC 6455 §5.5.3 allows; conformance suites send ten in a row.
    const MAX_PONGS: usize = 16;
    /// The most buffers in one `writev`; the kernel takes up to 1024, but the gain is flat from here.
    const MAX_SLICES: usize = 64;
    /// A frame shorter than this is copied beside its neighbours. Measured on loopback, 32 frames a
    /// call: copies save a quarter to a half of the time below this length, and nothing above it.
    const SMALL: usize = 1024;
    /// An empty queue with more room than this gives it back.
    const KEPT: usize = 16;

    /// Queues a packet, or gives it back when a close frame stands before it.
    pub(super) fn push(&mut self, packet: Encoded) -> Result<(), Encoded> {
        if self.closed {
            return Err(packet);
        }
        self.enqueue(Chunk::Packet(packet));
        Ok(())
    }

    /// Queues the answer to a ping: a whole frame.
    pub(super) fn pong(&mut self, frame: Vec<u8>) {
        if self.closed {
            return;
        }
        if self.pongs < Self::MAX_PONGS {
            self.pongs += 1;
            self.enqueue(Chunk::Pong(frame));
        } else {
            self.late_pong = Some(frame);
        }
    }

    /// Queues a close frame, the last of all frames. Only the first one counts.
    pub(super) fn close(&mut self, frame: Vec<u8>) {
        if !self.closed {
            self.closed = true;
            self.late_pong = None;
            self.enqueue(Chunk::Close(frame));
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty() && !self.unflushed
    }

    pub(super) fn queued_bytes(&self) -> usize {
        self.queued
    }

    /// The memory that waits for the kernel, in bytes.
    pub(super) fn size(&self) -> usize {
        self.queued + self.queue.len() * Encoded::OVERHEAD
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.queue.capacity()
    }

    /// Writes and flushes all that is queued. The queue bounds the work of one call, and whoever fills
    /// it bounds the queue.
    pub(super) fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.queue.is_empty() {
            let taken = ready!(self.poll_write_once(io, cx))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.advance(taken);
        }
        if self.unflushed {
            ready!(Pin::new(io).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn enqueue(&mut self, chunk: Chunk) {
        self.queued += chunk.bytes().len();
        self.queue.push_back(chunk);
    }

    /// One system call, with as much of the queue as it carries.
    fn poll_write_once<S: AsyncWrite + Unpin>(
        &self,
        io: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let io = Pin::new(io);
        if let [only] = self.queue.as_slices().0
            && self.queue.len() == 1
        {
            return io.poll_write(cx, &only.bytes()[self.offset..]);
        }
        let mut scratch = Scratch::take();
        let mut slices = [IoSlice::new(&[]); Self::MAX_SLICES];
        let limit = if io.is_write_vectored() { slices.len() } else { 1 };
        match self.gather(&mut scratch, &mut slices[..limit]) {
            1 => io.poll_write(cx, &slices[0]),
            count => io.poll_write_vectored(cx, &slices[..count]),
        }
    }

    /// Fills `slices` with the queue from its front: small frames copied together into `scratch`, large
    /// ones where they are. Returns how many slices it used.
    fn gather<'a>(&'a self, mut scratch: &'a mut [u8], slices: &mut [IoSlice<'a>]) -> usize {
        let mut used = 0;
        let mut copied = 0;
        let mut offset = self.offset;
        for chunk in &self.queue {
            if used == slices.len() {
                break;
            }
            let bytes = &chunk.bytes()[std::mem::take(&mut offset)..];
            if bytes.len() < Self::SMALL {
                let Some(room) = scratch.get_mut(copied..copied + bytes.len()) else { break };
                room.copy_from_slice(bytes);
                copied += bytes.len();
                continue;
            }
            if copied > 0 {
                // The copies before it need a slice, and so does the frame itself.
                if used + 1 == slices.len() {
                    break;
                }
                let (copies, rest) = std::mem::take(&mut scratch).split_at_mut(copied);
                slices[used] = IoSlice::new(copies);
                used += 1;
                (scratch, copied) = (rest, 0);
            }
            slices[used] = IoSlice::new(bytes);
            used += 1;
        }
        if copied > 0 && used < slices.len() {
            slices[used] = IoSlice::new(&scratch[..copied]);
            used += 1;
        }
        used
    }

    /// Accounts for bytes that the kernel took.
    fn advance(&mut self, mut taken: usize) {
        self.sent += taken as u64;
        self.queued -= taken;
        while taken > 0
            && let Some(chunk) = self.queue.front()
        {
            let left = chunk.bytes().len() - self.offset;
            let part = taken.min(left);
            taken -= part;
            let done = part == left;
            if let Chunk::Pong(_) = chunk {
                self.pongs -= usize::from(done);
            }
            if done {
                self.queue.pop_front();
                self.offset = 0;
            } else {
                self.offset += part;
            }
        }
        if self.pongs < Self::MAX_PONGS
            && let Some(frame) = self.late_pong.take()
        {
            self.pong(frame);
        }
        if self.queue.is_empty() && self.queue.capacity() > Self::KEPT {
            self.queue = VecDeque::new();
        }
    }
}

/// One or more whole frames.
enum Chunk {
    Packet(Encoded),
    Pong(Vec<u8>),
    Close(Vec<u8>),
}

impl Chunk {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Packet(packet) => packet.websocket(),
            Self::Pong(frame) | Self::Close(frame) => frame,
        }
    }
}
