use std::collections::BTreeSet;
use std::time::Duration;

use socketio_core::cluster::{Answer, Destination, Finished, Node, NodeId, Presence, RawArray, RequestId};

use super::faults::{MAX_RECONNECT, NOTICE};
use super::questions::event;
use super::world::NAMESPACES;
use super::{Asked, Cluster, Counting, Hearing, Inquiry, Process, ProcessKey};

/// The time within which the peers of all nodes are right when all are connected: the default timeout of a peer and the
/// default interval of signs of life.
const CONVERGENCE: Duration = Duration::from_secs(15);

/// A time after which a polite process has answered.
const ANSWERED: Duration = Duration::from_millis(500);

/// The checks of a cluster.
impl Cluster {
    /// Asserts what holds for one process at any time.
    pub(super) fn check(&self, key: ProcessKey) {
        let (Some(process), Some(ledger)) = (self.processes.get(&key), &self.ledger) else { return };
        let Some(node) = &process.node else { return };
        assert_eq!(node.pending(), ledger.pending(key).count(), "the questions of process {key}");
        assert!(node.peers().eq(&process.peers), "the peers of process {key} are those of its events");
        assert_eq!(node.is_up(), process.linked);
        assert_eq!(node.poll_timeout().is_some(), process.linked);
    }

    /// Ends all faults, and asserts that the nodes agree on their peers in time.
    pub fn heal(&mut self) {
        self.set_counting(Counting::default());
        let keys: Vec<_> = self.processes.keys().copied().collect();
        keys.into_iter().for_each(|key| self.resume(key));
        let until = self.now.max(self.down) + NOTICE + Duration::from_millis(1 + MAX_RECONNECT);
        while !self.is_whole() {
            assert!(self.now <= until, "a driver does not connect again");
            self.run(Duration::from_millis(50));
        }
        self.run(CONVERGENCE + 2 * self.broker.max_delay());
        self.assert_peers();
        while !self.ghosts.is_empty() {
            self.run(Duration::from_secs(1));
        }
    }

    /// Returns `true` if all processes run and are connected.
    fn is_whole(&self) -> bool {
        let is_connected = |process: &Process| {
            let hears = self.broker.hearing_of(process.key) == Some(Hearing::Whole);
            process.linked && !process.stopped && hears
        };
        self.processes.values().all(is_connected)
    }

    /// Asserts that every node has all others as peers.
    pub fn assert_peers(&self) {
        let ours = || self.processes.values().filter(|process| process.is_ours());
        let all: BTreeSet<_> = ours().map(|process| process.id.clone()).collect();
        for process in ours() {
            let mut peers: BTreeSet<_> = process.node.iter().flat_map(Node::peers).cloned().collect();
            assert!(peers.insert(process.id.clone()), "a node is not its own peer");
            assert_eq!(peers, all, "the peers of process {}", process.key);
        }
    }

    /// Asserts that everything that was sent has arrived, that every question has ended, and that nothing is left.
    pub fn settle(&mut self) {
        // Longer than the deadlines of questions.
        self.run(Duration::from_secs(60));
        self.ledger().settle();
        for process in self.processes.values_mut() {
            assert_eq!(process.node.as_ref().map_or(0, Node::pending), 0);
            assert!(process.replies.is_empty() && process.inbox.is_empty());
            for sockets in process.namespaces.values_mut() {
                let disbanded = sockets.disband();
                assert!(process.missed || !disbanded, "a room of process {} was not left", process.key);
                assert_eq!(sockets.room_count(), sockets.planned_rooms());
            }
            process.missed = false;
        }
        assert_eq!(self.broker.links(), self.processes.len());
    }

