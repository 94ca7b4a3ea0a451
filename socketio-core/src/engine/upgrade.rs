use std::time::{Duration, Instant};

use super::Upgrade;
use crate::time::after;
use crate::{Config, LinkId, Transport};

/// A message stream that may take over a polling session.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) link: LinkId,
    pub(super) transport: Transport,
    pub(super) base64: bool,
    pub(super) deadline: Instant,
    /// The time at which the probe arrived. From then on, parked GETs are released.
    probed: Option<Instant>,
    /// The time at which the parked GET is released, unless it gets data before.
    release: Option<Instant>,
}

impl Candidate {
    pub(super) fn new(link: LinkId, upgrade: &Upgrade, config: &Config, now: Instant) -> Self {
        let Upgrade { transport, base64, .. } = *upgrade;
        let deadline = after(now, config.upgrade_timeout);
        Self { link, transport, base64, deadline, probed: None, release: None }
    }

    /// Records the probe, which releases a parked GET. Returns `false` if there was one before. While packets are
    /// about to be sent, the GET is held back for them.
    pub(super) fn probe(&mut self, now: Instant, answering: bool) -> bool {
        self.release = Some(if answering { now + MAX_RELEASE } else { now });
        self.probed.replace(now).is_none()
    }

    pub(super) fn is_probed(&self) -> bool {
        self.probed.is_some()
    }

    /// Records that a GET is parked from now on. After the probe, it waits as long again as the upgrade has taken so
    /// far, so that a client which has not read the reply to its probe does not poll in a tight loop.
    pub(super) fn park(&mut self, now: Instant, answering: bool) {
        let min = if answering { MAX_RELEASE } else { MIN_RELEASE };
        let delay = |probed| now.saturating_duration_since(probed).clamp(min, MAX_RELEASE);
        self.release = self.probed.map(|probed| now + delay(probed));
    }

    pub(super) fn release(&self) -> Option<Instant> {
        self.release
    }
}

/// The resolution of timers.
const MIN_RELEASE: Duration = Duration::from_millis(1);
/// The maximum time for which the Node server keeps a GET parked during an upgrade.
const MAX_RELEASE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_come_with_the_probe_and_ever_later_after_it() {
        let start = crate::time::start();
        let at = |millis| start + Duration::from_millis(millis);
        let sid = crate::Sid::from_entropy([7; 15]);
        let upgrade = Upgrade { sid, revision: None, transport: Transport::WebSocket, base64: false };
        let mut candidate = Candidate::new(LinkId::new(1), &upgrade, &Config::default(), start);
        candidate.park(start, false);
        assert_eq!(candidate.release(), None);
        assert!(candidate.probe(at(10), false));
        assert_eq!(candidate.release(), Some(at(10)));
        for (parked, released) in [(10, 11), (11, 12), (30, 50), (110, 210), (500, 600)] {
            candidate.park(at(parked), false);
            assert_eq!(candidate.release(), Some(at(released)));
        }
        candidate.park(at(600), true);
        assert_eq!(candidate.release(), Some(at(700)));
        assert!(!candidate.probe(at(720), true), "there is one probe");
        assert_eq!(candidate.release(), Some(at(820)));
    }
}
