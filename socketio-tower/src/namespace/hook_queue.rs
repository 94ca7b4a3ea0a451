use std::collections::VecDeque;
use std::fmt;
use std::sync::PoisonError;

use crate::panics::contained;
use crate::sync::{Mutex, MutexGuard};

/// What has happened and hooks were not told yet: filled under whatever lock makes it happen, so that it is in order,
/// and told outside it, by one thread at a time.
pub(super) struct HookQueue<E>(Mutex<Inner<E>>);

struct Inner<E> {
    waiting: VecDeque<E>,
    /// Whether somebody is telling.
    telling: bool,
}

impl<E> HookQueue<E> {
    pub(super) fn push(&self, event: E) {
        self.lock().waiting.push_back(event);
    }

    /// Tells what waits, unless somebody is at it: then that one tells this too.
    pub(super) fn flush(&self, hook: impl Fn(&E)) {
        let mut inner = self.lock();
        if inner.telling {
            return;
        }
        while let Some(event) = inner.waiting.pop_front() {
            inner.telling = true;
            drop(inner);
            contained(|| hook(&event));
            // Outside the lock: it may be the last to hold something of the application's.
            contained(|| drop(event));
            inner = self.lock();
            inner.telling = false;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<E>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E> Default for HookQueue<E> {
    fn default() -> Self {
        Self(Mutex::new(Inner { waiting: VecDeque::new(), telling: false }))
    }
}

impl<E> fmt::Debug for HookQueue<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookQueue")
    }
}

#[cfg(all(test, socketio_loom))]
mod models;
