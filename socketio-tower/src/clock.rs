use std::time::{Duration, Instant};

/// Returns the current time of tokio's clock, which tests can pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Returns the time at which a timeout ends that starts now; a century for one that the clock cannot express.
#[cfg(feature = "cluster")]
pub(crate) fn deadline(timeout: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    now() + timeout.min(CENTURY)
}

/// Returns the deadline of a timeout that starts now, or `None` if it overflows the clock.
pub(crate) fn after(timeout: Duration) -> Option<Instant> {
    now().checked_add(timeout)
}
