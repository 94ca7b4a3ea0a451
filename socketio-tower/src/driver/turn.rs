use std::task::Context;
use std::time::Instant;

/// One turn of a session's task: the waker that its futures get, and the moment that holds for all of it.
pub(super) struct Turn<'a, 'w> {
    pub(super) cx: &'a mut Context<'w>,
    pub(super) now: Instant,
}