    /// Asserts that a cluster without faults delivers every event to every socket once, and that every question is
    /// completely answered, long before its deadline.
    pub fn assert_whole(&mut self, from: ProcessKey, namespace: usize, to: &Destination) {
        self.polite = true;
        let exact: usize = self.planned(namespace, to, None).len();
        for number in [self.broadcast(from, namespace, to), self.gather(from, namespace, to)] {
            let Some(number) = number else { continue };
            self.run(self.broker.max_delay());
            assert_eq!(self.ledger().deliveries(number), exact, "broadcast {number} to {to:?}");
        }
        for inquiry in Inquiry::ALL {
            let to = match inquiry {
                Inquiry::Single => self.one(namespace, from),
                Inquiry::SocketIds => Some(Destination { rooms: to.rooms.clone(), except: Vec::new() }),
                _ => Some(to.clone()),
            };
            let Some(to) = to else { continue };
            self.ledger().take_ended();
            if self.ask(from, namespace, inquiry, &to, Duration::from_secs(5)).is_none() {
                continue;
            }
            self.run(ANSWERED + 2 * self.broker.max_delay());
            let mut ended = self.ledger().take_ended();
            let pending: Vec<_> = self.ledger().pending(from).cloned().collect();
            let Some((asked, how)) = ended.pop() else { panic!("{pending:?} has not ended") };
            assert_eq!(how, Finished::Complete, "{asked:?}");
            self.assert_answers(from, namespace, &to, &asked);
        }
        self.polite = false;
    }

    fn assert_answers(&self, from: ProcessKey, namespace: usize, to: &Destination, asked: &Asked) {
        let acks: u64 = asked.acks.values().sum();
        match asked.inquiry {
            Inquiry::Sockets | Inquiry::SocketIds => {
                assert_eq!(asked.names, self.planned(namespace, to, Some(from)), "{asked:?}");
            }
            Inquiry::Rooms => {
                let others = self.processes.values().filter(|process| process.key != from);
                let names = |process: &Process| {
                    let sockets = process.namespaces.get(NAMESPACES[namespace]);
                    sockets
                        .map(|sockets| sockets.room_names(process.key, namespace as u8))
                        .unwrap_or_default()
                };
                assert_eq!(asked.names, others.flat_map(names).collect(), "{asked:?}");
            }
            Inquiry::ServerEvent => assert_eq!(asked.answered.len(), asked.must.len()),
            Inquiry::Broadcast => assert_eq!(acks, self.planned(namespace, to, Some(from)).len() as u64),
            Inquiry::Single => assert_eq!(acks, 1),
        }
    }

    /// Returns the ids of the sockets of all processes but one that a destination selects.
    fn planned(&self, namespace: usize, to: &Destination, except: Option<ProcessKey>) -> BTreeSet<String> {
        let others = self.processes.values().filter(|process| Some(process.key) != except);
        let ids = |process: &Process| -> Vec<String> {
            let Some(sockets) = process.namespaces.get(NAMESPACES[namespace]) else { return Vec::new() };
            let sockets = sockets.planned(process.key, namespace as u8, to).into_iter();
            sockets
                .map(|socket| super::sockets::id(process.key, namespace as u8, socket).to_string())
                .collect()
        };
        others.flat_map(ids).collect()
    }

    /// Returns the destination of one socket of another process, if there is one.
    pub(super) fn one(&mut self, namespace: usize, from: ProcessKey) -> Option<Destination> {
        let ids: Vec<_> = self.planned(namespace, &Destination::default(), Some(from)).into_iter().collect();
        let at = self.random.below(ids.len().max(1) as u64) as usize;
        ids.into_iter().nth(at).map(|id| Destination { rooms: vec![id], except: Vec::new() })
    }

    /// Returns the destination of the first socket of a process.
    pub fn socket_of(&self, key: ProcessKey, namespace: usize) -> Destination {
        let id = super::sockets::id(key, namespace as u8, 0).to_string();
        Destination { rooms: vec![id], except: Vec::new() }
    }

