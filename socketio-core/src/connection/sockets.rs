use std::collections::VecDeque;

use bytestring::ByteString;

use crate::Config;
use crate::packet::{AckId, Event};

/// One socket of a connection: a namespace that the client is connected to.
///
/// A key is never used again: what is meant for a socket that has left does not reach its successor on
/// the same namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketKey(u64);

/// The sockets of a connection. Few clients have more than one, so they are looked up by walking.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    slots: Vec<Slot>,
    last_key: u64,
}

#[derive(Debug)]
struct Slot {
    key: SocketKey,
    namespace: ByteString,
    state: State,
}

/// ```text
///   CONNECT ──▶ Pending ──accept──▶ Connected ──disconnect by the server──▶ Left ──CONNECT──▶ Pending
///                  └──reject, DISCONNECT──▶ gone ◀──DISCONNECT──┤
///                                             ▲                ├──the same, with events that wait──▶ Ended
///                                             └────────────────┴──the last of them has been taken────┘
/// ```
///
/// CONNECT to a namespace that has a socket is DISCONNECT and CONNECT: the client asks anew when it has given up a socket
/// before the answer to its first CONNECT came.
#[derive(Debug)]
pub(super) enum State {
    /// The application has not answered yet. With a gate, the client may think that it is connected, by the answer to an
    /// earlier CONNECT: its events wait.
    Pending(Option<Gate>),
    Connected(Gate),
    /// Disconnected by the server. The client may not know yet: what it still sends is ignored.
    Left,
    /// Disconnected by the client, or with its session. The events that came before wait for their turn.
    Ended(Gate),
}

/// Whether the events of a socket pass, and those that wait.
#[derive(Debug, Default)]
pub(super) struct Gate {
    shut: bool,
    /// More events came than may wait: what follows is dropped.
    full: bool,
    parked: Option<Box<ParkedEvents>>,
}

#[derive(Debug, Default)]
struct ParkedEvents {
    queue: VecDeque<(Event, Option<AckId>)>,
    bytes: usize,
}

/// What becomes of an event at the gate.
pub(super) enum Passage {
    Passes(Event, Option<AckId>),
    Waits,
    /// Nothing more can wait. Said once.
    Full,
    /// It is dropped, as is all that follows one which could not wait.
    Dropped,
}

