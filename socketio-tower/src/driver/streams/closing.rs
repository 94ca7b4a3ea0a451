use std::ops::ControlFlow;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::Turn;
use crate::transport::{MessageStream, ReadError};

/// A stream that is closing. Its queued output is still written; its input is discarded.
pub(super) struct Closing {
    pub(super) wire: MessageStream,
    /// The deadline at which the stream is dropped regardless of progress: a peer that reads a byte now and then would
    /// otherwise keep a full queue alive for hours.
    until: Instant,
    /// Set once our half is shut down.
    shut: bool,
    /// Set once the peer's half has ended.
    ended: bool,
}

/// The time a peer has to end its half of the connection after ours. Then the connection is dropped.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

impl Closing {
    /// Closes the stream after its queued output, which the peer must receive before `until`.
    pub(super) fn begin(mut wire: MessageStream, code: Option<CloseCode>, until: Instant) -> Self {
        wire.close(code);
        Self { wire, until, shut: false, ended: false }
    }

    /// Closes a stream whose input has ended. The peer may still read the queued output, including the reply to its
    /// close frame.
    pub(super) fn after_end(wire: MessageStream, until: Instant) -> Self {
        Self { wire, until, shut: false, ended: true }
    }

    pub(super) fn timeout(&self) -> Instant {
        self.until
    }

    /// Reads and discards input. Returns `true` if there may be more.
    pub(super) fn read(&mut self, turn: &Turn<'_>) -> bool {
        if self.ended {
            return false;
        }
        match self.wire.poll_read(&mut turn.context(), |_| ControlFlow::Continue(())) {
            Poll::Ready(Ok(()) | Err(ReadError::TooLarge | ReadError::Violation(_))) => true,
            Poll::Ready(Err(ReadError::Closed | ReadError::Ended | ReadError::Io(_))) => {
                self.ended = true;
                true
            }
            Poll::Pending => false,
        }
    }

    /// Writes queued output, then shuts down our half. Returns `true` if the stream can be dropped.
    pub(super) fn write(&mut self, turn: &Turn<'_>) -> bool {
        if !self.shut {
            match self.wire.poll_shutdown(&mut turn.context()) {
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
