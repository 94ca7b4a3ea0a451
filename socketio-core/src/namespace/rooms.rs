use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;

use super::interner::{Interner, Occupant, RoomIndex};
use super::members::{Member, MemberKey, Members, Membership, Slot, narrow, shrink};
use super::target::Target;
use crate::SocketId;

/// The members of one namespace and the rooms they are in.
///
/// `M` is the value stored for each member, usually a shared handle, and `S` builds the hashers of the maps. Room names
/// may come from clients, so a server should use randomly seeded hashers.
///
/// Joining, leaving and removal take time proportional to the number of rooms that the member is in, regardless of how
/// many members those rooms have. Only when a table shrinks, which is rare, are the members of the moved rooms visited.
/// A room exists as long as it has members.
///
/// **A member's own room** is named by the member's id. The member is in it from the start, which takes no memory. Like
/// any other room, it can be targeted, other members can join it, and the member can leave and rejoin it.
///
/// ```
/// use std::hash::RandomState;
///
/// use socketio_core::SocketId;
/// use socketio_core::namespace::{Rooms, Target};
///
/// let mut rooms = Rooms::with_hasher(RandomState::new());
/// let ann = SocketId::from_entropy([1; 15]);
/// let ann_key = rooms.insert(ann, "Ann").expect("a fresh id");
/// let bob_key = rooms.insert(SocketId::from_entropy([2; 15]), "Bob").expect("a fresh id");
/// rooms.join(ann_key, "lobby");
/// rooms.join(bob_key, "lobby");
///
/// let mut reached = Vec::new();
/// rooms.select(&Target::rooms(&["lobby"]).without(ann), |name| reached.push(*name));
/// assert_eq!(reached, ["Bob"]);
/// ```
pub struct Rooms<M, S> {
    members: Members<M, S>,
    rooms: Interner<S>,
    /// The number of the current selection. Each member stores the number of the last selection that excluded it or
    /// reached it through a room. A `u64` does not wrap around in practice.
    epoch: u64,
}

impl<M, S: BuildHasher> Rooms<M, S> {
    /// Creates an empty table whose maps use `hasher`.
    pub fn with_hasher(hasher: S) -> Self
    where
        S: Clone,
    {
        Self { members: Members::with_hasher(hasher.clone()), rooms: Interner::with_hasher(hasher), epoch: 0 }
    }

