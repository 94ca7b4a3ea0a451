use std::time::{Duration, Instant};

use super::Upgrade;
use crate::time::after;
use crate::{Config, LinkId, Transport};

/// A message stream that may take a polling session over.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) link: LinkId,
    pub(super) transport: Transport,
    pub(super) base64: bool,
    pub(super) deadline: Instant,
    /// When the probe came; from then on parked GETs are released.
    probed: Option<Instant>,
    /// When the GET that is parked now is released, unless it gets data before.
    release: Option<Instant>,
}

impl Candidate {
    pub(super) fn new(link: LinkId, upgrade: &Upgrade, config: &Config, now: Instant) -> Self {
        let Upgrade { transport, base64, .. } = *upgrade;
        let deadline = after(now, config.upgrade_timeout);
        Self { link, transport, base64, deadline, probed: None, release: None }
    }

    /// Takes the probe, which releases a GET that is parked; false if there was one before. While packets are about to be
    /// sent, it is they that should release it.
    pub(super) fn probe(&mut self, now: Instant, answering: bool) -> bool {
        self.release = Some(if answering { now + MAX_RELEASE } else { now });
        self.probed.replace(now).is_none()
    }

    pub(super) fn is_probed(&self) -> bool {
        self.probed.is_some()
    }

    /// A GET is parked since now. One that comes after the probe waits as long again as the upgrade has
    /// taken, so that a client which has not read the answer to its probe does not come again and again.
    pub(super) fn park(&mut self, now: Instant, answering: bool) {
        let min = if answering { MAX_RELEASE } else { MIN_RELEASE };
        let patience = |probed| now.saturating_duration_since(probed).clamp(min, MAX_RELEASE);
        self.release = self.probed.map(|probed| now + patience(probed));
    }

    pub(super) fn release(&self) -> Option<Instant> {
        self.release
    }
}

/// What timers can tell apart.
const MIN_RELEASE: Duration = Duration::from_millis(1);
/// The Node server releases every GET that is parked after this time at the latest.
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
