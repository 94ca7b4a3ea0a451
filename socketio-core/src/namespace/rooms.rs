use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;

use super::interner::{Interner, Occupant, RoomIndex};
use super::members::{Member, MemberKey, Members, Membership, Slot, narrow, shrink};
use super::target::Target;
use crate::SocketId;

/// The members of one namespace and the rooms they are in.
///
/// `M` is what the caller keeps for each member, a shared handle as a rule, and `S` is the hasher. Room names
/// may come from clients, so a server gives a hasher that is seeded at random.
///
/// To join, to leave and to be removed costs in proportion to the rooms of that one member, however full those
/// rooms are. A room exists as long as somebody is in it.
///
/// **A member's own room**, named by its id, holds the member from the beginning and takes no memory. It can be
/// targeted, others can join it, and the member can leave it and join it again, like any room.
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
    /// The number of this selection; members carry that of the last one they met. 64 bits do not come round.
    epoch: u64,
}

impl<M, S: BuildHasher> Rooms<M, S> {
    /// A table without members, whose maps use this hasher.
    pub fn with_hasher(hasher: S) -> Self
    where
        S: Clone,
    {
        Self { members: Members::with_hasher(hasher.clone()), rooms: Interner::with_hasher(hasher), epoch: 0 }
    }

    /// Adds a member, which is in its own room only.
    ///
    /// # Errors
    ///
    /// Gives `member` back if one with this id is there already.
    pub fn insert(&mut self, id: SocketId, member: M) -> Result<MemberKey, M> {
        self.members.insert(id, member)
    }

    /// Takes a member out of the table and out of all rooms, at once.
    ///
    /// Returns it with the rooms it was in, without its own, in no particular order; `None` if it had been
    /// removed before.
    pub fn remove(&mut self, key: MemberKey) -> Option<(M, Vec<Arc<str>>)> {
        let member = self.members.remove(key)?;
        let names = member.memberships.iter().map(|link| Arc::clone(&self.rooms[link.room].name)).collect();
        for link in member.memberships {
            self.vacate(link);
        }
        self.shrink();
        Some((member.handle, names))
    }

    /// The member, if it has not been removed.
    pub fn get(&self, key: MemberKey) -> Option<&M> {
        self.members.get(key).map(|member| &member.handle)
    }