    /// Lets every process leave, and asserts that nothing is left of the cluster.
    pub fn close(mut self) {
        let keys: Vec<_> = self.processes.keys().copied().collect();
        for key in keys {
            self.resume(key);
            self.leave(key);
        }
        self.run(Duration::from_secs(120));
        if let Some(ledger) = &mut self.ledger {
            ledger.settle();
        }
        assert_eq!((self.broker.links(), self.broker.in_transit(), self.timers()), (0, 0, 0));
        assert!(self.processes.is_empty() && self.ghosts.is_empty());
    }

    /// Passes a node messages that must have no effect on its questions, and signs of life of nodes that do not exist.
    pub fn disturb(&mut self, key: ProcessKey, number: u8) {
        let phantom = NodeId::from_entropy([number; 8]);
        let others = self.processes.values().filter(|process| process.is_ours() && process.key != key);
        let others: Vec<_> = others.map(|process| process.id.clone()).collect();
        let Some(asked) = self.ledger.as_ref().map(|ledger| ledger.pending(key).next().cloned()) else {
            return;
        };
        let Some(answered) = asked.as_ref().map(|asked| {
            let named = asked.answered.keys().filter_map(|from| self.processes.get(from));
            named.filter(|process| process.is_ours()).map(|process| process.id.clone()).next()
        }) else {
            return self.haunt(key, &phantom, number);
        };
        let (Some(asked), now) = (asked, self.now) else { return };
        let Some(process) = self.processes.get_mut(&key).filter(|process| !process.stopped) else { return };
        let Some(node) = &mut process.node else { return };
        let own = process.id.clone();
        let other = others.get(usize::from(number) % others.len().max(1));
        let mut answer = |from: Option<&NodeId>, request: &RequestId, answer: Answer| {
            let before = node.pending();
            node.handle_answer(from, request, answer, now);
            assert!(node.poll().is_none() && node.pending() == before, "{asked:?}");
        };
        let request = asked.key.id();
        answer(other, &request, wrong(asked.inquiry));
        answer(None, &request, wrong(asked.inquiry));
        answer(Some(&own), &request, right(asked.inquiry));
        if let Some(answered) = answered {
            answer(Some(&answered), &request, right(asked.inquiry));
        }
        answer(other, &RequestId::parse("QT75gt").expect("six letters"), right(asked.inquiry));
        self.haunt(key, &phantom, number);
    }

    /// Passes a node a sign of life of a node that does not exist, of itself, or a false goodbye of a peer.
    fn haunt(&mut self, key: ProcessKey, phantom: &NodeId, number: u8) {
        let presence = [Presence::Hello, Presence::Alive, Presence::Goodbye][usize::from(number) % 3];
        let Some(process) = self.processes.get_mut(&key).filter(|process| !process.stopped) else { return };
        let peer = process.peers.iter().nth(usize::from(number) % 8).cloned();
        let own = process.id.clone();
        let Some(node) = &mut process.node else { return };
        node.handle_presence(phantom, presence, self.now);
        node.handle_presence(&own, presence, self.now);
        if let Some(peer) = peer.filter(|_| number > 200) {
            node.handle_presence(&peer, Presence::Goodbye, self.now);
        }
        self.drain(key);
    }
}

/// Returns an answer that does not fit a question.
fn wrong(inquiry: Inquiry) -> Answer {
    match inquiry {
        Inquiry::Sockets | Inquiry::SocketIds | Inquiry::ServerEvent => Answer::Rooms(Vec::new()),
        Inquiry::Rooms => Answer::Clients(0),
        Inquiry::Broadcast | Inquiry::Single => Answer::Sockets(Vec::new()),
    }
}

/// Returns an answer of a node that fits a question.
fn right(inquiry: Inquiry) -> Answer {
    let array: fn() -> RawArray = || event(0);
    match inquiry {
        Inquiry::Sockets => Answer::Sockets(Vec::new()),
        Inquiry::SocketIds => Answer::SocketIds(Vec::new()),
        Inquiry::Rooms => Answer::Rooms(Vec::new()),
        Inquiry::ServerEvent => Answer::ServerEvent(array()),
        Inquiry::Broadcast | Inquiry::Single => Answer::Clients(0),
    }
}
