use std::time::{Duration, Instant};

use crate::Config;
use crate::time::after;

/// The heartbeat of a session: the server pings, and any byte from the client is a sign of life. In revisions in
/// which the client pings, the time of the server's next ping is the time at which the client's is due.
///
/// The next ping is scheduled from the last one and not from its answer, because the client counts from the ping too:
/// it times out `interval + timeout` after the last ping it received.
///
/// A client cannot answer a ping that it has not received. Until the ping has left, bytes that the transport sends
/// are a sign of life as well; afterwards only input from the client is.
#[derive(Debug, Clone)]
pub(super) struct Heartbeat {
    next_ping: Instant,
    /// The ping that has not been answered.
    pending: Option<PendingPing>,
    /// The advance of the first ping against a whole interval after the start, in 2048ths of the interval.
    phase: u8,
}

#[derive(Debug, Clone)]
struct PendingPing {
    /// The time at which the client has timed out unless it sends something.
    deadline: Instant,
    ping: Ping,
}

/// The progress of a ping.
#[derive(Debug, Clone, Copy)]
enum Ping {
    /// It is queued for a transport.
    Waiting,
    /// The transport has it, followed by this many bytes.
    Handed { behind: u32 },
    /// The transport has sent it.
    Sent,
}

/// The action that the heartbeat requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beat {
    Idle,
    Ping,
    TimedOut,
}

impl Heartbeat {
    /// Creates a heartbeat. `phase` spreads the first pings over the last eighth of the interval, so that many
    /// simultaneous reconnections do not cause simultaneous pings.
    pub(super) fn new(config: &Config, phase: u8, now: Instant) -> Self {
        let next_ping = after(now, config.ping_interval - advance(config, phase));
        Self { next_ping, pending: None, phase }
    }

    /// Records input from the client.
    pub(super) fn heard(&mut self) {
        self.pending = None;
    }

    /// Records a ping of the client: its next one is due an interval from now.
    pub(super) fn pinged(&mut self, config: &Config, now: Instant) {
        *self = Self { next_ping: after(now, config.ping_interval), pending: None, phase: 0 };
    }

    /// Returns `true` if a ping is queued for a transport.
    #[inline]
    pub(super) fn awaits_transport(&self) -> bool {
        matches!(self.pending, Some(PendingPing { ping: Ping::Waiting, .. }))
    }

    /// Records that the transport has received the ping, as the last of its packets.
    pub(super) fn handed(&mut self) {
        if let Some(pending) = &mut self.pending {
            pending.ping = Ping::Handed { behind: 0 };
        }
    }

    /// Records that the transport has received this many bytes of other packets.
    #[inline]
    pub(super) fn followed(&mut self, bytes: usize) {
        if let Some(PendingPing { ping: Ping::Handed { behind }, .. }) = &mut self.pending {
            // The bounds on queued bytes are far below the point of saturation.
            *behind = behind.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        }
    }

    /// Records that the transport has sent bytes, of which `left` remain.
    #[inline]
    pub(super) fn progressed(&mut self, left: usize, config: &Config, now: Instant) {
        let Some(pending) = &mut self.pending else { return };
        match pending.ping {
            Ping::Sent => return,
            Ping::Handed { behind } if left <= behind as usize => pending.ping = Ping::Sent,
            Ping::Waiting | Ping::Handed { .. } => {}
        }
        pending.deadline = pending.deadline.max(after(now, config.ping_timeout));
    }

    pub(super) fn timeout(&self) -> Instant {
        self.pending.as_ref().map_or(self.next_ping, |pending| pending.deadline)
    }

    pub(super) fn beat(&mut self, config: &Config, now: Instant) -> Beat {
        match self.pending {
            Some(PendingPing { deadline, .. }) if now >= deadline => Beat::TimedOut,
            Some(_) => Beat::Idle,
            None if now < self.next_ping => Beat::Idle,
            None => {
                // Absolute, so that the time-out does not depend on when the timer was polled; but after a stall of
                // the process itself, its peers still get half of the time.
                let scheduled = self.next_ping + advance(config, std::mem::take(&mut self.phase));
                let deadline = after(scheduled, config.ping_timeout).max(after(now, config.ping_timeout / 2));
                self.pending = Some(PendingPing { deadline, ping: Ping::Waiting });
                self.next_ping =
                    after(self.next_ping, config.ping_interval).max(after(now, config.ping_interval / 2));
                Beat::Ping
            }
        }
    }
}

