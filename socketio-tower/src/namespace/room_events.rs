use std::sync::Arc;

use socketio_core::namespace::MemberKey;

use super::{Members, Namespace, RoomEvent};
use crate::observer::Observation;
use crate::panics::contained;
use crate::socket::Socket;

impl Socket {
    pub(super) fn listens_to_rooms(&self) -> bool {
        self.table().listens_to_rooms() || !self.server().observers().is_empty()
    }

    /// Returns `true` if joining or leaving the room is reported. The room of the socket's own id is not.
    fn reports_room(&self, room: &str) -> bool {
        self.listens_to_rooms() && self.id().as_str() != room
    }
}

impl Namespace {
    pub(crate) fn join(&self, socket: &Socket, member: MemberKey, room: &str) -> bool {
        let mut rooms = self.rooms();
        let joined = self.join_under(&mut rooms, socket, member, room);
        drop(rooms);
        if joined && socket.reports_room(room) {
            self.flush_room_events(socket);
        }
        joined
    }

    /// Joins a room under the lock of the rooms. Must be followed by [`flush_room_events`](Self::flush_room_events).
    pub(super) fn join_under(
        &self,
        rooms: &mut Members,
        socket: &Socket,
        member: MemberKey,
        room: &str,
    ) -> bool {
        if !socket.reports_room(room) {
            return rooms.join(member, room);
        }
        let (there, existed) = (rooms.is_in(member, room), rooms.exists(room));
        let joined = rooms.join(member, room);
        if joined && !there {
            let (table, room) = (socket.table(), Arc::<str>::from(room));
            if !existed {
                self.room_events.push((Arc::clone(table), RoomEvent::Created { room: Arc::clone(&room) }));
            }
            self.room_events.push((Arc::clone(table), RoomEvent::Joined { room, socket: socket.id() }));
        }
        joined
    }

    pub(crate) fn leave(&self, socket: &Socket, member: MemberKey, room: &str) -> bool {
        let mut rooms = self.rooms();
        let left = rooms.leave(member, room);
        let reported = left && socket.reports_room(room);
        if reported {
            self.push_left(&rooms, socket, room.into());
        }
        drop(rooms);
        if reported {
            self.flush_room_events(socket);
        }
        left
    }

    /// Removes a socket from the members. Returns the rooms it was in.
    pub(super) fn remove(&self, socket: &Socket, member: MemberKey) -> Vec<String> {
        let mut rooms = self.rooms();
        let removed = rooms.remove(member);
        let closed = self.child.as_ref().filter(|_| removed.is_some() && rooms.is_empty());
        if let Some(child) = closed {
            child.close();
        }
        if let Some((_, names)) = &removed
            && socket.listens_to_rooms()
        {
            names.iter().for_each(|room| self.push_left(&rooms, socket, Arc::clone(room)));
        }
        drop(rooms);
        if socket.listens_to_rooms() {
            self.flush_room_events(socket);
        }
        if let Some(child) = closed {
            child.flush_events();
        }
        // The member, a handle to the socket, is dropped outside the lock.
        removed.map_or_else(Vec::new, |(_, rooms)| rooms.iter().map(ToString::to_string).collect())
    }

    pub(super) fn flush_room_events(&self, socket: &Socket) {
        let (observers, namespace) = (socket.server().observers(), self.path());
        self.room_events.flush(|(table, event)| {
            match event {
                RoomEvent::Joined { room, socket } => {
                    observers.tell(|| Observation::RoomJoined { namespace, room, socket: *socket });
                }
                RoomEvent::Left { room, socket } => {
                    observers.tell(|| Observation::RoomLeft { namespace, room, socket: *socket });
                }
                RoomEvent::Created { .. } | RoomEvent::Deleted { .. } => {}
            }
            for hook in table.room_hooks() {
                contained(|| hook(event));
            }
        });
    }

    fn push_left(&self, rooms: &Members, socket: &Socket, room: Arc<str>) {
        let deleted = !rooms.exists(&room);
        let left = RoomEvent::Left { room: Arc::clone(&room), socket: socket.id() };
        self.room_events.push((Arc::clone(socket.table()), left));
        if deleted {
            self.room_events.push((Arc::clone(socket.table()), RoomEvent::Deleted { room }));
        }
    }
}
