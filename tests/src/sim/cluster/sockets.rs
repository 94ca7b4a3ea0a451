use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use socketio_core::SocketId;
use socketio_core::cluster::Destination;
use socketio_core::namespace::{MemberKey, Rooms};

use super::ProcessKey;

/// The sockets of one process in one namespace.
#[derive(Debug)]
pub struct Sockets {
    rooms: Rooms<u32, FixedState>,
    keys: Vec<MemberKey>,
    plan: Plan,
    /// The rooms that sockets have joined beyond the plan.
    joined: BTreeSet<String>,
}

/// The rooms of each socket, which do not change. Rooms that a socket joins later are not among them.
pub type Plan = Vec<BTreeSet<&'static str>>;

impl Sockets {
    /// Creates the sockets of a plan.
    pub fn new(process: ProcessKey, namespace: u8, plan: Plan) -> Self {
        let mut sockets = Self::of_rooms(process, namespace, plan.len() as u32, |_| None);
        for (key, rooms) in sockets.keys.iter().zip(&plan) {
            for room in rooms {
                sockets.rooms.join(*key, room);
            }
        }
        sockets.plan = plan;
        sockets
    }

    /// Creates many sockets, each of which is in one room at most. They have no plan.
    pub fn of_rooms(
        process: ProcessKey,
        namespace: u8,
        count: u32,
        room: impl Fn(u32) -> Option<String>,
    ) -> Self {
        let mut rooms = Rooms::with_hasher(FixedState::with_seed(1));
        let keys = (0..count).map(|socket| {
            let id = id(process, namespace, socket);
            let key = rooms.insert(id, socket).expect("an id of its own");
            if let Some(room) = room(socket) {
                rooms.join(key, &room);
            }
            key
        });
        let keys = keys.collect();
        Self { rooms, keys, plan: Plan::new(), joined: BTreeSet::new() }
    }

    /// Returns the number of sockets.
    pub fn len(&self) -> usize {
        self.rooms.len()
    }

    /// Returns `true` if there are no sockets.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of rooms that sockets have joined.
    pub fn room_count(&self) -> usize {
        self.rooms.room_count()
    }

    /// Returns the number of rooms in the plan.
    pub fn planned_rooms(&self) -> usize {
        self.plan.iter().flatten().collect::<BTreeSet<_>>().len()
    }

    /// Returns the names of the rooms, own rooms among them.
    pub fn room_names(&self, process: ProcessKey, namespace: u8) -> Vec<String> {
        let own = (0..self.keys.len() as u32).map(|socket| id(process, namespace, socket).to_string());
        let joined = self.plan.iter().flatten().collect::<BTreeSet<_>>();
        joined.into_iter().map(|room| (*room).to_owned()).chain(own).collect()
    }

    /// Returns the sockets that a destination selects.
    pub fn select(&mut self, to: &Destination) -> Vec<u32> {
        let mut selected = Vec::new();
        self.rooms.select(&to.target(), |socket| selected.push(*socket));
        selected
    }

    /// Returns the number of sockets that a destination selects.
    pub fn count(&mut self, to: &Destination) -> u64 {
        let mut count = 0;
        self.rooms.select(&to.target(), |_| count += 1);
        count
    }

    /// Returns the sockets that a destination selects by the plan.
    pub fn planned(&self, process: ProcessKey, namespace: u8, to: &Destination) -> BTreeSet<u32> {
        let is_in = |socket: u32, rooms: &BTreeSet<&str>, room: &String| {
            rooms.contains(room.as_str()) || id(process, namespace, socket).as_str() == room
        };
        let sockets = (0..).zip(&self.plan).filter(|(socket, rooms)| {
            let included = to.rooms.is_empty() || to.rooms.iter().any(|room| is_in(*socket, rooms, room));
            included && !to.except.iter().any(|room| is_in(*socket, rooms, room))
        });
        sockets.map(|(socket, _)| socket).collect()
    }

    /// Lets the selected sockets join rooms.
    pub fn join(&mut self, to: &Destination, rooms: &[String]) {
        for socket in self.select(to) {
            let key = self.keys[socket as usize];
            rooms.iter().for_each(|room| _ = self.rooms.join(key, room));
        }
        self.joined.extend(rooms.iter().cloned());
    }

    /// Lets the selected sockets leave rooms.
    pub fn leave(&mut self, to: &Destination, rooms: &[String]) {
        for socket in self.select(to) {
            let key = self.keys[socket as usize];
            rooms.iter().for_each(|room| _ = self.rooms.leave(key, room));
        }
        rooms.iter().for_each(|room| _ = self.joined.remove(room));
    }

    /// Lets all sockets leave the rooms that they have joined beyond the plan. Returns `false` if there were none.
    pub fn disband(&mut self) -> bool {
        let joined: Vec<_> = self.joined.iter().cloned().collect();
        self.leave(&Destination::default(), &joined);
        !joined.is_empty()
    }
}

/// Returns the id of a socket.
pub(super) fn id(process: ProcessKey, namespace: u8, socket: u32) -> SocketId {
    let mut entropy = [0; 15];
    entropy[..4].copy_from_slice(&process.to_be_bytes());
    entropy[4..8].copy_from_slice(&socket.to_be_bytes());
    entropy[8] = namespace;
    SocketId::from_entropy(entropy)
}

/// The namespaces of a process with their sockets, by path. The numbers of the namespaces are in
/// [`NAMESPACES`](super::world::NAMESPACES).
pub(super) type Namespaces = BTreeMap<&'static str, Sockets>;
