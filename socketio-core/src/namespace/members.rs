use std::collections::HashMap;
use std::hash::BuildHasher;

use slab::Slab;

use super::interner::RoomIndex;
use crate::SocketId;

/// The key of one member of one [`Rooms`](super::Rooms) table. Keys are not reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MemberKey {
    slot: Slot,
    serial: u64,
}

/// The reference of rooms and keys to a member. It stays valid while the member moves within `dense`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Slot(u32);

/// The members of a namespace, stored without holes, so that a broadcast to all iterates over one array.
pub(super) struct Members<M, S> {
    slots: Slab<u32>,
    dense: Vec<Member<M>>,
    by_id: HashMap<SocketId, Slot, S>,
    /// The number of inserts. At one per nanosecond it takes five centuries to wrap around.
    serial: u64,
}

pub(super) struct Member<M> {
    pub(super) handle: M,
    /// The last selection that reached this member.
    pub(super) mark: u64,
    pub(super) memberships: Vec<Membership>,
    pub(super) id: SocketId,
    pub(super) slot: Slot,
    /// Set if the member is in its own room.
    pub(super) in_own_room: bool,
    serial: u64,
}

/// The member side of a link between a member and a room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Membership {
    pub(super) room: RoomIndex,
    /// The index in the `occupants` of the room.
    pub(super) seat: u32,
}

impl<M, S: BuildHasher> Members<M, S> {
    pub(super) fn with_hasher(hasher: S) -> Self {
        Self { slots: Slab::new(), dense: Vec::new(), by_id: HashMap::with_hasher(hasher), serial: 0 }
    }

    /// Adds a member. Returns the handle as an error if the id is taken.
    pub(super) fn insert(&mut self, id: SocketId, handle: M) -> Result<MemberKey, M> {
        if self.by_id.contains_key(&id) {
            return Err(handle);
        }
        let slot = Slot(narrow(self.slots.insert(narrow(self.dense.len()))));
        let serial = self.serial;
        self.serial += 1;
        self.dense.push(Member {
            handle,
            mark: 0,
            memberships: Vec::new(),
            id,
            slot,
            in_own_room: true,
            serial,
        });
        self.by_id.insert(id, slot);
        Ok(MemberKey { slot, serial })
    }

    pub(super) fn remove(&mut self, key: MemberKey) -> Option<Member<M>> {
        let slot = self.get(key)?.slot;
        let position = self.slots.remove(slot.0 as usize);
        let member = self.dense.swap_remove(position as usize);
        if let Some(moved) = self.dense.get(position as usize) {
            self.slots[moved.slot.0 as usize] = position;
        }
        self.by_id.remove(&member.id);
        if shrink(&mut self.dense) {
            // The capacities of these two say little: a map hides its tombstones, and the slab cannot shrink below its
            // last occupied slot, since keys refer to slots. A slot is 16 bytes, and free ones are reused first.
            self.by_id.shrink_to(self.dense.capacity());
            self.slots.shrink_to_fit();
        }
        Some(member)
    }

    pub(super) fn get_mut(&mut self, key: MemberKey) -> Option<&mut Member<M>> {
        let position = *self.slots.get(key.slot.0 as usize)?;
        let member = &mut self.dense[position as usize];
        (member.serial == key.serial).then_some(member)
    }

    pub(super) fn get(&self, key: MemberKey) -> Option<&Member<M>> {
        let position = *self.slots.get(key.slot.0 as usize)?;
        let member = &self.dense[position as usize];
        (member.serial == key.serial).then_some(member)
    }

    pub(super) fn find(&self, id: &SocketId) -> Option<MemberKey> {
        let slot = *self.by_id.get(id)?;
        Some(MemberKey { slot, serial: self.at(slot).serial })
    }

    /// Returns the member whose own room this is, if the member is in it.
    pub(super) fn owner(&self, room: &str) -> Option<&Member<M>> {
        let slot = *self.by_id.get(&room.parse().ok()?)?;
        Some(self.at(slot)).filter(|member| member.in_own_room)
    }

    pub(super) fn owner_mut(&mut self, room: &str) -> Option<&mut Member<M>> {
        self.by_id_mut(&room.parse().ok()?).filter(|member| member.in_own_room)
    }

    pub(super) fn by_id_mut(&mut self, id: &SocketId) -> Option<&mut Member<M>> {
        let slot = *self.by_id.get(id)?;
        Some(self.at_mut(slot))
    }

    /// Returns the member in this slot, which must be occupied.
    pub(super) fn at(&self, slot: Slot) -> &Member<M> {
        &self.dense[self.slots[slot.0 as usize] as usize]
    }

    pub(super) fn at_mut(&mut self, slot: Slot) -> &mut Member<M> {
        &mut self.dense[self.slots[slot.0 as usize] as usize]
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Member<M>> {
        self.dense.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.dense.len()
    }

    #[cfg(test)]
    pub(super) fn check(&self) {
        assert_eq!(self.slots.len(), self.dense.len());
        assert_eq!(self.by_id.len(), self.dense.len());
        for (position, member) in self.dense.iter().enumerate() {
            assert_eq!(self.slots[member.slot.0 as usize] as usize, position);
            assert_eq!(self.by_id[&member.id], member.slot);
        }
    }

    /// Returns the largest capacity among the buffers.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.slots.capacity().max(self.dense.capacity()).max(self.by_id.capacity())
    }
}

/// Shrinks the buffer of a list to twice its length if it is oversized. Returns `true` if it was.
pub(super) fn shrink<T>(list: &mut Vec<T>) -> bool {
    let oversized = is_oversized(list.len(), list.capacity());
    if oversized {
        list.shrink_to(list.len() * 2);
    }
    oversized
}

/// Returns `true` if at least three quarters of a buffer are unused. A buffer shrunk to twice its length is oversized
/// again only after half of its entries have been removed, so the cost of a removal stays constant.
pub(super) fn is_oversized(length: usize, capacity: usize) -> bool {
    /// Buffers up to this capacity are not worth a call to the allocator.
    const MIN_CAPACITY: usize = 32;

    capacity > MIN_CAPACITY && length <= capacity / 4
}

/// Converts an index to 32 bits, which halves the size of a link. There is one link for each room of each member.
pub(super) fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("four billion members or rooms of one namespace need hundreds of gigabytes")
}
