use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::sync::PoisonError;

use crate::panics::contained;
use crate::sync::{Condvar, Mutex, MutexGuard, thread_local};

/// Events that hooks have not been told: filled under whatever lock makes them happen, so that they are in order, and told
/// outside it, by one thread at a time.
///
/// A hook that is slower than what it is told of holds up those who cause it: once [`MOST`] events wait, they wait as well.
pub(super) struct HookQueue<E> {
    inner: Mutex<Inner<E>>,
    /// Notified when there is room again.
    room: Condvar,
}

struct Inner<E> {
    waiting: VecDeque<E>,
    /// Whether somebody is telling.
    telling: bool,
}

/// The events that may wait, of some hundred bytes each: what other threads cause while a hook runs that is quick, and a
/// bound for one that is not.
const MOST: usize = if cfg!(all(test, socketio_loom)) { 1 } else { 4096 };

thread_local! {
    /// Whether a hook runs on this thread: what it causes itself waits for nobody, who would be itself.
    #[allow(clippy::missing_const_for_thread_local, reason = "loom's macro takes no `const`")]
    static IN_HOOK: Cell<bool> = Cell::new(false);
}

impl<E> HookQueue<E> {
    pub(super) fn push(&self, event: E) {
        self.lock().waiting.push_back(event);
    }

    /// Tells what waits. If somebody is at it, that one tells this too, and is waited for if too much waits.
    pub(super) fn flush(&self, hook: impl Fn(&E)) {
        let mut inner = self.lock();
        while inner.telling {
            if inner.waiting.len() <= MOST || IN_HOOK.with(Cell::get) {
                return;
            }
            inner = self.room.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        while let Some(event) = inner.waiting.pop_front() {
            inner.telling = true;
            drop(inner);
            let within = IN_HOOK.with(|in_hook| in_hook.replace(true));
            contained(|| hook(&event));
            // Outside the lock: it may be the last to hold something of the application's.
            contained(|| drop(event));
            IN_HOOK.with(|in_hook| in_hook.set(within));
            inner = self.lock();
            inner.telling = false;
            if inner.waiting.len() <= MOST {
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
        Self { inner: Mutex::new(Inner { waiting: VecDeque::new(), telling: false }), room: Condvar::new() }
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
