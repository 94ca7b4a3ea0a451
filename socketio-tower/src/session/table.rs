use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use socketio_core::Sid;

use super::Session;

/// The sessions of one [`SocketIo`](crate::SocketIo), whichever of its layers opened them.
#[derive(Debug, Default)]
pub(crate) struct SessionTable {
    sessions: Mutex<HashMap<Sid, Arc<Session>, RandomState>>,
}

impl SessionTable {
    pub(crate) fn get(&self, sid: &Sid) -> Option<Arc<Session>> {
        self.lock().get(sid).cloned()
    }

    pub(crate) fn insert(&self, session: &Arc<Session>) {
        self.lock().insert(session.sid, Arc::clone(session));
    }

    pub(crate) fn remove(&self, sid: &Sid) {
        let mut sessions = self.lock();
        let removed = sessions.remove(sid);
        // Each time at least half of the room goes, so that a removal stays constant in cost.
        if sessions.capacity() > KEPT && sessions.len() < sessions.capacity() / 4 {
            let room = sessions.len() * 2;
            sessions.shrink_to(room);
        }
        drop(sessions);
        // Outside the lock: its handshake may hold values of the application.
        drop(removed);
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Sid, Arc<Session>, RandomState>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Up to this many sessions the table's room is not worth being given back.
const KEPT: usize = 64;
