use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use socketio_core::SocketId;
use socketio_core::namespace::{MemberKey, Rooms};

use super::{Namespace, Table};
use crate::session::contained;
use crate::socket::Socket;

/// What happened to a room. The room that every socket has under its own id is none of them, unless another joins it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomEvent {
    /// Somebody joins a room in which nobody was; [`Joined`](Self::Joined) follows.
    Created {
        /// The room.
        room: Arc<str>,
    },
    /// A socket has joined a room.
    Joined {
        /// The room.
        room: Arc<str>,
        /// The socket.
        socket: SocketId,
    },
    /// A socket has left a room, or was disconnected.
    Left {
        /// The room.
        room: Arc<str>,
        /// The socket.
        socket: SocketId,
    },
    /// The last has left.
    Deleted {
        /// The room.
        room: Arc<str>,
    },
}

/// Is told of what happens to rooms.
pub(crate) type RoomHook = Arc<dyn Fn(&RoomEvent) + Send + Sync>;

/// What has happened and was not told yet: filled under the lock of the rooms, so that it is in order, and told outside
/// it, by one thread at a time.
#[derive(Default)]
pub(super) struct RoomEvents(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    waiting: VecDeque<(Arc<Table>, RoomEvent)>,
    /// Whether somebody is telling.
    told: bool,
}

type Members = Rooms<Socket, foldhash::fast::RandomState>;

impl Namespace {
    pub(crate) fn join(&self, socket: &Socket, member: MemberKey, room: &str) -> bool {
        let mut rooms = self.rooms();
        if !socket.table().listens_to_rooms() {
            return rooms.join(member, room);
        }
        let (there, existed) = (rooms.is_in(member, room), rooms.exists(room));
        let joined = rooms.join(member, room);
        if joined && !there {
            let (table, room) = (socket.table(), Arc::<str>::from(room));
            if !existed {
                self.room_events.push(table, RoomEvent::Created { room: Arc::clone(&room) });
            }
            self.room_events.push(table, RoomEvent::Joined { room, socket: socket.id() });
        }
        drop(rooms);
        self.room_events.tell();
        joined
    }

    pub(crate) fn leave(&self, socket: &Socket, member: MemberKey, room: &str) -> bool {
        let mut rooms = self.rooms();
        let left = rooms.leave(member, room);
        if left && socket.table().listens_to_rooms() {
            self.left(&rooms, socket, room.into());
        }
        drop(rooms);
        if left && socket.table().listens_to_rooms() {
            self.room_events.tell();
        }
        left
    }

    /// The socket is no member any more; tells the rooms it was in.
    pub(super) fn remove(&self, socket: &Socket, member: MemberKey) -> Vec<String> {
        let mut rooms = self.rooms();
        let removed = rooms.remove(member);
        if let Some((_, names)) = &removed
            && socket.table().listens_to_rooms()
        {
            names.iter().for_each(|room| self.left(&rooms, socket, Arc::clone(room)));
        }
        drop(rooms);
        if socket.table().listens_to_rooms() {
            self.room_events.tell();
        }
        // The member, a handle to the socket, is dropped outside the lock.
        removed.map_or_else(Vec::new, |(_, rooms)| rooms.iter().map(ToString::to_string).collect())
    }

    fn left(&self, rooms: &Members, socket: &Socket, room: Arc<str>) {
        let deleted = !rooms.exists(&room);
        self.room_events
            .push(socket.table(), RoomEvent::Left { room: Arc::clone(&room), socket: socket.id() });
        if deleted {
            self.room_events.push(socket.table(), RoomEvent::Deleted { room });
        }
    }
}

impl RoomEvents {
    fn push(&self, table: &Arc<Table>, event: RoomEvent) {
        self.lock().waiting.push_back((Arc::clone(table), event));
    }

    /// Tells what waits, unless somebody is at it: then that one tells this too.
    fn tell(&self) {
        let mut inner = self.lock();
        if inner.told {
            return;
        }
        while let Some((table, event)) = inner.waiting.pop_front() {
            inner.told = true;
            drop(inner);
            for hook in table.room_hooks() {
                contained(|| hook(&event));
            }
            // Outside the lock: it may be the last to hold the application's closures.
            drop(table);
            inner = self.lock();
            inner.told = false;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RoomEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoomEvents")
    }
}
