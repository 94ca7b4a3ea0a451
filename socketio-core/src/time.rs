use std::time::{Duration, Instant};

/// Returns the time that is `duration` after `now`. "Never", such as `Duration::MAX`, is a hundred years: the range
/// of an `Instant` beyond that depends on the platform.
pub(crate) fn after(now: Instant, duration: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    now + duration.min(CENTURY)
}

/// Returns the earlier of two optional times.
#[inline]
pub(crate) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, None) => one,
        (None, other) => other,
    }
}

/// Returns the start time of unit tests. This is the only place in the crate that reads a clock.
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