fn advance(config: &Config, phase: u8) -> Duration {
    config.ping_interval / 8 / 256 * u32::from(phase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn death_is_exactly_interval_and_timeout_after_birth() {
        let (config, start) = (Config::default(), crate::time::start());
        for phase in [0, 100, 255] {
            let mut heartbeat = Heartbeat::new(&config, phase, start);
            assert!(heartbeat.timeout() > at(start, 21), "most of the interval passes first");
            assert_eq!(heartbeat.beat(&config, heartbeat.timeout()), Beat::Ping);
            assert_eq!(heartbeat.timeout(), at(start, 45));
            assert_eq!(heartbeat.beat(&config, at(start, 44)), Beat::Idle);
            assert_eq!(heartbeat.beat(&config, at(start, 45)), Beat::TimedOut);
        }
    }

    #[test]
    fn the_time_of_a_ping_begins_when_it_has_left() {
        let (config, start) = (Config::default(), crate::time::start());
        let mut heartbeat = Heartbeat::new(&config, 0, start);
        heartbeat.progressed(500, &config, at(start, 1));
        assert_eq!(heartbeat.timeout(), at(start, 25), "no ping is pending");
        assert_eq!(heartbeat.beat(&config, at(start, 25)), Beat::Ping);
        heartbeat.progressed(500, &config, at(start, 30));
        assert_eq!(heartbeat.timeout(), at(start, 50));
        heartbeat.handed();
        heartbeat.followed(100);
        heartbeat.progressed(101, &config, at(start, 40));
        assert_eq!(heartbeat.timeout(), at(start, 60));
        heartbeat.progressed(100, &config, at(start, 50));
        heartbeat.progressed(50, &config, at(start, 60));
        assert_eq!(heartbeat.timeout(), at(start, 70), "it was sent, and is not answered");
    }

    #[test]
    fn pings_keep_their_rhythm_whatever_the_answer_takes() {
        let (config, start) = (Config::default(), crate::time::start());
        let mut heartbeat = Heartbeat::new(&config, 0, start);
        for n in 1..5 {
            assert_eq!(heartbeat.timeout(), at(start, 25 * n));
            assert_eq!(heartbeat.beat(&config, heartbeat.timeout()), Beat::Ping);
            heartbeat.heard();
        }
    }

    #[test]
    fn a_client_that_pings_is_dead_an_interval_and_a_timeout_after_its_last_ping() {
        let (config, start) = (Config::default(), crate::time::start());
        let mut heartbeat = Heartbeat::new(&config, 100, start);
        heartbeat.pinged(&config, at(start, 20));
        assert_eq!(heartbeat.timeout(), at(start, 45));
        assert_eq!(heartbeat.beat(&config, at(start, 45)), Beat::Ping);
        heartbeat.pinged(&config, at(start, 46));
        assert_eq!(heartbeat.beat(&config, at(start, 71)), Beat::Ping);
        assert_eq!(heartbeat.beat(&config, at(start, 90)), Beat::Idle);
        assert_eq!(heartbeat.beat(&config, at(start, 91)), Beat::TimedOut);
    }

    #[test]
    fn a_stalled_process_does_not_kill_its_clients() {
        let (config, start) = (Config::default(), crate::time::start());
        let mut heartbeat = Heartbeat::new(&config, 0, start);
        assert_eq!(heartbeat.beat(&config, at(start, 300)), Beat::Ping);
        assert_eq!(heartbeat.timeout(), at(start, 310));
        heartbeat.heard();
        assert_eq!(heartbeat.beat(&config, at(start, 301)), Beat::Idle, "no second ping at once");
    }
}
