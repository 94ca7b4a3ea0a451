use std::time::{Duration, Instant};

/// The clock, which tests may stop.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The end of a timeout that begins now; none if the clock cannot count so far.
pub(crate) fn after(timeout: Duration) -> Option<Instant> {
    now().checked_add(timeout)
}
