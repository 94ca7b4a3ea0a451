//! Random lists of operations on the table, compared with a model made of plain sets.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::tests::{Table, id, rooms_of, selected, table};
use super::{MemberKey, Target};

#[derive(Debug, Clone)]
enum Operation {
    Insert(u32),
    Join(usize, String),
    Leave(usize, String),
    Remove(usize),
    Select { rooms: Vec<String>, except: Vec<String>, without: Option<u32> },
}

/// Few names, some of them ids, so that operations affect each other.
fn room() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-e]", 1 => (0..6u32).prop_map(|number| id(number).to_string())]
}

fn operation() -> impl Strategy<Value = Operation> {
    let rooms = || prop::collection::vec(room(), 0..4);
    prop_oneof![
        3 => (0..6u32).prop_map(Operation::Insert),
        6 => (any::<usize>(), room()).prop_map(|(key, room)| Operation::Join(key, room)),
        3 => (any::<usize>(), room()).prop_map(|(key, room)| Operation::Leave(key, room)),
        2 => any::<usize>().prop_map(Operation::Remove),
        4 => (rooms(), rooms(), prop::option::of(0..6u32))
            .prop_map(|(rooms, except, without)| Operation::Select { rooms, except, without }),
    ]
}

/// A model of the table made of plain sets. Keys are never dropped, so that stale ones are used too.
#[derive(Default)]
struct Model {
    keys: Vec<(MemberKey, u32)>,
    live: BTreeMap<u32, (MemberKey, BTreeSet<String>)>,
}

impl Model {
    fn pick(&self, choice: usize) -> Option<(MemberKey, u32, bool)> {
        let (key, number) = *self.keys.get(choice.checked_rem(self.keys.len())?)?;
        Some((key, number, self.live.get(&number).is_some_and(|(live, _)| *live == key)))
    }

    fn in_any(&self, number: u32, rooms: &[String]) -> bool {
        rooms.iter().any(|room| self.live[&number].1.contains(room))
    }

    fn apply(&mut self, table: &mut Table, operation: Operation) {
        match operation {
            Operation::Insert(number) => match table.insert(id(number), number) {
                Ok(key) => {
                    let own = BTreeSet::from([id(number).to_string()]);
                    assert!(self.live.insert(number, (key, own)).is_none());
                    assert!(self.keys.iter().all(|(old, _)| *old != key), "a key came twice");
                    self.keys.push((key, number));
                }
                Err(number) => assert!(self.live.contains_key(&number)),
            },
            Operation::Join(choice, room) => {
                let Some((key, number, live)) = self.pick(choice) else { return };
                assert_eq!(table.join(key, &room), live);
                if live {
                    self.live.entry(number).and_modify(|(_, rooms)| _ = rooms.insert(room));
                }
            }
            Operation::Leave(choice, room) => {
                let Some((key, number, live)) = self.pick(choice) else { return };
                let was_in = live && self.in_any(number, std::slice::from_ref(&room));
                assert_eq!(table.leave(key, &room), was_in);
                if was_in {
                    self.live.entry(number).and_modify(|(_, rooms)| _ = rooms.remove(&room));
                }
            }
            Operation::Remove(choice) => {
                let Some((key, number, live)) = self.pick(choice) else { return };
                let removed = table.remove(key).map(|(member, rooms)| {
                    assert_eq!(member, number);
                    rooms.iter().map(ToString::to_string).collect()
                });
                let mut expected = live.then(|| self.live.remove(&number).expect("it is live").1);
                if let Some(rooms) = &mut expected {
                    rooms.remove(id(number).as_str());
                }
                assert_eq!(removed, expected);
            }
            Operation::Select { rooms, except, without } => {
                let mut target = Target::rooms(&rooms).except(&except);
                if let Some(number) = without {
                    target = target.without(id(number));
                }
                let expected = self.live.keys().copied().filter(|number| {
                    (rooms.is_empty() || self.in_any(*number, &rooms))
                        && !self.in_any(*number, &except)
                        && without != Some(*number)
                });
                assert_eq!(selected(table, &target), expected.collect::<Vec<_>>());
            }
        }
    }

    fn compare(&self, table: &Table) {
        table.check();
        assert_eq!(table.len(), self.live.len());
        for (key, number) in &self.keys {
            let live = self.live.get(number).filter(|(live, _)| live == key);
            assert_eq!(table.get(*key), live.map(|_| number));
            let rooms = live.map(|(_, rooms)| rooms.iter().map(String::as_str).collect());
            assert_eq!(rooms_of(table, *key), rooms.unwrap_or_default());
        }
        let mut occupants = BTreeMap::<&str, BTreeSet<u32>>::new();
        for (number, (key, rooms)) in &self.live {
            assert_eq!(table.find(&id(*number)), Some(*key));
            rooms.iter().for_each(|room| _ = occupants.entry(room).or_default().insert(*number));
        }
        for (room, numbers) in &occupants {
            let listed: Vec<_> = table.members_of(room).copied().collect();
            assert_eq!(listed.len(), numbers.len());
            assert_eq!(&BTreeSet::from_iter(listed), numbers);
        }
        let joined = |(room, numbers): (&&str, &BTreeSet<u32>)| {
            numbers.iter().any(|number| id(*number).as_str() != *room)
        };
        assert_eq!(table.room_count(), occupants.iter().filter(|entry| joined(*entry)).count());
    }
}

proptest! {
    #[test]
    fn the_table_agrees_with_plain_sets(operations in prop::collection::vec(operation(), 1..80)) {
        let mut table = table();
        let mut model = Model::default();
        for operation in operations {
            model.apply(&mut table, operation);
            model.compare(&table);
        }
    }
}
