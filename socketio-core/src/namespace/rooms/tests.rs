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

/// Creates a table with members 0, 1, 2, ... in the given rooms.
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
    // It is still a member, and can be excluded by its id.
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
        let rooms = table
            .rooms
            .iter()
            .flat_map(|(_, room)| room.occupants.iter().map(|occupant| (occupant.slot, occupant.membership)));
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
