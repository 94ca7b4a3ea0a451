use std::time::{Duration, Instant};

use crate::Config;
use crate::time::after;

/// The heartbeat of a session: the server pings, and any byte from the client is a sign of life. Where the client pings, the
/// moment of the server's next ping is the one when the client's is due.
///
/// The moment of the next ping is counted from the last one and not from its answer, because the client
/// counts from the ping too: it gives up `interval + timeout` after the last one it saw.
///
/// A client cannot answer a ping that it has not been sent. Until the ping has left, bytes that the transport takes are a
/// sign of life as well; from then on only what comes from the client is.
#[derive(Debug, Clone)]
pub(super) struct Heartbeat {
    next_ping: Instant,
    /// The ping that has not been answered.
    owed: Option<Owed>,
    /// By how many parts of a 2048th of the interval the first ping goes out earlier than a whole interval after the birth.
    phase: u8,
}

#[derive(Debug, Clone)]
struct Owed {
    /// When the client is dead unless it is heard.
    deadline: Instant,
    ping: Ping,
}

/// How far a ping has come.
#[derive(Debug, Clone, Copy)]
enum Ping {
    /// It waits for a transport.
    Waiting,
    /// The transport has it, and this many bytes behind it.
    Handed { behind: u32 },
    /// The transport has let it go.
    Left,
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
        let next_ping = after(now, config.ping_interval - advance(config, phase));
        Self { next_ping, owed: None, phase }
    }

    /// The client was heard.
    pub(super) fn heard(&mut self) {
        self.owed = None;
    }

    /// The client has pinged: its next ping is due an interval from now.
    pub(super) fn pinged(&mut self, config: &Config, now: Instant) {
        *self = Self { next_ping: after(now, config.ping_interval), owed: None, phase: 0 };
    }

    /// Whether a ping waits to be handed to a transport.
    #[inline]
    pub(super) fn awaits_transport(&self) -> bool {
        matches!(self.owed, Some(Owed { ping: Ping::Waiting, .. }))
    }

    /// The transport has got the ping, as the last of what it has.
    pub(super) fn handed(&mut self) {
        if let Some(owed) = &mut self.owed {
            owed.ping = Ping::Handed { behind: 0 };
        }
    }

    /// The transport has got this many bytes of other packets.
    #[inline]
    pub(super) fn followed(&mut self, bytes: usize) {
        if let Some(Owed { ping: Ping::Handed { behind }, .. }) = &mut self.owed {
            // What would not fit is more than any bound lets wait.
            *behind = behind.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        }
    }

    /// The transport has taken bytes that were handed to it; so many are left.
    #[inline]
    pub(super) fn progressed(&mut self, left: usize, config: &Config, now: Instant) {
        let Some(owed) = &mut self.owed else { return };
        match owed.ping {
            Ping::Left => return,
            Ping::Handed { behind } if left <= behind as usize => owed.ping = Ping::Left,
            Ping::Waiting | Ping::Handed { .. } => {}
        }
        owed.deadline = owed.deadline.max(after(now, config.ping_timeout));
    }

    pub(super) fn timeout(&self) -> Instant {
        self.owed.as_ref().map_or(self.next_ping, |owed| owed.deadline)
    }

    pub(super) fn beat(&mut self, config: &Config, now: Instant) -> Beat {
        match self.owed {
            Some(Owed { deadline, .. }) if now >= deadline => Beat::Dead,
            Some(_) => Beat::Rest,
            None if now < self.next_ping => Beat::Rest,
            None => {
                // Absolute, so that the moment of death does not depend on when the timer was looked
                // at; but a process that was itself stalled gives its peers half of the time.
                let scheduled = self.next_ping + advance(config, std::mem::take(&mut self.phase));
                let deadline = after(scheduled, config.ping_timeout).max(after(now, config.ping_timeout / 2));
                self.owed = Some(Owed { deadline, ping: Ping::Waiting });
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
            assert_eq!(heartbeat.beat(&config, at(start, 44)), Beat::Rest);
            assert_eq!(heartbeat.beat(&config, at(start, 45)), Beat::Dead);
        }
    }

    #[test]
    fn the_time_of_a_ping_begins_when_it_has_left() {
        let (config, start) = (Config::default(), crate::time::start());
        let mut heartbeat = Heartbeat::new(&config, 0, start);
        heartbeat.progressed(500, &config, at(start, 1));
        assert_eq!(heartbeat.timeout(), at(start, 25), "nothing is owed");
        assert_eq!(heartbeat.beat(&config, at(start, 25)), Beat::Ping);
        heartbeat.progressed(500, &config, at(start, 30));
        assert_eq!(heartbeat.timeout(), at(start, 50));
        heartbeat.handed();
        heartbeat.followed(100);
        heartbeat.progressed(101, &config, at(start, 40));
        assert_eq!(heartbeat.timeout(), at(start, 60));
        heartbeat.progressed(100, &config, at(start, 50));
        heartbeat.progressed(50, &config, at(start, 60));
        assert_eq!(heartbeat.timeout(), at(start, 70), "it has left, and is not answered");
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
        assert_eq!(heartbeat.beat(&config, at(start, 90)), Beat::Rest);
        assert_eq!(heartbeat.beat(&config, at(start, 91)), Beat::Dead);
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
