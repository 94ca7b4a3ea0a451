mod closing;
mod open;
mod opening;

use std::task::Poll;
use std::time::{Duration, Instant};

use socketio_core::engine::Upgrade;
use socketio_core::{Connection, Encoded, LinkError, LinkId};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use self::closing::Closing;
use self::open::Open;
use self::opening::{Opened, Opening};
use super::dispatch::Dispatcher;
use super::turn::Turn;
use crate::session::Answer;
use crate::transport::{PendingStream, ReadError};

/// The message streams of a session: the current one, a candidate for an upgrade, and those that are closing.
#[derive(Default)]
pub(super) struct Streams(Vec<Slot>);

struct Slot {
    link: LinkId,
    phase: Phase,
}

/// ```text
///   Opening ──▶ Open ──▶ Closing ──▶ removed
/// ```
enum Phase {
    Opening(Opening),
    Open(Open),
    Closing(Closing),
    Gone,
}

impl Streams {
    /// Adds the stream that the session was opened on, or with `upgrade` a candidate for an upgrade.
    ///
    /// The HTTP server must hand over the connection before `until`. While one stream is opening, further ones are
    /// dropped.
    pub(super) fn insert(
        &mut self,
        link: LinkId,
        stream: PendingStream,
        upgrade: Option<Box<Upgrade>>,
        until: Instant,
    ) {
        if self.0.iter().all(|slot| !matches!(slot.phase, Phase::Opening(_))) {
            self.0.reserve_exact(1);
            self.0.push(Slot { link, phase: Phase::Opening(Opening::new(stream, upgrade, until)) });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the memory of queued output in bytes, including that of closing streams.
    pub(super) fn queued_bytes(&self) -> usize {
        let queued = |slot: &Slot| match &slot.phase {
            Phase::Open(Open { wire, .. }) | Phase::Closing(Closing { wire, .. }) => wire.size(),
            Phase::Opening(_) | Phase::Gone => 0,
        };
        self.0.iter().map(queued).sum()
    }

    /// Returns the number of bytes that were read but not yet passed to the connection.
    pub(super) fn received_bytes(&self) -> usize {
        let received = |slot: &Slot| match &slot.phase {
            Phase::Open(Open { wire, .. }) | Phase::Closing(Closing { wire, .. }) => wire.received_bytes(),
            Phase::Opening(_) | Phase::Gone => 0,
        };
        self.0.iter().map(received).sum()
    }

    /// Returns the earliest deadline: of a stream that is opening, of a write without progress, or of a close.
    pub(super) fn timeout(&self, write_timeout: Duration) -> Option<Instant> {
        let timeout = |slot: &Slot| match &slot.phase {
            Phase::Opening(opening) => Some(opening.timeout()),
            Phase::Open(open) => open.timeout(write_timeout),
            Phase::Closing(closing) => Some(closing.timeout()),
            Phase::Gone => None,
        };
        self.0.iter().filter_map(timeout).min()
    }

    /// Reads input and passes it to the dispatcher, up to the limits of one turn. Returns `true` if there may be more.
    pub(super) fn drive_read(
        &mut self,
        dispatcher: &mut Dispatcher,
        write_timeout: Duration,
        turn: &Turn<'_>,
    ) -> bool {
        let mut more = false;
        for slot in &mut self.0 {
            slot.open(&mut dispatcher.connection, turn);
            more |= slot.read(dispatcher, write_timeout, turn);
        }
        self.0.retain(Slot::is_present);
        more
    }

    /// Queues a packet on a stream.
    pub(super) fn push(&mut self, link: LinkId, packet: Encoded) {
        if let Some(Slot { phase: Phase::Open(open), .. }) = self.find(link) {
            // Nothing is sent after a close frame, and the session already knows of the close.
            open.wire.push(packet).ok();
        }
    }

    /// Closes a stream after its queued output, which the peer must receive before `until`.
    pub(super) fn close(&mut self, link: LinkId, code: Option<u16>, until: Instant) {
        if let Some(slot) = self.find(link) {
            slot.close(code.map(CloseCode::from), until);
        }
    }

    /// Drops connections that the HTTP server has not handed over yet.
    pub(super) fn abandon_opening(&mut self) {
        self.0.retain(|slot| !matches!(slot.phase, Phase::Opening(_)));
    }

    /// Writes queued output and drops streams past their deadline. Returns `true` if a stream was removed.
    pub(super) fn drive_write(
        &mut self,
        connection: &mut Connection<Answer>,
        write_timeout: Duration,
        turn: &Turn<'_>,
    ) -> bool {
        let before = self.0.len();
        for slot in &mut self.0 {
            slot.write(connection, write_timeout, turn);
        }
        self.0.retain(Slot::is_present);
        self.0.len() != before
    }

    fn find(&mut self, link: LinkId) -> Option<&mut Slot> {
        self.0.iter_mut().find(|slot| slot.link == link)
    }
}

impl Slot {
    fn is_present(&self) -> bool {
        !matches!(self.phase, Phase::Gone)
    }

    /// Polls a stream that is opening.
    fn open(&mut self, connection: &mut Connection<Answer>, turn: &Turn<'_>) {
        let Phase::Opening(opening) = &mut self.phase else { return };
        let Poll::Ready(Opened { wire, upgrade }) = opening.poll(turn) else { return };
        let opened = wire.is_some();
        self.phase = wire.map_or(Phase::Gone, |wire| Phase::Open(Open::new(wire)));
        match upgrade {
            Some(upgrade) if opened => connection.handle_upgrade(self.link, &upgrade, turn.now),
            // The connection does not know this candidate.
            Some(_) => {}
            None if opened => connection.handle_attach(self.link, turn.now),
            None => connection.handle_lost(self.link, LinkError::Failed, turn.now),
        }
    }

    /// Reads from an open or closing stream. Returns `true` if there may be more. A stream that ends is closed within
    /// the write timeout.
    fn read(&mut self, dispatcher: &mut Dispatcher, write_timeout: Duration, turn: &Turn<'_>) -> bool {
        let open = match &mut self.phase {
            Phase::Open(open) => open,
            Phase::Closing(closing) => return closing.read(turn),
            Phase::Opening(_) | Phase::Gone => return false,
        };
        let error = match open.read(self.link, dispatcher, turn) {
            Ok(more) => return more,
            Err(error) => error,
        };
        dispatcher.connection.handle_lost(self.link, LinkError::from(&error), turn.now);
        let until = turn.now + write_timeout;
        match error {
            ReadError::Io(_) => self.phase = Phase::Gone,
            ReadError::Closed | ReadError::Ended => self.finish(until),
            ReadError::TooLarge | ReadError::Violation(_) => self.close(error.close_code(), until),
        }
        true
    }

    /// Finishes a stream whose peer has shut down its half or sent a close frame (RFC 6455 §5.5.1).
    fn finish(&mut self, until: Instant) {
        self.phase = match std::mem::replace(&mut self.phase, Phase::Gone) {
            Phase::Open(Open { wire, .. }) if wire.queued_bytes() > 0 => {
                Phase::Closing(Closing::after_end(wire, until))
            }
            Phase::Open(_) => Phase::Gone,
            other => other,
        };
    }

    fn close(&mut self, code: Option<CloseCode>, until: Instant) {
        self.phase = match std::mem::replace(&mut self.phase, Phase::Gone) {
            Phase::Open(Open { wire, .. }) => Phase::Closing(Closing::begin(wire, code, until)),
            Phase::Opening(_) => Phase::Gone,
            closing => closing,
        };
    }

    fn write(&mut self, connection: &mut Connection<Answer>, write_timeout: Duration, turn: &Turn<'_>) {
        let over = match &mut self.phase {
            Phase::Open(open) => match open.write(self.link, connection, write_timeout, turn) {
                Ok(()) => false,
                Err(lost) => {
                    connection.handle_lost(self.link, lost, turn.now);
                    true
                }
            },
            Phase::Closing(closing) => closing.write(turn),
            Phase::Opening(_) | Phase::Gone => false,
        };
        if over {
            self.phase = Phase::Gone;
        }
    }
}
