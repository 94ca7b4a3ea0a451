use std::ops::ControlFlow;
use std::task::Poll;
use std::time::{Duration, Instant};

use socketio_core::{Connection, LinkError, LinkId};

use super::Turn;
use crate::session::Answer;
use crate::transport::{MessageStream, ReadError};

/// A stream that carries messages.
pub(super) struct Open {
    pub(super) wire: MessageStream,
    stall: Stall,
}

/// The time for which the kernel has taken nothing of what waits.
struct Stall {
    sent: u64,
    since: Option<Instant>,
}

/// How many messages one turn hands out at most. The rest of what was read stays as it came: undecoded, a small event takes
/// a twentieth of the memory.
const MESSAGES_PER_TURN: usize = 256;

impl Open {
    pub(super) fn new(wire: MessageStream) -> Self {
        Self { wire, stall: Stall { sent: 0, since: None } }
    }

    /// The moment at which a write that makes no progress is given up.
    pub(super) fn timeout(&self, write_timeout: Duration) -> Option<Instant> {
        self.stall.since.map(|since| since + write_timeout)
    }

    /// Hands messages to the connection, as many as a turn may. Returns whether anything has come.
    ///
    /// # Errors
    ///
    /// Nothing more will come.
    pub(super) fn read(
        &mut self,
        link: LinkId,
        connection: &mut Connection<Answer>,
        turn: &mut Turn<'_, '_>,
    ) -> Result<bool, ReadError> {
        let (now, before) = (turn.now, self.wire.received());
        let mut messages = 0;
        let read = self.wire.poll_read(turn.cx, |message| {
            connection.handle_message(link, &message, now);
            messages += 1;
            if messages < MESSAGES_PER_TURN { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let heard = self.wire.received() != before;
        if heard {
            connection.handle_activity(link);
        }
        if heard || messages > 0 {
            connection.handle_partial(link, self.wire.is_within_message(), now);
        }
        match read {
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(heard || messages > 0),
        }
    }

    /// Writes what is queued.
    ///
    /// # Errors
    ///
    /// The stream is broken, or the peer has taken nothing for the whole timeout.
    pub(super) fn write(
        &mut self,
        link: LinkId,
        connection: &mut Connection<Answer>,
        write_timeout: Duration,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), LinkError> {
        let before = self.wire.sent();
        let written = self.wire.poll_write(turn.cx);
        if self.wire.sent() != before {
            connection.handle_progress(link, self.wire.queued_bytes(), turn.now);
        }
        match written {
            Poll::Ready(Ok(())) => {
                self.stall.since = None;
                Ok(())
            }
            Poll::Ready(Err(_)) => Err(LinkError::Failed),
            Poll::Pending if self.stall.is_over(self.wire.sent(), write_timeout, turn.now) => {
                Err(LinkError::Stalled)
            }
            Poll::Pending => Ok(()),
        }
    }
}

impl Stall {
    /// Takes note that a write waits. Returns whether the kernel has taken nothing for the whole timeout.
    fn is_over(&mut self, sent: u64, write_timeout: Duration, now: Instant) -> bool {
        match self.since {
            Some(since) if sent == self.sent => now >= since + write_timeout,
            _ => {
                *self = Self { sent, since: Some(now) };
                false
            }
        }
    }
}
