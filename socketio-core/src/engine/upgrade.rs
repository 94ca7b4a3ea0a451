use std::time::{Duration, Instant};

use crate::time::after;
use crate::{Config, Link};

/// A message stream that may take a polling session over.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) link: Link,
    pub(super) base64: bool,
    pub(super) deadline: Instant,
    /// When the probe came; from then on parked GETs are released.
    probed: Option<Instant>,
    /// When the GET that is parked now is released, unless it gets data before.
    release: Option<Instant>,
}

impl Candidate {
    pub(super) fn new(link: Link, base64: bool, config: &Config, now: Instant) -> Self {
        Self { link, base64, deadline: after(now, config.upgrade_timeout), probed: None, release: None }
    }

    /// Takes the probe, which releases a GET that is parked; false if there was one before.
    pub(super) fn probe(&mut self, now: Instant) -> bool {
        self.release = Some(now);
        self.probed.replace(now).is_none()
    }

    pub(super) fn is_probed(&self) -> bool {
        self.probed.is_some()
    }

    /// A GET is parked since now. One that comes after the probe is released too, but not at once: a client
    /// that has not read the answer to its probe would come again and again.
    pub(super) fn park(&mut self, now: Instant) {
        self.release = self.probed.map(|probed| {
            let periods = now.saturating_duration_since(probed).as_nanos() / RELEASE.as_nanos() + 1;
            probed + RELEASE.saturating_mul(u32::try_from(periods).unwrap_or(u32::MAX))
        });
    }

    pub(super) fn release(&self) -> Option<Instant> {
        self.release
    }
}

/// The Node server's cadence.
const RELEASE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_come_with_the_probe_and_every_hundred_milliseconds_from_it() {
        let start = crate::time::start();
        let at = |millis| start + Duration::from_millis(millis);
        let mut candidate = Candidate::new(Link::new(1), false, &Config::default(), start);
        candidate.park(start);
        assert_eq!(candidate.release(), None);
        assert!(candidate.probe(at(10)));
        assert_eq!(candidate.release(), Some(at(10)));
        for (parked, released) in [(11, 110), (109, 110), (110, 210), (209, 210)] {
            candidate.park(at(parked));
            assert_eq!(candidate.release(), Some(at(released)));
        }
        assert!(!candidate.probe(at(220)), "there is one probe");
    }
}
