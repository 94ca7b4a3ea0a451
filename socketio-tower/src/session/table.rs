use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use socketio_core::{DisconnectReason, Sid, Transport};

use super::Session;
use crate::stats::Stats;

/// The sessions of one [`SocketIo`](crate::SocketIo), whichever of its layers opened them.
#[derive(Debug, Default)]
pub(crate) struct SessionTable {
    inner: Mutex<Inner>,
    refused: AtomicU64,
    overflowed: AtomicU64,
    dropped: AtomicU64,
}

/// Why a session does not get into the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotInserted {
    /// There is a session with its id, which is not taken over.
    Taken,
    /// There are as many sessions as may be.
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

    /// Adds a session, unless its id is taken or there are `max` already.
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

    /// The session has ended; without a reason, it was dropped with its runtime.
    pub(crate) fn remove(&self, sid: &Sid, reason: Option<DisconnectReason>) {
        let mut inner = self.lock();
        let removed = inner.sessions.remove(sid);
        // Each time at least half of the room goes, so that a removal stays constant in cost.
        if inner.sessions.capacity() > KEPT && inner.sessions.len() < inner.sessions.capacity() / 4 {
            let room = inner.sessions.len() * 2;
            inner.sessions.shrink_to(room);
        }
        if let Some(reason) = reason {
            match inner.closed.iter_mut().find(|(other, _)| *other == reason) {
                Some((_, count)) => *count += 1,
                None => inner.closed.push((reason, 1)),
            }
        }
        drop(inner);
        // Outside the lock: its handshake may hold values of the application.
        drop(removed);
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().sessions.len()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        self.lock().sessions.values().cloned().collect()
    }

    /// A client was refused because there were as many sessions as may be.
    pub(crate) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// A packet was not taken because too much waited for its client.
    pub(crate) fn count_overflowed(&self) {
        self.overflowed.fetch_add(1, Ordering::Relaxed);
    }

    /// A volatile packet was dropped.
    pub(crate) fn count_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// All that is known here.
    pub(crate) fn stats(&self) -> Stats {
        let sessions = self.all();
        let on = |transport| sessions.iter().filter(|session| session.transport() == transport).count();
        let queued_bytes = sessions.iter().map(|session| session.mailbox.queued_bytes()).sum();
        let received_bytes = sessions.iter().map(|session| session.received_bytes()).sum();
        let handlers = sessions.iter().map(|session| session.mailbox.handlers()).sum();
        let inner = self.lock();
        Stats {
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
            refused: self.refused.load(Ordering::Relaxed),
            overflowed: self.overflowed.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            closed: inner.closed.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Up to this many sessions the table's room is not worth being given back.
const KEPT: usize = 64;
