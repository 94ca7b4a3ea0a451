use std::ops::ControlFlow;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::Turn;
use crate::transport::{MessageStream, ReadError};

/// A stream whose close frame goes out; what still comes is thrown away.
pub(super) struct Closing {
    pub(super) wire: MessageStream,
    /// The moment at which the stream is dropped, however the peer takes what is left: a peer that takes a byte now and then
    /// would keep a full queue alive for hours.
    until: Instant,
    /// Whether our half has ended.
    shut: bool,
    /// Whether nothing comes from the peer any more.
    ended: bool,
}

/// How long a peer may take to end its half of the connection after ours; then it is reset.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

impl Closing {
    /// Closes the stream after what is queued, which the peer has until then to take.
    pub(super) fn begin(mut wire: MessageStream, code: Option<CloseCode>, until: Instant) -> Self {
        wire.close(code);
        Self { wire, until, shut: false, ended: false }
    }

    /// Closes a stream from which nothing comes any more. The peer may still read what was queued for it, the answer to its
    /// close frame included.
    pub(super) fn after_end(wire: MessageStream, until: Instant) -> Self {
        Self { wire, until, shut: false, ended: true }
    }

    pub(super) fn timeout(&self) -> Instant {
        self.until
    }

    /// Returns whether anything has come.
    pub(super) fn read(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        if self.ended {
            return false;
        }
        match self.wire.poll_read(turn.cx, |_| ControlFlow::Continue(())) {
            Poll::Ready(Ok(()) | Err(ReadError::TooLarge | ReadError::Violation(_))) => true,
            Poll::Ready(Err(ReadError::Closed | ReadError::Ended | ReadError::Io(_))) => {
                self.ended = true;
                true
            }
            Poll::Pending => false,
        }
    }

    /// Writes what is queued and ends our half. Returns whether the stream is over.
    pub(super) fn write(&mut self, turn: &mut Turn<'_, '_>) -> bool {
        if !self.shut {
            match self.wire.poll_shutdown(turn.cx) {
                Poll::Ready(Ok(())) => {
                    self.shut = true;
                    self.until = self.until.min(turn.now + CLOSE_TIMEOUT);
                }
                Poll::Ready(Err(_)) => return true,
                Poll::Pending => {}
            }
        }
        self.shut && self.ended || turn.now >= self.until
    }
}
