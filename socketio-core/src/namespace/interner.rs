use std::collections::HashMap;
use std::hash::BuildHasher;
use std::ops::{Index, IndexMut};
use std::sync::Arc;

use slab::Slab;

use super::members::{Slot, is_oversized, narrow};

/// The rooms that have members. Each name is stored once.
pub(super) struct Interner<S> {
    by_name: HashMap<Arc<str>, RoomIndex, S>,
    rooms: Slab<Room>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RoomIndex(u32);

pub(super) struct Room {
    pub(super) name: Arc<str>,
    pub(super) occupants: Vec<Occupant>,
}

/// The room side of a link between a member and a room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occupant {
    pub(super) slot: Slot,
    /// The index in the `memberships` of the member.
    pub(super) membership: u32,
}

impl<S: BuildHasher> Interner<S> {
    pub(super) fn with_hasher(hasher: S) -> Self {
        Self { by_name: HashMap::with_hasher(hasher), rooms: Slab::new() }
    }

    pub(super) fn find(&self, name: &str) -> Option<RoomIndex> {
        self.by_name.get(name).copied()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Room> {
        self.find(name).map(|room| &self[room])
    }

    pub(super) fn intern(&mut self, name: &str) -> RoomIndex {
        if let Some(index) = self.find(name) {
            return index;
        }
        let name: Arc<str> = name.into();
        let room = Room { name: Arc::clone(&name), occupants: Vec::new() };
        let index = RoomIndex(narrow(self.rooms.insert(room)));
        self.by_name.insert(name, index);
        index
    }

    pub(super) fn remove(&mut self, index: RoomIndex) {
        let room = self.rooms.remove(index.0 as usize);
        self.by_name.remove(&room.name);
    }

    /// Shrinks the buffers if most of them are unused. Rooms move to lower indices for that, and `moved` is called
    /// for each.
    pub(super) fn shrink(&mut self, mut moved: impl FnMut(&Room, RoomIndex)) {
        if !is_oversized(self.rooms.len(), self.rooms.capacity()) {
            return;
        }
        let by_name = &mut self.by_name;
        self.rooms.compact(|room, _, to| {
            let to = RoomIndex(narrow(to));
            by_name.entry(Arc::clone(&room.name)).and_modify(|index| *index = to);
            moved(room, to);
            true
        });
        by_name.shrink_to(self.rooms.len() * 2);
    }

    pub(super) fn len(&self) -> usize {
        self.rooms.len()
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (RoomIndex, &Room)> {
        self.rooms.iter().map(|(index, room)| (RoomIndex(narrow(index)), room))
    }

    /// Returns the largest capacity among the buffers.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.rooms.capacity().max(self.by_name.capacity())
    }
}

impl<S> Index<RoomIndex> for Interner<S> {
    type Output = Room;

    fn index(&self, index: RoomIndex) -> &Room {
        &self.rooms[index.0 as usize]
    }
}

impl<S> IndexMut<RoomIndex> for Interner<S> {
    fn index_mut(&mut self, index: RoomIndex) -> &mut Room {
        &mut self.rooms[index.0 as usize]
    }
}
