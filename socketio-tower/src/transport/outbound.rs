use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use socketio_core::Encoded;
use tokio::io::AsyncWrite;

use super::scratch::Scratch;

/// The sending half of a [`WebSocket`](super::WebSocket): a queue of ready frames, and the progress of writing them.
#[derive(Default)]
pub(super) struct Outbound {
    queue: VecDeque<Chunk>,
    /// The number of bytes of the first chunk that are already written.
    offset: usize,
    /// The number of queued bytes that are not written yet.
    queued: usize,
    /// The number of queued pongs.
    pongs: usize,
    /// The reply to the latest ping, if the maximum number of pongs is queued.
    late_pong: Option<Vec<u8>>,
    /// Set once a close frame is queued or sent. Nothing may follow it (RFC 6455 §5.5.1).
    closed: bool,
    /// Set if written bytes may still be in a buffer of the stream.
    unflushed: bool,
    sent: u64,
}

impl Outbound {
    /// The maximum number of queued pongs. A peer that pings without reading gets a reply to its latest ping only, as
    /// RFC 6455 §5.5.3 allows. Conformance suites send ten pings in a row.
    const MAX_PONGS: usize = 16;
    /// The maximum number of buffers in one `writev`. The kernel accepts up to 1024, but more than this gain nothing.
    const MAX_SLICES: usize = 64;
    /// The length below which frames are copied into one buffer. Measured on loopback with 32 frames per call, copying
    /// saves a quarter to a half of the time below this length, and nothing above it.
    const SMALL: usize = 1024;
    /// While its peer takes nothing, a queue may have this capacity, or four times the number of its frames.
    const MAX_SLACK: usize = 16;
    /// The maximum capacity of the empty queue that a thread keeps, 40 KiB.
    const MAX_SPARE: usize = 1024;

    /// Queues a packet.
    ///
    /// # Errors
    ///
    /// Returns the packet if a close frame was queued before.
    pub(super) fn push(&mut self, packet: Encoded) -> Result<(), Encoded> {
        if self.closed {
            return Err(packet);
        }
        self.enqueue(Chunk::Packet(packet));
        Ok(())
    }

    /// Queues the reply to a ping, which is a whole frame.
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

    /// Queues a close frame, after which nothing is sent. Has no effect if one was queued before.
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

    /// Returns the memory of the queue in bytes.
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

    /// Writes and flushes the whole queue. The queue bounds the work of one call; its producers must bound the queue.
    pub(super) fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.queue.is_empty() {
            let Poll::Ready(written) = self.poll_write_once(io, cx)? else {
                self.trim();
                return Poll::Pending;
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.advance(written);
        }
        if self.unflushed {
            ready!(Pin::new(io).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Frees most of the room of a queue that has to wait for its peer. It may have been the thread's.
    fn trim(&mut self) {
        let room = Self::MAX_SLACK.max(4 * self.queue.len());
        if self.queue.capacity() > room {
            self.queue.shrink_to(2 * self.queue.len());
        }
    }

    fn enqueue(&mut self, chunk: Chunk) {
        if self.queue.capacity() == 0 {
            self.queue = SPARE.try_with(Cell::take).unwrap_or_default();
        }
        self.queued += chunk.bytes().len();
        self.queue.push_back(chunk);
    }

    /// Writes as much of the queue as fits into one system call.
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
        if self.begins_with_small_frames() {
            let copied = self.copy(&mut scratch);
            return io.poll_write(cx, &scratch[..copied]);
        }
        // The array takes a kilobyte to initialize, so it exists only if there are large frames.
        let mut slices = [IoSlice::new(&[]); Self::MAX_SLICES];
        let limit = if io.is_write_vectored() { slices.len() } else { 1 };
        match self.gather(&mut scratch, &mut slices[..limit]) {
            1 => io.poll_write(cx, &slices[0]),
            count => io.poll_write_vectored(cx, &slices[..count]),
        }
    }

    /// Returns `true` if the frames that fit into one buffer are all small. Looks no further than that: a queue may hold
    /// seventy thousand frames.
    fn begins_with_small_frames(&self) -> bool {
        let mut room = Scratch::LENGTH;
        for chunk in &self.queue {
            let length = chunk.bytes().len();
            if length >= Self::SMALL {
                return false;
            }
            match room.checked_sub(length) {
                Some(left) => room = left,
                None => break,
            }
        }
        true
    }

    /// Copies whole frames from the front of the queue into `scratch`, as many as fit. Returns the number of bytes.
    fn copy(&self, scratch: &mut [u8]) -> usize {
        let (mut copied, mut offset) = (0, self.offset);
        for chunk in &self.queue {
            let bytes = &chunk.bytes()[std::mem::take(&mut offset)..];
            let Some(room) = scratch.get_mut(copied..copied + bytes.len()) else { break };
            room.copy_from_slice(bytes);
            copied += bytes.len();
        }
        copied
    }

    /// Fills `slices` from the front of the queue: small frames are copied into `scratch`, large ones are referenced.
    /// Returns the number of slices used.
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
                // Both the copies before it and the frame itself need a slice.
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

    /// Removes written bytes from the queue.
    fn advance(&mut self, mut written: usize) {
        self.sent += written as u64;
        self.queued -= written;
        while written > 0
            && let Some(chunk) = self.queue.front()
        {
            let left = chunk.bytes().len() - self.offset;
            let part = written.min(left);
            written -= part;
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
        if self.queue.is_empty() {
            let queue = std::mem::take(&mut self.queue);
            if queue.capacity() <= Self::MAX_SPARE {
                // An error means that the thread is exiting, so the queue is not needed.
                SPARE.try_with(|spare| spare.set(queue)).ok();
            }
        }
    }
}

thread_local! {
    /// An empty queue, for the next stream that has something to write on this thread. A stream has a queue only while
    /// it is not empty.
    static SPARE: Cell<VecDeque<Chunk>> = const { Cell::new(VecDeque::new()) };
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
