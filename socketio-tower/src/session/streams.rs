use std::ops::ControlFlow;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use socketio_core::engine::Upgrade;
use socketio_core::{Connection, Encoded, Link, Lost};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::Answer;
use crate::transport::{Carrier, ReadError, Stream, Wire};

/// The message streams of a session: the one it speaks over, one that may take over, and those that are
/// on their way out.
#[derive(Default)]
pub(super) struct Streams(Vec<Slot>);

struct Slot {
    link: Link,
    phase: Phase,
}

/// ```text
///   Opening ──▶ Open ──▶ Closing ──▶ removed
/// ```
enum Phase {
    /// The HTTP server has not handed the connection over.
    Opening {
        stream: Stream,
        upgrade: Option<Box<Upgrade>>,
        until: Instant,
    },
    Open {
        wire: Wire<Carrier>,
        stall: Stall,
    },
    /// The close frame goes out; what still comes is thrown away.
    Closing {
        wire: Wire<Carrier>,
        stall: Stall,
        /// How long the peer may take to end too; counted from when our half has ended.
        until: Option<Instant>,
        /// Whether nothing comes from the peer any more.
        ended: bool,
    },
    Gone,
}

/// Since when the kernel has taken nothing of what waits.
struct Stall {
    sent: u64,
    since: Option<Instant>,
}

