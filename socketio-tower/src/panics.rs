use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs code of the application, or drops it, and contains its panic; none if it panicked.
pub(crate) fn contained<R>(run: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(run)).ok()
}
