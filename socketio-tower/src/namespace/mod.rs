//! A namespace: its handlers and its members.

mod builder;
pub use builder::NamespaceBuilder;

mod table;
pub(crate) use table::{EventHandler, Table};

mod room_events;
pub use room_events::RoomEvent;
use room_events::RoomEvents;

mod set;
pub(crate) use set::NamespaceSet;

mod handle;
pub use handle::NamespaceHandle;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use foldhash::fast::RandomState;
use socketio_core::namespace::{MemberKey, NamespacePath, Rooms};
use socketio_core::packet::AckId;

use crate::socket::Socket;

/// What all sockets of a namespace share.
#[derive(Debug)]
pub(crate) struct Namespace {
    path: NamespacePath,
    /// Replaced whole: a client that connects meets all of it or nothing.
    table: RwLock<Arc<Table>>,
    /// One lock around all rooms, held for as long as it takes to copy handles out.
    rooms: Mutex<Rooms<Socket, RandomState>>,
    room_events: RoomEvents,
    /// Shared by emits and broadcasts, so that a broadcast has one id for all.
    ack_ids: AtomicU64,
}

impl Namespace {
    pub(crate) fn new(path: NamespacePath) -> Self {
        Self {
            path,
            table: RwLock::default(),
            rooms: Mutex::new(Rooms::with_hasher(RandomState::default())),
            room_events: RoomEvents::default(),
            ack_ids: AtomicU64::new(0),
        }
    }

    pub(crate) fn path(&self) -> &str {
        self.path.as_str()
    }

    pub(crate) fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn publish(&self, table: Table) {
        let mut current = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let former = std::mem::replace(&mut *current, Arc::new(table));
        drop(current);
        // Outside the lock: it may be the last to hold what the application's closures captured.
        drop(former);
    }

    pub(crate) fn rooms(&self) -> MutexGuard<'_, Rooms<Socket, RandomState>> {
        // Nothing of the application's runs under the lock.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn new_ack_id(&self) -> AckId {
        AckId(self.ack_ids.fetch_add(1, Ordering::Relaxed))
    }
}

/// The membership of a socket; dropped, the socket is marked as gone and leaves its rooms.
#[derive(Debug)]
pub(crate) struct Membership {
    socket: Socket,
    namespace: Arc<Namespace>,
    member: MemberKey,
}

impl Membership {
    pub(crate) fn new(socket: Socket, namespace: Arc<Namespace>, member: MemberKey) -> Self {
        Self { socket, namespace, member }
    }

    /// Ends the membership and tells the rooms it was in.
    pub(crate) fn end(self) -> Vec<String> {
        self.leave()
    }

    fn leave(&self) -> Vec<String> {
        self.socket.mark_gone();
        self.socket.session().sockets.remove(&self.socket);
        self.namespace.remove(&self.socket, self.member)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.leave();
    }
}
