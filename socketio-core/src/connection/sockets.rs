use std::collections::VecDeque;

use bytestring::ByteString;

use crate::Config;
use crate::packet::{AckId, Event};

/// The key of one socket of a connection, that is, of one namespace that the client is connected to.
///
/// Keys are not reused: a command for a socket that has ended does not affect a later socket of the same namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketKey(u64);

/// The sockets of a connection. Few clients have more than one, so lookups are linear.
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
///                                             ▲                ├──the same, with parked events──────▶ Ended
///                                             └────────────────┴──the last of them was delivered──────┘
/// ```
///
/// CONNECT to a namespace that has a socket acts as DISCONNECT followed by CONNECT: the client sends it after giving up a
/// socket before the reply to its first CONNECT arrived.
#[derive(Debug)]
pub(super) enum State {
    /// The application has not answered yet. With a gate, the client may consider itself connected, by the reply to
    /// an earlier CONNECT: its events are parked.
    Pending(Option<Gate>),
    Connected(Gate),
    /// Disconnected by the server. The client may not know yet: its packets are ignored.
    Left,
    /// Disconnected by the client, or with its session. Events that were received before are yet to be delivered.
    Ended(Gate),
}

/// The gate through which the events of a socket are delivered, with those that are parked.
#[derive(Debug, Default)]
pub(super) struct Gate {
    shut: bool,
    /// Set once more events have arrived than may be parked. Later ones are dropped.
    full: bool,
    parked: Option<Box<ParkedEvents>>,
}

#[derive(Debug, Default)]
struct ParkedEvents {
    queue: VecDeque<(Event, Option<AckId>)>,
    bytes: usize,
}

/// The outcome for an event that may not pass its gate.
pub(super) enum ParkOutcome {
    Waits,
    /// No more events can be parked. Returned once per socket.
    Full,
    /// The event is dropped because an earlier one could not be parked.
    Dropped,
}

impl Sockets {
    /// Returns `true` if there is no socket other than ended ones.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.iter().all(|slot| matches!(slot.state, State::Ended(_)))
    }

    /// Returns the socket of a namespace.
    pub(super) fn find(&self, namespace: &str) -> Option<(SocketKey, &State)> {
        let found = |slot: &&Slot| slot.namespace == namespace && !matches!(slot.state, State::Ended(_));
        self.slots.iter().find(found).map(|slot| (slot.key, &slot.state))
    }

    pub(super) fn namespace(&self, key: SocketKey) -> Option<&ByteString> {
        self.slots.iter().find(|slot| slot.key == key).map(|slot| &slot.namespace)
    }

    /// Adds a pending socket. Returns `None` if there are too many. The namespace must have no socket other than one
    /// that has left. With `again`, the client may consider itself connected.
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

    /// Marks a pending socket as accepted. Its events are parked until [`open`](Self::open).
    pub(super) fn connect(&mut self, key: SocketKey) -> bool {
        let Some(slot) = self.get_mut(key) else { return false };
        let State::Pending(gate) = &mut slot.state else { return false };
        slot.state = State::Connected(Gate { shut: true, ..gate.take().unwrap_or_default() });
        true
    }

    /// Returns `true` if events of a socket are received: it is connected, or the client may consider it connected.
    pub(super) fn is_listening(&self, key: SocketKey) -> bool {
        let listens = |state: &State| matches!(state, State::Connected(_) | State::Pending(Some(_)));
        self.slots.iter().any(|slot| slot.key == key && listens(&slot.state))
    }

    /// Returns `true` if more events arrived for a socket than may be parked.
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

    /// Returns the keys of the connected and pending sockets.
    pub(super) fn keys(&self) -> Vec<SocketKey> {
        let live = |slot: &&Slot| matches!(slot.state, State::Pending(_) | State::Connected(_));
        self.slots.iter().filter(live).map(|slot| slot.key).collect()
    }

    /// Removes a socket. Returns `true` if it was connected. Its gate stays if it is shut, or if events of the socket
    /// are still `queued` before it.
    pub(super) fn remove(&mut self, key: SocketKey, queued: bool) -> bool {
        let Some(index) = self.slots.iter().position(|slot| slot.key == key) else { return false };
        let slot = self.slots.swap_remove(index);
        let State::Connected(gate) = slot.state else { return false };
        if gate.shut || gate.parked.is_some() || queued {
            self.slots.push(Slot { state: State::Ended(gate), ..slot });
        }
        true
    }

    /// Removes a socket that has ended if it has no parked events.
    pub(super) fn retire(&mut self, key: SocketKey) {
        let retired =
            |slot: &Slot| matches!(&slot.state, State::Ended(gate) if !gate.shut && gate.parked.is_none());
        self.slots.retain(|slot| slot.key != key || !retired(slot));
    }

    /// Drops the parked events of a socket and returns their number.
    pub(super) fn forget(&mut self, key: SocketKey) -> usize {
        let Some(gate) = self.gate(key) else { return 0 };
        let dropped = gate.parked.take().map_or(0, |parked| parked.queue.len());
        self.slots.retain(|slot| slot.key != key || !matches!(slot.state, State::Ended(_)));
        dropped
    }

    /// Rejects a pending socket. Returns `false` if it is not pending.
    pub(super) fn reject(&mut self, key: SocketKey) -> bool {
        let Some(slot) = self.get_mut(key) else { return false };
        match slot.state {
            State::Pending(None) => _ = self.remove(key, false),
            // The client may send more before it learns of the rejection.
            State::Pending(Some(_)) => self.leave(key),
            State::Connected(_) | State::Left | State::Ended(_) => return false,
        }
        true
    }

    /// Disconnects the socket on behalf of the server: further packets of the client for it are ignored.
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

    /// Opens the gate. Returns `true` if events are parked at it. The events of a socket that has not been accepted
    /// are never delivered.
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

    /// Returns `true` if events are parked at the gate.
    pub(super) fn holds(&self, key: SocketKey) -> bool {
        self.gates().any(|(other, gate)| other == key && gate.parked.is_some())
    }

    /// Returns the number of bytes that are parked at all gates together.
    pub(super) fn parked_bytes(&self) -> usize {
        self.parked().map(|parked| parked.bytes).sum()
    }

    /// Returns `true` if the next event of a socket passes its gate. With `all_shut`, every gate counts as shut. The
    /// events of a socket that has been removed pass: they were received before its end.
    #[inline]
    pub(super) fn passes(&self, key: SocketKey, all_shut: bool) -> bool {
        let gate = self.gates().find(|(other, _)| *other == key);
        gate.is_none_or(|(_, gate)| !gate.shut && !all_shut && gate.parked.is_none())
    }

    /// Parks or drops an event that does not [pass](Self::passes). The bounds apply to all gates together.
    pub(super) fn park(
        &mut self,
        key: SocketKey,
        event: Event,
        ack: Option<AckId>,
        config: &Config,
    ) -> ParkOutcome {
        if self.is_full(key) {
            return ParkOutcome::Dropped;
        }
        let size = event.size();
        let (events, bytes) = self
            .parked()
            .fold((0, 0), |(events, bytes), parked| (events + parked.queue.len(), bytes + parked.bytes));
        let full = bytes + size > config.max_parked_bytes || events >= config.max_parked_events;
        if let Some(gate) = self.gate(key) {
            gate.full = full;
            if full {
                return ParkOutcome::Full;
            }
            let parked = gate.parked.get_or_insert_default();
            parked.bytes += size;
            parked.queue.push_back((event.detach(), ack));
        }
        ParkOutcome::Waits
    }

    /// Returns the next event that was parked at a gate that is open now.
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
