use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls a function of the application and catches its panic. Returns `None` if it panicked.
pub(crate) fn contained<R>(run: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(run)).ok()
}
