use std::collections::HashMap;
use std::hash::BuildHasher;

use slab::Slab;

use super::interner::RoomIndex;
use crate::SocketId;

/// Names one member of one [`Rooms`](super::Rooms) table, and never another one that comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MemberKey {
    slot: Slot,
    serial: u64,
}

/// What a room and a key hold of a member. It stays while the member moves within `dense`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Slot(u32);

/// The members of a namespace, without holes, so that a broadcast to all walks one array.
pub(super) struct Members<M, S> {
    slots: Slab<u32>,
    dense: Vec<Member<M>>,
    by_id: HashMap<SocketId, Slot, S>,
    /// Counts inserts; at one per nanosecond it takes five centuries to come round.
    serial: u64,
}

pub(super) struct Member<M> {
    pub(super) handle: M,
    /// The last selection that has met this member.
    pub(super) mark: u64,
    pub(super) memberships: Vec<Membership>,
    pub(super) id: SocketId,
    pub(super) slot: Slot,
    /// Whether it is in its own room.
    pub(super) at_home: bool,
    serial: u64,
}

/// A member's end of its link to a room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Membership {
    pub(super) room: RoomIndex,
    /// The place in the room's `occupants`.
    pub(super) seat: u32,
}

impl<M, S: BuildHasher> Members<M, S> {
    pub(super) fn with_hasher(hasher: S) -> Self {
        Self { slots: Slab::new(), dense: Vec::new(), by_id: HashMap::with_hasher(hasher), serial: 0 }
    }

    /// Gives the handle back if the id is taken.
    pub(super) fn insert(&mut self, id: SocketId, handle: M) -> Result<MemberKey, M> {
        if self.by_id.contains_key(&id) {
            return Err(handle);
        }
        let slot = Slot(narrow(self.slots.insert(narrow(self.dense.len()))));
        let serial = self.serial;
        self.serial += 1;
        self.dense.push(Member { handle, mark: 0, memberships: Vec::new(), id, slot, at_home: true, serial });
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
            // Their own capacities say little: a map hides its tombstones, and the slab stays as long as its last
            // slot is taken, since keys hold slots. That is 16 bytes a slot, and they are taken again first.
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

    /// The member whose own room this is, if it is in there.
    pub(super) fn owner(&self, room: &str) -> Option<&Member<M>> {
        let slot = *self.by_id.get(&room.parse().ok()?)?;
        Some(self.at(slot)).filter(|member| member.at_home)
    }

    pub(super) fn owner_mut(&mut self, room: &str) -> Option<&mut Member<M>> {
        self.by_id_mut(&room.parse().ok()?).filter(|member| member.at_home)
    }

    pub(super) fn by_id_mut(&mut self, id: &SocketId) -> Option<&mut Member<M>> {
        let slot = *self.by_id.get(id)?;
        Some(self.at_mut(slot))
    }

    /// The member in this slot, which the caller knows to be taken.
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

    /// The most entries that any of the buffers has room for.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.slots.capacity().max(self.dense.capacity()).max(self.by_id.capacity())
    }
}

/// Gives a list's buffer back down to twice its length if it is oversized, and says whether it did.
pub(super) fn shrink<T>(list: &mut Vec<T>) -> bool {
    let oversized = is_oversized(list.len(), list.capacity());
    if oversized {
        list.shrink_to(list.len() * 2);
    }
    oversized
}

/// Whether three quarters of a buffer are unused. Once it has been shrunk to twice its length, half of that has
/// to go before it is so again: a removal stays constant in cost.
pub(super) fn is_oversized(length: usize, capacity: usize) -> bool {
    /// Up to this many entries a buffer is not worth the call to the allocator.
    const KEPT: usize = 32;

    capacity > KEPT && length <= capacity / 4
}

/// Half the size of a link; there is one for every room of every member.
pub(super) fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("four billion members or rooms of one namespace need hundreds of gigabytes")
}
