use std::time::{Duration, Instant};

/// A moment after `now`. "Never", such as `Duration::MAX`, is a hundred years: what an `Instant` can hold
/// beyond that depends on the platform.
pub(crate) fn after(now: Instant, duration: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    now + duration.min(CENTURY)
}

/// The earlier of two moments, of which there may be none.
#[inline]
pub(crate) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, None) => one,
        (None, other) => other,
    }
}

/// When unit tests begin: the one clock that is read in this crate.
#[cfg(test)]
pub(crate) fn start() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_is_far_away() {
        let now = start();
        assert!(after(now, Duration::MAX) > now + Duration::from_secs(3600 * 24 * 365 * 50));
        assert_eq!(after(now, Duration::from_secs(1)), now + Duration::from_secs(1));
    }
}
