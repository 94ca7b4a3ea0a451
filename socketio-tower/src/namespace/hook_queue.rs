use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::sync::PoisonError;

use crate::panics::contained;
use crate::sync::{Condvar, Mutex, MutexGuard, thread_local};

/// A queue of events for hooks. Events are pushed under the lock that orders them, and passed to the hooks outside it,
/// by one thread at a time.
///
/// A slow hook applies back-pressure to the threads that cause its events: they block while [`MAX_WAITING`] events
/// wait.
pub(super) struct HookQueue<E> {
    inner: Mutex<Inner<E>>,
    /// Notified when the queue has room again.
    room: Condvar,
}

struct Inner<E> {
    waiting: VecDeque<E>,
    /// Set while a thread calls the hook.
    flushing: bool,
}

/// The maximum number of waiting events, of about a hundred bytes each: enough for the events that other threads cause
/// while a fast hook runs, and a limit for a slow one.
const MAX_WAITING: usize = if cfg!(all(test, socketio_loom)) { 1 } else { 4096 };

thread_local! {
    /// Set while a hook runs on this thread. Events that it causes do not wait for the hook, because that would
    /// deadlock.
    #[allow(clippy::missing_const_for_thread_local, reason = "loom's macro takes no `const`")]
    static IN_HOOK: Cell<bool> = Cell::new(false);
}

impl<E> HookQueue<E> {
    pub(super) fn push(&self, event: E) {
        self.lock().waiting.push_back(event);
    }

    /// Passes the waiting events to the hook. If another thread is doing so, it also handles the events of this thread,
    /// which blocks only while too many events wait.
    pub(super) fn flush(&self, hook: impl Fn(&E)) {
        let mut inner = self.lock();
        while inner.flushing {
            if inner.waiting.len() <= MAX_WAITING || IN_HOOK.with(Cell::get) {
                return;
            }
            inner = self.room.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        while let Some(event) = inner.waiting.pop_front() {
            inner.flushing = true;
            drop(inner);
            let outer = IN_HOOK.with(|in_hook| in_hook.replace(true));
            contained(|| hook(&event));
            // Outside the lock: this may drop the last reference to a value of the application.
            contained(|| drop(event));
            IN_HOOK.with(|in_hook| in_hook.set(outer));
            inner = self.lock();
            inner.flushing = false;
            if inner.waiting.len() <= MAX_WAITING {
                self.room.notify_all();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<E>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E> Default for HookQueue<E> {
    fn default() -> Self {
        Self { inner: Mutex::new(Inner { waiting: VecDeque::new(), flushing: false }), room: Condvar::new() }
    }
}

impl<E> fmt::Debug for HookQueue<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookQueue")
    }
}

#[cfg(all(test, not(socketio_loom)))]
mod tests;

#[cfg(all(test, socketio_loom))]
mod models;