    /// The key of the member with this id.
    pub fn find(&self, id: &SocketId) -> Option<MemberKey> {
        self.members.find(id)
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a member into a room and says whether it is in there now.
    ///
    /// That is so unless the member has been removed: a join that comes too late leaves nothing behind.
    pub fn join(&mut self, key: MemberKey, room: &str) -> bool {
        let Some(member) = self.members.get_mut(key) else { return false };
        let slot = member.slot;
        if member.id.as_str() == room {
            member.at_home = true;
            return true;
        }
        let room = self.rooms.intern(room);
        if self.membership(slot, room).is_none() {
            self.link(slot, room);
        }
        true
    }

    /// Takes a member out of a room, which may be its own, and says whether it was in there.
    pub fn leave(&mut self, key: MemberKey, room: &str) -> bool {
        let Some(member) = self.members.get_mut(key) else { return false };
        let slot = member.slot;
        if member.id.as_str() == room {
            return std::mem::take(&mut member.at_home);
        }
        let Some(room) = self.rooms.find(room) else { return false };
        let Some(membership) = self.membership(slot, room) else { return false };
        self.unlink(slot, membership);
        self.shrink();
        true
    }

    /// The names of the rooms a member is in: its own first, the others in no particular order.
    ///
    /// There are none if the member has been removed.
    pub fn rooms_of(&self, key: MemberKey) -> impl Iterator<Item = &str> {
        self.members.get(key).into_iter().flat_map(|member| {
            let joined = member.memberships.iter().map(|link| &*self.rooms[link.room].name);
            member.at_home.then(|| member.id.as_str()).into_iter().chain(joined)
        })
    }

    /// Whether a member is in a room, which may be its own.
    pub fn is_in(&self, key: MemberKey, room: &str) -> bool {
        let Some(member) = self.members.get(key) else { return false };
        let joined = self.rooms.find(room).and_then(|room| self.membership(member.slot, room));
        (member.at_home && member.id.as_str() == room) || joined.is_some()
    }

    /// Whether somebody has joined a room; own rooms are not counted.
    pub fn exists(&self, room: &str) -> bool {
        self.rooms.find(room).is_some()
    }

    /// Whoever is in a room, in no particular order.
    pub fn members_of(&self, room: &str) -> impl Iterator<Item = &M> {
        let occupants = self.rooms.get(room).map_or(&[][..], |room| &room.occupants);
        let others = occupants.iter().map(|occupant| self.members.at(occupant.slot));
        self.members.owner(room).into_iter().chain(others).map(|member| &member.handle)
    }

    /// The number of rooms that somebody has joined; own rooms are not counted.
    pub fn room_count(&self) -> usize {
        self.rooms.len()
    }

    /// Calls `f` once with each member that the target names.
    ///
    /// A member in several of the rooms comes once. Nothing is allocated, and names that nobody goes by are
    /// passed over. Keep `f` short, such as pushing a handle to a list: the table is borrowed all the while.
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

    /// The owner of a room has no seat in it, so nobody comes twice.
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

    /// Which of the member's memberships is for this room, looked up from the end that has fewer links.
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

    /// Frees the seat of a membership that its member no longer lists, and drops the room if it was the last.
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

    /// Not part of `vacate`, whose caller may still hold the indices of other rooms.
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
            assert!(!room.occupants.is_empty(), "{:?} is empty", room.name);
            for (seat, occupant) in room.occupants.iter().enumerate() {
                let member = self.members.at(occupant.slot);
                let link = member.memberships[occupant.membership as usize];
                assert_eq!((link.room, link.seat as usize), (index, seat));
                assert_ne!(member.id.as_str(), &*room.name, "an own room takes no seat");
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
mod tests {
    use std::collections::BTreeSet;

    use foldhash::fast::FixedState;

    use super::*;

    pub(super) type Table = Rooms<u32, FixedState>;

    const NONE: &[&str] = &[];

    pub(super) fn id(number: u32) -> SocketId {
        let mut entropy = [0; 15];
        entropy[..4].copy_from_slice(&number.to_be_bytes());
        SocketId::from_entropy(entropy)
    }

    pub(super) fn table() -> Table {
        Rooms::with_hasher(FixedState::default())
    }

    /// Members 0, 1, 2, ... in these rooms each.
    fn table_of(members: &[&[&str]]) -> (Table, Vec<MemberKey>) {
        let mut table = table();
        let mut keys = Vec::new();
        for (number, rooms) in (0..).zip(members) {
            let key = table.insert(id(number), number).expect("a fresh id");
            assert!(rooms.iter().all(|room| table.join(key, room)));
            keys.push(key);
        }
        table.check();
        (table, keys)
    }

    pub(super) fn selected<R: AsRef<str>, X: AsRef<str>>(
        table: &mut Table,
        target: &Target<'_, R, X>,
    ) -> Vec<u32> {
        let mut numbers = Vec::new();
        table.select(target, |number| numbers.push(*number));
        numbers.sort_unstable();
        numbers
    }

    pub(super) fn rooms_of(table: &Table, key: MemberKey) -> BTreeSet<&str> {
        table.rooms_of(key).collect()
    }

    #[test]
    fn no_rooms_means_everyone() {
        let (mut table, _) = table_of(&[&[], &["a"], &["a", "b"]]);
        assert_eq!(selected(&mut table, &Target::everyone()), [0, 1, 2]);
        assert_eq!(selected(&mut table, &Target::rooms(NONE).except(&["b"])), [0, 1]);
        assert_eq!(selected(&mut table, &Target::everyone().without(id(1))), [0, 2]);
    }

    #[test]
    fn a_member_of_two_target_rooms_comes_once() {
        let (mut table, _) = table_of(&[&["a", "b"], &["b"], &["c"]]);
        assert_eq!(selected(&mut table, &Target::rooms(&["a", "b", "a", "nowhere"])), [0, 1]);
        assert_eq!(selected(&mut table, &Target::rooms(&["a", id(0).as_str()])), [0]);
        assert_eq!(selected(&mut table, &Target::rooms(&["nowhere"])), [0; 0]);
    }

    #[test]
    fn rooms_and_ids_are_left_out_alike() {
        let (mut table, _) = table_of(&[&["a"], &["a", "b"], &["a"], &["a"]]);
        let except = ["b".to_owned(), id(2).to_string(), "nowhere".to_owned()];
        assert_eq!(selected(&mut table, &Target::rooms(&["a"]).except(&except)), [0, 3]);
        assert_eq!(selected(&mut table, &Target::rooms(&["a"]).except(&except).without(id(0))), [3]);
        assert_eq!(selected(&mut table, &Target::rooms(&["a"])), [0, 1, 2, 3], "marks are not kept");
    }

    #[test]
    fn the_own_room_takes_no_memory_and_can_be_left() {
        let (mut table, keys) = table_of(&[&[], &[]]);
        let own = id(0);
        for _ in 0..2 {
            assert!(table.join(keys[0], own.as_str()) && table.is_in(keys[0], own.as_str()));
            assert_eq!(table.room_count(), 0);
            assert_eq!(table.rooms_of(keys[0]).collect::<Vec<_>>(), [own.as_str()]);
            assert_eq!(selected(&mut table, &Target::rooms(&[own])), [0]);
            assert!(table.leave(keys[0], own.as_str()) && !table.leave(keys[0], own.as_str()));
            assert!(!table.is_in(keys[0], own.as_str()));
            assert_eq!(table.rooms_of(keys[0]).count(), 0);
            assert_eq!(selected(&mut table, &Target::rooms(&[own])), [0; 0]);
        }
        // It is a member all the same, and left out by its id.
        assert_eq!(selected(&mut table, &Target::everyone()), [0, 1]);
        assert_eq!(selected(&mut table, &Target::everyone().without(own)), [1]);
    }

    #[test]
    fn others_may_be_in_an_own_room_and_outlast_its_owner() {
        let (mut table, keys) = table_of(&[&[], &[]]);
        let own = id(0);
        assert!(table.join(keys[1], own.as_str()));
        assert_eq!(selected(&mut table, &Target::rooms(&[own])), [0, 1]);
        assert_eq!(table.members_of(own.as_str()).collect::<Vec<_>>(), [&0, &1]);

        table.remove(keys[0]);
        assert_eq!(selected(&mut table, &Target::rooms(&[own])), [1]);
        table.insert(own, 7).expect("the id is free again");
        assert_eq!(selected(&mut table, &Target::rooms(&[own])), [1, 7]);
        table.check();
    }

    #[test]
    fn an_id_is_taken_once() {
        let (mut table, keys) = table_of(&[&["a"]]);
        assert_eq!(table.insert(id(0), 9), Err(9));
        assert_eq!(table.find(&id(0)), Some(keys[0]));
        assert_eq!(table.get(keys[0]), Some(&0));
        table.check();
    }

    #[test]
    fn joining_and_leaving_twice_is_harmless() {
        let (mut table, keys) = table_of(&[&["a"]]);
        assert!(table.join(keys[0], "a"));
        assert_eq!(table.members_of("a").count(), 1);
        assert!(table.leave(keys[0], "a"));
        assert!(!table.leave(keys[0], "a"));
        assert_eq!(table.room_count(), 0);
    }

    #[test]
    fn a_removed_member_is_in_no_room_and_joins_none() {
        let (mut table, keys) = table_of(&[&["a", "b"], &["b"]]);
        let (member, mut rooms) = table.remove(keys[0]).expect("it is there");
        rooms.sort();
        assert_eq!((member, rooms), (0, vec!["a".into(), "b".into()]));

        assert_eq!(selected(&mut table, &Target::rooms(&["a", "b"])), [1]);
        assert!(!table.join(keys[0], "c"));
        assert_eq!(table.room_count(), 1, "only b is left");
        assert_eq!(table.remove(keys[0]), None);
        table.check();
    }

    #[test]
    fn a_stale_key_does_not_reach_the_successor() {
        let (mut table, keys) = table_of(&[&["a"]]);
        table.remove(keys[0]);
        let successor = table.insert(id(0), 1).expect("the id is free again");
        assert!(table.join(successor, "b"));

        assert_eq!(table.get(keys[0]), None);
        assert!(!table.join(keys[0], "a") && !table.leave(keys[0], "b"));
        assert_eq!(table.rooms_of(keys[0]).count(), 0);
        assert_eq!(table.remove(keys[0]), None);
        assert_eq!(rooms_of(&table, successor), BTreeSet::from(["b", id(0).as_str()]));
    }

    #[test]
    fn leaving_a_full_room_moves_one_neighbour() {
        let (mut table, keys) = table_of(&[&["a", "b"] as &[&str]; 1000]);
        let links = |table: &Table| -> Vec<_> {
            let rooms = table.rooms.iter().flat_map(|(_, room)| {
                room.occupants.iter().map(|occupant| (occupant.slot, occupant.membership))
            });
            rooms.collect()
        };
        let before = links(&table);
        table.remove(keys[3]);
        let after = links(&table);
        let moved = |room: usize| {
            let (before, after) = (&before[room * 1000..][..999], &after[room * 999..][..999]);
            before.iter().zip(after).filter(|(before, after)| before != after).count()
        };
        assert_eq!((moved(0), moved(1)), (1, 1));
        table.check();
    }

    #[test]
    fn dropped_rooms_make_way_for_new_ones() {
        let (mut table, keys) = table_of(&[&["stays"]]);
        for round in 0..1000 {
            let room = format!("room {round}");
            assert!(table.join(keys[0], &room) && table.leave(keys[0], &room));
        }
        assert_eq!(table.room_count(), 1);
        assert!(table.rooms.capacity() < 10);
    }

    #[test]
    fn memory_is_given_back_when_a_wave_has_left() {
        const WAVE: u32 = 20_000;
        let mut table = table();
        let keys: Vec<_> = (0..WAVE)
            .map(|number| {
                let key = table.insert(id(number), number).expect("a fresh id");
                assert!(table.join(key, "lobby") && table.join(key, &format!("room {number}")));
                key
            })
            .collect();
        let first = keys[0];
        (0..1000).for_each(|room| assert!(table.join(first, &format!("first's {room}"))));
        for key in keys.into_iter().skip(1).rev() {
            table.remove(key);
        }
        table.check();
        (0..1000).for_each(|room| assert!(table.leave(first, &format!("first's {room}"))));
        table.check();
        assert_eq!(rooms_of(&table, first), BTreeSet::from([id(0).as_str(), "lobby", "room 0"]));

        let lobby = table.rooms.get("lobby").expect("the first is in there");
        assert!(lobby.occupants.capacity() < 100);
        assert!(table.members.get(first).expect("it stays").memberships.capacity() < 100);
        assert!(table.members.capacity() < 200, "{}", table.members.capacity());
        assert!(table.rooms.capacity() < 200, "{}", table.rooms.capacity());
    }
}