impl Sockets {
    /// Whether no client has asked for a namespace.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.iter().all(|slot| matches!(slot.state, State::Ended(_)))
    }

    /// The socket of a namespace.
    pub(super) fn find(&self, namespace: &str) -> Option<(SocketKey, &State)> {
        let found = |slot: &&Slot| slot.namespace == namespace && !matches!(slot.state, State::Ended(_));
        self.slots.iter().find(found).map(|slot| (slot.key, &slot.state))
    }

    pub(super) fn namespace(&self, key: SocketKey) -> Option<&ByteString> {
        self.slots.iter().find(|slot| slot.key == key).map(|slot| &slot.namespace)
    }

    /// Makes room for a socket that waits for its answer; none if there are too many. The namespace must
    /// have no socket but one that has left. If the client asks `again`, it may think that it is connected.
    pub(super) fn insert(
        &mut self,
        namespace: ByteString,
        again: bool,
        config: &Config,
    ) -> Option<SocketKey> {
        let ended = |slot: &Slot| matches!(slot.state, State::Ended(_));
        self.slots.retain(|slot| slot.namespace != namespace || ended(slot));
        if self.slots.iter().filter(|slot| !ended(slot)).count() >= config.max_namespaces {
            let left = self.slots.iter().position(|slot| matches!(slot.state, State::Left))?;
            self.slots.swap_remove(left);
        }
        let key = self.new_key();
        self.slots.reserve_exact(1);
        let gate = again.then(|| Gate { shut: true, ..Gate::default() });
        self.slots.push(Slot { key, namespace, state: State::Pending(gate) });
        Some(key)
    }

    /// The application has accepted the socket. Its events wait until [`open`](Self::open).
    pub(super) fn connect(&mut self, key: SocketKey) -> bool {
        let Some(slot) = self.get_mut(key) else { return false };
        let State::Pending(gate) = &mut slot.state else { return false };
        slot.state = State::Connected(Gate { shut: true, ..gate.take().unwrap_or_default() });
        true
    }

    /// Whether events of a socket are taken: it is connected, or the client may think so.
    pub(super) fn is_listening(&self, key: SocketKey) -> bool {
        let listens = |state: &State| matches!(state, State::Connected(_) | State::Pending(Some(_)));
        self.slots.iter().any(|slot| slot.key == key && listens(&slot.state))
    }

    /// Whether more events came for a socket than may wait.
    pub(super) fn is_full(&self, key: SocketKey) -> bool {
        self.gates().any(|(other, gate)| other == key && gate.full)
    }

    pub(super) fn is_connected(&self, key: SocketKey) -> bool {
        let connected = |slot: &Slot| slot.key == key && matches!(slot.state, State::Connected(_));
        self.slots.iter().any(connected)
    }

    pub(super) fn is_pending(&self, key: SocketKey) -> bool {
        self.slots.iter().any(|slot| slot.key == key && matches!(slot.state, State::Pending(_)))
    }

    /// The keys of those that are connected or wait to be.
    pub(super) fn keys(&self) -> Vec<SocketKey> {
        let there = |slot: &&Slot| matches!(slot.state, State::Pending(_) | State::Connected(_));
        self.slots.iter().filter(there).map(|slot| slot.key).collect()
    }

    /// Removes a socket; true if it was connected. Its gate stays if it is shut or events are `coming` that have not
    /// reached it.
    pub(super) fn remove(&mut self, key: SocketKey, coming: bool) -> bool {
        let Some(index) = self.slots.iter().position(|slot| slot.key == key) else { return false };
        let slot = self.slots.swap_remove(index);
        let State::Connected(gate) = slot.state else { return false };
        if gate.shut || gate.parked.is_some() || coming {
            self.slots.push(Slot { state: State::Ended(gate), ..slot });
        }
        true
    }

    /// Removes a socket that has ended if nothing of it waits any more.
    pub(super) fn retire(&mut self, key: SocketKey) {
        let over =
            |slot: &Slot| matches!(&slot.state, State::Ended(gate) if !gate.shut && gate.parked.is_none());
        self.slots.retain(|slot| slot.key != key || !over(slot));
    }

    /// Drops the events of a socket that wait; returns how many there were.
    pub(super) fn forget(&mut self, key: SocketKey) -> usize {
        let Some(gate) = self.gate(key) else { return 0 };
        let dropped = gate.parked.take().map_or(0, |parked| parked.queue.len());
        self.slots.retain(|slot| slot.key != key || !matches!(slot.state, State::Ended(_)));
        dropped
    }

    /// The application has refused the socket; false if it does not wait for an answer.
    pub(super) fn refuse(&mut self, key: SocketKey) -> bool {
        let Some(slot) = self.get_mut(key) else { return false };
        match slot.state {
            State::Pending(None) => _ = self.remove(key, false),
            // It may have sent more before it knows.
            State::Pending(Some(_)) => self.leave(key),
            State::Connected(_) | State::Left | State::Ended(_) => return false,
        }
        true
    }

    /// The server disconnects the socket: what the client still sends to it is ignored.
    pub(super) fn leave(&mut self, key: SocketKey) {
        let successor = self.new_key();
        if let Some(slot) = self.get_mut(key) {
            slot.state = State::Left;
            slot.key = successor;
        }
    }
}

/// The gates.
impl Sockets {
    pub(super) fn shut(&mut self, key: SocketKey) {
        if let Some(gate) = self.gate(key) {
            gate.shut = true;
        }
    }

