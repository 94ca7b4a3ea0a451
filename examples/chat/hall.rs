use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde::Serialize;

/// The state of the chat: nicknames, rooms, members and messages. Clones share the same state.
#[derive(Debug, Clone)]
pub(crate) struct Hall(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// The taken nicknames in lower case.
    nicks: HashSet<String>,
    rooms: BTreeMap<String, Room>,
}

#[derive(Debug, Default)]
struct Room {
    members: BTreeSet<String>,
    history: VecDeque<Message>,
}

/// A chat message.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Message {
    pub(crate) room: String,
    pub(crate) nick: String,
    pub(crate) text: String,
    /// The time in milliseconds since 1970.
    pub(crate) at: u64,
}

/// An entry of the list of rooms.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    name: String,
    members: usize,
}

/// The contents of a room, as sent to a client that enters it.
#[derive(Debug, Serialize)]
pub(crate) struct View {
    pub(crate) room: String,
    members: Vec<String>,
    history: Vec<Message>,
}

/// A taken nickname, which is released on drop.
#[derive(Debug)]
pub(crate) struct Seat {
    hall: Hall,
    pub(crate) nick: String,
}

/// The rooms that exist even without members.
const KEPT: [&str; 3] = ["lobby", "rust", "coffee"];
/// The number of messages stored per room.
const HISTORY: usize = 50;

impl Hall {
    pub(crate) fn new() -> Self {
        let rooms = KEPT.map(|name| (name.to_owned(), Room::default())).into();
        Self(Arc::new(Mutex::new(State { nicks: HashSet::new(), rooms })))
    }

    /// Takes a nickname. Returns `None` if it is already taken.
    pub(crate) fn take(&self, nick: &str) -> Option<Seat> {
        let taken = self.lock().nicks.insert(nick.to_lowercase());
        taken.then(|| Seat { hall: self.clone(), nick: nick.to_owned() })
    }

    /// Enters a room. `entered` is called under the lock, so that the events it sends are consistent with the returned
    /// view.
    pub(crate) fn enter(&self, name: &str, nick: &str, entered: impl FnOnce()) -> View {
        let mut state = self.lock();
        let room = state.rooms.entry(name.to_owned()).or_default();
        room.members.insert(nick.to_owned());
        entered();
        View {
            room: name.to_owned(),
            members: room.members.iter().cloned().collect(),
            history: room.history.iter().cloned().collect(),
        }
    }

    /// Leaves a room. `left` is called under the lock.
    pub(crate) fn leave(&self, name: &str, nick: &str, left: impl FnOnce()) {
        let mut state = self.lock();
        left();
        if let Some(room) = state.rooms.get_mut(name) {
            room.members.remove(nick);
            if room.members.is_empty() && !KEPT.contains(&name) {
                state.rooms.remove(name);
            }
        }
    }

    /// Adds a message and returns its time. `said` is called under the lock.
    pub(crate) fn say(&self, room: &str, nick: &str, text: String, said: impl FnOnce(&Message)) -> u64 {
        let message = Message { room: room.to_owned(), nick: nick.to_owned(), text, at: now() };
        let mut state = self.lock();
        said(&message);
        let at = message.at;
        if let Some(room) = state.rooms.get_mut(room) {
            room.history.push_back(message);
            if room.history.len() > HISTORY {
                room.history.pop_front();
            }
        }
        at
    }

    /// Returns the list of rooms.
    pub(crate) fn list(&self) -> Vec<Listed> {
        let listed =
            |(name, room): (&String, &Room)| Listed { name: name.clone(), members: room.members.len() };
        self.lock().rooms.iter().map(listed).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hall.lock().nicks.remove(&self.nick.to_lowercase());
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as u64
}
