use std::task::Context;
use std::time::Instant;

/// The context of one turn of a session's task: the waker for its futures and the time used throughout the turn.
pub(super) struct Turn<'a, 'w> {
    pub(super) cx: &'a mut Context<'w>,
    pub(super) now: Instant,
}
