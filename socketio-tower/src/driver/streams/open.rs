use std::ops::ControlFlow;
use std::task::Poll;
use std::time::{Duration, Instant};

use socketio_core::{Connection, LinkError, LinkId};

use super::{Dispatcher, Turn};
use crate::session::Answer;
use crate::transport::{MessageStream, ReadError};

/// A stream that carries messages.
pub(super) struct Open {
    pub(super) wire: MessageStream,
    stall: Stall,
}

/// The progress of writes: the bytes sent so far, and since when no more could be sent.
struct Stall {
    sent: u64,
    since: Option<Instant>,
}

/// The maximum number of messages handled per turn, so that what their handlers emit leaves, and deadlines are checked,
/// in between. The rest of the input is kept undecoded.
const MESSAGES_PER_TURN: usize = 256;

impl Open {
    pub(super) fn new(wire: MessageStream) -> Self {
        Self { wire, stall: Stall { sent: 0, since: None } }
    }

    /// Returns the deadline of a write that makes no progress.
    pub(super) fn timeout(&self, write_timeout: Duration) -> Option<Instant> {
        self.stall.since.map(|since| since + write_timeout)
    }

    /// Reads messages and passes them to the dispatcher, up to the limits of one turn. Returns `true` if there may
    /// be more; otherwise the task is woken when there is.
    ///
    /// # Errors
    ///
    /// Returns an error if nothing more can be read from the stream.
    pub(super) fn read(
        &mut self,
        link: LinkId,
        dispatcher: &mut Dispatcher,
        turn: &Turn<'_>,
    ) -> Result<bool, ReadError> {
        let before = self.wire.received();
        let mut messages = 0;
        let read = self.wire.poll_read(&mut turn.context(), |message| {
            messages += 1;
            dispatcher.handle_message(link, message, turn)?;
            if messages < MESSAGES_PER_TURN { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let connection = &mut dispatcher.connection;
        let heard = self.wire.received() != before;
        if heard {
            connection.handle_activity(link);
        }
        if heard || messages > 0 {
            connection.handle_partial(link, self.wire.is_within_message(), turn.now);
        }
        match read {
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) => Ok(true),
            Poll::Pending => Ok(false),
        }
    }

    /// Writes queued output.
    ///
    /// # Errors
    ///
    /// Returns an error if the stream has failed, or if no byte could be written for the whole timeout.
    pub(super) fn write(
        &mut self,
        link: LinkId,
        connection: &mut Connection<Answer>,
        write_timeout: Duration,
        turn: &Turn<'_>,
    ) -> Result<(), LinkError> {
        let before = self.wire.sent();
        let written = self.wire.poll_write(&mut turn.context());
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
    /// Records a pending write. Returns `true` if no byte could be written for the whole timeout.
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
