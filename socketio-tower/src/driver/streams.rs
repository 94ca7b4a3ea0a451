use std::ops::ControlFlow;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use socketio_core::engine::Upgrade;
use socketio_core::{Connection, Encoded, Link, Lost};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::session::Answer;
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
        /// When the stream is dropped, however the peer takes what is left: a peer that takes a byte now and then would
        /// keep a full queue alive for hours.
        until: Instant,
        /// Whether our half has ended.
        shut: bool,
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

    /// The memory that waits for the kernel, in bytes, on streams that are closing as well.
    pub(super) fn queued_bytes(&self) -> usize {
        let queued = |slot: &Slot| match &slot.phase {
            Phase::Open { wire, .. } | Phase::Closing { wire, .. } => wire.weight(),
            Phase::Opening { .. } | Phase::Gone => 0,
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
            Phase::Closing { until, .. } | Phase::Opening { until, .. } => Some(*until),
            Phase::Gone => None,
        };
        self.0.iter().filter_map(timeout).min()
    }

    /// Hands what has arrived to the connection, as much as a turn may. True if something has.
    pub(super) fn drive_read(
        &mut self,
        connection: &mut Connection<Answer>,
        write_timeout: Duration,
        cx: &mut Context<'_>,
        now: Instant,
    ) -> bool {
        let mut moved = false;
        for slot in &mut self.0 {
            moved |= slot.open(connection, cx, now);
            moved |= slot.read(connection, now + write_timeout, cx, now);
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

    /// Closes a stream after what is queued, which the peer has until then to take.
    pub(super) fn close(&mut self, link: Link, code: Option<u16>, until: Instant) {
        if let Some(slot) = self.find(link) {
            slot.close(code.map(CloseCode::from), until);
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

    /// True if something has come; a stream that is to be closed has until then.
    fn read(
        &mut self,
        connection: &mut Connection<Answer>,
        until: Instant,
        cx: &mut Context<'_>,
        now: Instant,
    ) -> bool {
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
                if heard || messages > 0 {
                    connection.handle_partial(link, wire.is_within_message(), now);
                }
                let Poll::Ready(Err(error)) = read else { return heard || messages > 0 };
                connection.handle_lost(link, Lost::from(&error), now);
                match error {
                    ReadError::Io(_) => self.phase = Phase::Gone,
                    ReadError::Closed | ReadError::Ended => self.finish(until),
                    ReadError::TooLarge | ReadError::Violation(_) => self.close(error.close_code(), until),
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
    fn finish(&mut self, until: Instant) {
        self.phase = match std::mem::replace(&mut self.phase, Phase::Gone) {
            Phase::Open { wire, .. } if wire.queued_bytes() > 0 => {
                Phase::Closing { wire, until, shut: false, ended: true }
            }
            Phase::Open { .. } => Phase::Gone,
            other => other,
        };
    }

    fn close(&mut self, code: Option<CloseCode>, until: Instant) {
        self.phase = match std::mem::replace(&mut self.phase, Phase::Gone) {
            Phase::Open { mut wire, .. } => {
                wire.close(code);
                Phase::Closing { wire, until, shut: false, ended: false }
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
                let before = wire.sent();
                let written = wire.poll_write(cx);
                if wire.sent() != before {
                    connection.handle_progress(self.link, wire.queued_bytes(), now);
                }
                let lost = match written {
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
            Phase::Closing { wire, until, shut, ended } => {
                let mut failed = false;
                if !*shut {
                    match wire.poll_shutdown(cx) {
                        Poll::Ready(Ok(())) => {
                            *shut = true;
                            *until = (*until).min(now + CLOSE_TIMEOUT);
                        }
                        Poll::Ready(Err(_)) => failed = true,
                        Poll::Pending => {}
                    }
                }
                if failed || *shut && *ended || now >= *until {
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