    /// Adds a member. Initially, it is only in its own room.
    ///
    /// # Errors
    ///
    /// Returns `member` if there is already a member with this id.
    ///
    /// ```
    /// # use std::hash::RandomState;
    /// # use socketio_core::{SocketId, namespace::Rooms};
    /// let mut rooms = Rooms::with_hasher(RandomState::new());
    /// let id = SocketId::from_entropy([1; 15]);
    /// let ann = rooms.insert(id, "Ann")?;
    /// assert_eq!(rooms.get(ann), Some(&"Ann"));
    /// assert_eq!(rooms.insert(id, "Bob"), Err("Bob"));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn insert(&mut self, id: SocketId, member: M) -> Result<MemberKey, M> {
        self.members.insert(id, member)
    }

    /// Removes a member from the table and from all its rooms.
    ///
    /// Returns the member and the names of the rooms it was in, except its own, in no particular order. Returns `None`
    /// if the member has already been removed.
    ///
    /// ```
    /// # use std::hash::RandomState;
    /// # use socketio_core::{SocketId, namespace::Rooms};
    /// # let mut rooms = Rooms::with_hasher(RandomState::new());
    /// let ann = rooms.insert(SocketId::from_entropy([1; 15]), "Ann")?;
    /// rooms.join(ann, "lobby");
    /// assert_eq!(rooms.remove(ann), Some(("Ann", vec!["lobby".into()])));
    /// assert_eq!(rooms.remove(ann), None);
    /// assert!(!rooms.exists("lobby"));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn remove(&mut self, key: MemberKey) -> Option<(M, Vec<Arc<str>>)> {
        let member = self.members.remove(key)?;
        let names = member.memberships.iter().map(|link| Arc::clone(&self.rooms[link.room].name)).collect();
        for link in member.memberships {
            self.vacate(link);
        }
        self.shrink();
        Some((member.handle, names))
    }

    /// Returns the member, or `None` if it has been removed.
    pub fn get(&self, key: MemberKey) -> Option<&M> {
        self.members.get(key).map(|member| &member.handle)
    }

    /// Returns the key of the member with this id.
    ///
    /// ```
    /// # use std::hash::RandomState;
    /// # use socketio_core::{SocketId, namespace::Rooms};
    /// # let mut rooms = Rooms::with_hasher(RandomState::new());
    /// let id = SocketId::from_entropy([1; 15]);
    /// let ann = rooms.insert(id, "Ann")?;
    /// assert_eq!(rooms.find(&id), Some(ann));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn find(&self, id: &SocketId) -> Option<MemberKey> {
        self.members.find(id)
    }

    /// Returns the number of members.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Returns `true` if there are no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a member to a room. Returns `true` if the member is now in the room, even if it already was before the
    /// call.
    ///
    /// Returns `false`, and has no effect, if the member has been removed.
    ///
    /// ```
    /// # use std::hash::RandomState;
    /// # use socketio_core::{SocketId, namespace::Rooms};
    /// # let mut rooms = Rooms::with_hasher(RandomState::new());
    /// let ann = rooms.insert(SocketId::from_entropy([1; 15]), "Ann")?;
    /// assert!(rooms.join(ann, "lobby"));
    /// assert!(rooms.is_in(ann, "lobby"));
    /// assert!(rooms.leave(ann, "lobby"));
    /// assert!(!rooms.leave(ann, "lobby"));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn join(&mut self, key: MemberKey, room: &str) -> bool {
        let Some(member) = self.members.get_mut(key) else { return false };
        let slot = member.slot;
        if member.id.as_str() == room {
            member.in_own_room = true;
            return true;
        }
        let room = self.rooms.intern(room);
        if self.membership(slot, room).is_none() {
            self.link(slot, room);
        }
        true
    }

    /// Removes a member from a room, which may be its own. Returns `true` if the member was in the room.
    pub fn leave(&mut self, key: MemberKey, room: &str) -> bool {
        let Some(member) = self.members.get_mut(key) else { return false };
        let slot = member.slot;
        if member.id.as_str() == room {
            return std::mem::take(&mut member.in_own_room);
        }
        let Some(room) = self.rooms.find(room) else { return false };
        let Some(membership) = self.membership(slot, room) else { return false };
        self.unlink(slot, membership);
        self.shrink();
        true
    }

    /// Returns the names of the rooms that a member is in: its own first, then the others in no particular order.
    ///
    /// The iterator is empty if the member has been removed.
    pub fn rooms_of(&self, key: MemberKey) -> impl Iterator<Item = &str> {
        self.members.get(key).into_iter().flat_map(|member| {
            let joined = member.memberships.iter().map(|link| &*self.rooms[link.room].name);
            member.in_own_room.then(|| member.id.as_str()).into_iter().chain(joined)
        })
    }

    /// Returns `true` if a member is in a room, which may be its own.
    pub fn is_in(&self, key: MemberKey, room: &str) -> bool {
        let Some(member) = self.members.get(key) else { return false };
        let joined = self.rooms.find(room).and_then(|room| self.membership(member.slot, room));
        (member.in_own_room && member.id.as_str() == room) || joined.is_some()
    }

    /// Returns `true` if a member has joined the room. Own rooms do not count unless other members have joined them.
    pub fn exists(&self, room: &str) -> bool {
        self.rooms.find(room).is_some()
    }

    /// Returns the members of a room, in no particular order.
    ///
    /// ```
    /// # use std::hash::RandomState;
    /// # use socketio_core::{SocketId, namespace::Rooms};
    /// # let mut rooms = Rooms::with_hasher(RandomState::new());
    /// let ann = rooms.insert(SocketId::from_entropy([1; 15]), "Ann")?;
    /// rooms.join(ann, "lobby");
    /// assert!(rooms.members_of("lobby").eq(&["Ann"]));
    /// assert!(rooms.rooms_of(ann).any(|room| room == "lobby"));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn members_of(&self, room: &str) -> impl Iterator<Item = &M> {
        let occupants = self.rooms.get(room).map_or(&[][..], |room| &room.occupants);
        let others = occupants.iter().map(|occupant| self.members.at(occupant.slot));
        self.members.owner(room).into_iter().chain(others).map(|member| &member.handle)
    }

    /// Returns the number of rooms that members have joined. Own rooms do not count unless other members have joined
    /// them.
    pub fn room_count(&self) -> usize {
        self.rooms.len()
    }

    /// Calls `f` once with each member that the target selects.
    ///
    /// A member in several of the rooms is passed only once. Unknown room names and ids are skipped. This does not
    /// allocate. Keep `f` short, such as pushing a handle to a list: the table is borrowed, and usually locked,
    /// meanwhile.
    ///
    /// ```
    /// # use std::hash::RandomState;
    /// # use socketio_core::{SocketId, namespace::{Rooms, Target}};
    /// # let mut rooms = Rooms::with_hasher(RandomState::new());
    /// for (number, name) in [(1, "Ann"), (2, "Bob"), (3, "Cid")] {
    ///     let key = rooms.insert(SocketId::from_entropy([number; 15]), name)?;
    ///     rooms.join(key, if name == "Cid" { "muted" } else { "lobby" });
    /// }
    /// let mut names = Vec::new();
    /// rooms.select(&Target::everyone().except(&["muted"]), |name| names.push(*name));
    /// assert_eq!(names, ["Ann", "Bob"]);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn select<R, X>(&mut self, target: &Target<'_, R, X>, mut f: impl FnMut(&M))
    where
        R: AsRef<str>,
        X: AsRef<str>,
    {
        self.epoch += 1;
        let epoch = self.epoch;
        if let Some(member) = target.without.and_then(|id| self.members.by_id_mut(&id)) {
            member.mark = epoch;
        }
        for room in target.except {
            self.for_each_in(room.as_ref(), |member| member.mark = epoch);
        }
        if target.rooms.is_empty() {
            self.members.iter().filter(|member| member.mark != epoch).for_each(|member| f(&member.handle));
        }
        for room in target.rooms {
            self.for_each_in(room.as_ref(), |member| {
                if member.mark != epoch {
                    member.mark = epoch;
                    f(&member.handle);
                }
            });
        }
    }

    /// Calls `f` with each member of a room. The owner of an own room is not among its occupants, so no member is
    /// visited twice.
    fn for_each_in(&mut self, room: &str, mut f: impl FnMut(&mut Member<M>)) {
        if let Some(owner) = self.members.owner_mut(room) {
            f(owner);
        }
        if let Some(room) = self.rooms.get(room) {
            for occupant in &room.occupants {
                f(self.members.at_mut(occupant.slot));
            }
        }
    }

    /// Returns the index of the member's membership in this room. Searches the member's memberships or the room's
    /// occupants, whichever list is shorter.
    fn membership(&self, slot: Slot, room: RoomIndex) -> Option<u32> {
        let memberships = &self.members.at(slot).memberships;
        let occupants = &self.rooms[room].occupants;
        if memberships.len() <= occupants.len() {
            memberships.iter().position(|link| link.room == room).map(narrow)
        } else {
            occupants.iter().find(|occupant| occupant.slot == slot).map(|occupant| occupant.membership)
        }
    }

    fn link(&mut self, slot: Slot, room: RoomIndex) {
        let memberships = &mut self.members.at_mut(slot).memberships;
        let occupants = &mut self.rooms[room].occupants;
        let occupant = Occupant { slot, membership: narrow(memberships.len()) };
        memberships.push(Membership { room, seat: narrow(occupants.len()) });
        occupants.push(occupant);
    }

    fn unlink(&mut self, slot: Slot, membership: u32) {
        let memberships = &mut self.members.at_mut(slot).memberships;
        let link = memberships.swap_remove(membership as usize);
        if let Some(moved) = memberships.get(membership as usize) {
            self.rooms[moved.room].occupants[moved.seat as usize].membership = membership;
        }
        shrink(memberships);
        self.vacate(link);
    }

    /// Removes the occupant for a membership that the member no longer lists. Removes the room if this leaves it empty.
    fn vacate(&mut self, Membership { room, seat }: Membership) {
        let occupants = &mut self.rooms[room].occupants;
        occupants.swap_remove(seat as usize);
        if let Some(moved) = occupants.get(seat as usize) {
            self.members.at_mut(moved.slot).memberships[moved.membership as usize].seat = seat;
        }
        if occupants.is_empty() {
            self.rooms.remove(room);
        } else {
            shrink(occupants);
        }
    }

    /// Shrinks the table of rooms, which changes room indices. Not part of `vacate`, whose caller may still hold
    /// indices of other rooms.
    fn shrink(&mut self) {
        self.rooms.shrink(|room, to| {
            for occupant in &room.occupants {
                self.members.at_mut(occupant.slot).memberships[occupant.membership as usize].room = to;
            }
        });
    }

    #[cfg(test)]
    fn check(&self) {
        self.members.check();
        for member in self.members.iter() {
            for (place, link) in member.memberships.iter().enumerate() {
                let occupant = self.rooms[link.room].occupants[link.seat as usize];
                assert_eq!((occupant.slot, occupant.membership as usize), (member.slot, place));
            }
        }
        for (index, room) in self.rooms.iter() {
            assert_eq!(self.rooms.find(&room.name), Some(index));
            assert!(!room.occupants.is_empty(), "room {:?} is empty", room.name);
            for (seat, occupant) in room.occupants.iter().enumerate() {
                let member = self.members.at(occupant.slot);
                let link = member.memberships[occupant.membership as usize];
                assert_eq!((link.room, link.seat as usize), (index, seat));
                assert_ne!(member.id.as_str(), &*room.name, "a member is not an occupant of its own room");
            }
        }
    }
}

impl<M, S: BuildHasher> fmt::Debug for Rooms<M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { members, rooms, epoch: _ } = self;
        f.debug_struct("Rooms")
            .field("members", &members.len())
            .field("rooms", &rooms.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod model;

#[cfg(test)]
mod tests;