impl Streams {
    /// Adds the stream that the session was opened for, or with `upgrade` one that wants to take it over.
    ///
    /// The HTTP server has until then to hand the connection over. While one candidate is awaited, another
    /// is let go.
    pub(super) fn insert(
        &mut self,
        link: Link,
        stream: Stream,
        upgrade: Option<Box<Upgrade>>,
        until: Instant,
    ) {
        if self.0.iter().all(|slot| !matches!(slot.phase, Phase::Opening { .. })) {
            self.0.reserve_exact(1);
            self.0.push(Slot { link, phase: Phase::Opening { stream, upgrade, until } });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes that the kernel has not taken.
    pub(super) fn queued_bytes(&self) -> usize {
        let queued = |slot: &Slot| match &slot.phase {
            Phase::Open { wire, .. } => wire.queued_bytes(),
            Phase::Opening { .. } | Phase::Closing { .. } | Phase::Gone => 0,
        };
        self.0.iter().map(queued).sum()
    }

    /// Returns how many bytes have been read and not handed to the connection.
    pub(super) fn received_bytes(&self) -> usize {
        let received = |slot: &Slot| match &slot.phase {
            Phase::Open { wire, .. } | Phase::Closing { wire, .. } => wire.received_bytes(),
            Phase::Opening { .. } | Phase::Gone => 0,
        };
        self.0.iter().map(received).sum()
    }

    /// When something is overdue: a write that makes no progress, a close that is not answered.
    pub(super) fn timeout(&self, write_timeout: Duration) -> Option<Instant> {
        let timeout = |slot: &Slot| match &slot.phase {
            Phase::Open { stall, .. } => stall.since.map(|since| since + write_timeout),
            Phase::Closing { until: Some(until), .. } | Phase::Opening { until, .. } => Some(*until),
            Phase::Closing { stall, .. } => stall.since.map(|since| since + write_timeout),
            Phase::Gone => None,
        };
        self.0.iter().filter_map(timeout).min()
    }

    /// Hands what has arrived to the connection, as much as a turn may. True if something has.
    pub(super) fn drive_read(
        &mut self,
        connection: &mut Connection<Answer>,
        cx: &mut Context<'_>,
        now: Instant,
    ) -> bool {
        let mut moved = false;
        for slot in &mut self.0 {
            moved |= slot.open(connection, cx, now);
            moved |= slot.read(connection, cx, now);
        }
        self.0.retain(Slot::is_there);
        moved
    }

    /// Queues a packet on a stream.
    pub(super) fn push(&mut self, link: Link, packet: Encoded) {
        if let Some(Slot { phase: Phase::Open { wire, .. }, .. }) = self.find(link) {
            // After a close frame nothing is sent; the session knows of the close.
            wire.push(packet).ok();
        }
    }

    /// Closes a stream after what is queued.
    pub(super) fn close(&mut self, link: Link, code: Option<u16>) {
        if let Some(slot) = self.find(link) {
            slot.close(code.map(CloseCode::from));
        }
    }

    /// Lets go of connections that the HTTP server has not handed over: nobody waits for them any more.
    pub(super) fn abandon_opening(&mut self) {
        self.0.retain(|slot| !matches!(slot.phase, Phase::Opening { .. }));
    }

    /// Writes what is queued, and ends what is overdue. True if a stream is gone.
    pub(super) fn drive_write(
        &mut self,
        connection: &mut Connection<Answer>,
        write_timeout: Duration,
        cx: &mut Context<'_>,
        now: Instant,
    ) -> bool {
        let before = self.0.len();
        for slot in &mut self.0 {
            slot.write(connection, write_timeout, cx, now);
        }
        self.0.retain(Slot::is_there);
        self.0.len() != before
    }

    fn find(&mut self, link: Link) -> Option<&mut Slot> {
        self.0.iter_mut().find(|slot| slot.link == link)
    }
}

impl Slot {
    fn is_there(&self) -> bool {
        !matches!(self.phase, Phase::Gone)
    }

    /// True if the stream stands now, or will never.
    fn open(&mut self, connection: &mut Connection<Answer>, cx: &mut Context<'_>, now: Instant) -> bool {
        let Phase::Opening { stream, upgrade, until } = &mut self.phase else { return false };
        let Poll::Ready(carrier) = stream.poll_open(cx) else {
            if now < *until {
                return false;
            }
            let first = upgrade.is_none();
            self.phase = Phase::Gone;
            if first {
                connection.handle_lost(self.link, Lost::Failed, now);
            }
            return true;
        };
        match (carrier, upgrade.take()) {
            (Ok(wire), upgrade) => {
                self.phase = Phase::Open { wire, stall: Stall { sent: 0, since: None } };
                match upgrade {
                    Some(upgrade) => connection.handle_upgrade(self.link, &upgrade, now),
                    None => connection.handle_attach(self.link, now),
                }
            }
            (Err(error), upgrade) => {
                crate::trace::upgrade_failed(&error);
                self.phase = Phase::Gone;
                // The connection does not know of a candidate that never stood.
                if upgrade.is_none() {
                    connection.handle_lost(self.link, Lost::Failed, now);
                }
            }
        }
        true
    }

    fn read(&mut self, connection: &mut Connection<Answer>, cx: &mut Context<'_>, now: Instant) -> bool {
        match &mut self.phase {
            Phase::Open { wire, .. } => {
                let (link, before) = (self.link, wire.received());
                let mut messages = 0;
                let read = wire.poll_read(cx, |message| {
                    connection.handle_message(link, &message, now);
                    messages += 1;
                    if messages < MESSAGES_PER_TURN {
                        ControlFlow::Continue(())
                    } else {
                        ControlFlow::Break(())
                    }
                });
                let heard = wire.received() != before;
                if heard {
                    connection.handle_activity(link);
                }
                let Poll::Ready(Err(error)) = read else { return heard || messages > 0 };
                connection.handle_lost(link, Lost::from(&error), now);
                match error {
                    ReadError::Io(_) => self.phase = Phase::Gone,
                    ReadError::Closed | ReadError::Ended => self.finish(),
                    ReadError::TooLarge | ReadError::Violation(_) => self.close(error.close_code()),
                }
                true
            }
            Phase::Closing { wire, ended, .. } if !*ended => {
                match wire.poll_read(cx, |_| ControlFlow::Continue(())) {
                    Poll::Ready(Ok(()) | Err(ReadError::TooLarge | ReadError::Violation(_))) => true,
                    Poll::Ready(Err(ReadError::Closed | ReadError::Ended | ReadError::Io(_))) => {
                        *ended = true;
                        true
                    }
                    Poll::Pending => false,
                }
            }
            Phase::Closing { .. } => false,
            Phase::Opening { .. } | Phase::Gone => false,
        }
    }

    /// Nothing comes from the peer any more: it has ended its half, or sent a close frame (RFC 6455 §5.5.1).
    /// What was queued for it, the answer to that frame included, may still be read.
    fn finish(&mut self) {
        self.phase = match std::mem::replace(&mut self.phase, Phase::Gone) {
            Phase::Open { wire, stall } if wire.queued_bytes() > 0 => {
                Phase::Closing { wire, stall, until: None, ended: true }
            }
            Phase::Open { .. } => Phase::Gone,
            other => other,
        };
    }

    fn close(&mut self, code: Option<CloseCode>) {
        self.phase = match std::mem::replace(&mut self.phase, Phase::Gone) {
            Phase::Open { mut wire, .. } => {
                wire.close(code);
                Phase::Closing { wire, stall: Stall { sent: 0, since: None }, until: None, ended: false }
            }
            Phase::Opening { .. } => Phase::Gone,
            closing => closing,
        };
    }

    fn write(
        &mut self,
        connection: &mut Connection<Answer>,
        write_timeout: Duration,
        cx: &mut Context<'_>,
        now: Instant,
    ) {
        match &mut self.phase {
            Phase::Open { wire, stall } => {
                let lost = match wire.poll_write(cx) {
                    Poll::Ready(Ok(())) => {
                        stall.since = None;
                        return;
                    }
                    Poll::Ready(Err(_)) => Lost::Failed,
                    Poll::Pending if stall.is_over(wire.sent(), write_timeout, now) => Lost::Stalled,
                    Poll::Pending => return,
                };
                self.phase = Phase::Gone;
                connection.handle_lost(self.link, lost, now);
            }
            Phase::Closing { wire, stall, until, ended } => {
                let failed = until.is_none()
                    && match wire.poll_shutdown(cx) {
                        Poll::Ready(Ok(())) => {
                            *until = Some(now + CLOSE_TIMEOUT);
                            false
                        }
                        Poll::Ready(Err(_)) => true,
                        Poll::Pending => stall.is_over(wire.sent(), write_timeout, now),
                    };
                if failed || until.is_some_and(|until| *ended || now >= until) {
                    self.phase = Phase::Gone;
                }
            }
            Phase::Opening { .. } | Phase::Gone => {}
        }
    }
}

impl Stall {
    /// Takes note that a write waits; true if the kernel has taken nothing for the whole timeout.
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

/// How many messages one turn hands out at most. The rest of what was read stays as it came: undecoded, a small event takes
/// a twentieth of the memory.
const MESSAGES_PER_TURN: usize = 256;

/// How long a peer may take to end its half of the connection after ours; then it is reset.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
