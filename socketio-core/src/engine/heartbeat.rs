use std::time::{Duration, Instant};

use crate::Config;
use crate::time::after;

/// The heartbeat of a session: the server pings, and any byte from the client is a sign of life.
///
/// The moment of the next ping is counted from the last one and not from its answer, because the client
/// counts from the ping too: it gives up `interval + timeout` after the last one it saw.
#[derive(Debug, Clone)]
pub(super) struct Heartbeat {
    next_ping: Instant,
    /// When the client is dead unless it is heard; none while nothing is owed.
    deadline: Option<Instant>,
    /// How much earlier than a whole interval after the birth the first ping goes out.
    advance: Duration,
}

/// What the heartbeat asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beat {
    Rest,
    Ping,
    Dead,
}

impl Heartbeat {
    /// `phase` spreads the first pings over the last eighth of the interval, so that a storm of
    /// reconnections does not become a storm of pings.
    pub(super) fn new(config: &Config, phase: u8, now: Instant) -> Self {
        let advance = config.ping_interval / 8 / 256 * u32::from(phase);
        Self { next_ping: after(now, config.ping_interval - advance), deadline: None, advance }
    }

    /// The client was heard.
    pub(super) fn heard(&mut self) {
        self.deadline = None;
    }

    pub(super) fn timeout(&self) -> Instant {
        self.deadline.unwrap_or(self.next_ping)
    }

    pub(super) fn beat(&mut self, config: &Config, now: Instant) -> Beat {
        match self.deadline {
            Some(deadline) if now >= deadline => Beat::Dead,
            Some(_) => Beat::Rest,
            None if now < self.next_ping => Beat::Rest,
            None => {
                // Absolute, so that the moment of death does not depend on when the timer was looked
                // at; but a process that was itself stalled gives its peers half of the time.
                let scheduled = self.next_ping + std::mem::take(&mut self.advance);
                let deadline = after(scheduled, config.ping_timeout).max(after(now, config.ping_timeout / 2));
                self.deadline = Some(deadline);
                self.next_ping =
                    after(self.next_ping, config.ping_interval).max(after(now, config.ping_interval / 2));
                Beat::Ping
            }
        }
    }
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
            assert_eq!(heartbeat.beat(&config, at(start, 44)), Beat::Rest);
            assert_eq!(heartbeat.beat(&config, at(start, 45)), Beat::Dead);
        }
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
    fn a_stalled_process_does_not_kill_its_clients() {
        let (config, start) = (Config::default(), crate::time::start());
        let mut heartbeat = Heartbeat::new(&config, 0, start);
        assert_eq!(heartbeat.beat(&config, at(start, 300)), Beat::Ping);
        assert_eq!(heartbeat.timeout(), at(start, 310));
        heartbeat.heard();
        assert_eq!(heartbeat.beat(&config, at(start, 301)), Beat::Rest, "no second ping at once");
    }
}
