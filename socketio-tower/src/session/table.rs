use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use socketio_core::{DisconnectReason, Sid, Transport};

use super::Session;
use crate::stats::Stats;

/// The sessions of one [`SocketIo`](crate::SocketIo), across all of its layers.
#[derive(Debug, Default)]
pub(crate) struct SessionTable {
    inner: Mutex<Inner>,
    rejected: AtomicU64,
    overflowed: AtomicU64,
    dropped: AtomicU64,
}

/// The reason why a session was not inserted into the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotInserted {
    /// Another session has its id.
    Taken,
    /// The maximum number of sessions is reached.
    Full,
}

#[derive(Debug, Default)]
struct Inner {
    sessions: HashMap<Sid, Arc<Session>, RandomState>,
    opened: u64,
    closed: Vec<(DisconnectReason, u64)>,
}

impl SessionTable {
    pub(crate) fn get(&self, sid: &Sid) -> Option<Arc<Session>> {
        self.lock().sessions.get(sid).cloned()
    }

    /// Inserts a session, unless its id is taken or there are `max` sessions already.
    pub(crate) fn insert(&self, session: &Arc<Session>, max: usize) -> Result<(), NotInserted> {
        let mut inner = self.lock();
        if inner.sessions.len() >= max {
            return Err(NotInserted::Full);
        }
        if inner.sessions.contains_key(&session.sid) {
            return Err(NotInserted::Taken);
        }
        inner.sessions.insert(session.sid, Arc::clone(session));
        inner.opened += 1;
        Ok(())
    }

    /// Removes a session that has ended. `reason` is `None` if its task ended before the connection closed.
    pub(crate) fn remove(&self, sid: &Sid, reason: Option<DisconnectReason>) {
        let mut inner = self.lock();
        let removed = inner.sessions.remove(sid);
        // Each shrink releases at least half of the capacity, so the amortized cost of a removal is constant.
        if inner.sessions.capacity() > KEPT && inner.sessions.len() < inner.sessions.capacity() / 4 {
            let capacity = inner.sessions.len() * 2;
            inner.sessions.shrink_to(capacity);
        }
        if let Some(reason) = reason {
            match inner.closed.iter_mut().find(|(other, _)| *other == reason) {
                Some((_, count)) => *count += 1,
                None => inner.closed.push((reason, 1)),
            }
        }
        drop(inner);
        // Dropped outside the lock, because its handshake may hold values of the application.
        drop(removed);
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().sessions.len()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        self.lock().sessions.values().cloned().collect()
    }

    /// Counts a client that was rejected because the maximum number of sessions was reached.
    pub(crate) fn count_rejected(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a packet that was discarded because the client's queue was full.
    pub(crate) fn count_overflowed(&self) {
        self.overflowed.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a volatile packet that was discarded.
    pub(crate) fn count_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns a snapshot of the counters, without the number of sockets.
    pub(crate) fn stats(&self) -> Stats {
        let sessions = self.all();
        let on = |transport| sessions.iter().filter(|session| session.transport() == transport).count();
        let queued_bytes = sessions.iter().map(|session| session.mailbox.queued_bytes()).sum();
        let received_bytes = sessions.iter().map(|session| session.received_bytes()).sum();
        let handlers = sessions.iter().map(|session| session.mailbox.handlers()).sum();
        let inner = self.lock();
        Stats {
            #[cfg(feature = "cluster")]
            cluster: None,
            sessions: sessions.len(),
            on: Transport::ALL
                .map(|transport| (transport, on(transport)))
                .into_iter()
                .filter(|(_, n)| *n > 0)
                .collect(),
            sockets: 0,
            received_bytes,
            queued_bytes,
            handlers,
            opened: inner.opened,
            rejected: self.rejected.load(Ordering::Relaxed),
            overflowed: self.overflowed.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            closed: inner.closed.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The capacity, in sessions, below which the table is never shrunk.
const KEPT: usize = 64;