    /// Lets events pass again; true if some wait. Those of a socket that is not accepted never pass.
    pub(super) fn open(&mut self, key: SocketKey) -> bool {
        if self.is_pending(key) {
            return false;
        }
        let Some(gate) = self.gate(key) else { return false };
        gate.shut = false;
        let waits = gate.parked.is_some();
        if !waits {
            self.retire(key);
        }
        waits
    }

    /// Whether events wait at the gate.
    pub(super) fn holds(&self, key: SocketKey) -> bool {
        self.gates().any(|(other, gate)| other == key && gate.parked.is_some())
    }

    /// Returns how many bytes wait at all gates together.
    pub(super) fn parked_bytes(&self) -> usize {
        self.parked().map(|parked| parked.bytes).sum()
    }

    /// An event arrives at the gate, which is taken to be shut if all are. The bounds hold for all gates together. The events of
    /// a socket that is gone pass: they came before it went.
    pub(super) fn pass(
        &mut self,
        key: SocketKey,
        event: Event,
        ack: Option<AckId>,
        all_shut: bool,
        config: &Config,
    ) -> Passage {
        let Some(gate) = self.gate(key) else { return Passage::Passes(event, ack) };
        if !gate.shut && !all_shut && gate.parked.is_none() {
            return Passage::Passes(event, ack);
        }
        if gate.full {
            return Passage::Dropped;
        }
        let size = event.size();
        let (events, bytes) = self
            .parked()
            .fold((0, 0), |(events, bytes), parked| (events + parked.queue.len(), bytes + parked.bytes));
        let full = bytes + size > config.max_parked_bytes || events >= config.max_parked_events;
        if let Some(gate) = self.gate(key) {
            gate.full = full;
            if full {
                return Passage::Full;
            }
            let parked = gate.parked.get_or_insert_default();
            parked.bytes += size;
            parked.queue.push_back((event.detach(), ack));
        }
        Passage::Waits
    }

    /// The next event that waited at an open gate.
    pub(super) fn unpark(&mut self, key: SocketKey) -> Option<(Event, Option<AckId>)> {
        let gate = self.gate(key).filter(|gate| !gate.shut)?;
        let parked = gate.parked.as_mut()?;
        let (event, ack) = parked.queue.pop_front()?;
        parked.bytes -= event.size();
        if parked.queue.is_empty() {
            gate.parked = None;
            self.retire(key);
        }
        Some((event, ack))
    }

    fn parked(&self) -> impl Iterator<Item = &ParkedEvents> {
        self.gates().filter_map(|(_, gate)| gate.parked.as_deref())
    }

    fn gates(&self) -> impl Iterator<Item = (SocketKey, &Gate)> {
        self.slots.iter().filter_map(|slot| match &slot.state {
            State::Connected(gate) | State::Ended(gate) | State::Pending(Some(gate)) => {
                Some((slot.key, gate))
            }
            State::Pending(None) | State::Left => None,
        })
    }

    fn gate(&mut self, key: SocketKey) -> Option<&mut Gate> {
        match &mut self.get_mut(key)?.state {
            State::Connected(gate) | State::Ended(gate) | State::Pending(Some(gate)) => Some(gate),
            State::Pending(None) | State::Left => None,
        }
    }
}

impl Sockets {
    fn get_mut(&mut self, key: SocketKey) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.key == key)
    }

    fn new_key(&mut self) -> SocketKey {
        self.last_key = self.last_key.wrapping_add(1);
        SocketKey(self.last_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client that leaves and joins again while its connect handlers run.
    #[test]
    fn sockets_that_have_ended_leave_nothing_behind() {
        let (config, mut sockets) = (Config::default(), Sockets::default());
        for _ in 0..3 {
            let key = sockets.insert("/".into(), false, &config).expect("there is room");
            assert!(sockets.connect(key));
            assert!(sockets.remove(key, false));
            sockets.retire(key);
            assert_eq!(sockets.slots.len(), 1, "its connect handler runs");
            assert!(!sockets.open(key));
            assert_eq!(sockets.slots.len(), 0);
        }
    }
}
