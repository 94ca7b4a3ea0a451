use std::task::{Context, Waker};
use std::time::Instant;

/// One turn of a session's task: the waker for its futures and the time used throughout the turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn<'w> {
    waker: &'w Waker,
    pub(super) now: Instant,
}

impl<'w> Turn<'w> {
    pub(super) fn new(cx: &Context<'w>, now: Instant) -> Self {
        Self { waker: cx.waker(), now }
    }

    /// Returns a context for polling one of the task's futures.
    pub(super) fn context(&self) -> Context<'w> {
        Context::from_waker(self.waker)
    }
}
