use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use socketio_core::cluster::{
    Answer, Body, Destination, Finished, Message, Node, NodeConfig, NodeEvent, NodeId, Operation, Question,
    RawArray, RequestKey, SocketFacts, Transmit, Wire,
};
use socketio_core::namespace::{NamespacePath, Target};
use socketio_core::packet::{Encoder, RawJson};

use super::{Bus, Ledger, NodeIndex};
use crate::sim::Random;

/// A cluster of nodes, each with members in rooms of the namespace `/`.
#[derive(Debug)]
pub struct Cluster {
    now: Instant,
    random: Random,
    wire: Wire,
    bus: Bus,
    nodes: BTreeMap<NodeIndex, Member>,
    next_node: NodeIndex,
    next_broadcast: u32,
    ledger: Ledger,
    totals: Totals,
}

/// What a run has cost.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Messages that were published.
    pub published: u64,
    /// Messages that arrived at a node.
    pub arrived: u64,
    /// The bytes of those.
    pub bytes: u64,
    /// Broadcasts that were dropped undecoded, because no member is in their room.
    pub skipped: u64,
    /// Deliveries to members.
    pub delivered: u64,
    /// Questions that ended completely, and that did not.
    pub complete: u64,
    /// Questions that ended otherwise.
    pub incomplete: u64,
}

#[derive(Debug)]
struct Member {
    machine: Node,
    /// The rooms of each member.
    members: Vec<BTreeSet<String>>,
    /// What arrives while the process is stopped waits in the kernel.
    is_stopped: bool,
    /// Whether it was stopped before, so that its questions may have ended late.
    was_stopped: bool,
    waiting: Vec<(Bytes, Bytes)>,
    /// When the driver connects again.
    reconnect: Option<Instant>,
    /// When the driver notices that nothing arrives.
    notice: Option<Instant>,
    /// The questions that have not ended, with their deadlines and the sockets found.
    asked: BTreeMap<RequestKey, (Instant, usize)>,
    /// The ends of questions, with the sockets found.
    finished: Vec<(Finished, usize)>,
}

/// The time after which a driver notices that nothing arrives: a ping interval and a pong timeout.
const NOTICE: Duration = Duration::from_secs(8);
const RECONNECT: Duration = Duration::from_secs(2);
const DEADLINE: Duration = Duration::from_secs(5);

impl Cluster {
    /// Creates a cluster without nodes. Everything random follows from the seed.
    pub fn new(seed: u64, wire: Wire, max_delay: Duration) -> Self {
        Self {
            now: Instant::now(),
            random: Random::new(seed),
            wire,
            bus: Bus::new(max_delay),
            nodes: BTreeMap::new(),
            next_node: 0,
            next_broadcast: 0,
            ledger: Ledger::default(),
            totals: Totals::default(),
        }
    }

    /// Returns what the run has cost so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Returns a random number below a bound.
    pub fn random(&mut self, below: usize) -> usize {
        self.random.below(below as u64) as usize
    }

    /// Returns the nodes.
    pub fn nodes(&self) -> Vec<NodeIndex> {
        self.nodes.keys().copied().collect()
    }

    /// Makes the counts of the broker too high by a number of subscribers that are no nodes.
    pub fn set_ghosts(&mut self, ghosts: usize) {
        self.bus.ghosts = ghosts;
    }

    /// Starts a node with members in these rooms.
    pub fn join(&mut self, members: Vec<BTreeSet<String>>) -> NodeIndex {
        let index = self.next_node;
        self.next_node += 1;
        let id = NodeId::from_entropy((index as u64 + 1).to_be_bytes());
        let machine = Node::new(NodeConfig::default(), id, self.random.below(u64::MAX));
        let node = Member {
            machine,
            members,
            is_stopped: false,
            was_stopped: false,
            waiting: Vec::new(),
            reconnect: None,
            notice: None,
            asked: BTreeMap::new(),
            finished: Vec::new(),
        };
        self.nodes.insert(index, node);
        self.connect(index);
        index
    }

    /// Ends a node. With a goodbye, it says so; otherwise it just dies.
    pub fn leave(&mut self, index: NodeIndex, goodbye: bool) {
        if goodbye && let Some(node) = self.nodes.get_mut(&index) {
            node.machine.leave(self.now);
            self.drain(index);
            let node = &self.nodes[&index];
            assert_eq!((node.machine.pending(), node.machine.poll_timeout()), (0, None), "nothing is left");
            assert!(node.asked.is_empty(), "every question has ended");
        }
        self.nodes.remove(&index);
        self.bus.disconnect(index);
    }

    /// Ends the connection of a node; its driver connects again after a while.
    pub fn cut(&mut self, index: NodeIndex) {
        let Some(node) = self.nodes.get_mut(&index) else { return };
        node.machine.handle_down(self.now);
        node.notice = None;
        node.reconnect = Some(self.now + RECONNECT);
        self.bus.disconnect(index);
        self.drain(index);
    }

    /// Lets nothing arrive at a node, which notices it after a while.
    pub fn deafen(&mut self, index: NodeIndex) {
        let Some(node) = self.nodes.get_mut(&index) else { return };
        if node.machine.is_up() {
            self.bus.deafen(index);
            node.notice = node.notice.or(Some(self.now + NOTICE));
        }
    }

    /// Stops the process of a node, or lets it go on.
    pub fn set_stopped(&mut self, index: NodeIndex, stopped: bool) {
        let Some(node) = self.nodes.get_mut(&index) else { return };
        node.is_stopped = stopped;
        node.was_stopped |= stopped;
        if !stopped {
            for (channel, payload) in std::mem::take(&mut node.waiting) {
                self.receive(index, &channel, &payload);
            }
        }
    }

    /// Sends a broadcast from a node to rooms; returns its number.
    pub fn broadcast(&mut self, from: NodeIndex, rooms: &[String], except: &[String]) -> u32 {
        let broadcast = self.next_broadcast;
        self.next_broadcast += 1;
        let packet = Encoder::default().event("/", "number", &broadcast, None).expect("a number");
        let target = Target::rooms(rooms).except(except);
        let id = self.nodes[&from].machine.id().clone();
        let message = self.wire.broadcast(&id, "/", &packet, &target, false).expect("it is small");
        self.deliver(from, broadcast, &Destination { rooms: rooms.to_vec(), except: except.to_vec() });
        if self.nodes[&from].machine.is_up() {
            self.totals.published += 1;
            self.bus.publish(from, &message, self.now, &mut self.random);
        }
        broadcast
    }

    /// Asks all other nodes for their sockets in a room.
    pub fn fetch(&mut self, from: NodeIndex, rooms: &[String]) {
        let question = Question::Sockets { to: Destination { rooms: rooms.to_vec(), except: Vec::new() } };
        let deadline = self.now + DEADLINE;
        let Some(node) = self.nodes.get_mut(&from) else { return };
        let key = node.machine.ask("/", question, deadline, self.now);
        node.asked.insert(key, (deadline, 0));
        self.drain(from);
    }

    /// Lets time pass, with everything that happens meanwhile.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let next = self.next_event();
            let Some(at) = next.filter(|at| *at <= end) else { break };
            self.now = self.now.max(at);
            self.step();
        }
        self.now = end;
    }

    /// Returns how the questions of a node have ended since the last call, with the number of sockets found.
    pub fn take_finished(&mut self, index: NodeIndex) -> Vec<(Finished, usize)> {
        self.nodes.get_mut(&index).map(|node| std::mem::take(&mut node.finished)).unwrap_or_default()
    }

    /// Asserts that every member of a selection has received a broadcast, once, and no other member.
    pub fn assert_received(&self, broadcast: u32, rooms: &[String], except: &[String]) {
        for (index, node) in &self.nodes {
            for (member, of) in node.members.iter().enumerate() {
                let expected = is_selected(of, rooms, except);
                let received = self.ledger.has(broadcast, *index, member);
                assert_eq!(
                    received, expected,
                    "member {member} of node {index}, broadcast {broadcast} to {rooms:?}"
                );
            }
        }
    }

    /// Forgets which broadcasts were received.
    pub fn clear_ledger(&mut self) {
        self.ledger.clear();
    }

    /// Returns the number of sockets in a room, of all nodes but one.
    pub fn others_in(&self, index: NodeIndex, room: &str) -> usize {
        let others = self.nodes.iter().filter(|(other, _)| **other != index);
        others.flat_map(|(_, node)| &node.members).filter(|rooms| rooms.contains(room)).count()
    }

    /// Asserts that every node knows exactly the others, and that nothing is pending.
    pub fn assert_settled(&self) {
        let all: BTreeSet<_> = self.nodes.values().map(|node| node.machine.id().clone()).collect();
        for (index, node) in &self.nodes {
            let mut peers: BTreeSet<_> = node.machine.peers().cloned().collect();
            peers.insert(node.machine.id().clone());
            assert_eq!(peers, all, "the peers of node {index}");
            assert_eq!(node.machine.pending(), 0, "node {index}");
            assert!(node.asked.is_empty(), "node {index}");
        }
    }

    /// Returns the number of subscriptions of all nodes at the broker.
    pub fn subscriptions(&self) -> usize {
        self.bus.subscriptions()
    }

    fn connect(&mut self, index: NodeIndex) {
        let root = NamespacePath::root();
        let Some(node) = self.nodes.get_mut(&index) else { return };
        node.reconnect = None;
        node.notice = None;
        let subscriptions = self.wire.of_definitions([&root]).into_iter();
        let subscriptions = subscriptions.chain(self.wire.of_namespace(node.machine.id(), "/"));
        self.bus.connect(index, subscriptions);
        node.machine.handle_up(self.now);
        self.drain(index);
    }

    fn next_event(&self) -> Option<Instant> {
        let of_node = |node: &Member| {
            let timer = node.machine.poll_timeout().filter(|_| !node.is_stopped);
            timer.into_iter().chain(node.reconnect).chain(node.notice).min()
        };
        self.nodes.values().filter_map(of_node).chain(self.bus.next()).min()
    }

    fn step(&mut self) {
        while let Some(delivery) = self.bus.deliver(self.now) {
            self.totals.arrived += 1;
            self.totals.bytes += delivery.payload.len() as u64;
            match self.nodes.get_mut(&delivery.to) {
                Some(node) if node.is_stopped => node.waiting.push((delivery.channel, delivery.payload)),
                Some(_) => self.receive(delivery.to, &delivery.channel, &delivery.payload),
                None => {}
            }
        }
        for index in self.nodes() {
            let Some(node) = self.nodes.get_mut(&index) else { continue };
            if node.notice.is_some_and(|at| at <= self.now) {
                self.cut(index);
                continue;
            }
            if node.reconnect.is_some_and(|at| at <= self.now) {
                self.connect(index);
                continue;
            }
            if !node.is_stopped && node.machine.poll_timeout().is_some_and(|at| at <= self.now) {
                node.machine.handle_timeout(self.now);
                self.drain(index);
            }
        }
    }

    /// Applies a message to a node, as the driver does.
    fn receive(&mut self, index: NodeIndex, channel: &Bytes, payload: &Bytes) {
        let Some(node) = self.nodes.get_mut(&index) else { return };
        let peek = self.wire.peek(channel, payload).expect("a channel of the wire");
        if peek.from == Some(node.machine.id().as_str()) {
            return;
        }
        let mut is_broadcast = false;
        let mut concerns = |(_, room): (&str, Option<&str>)| {
            is_broadcast = true;
            room.is_none_or(|room| node.members.iter().any(|rooms| rooms.contains(room)))
        };
        if !peek.broadcasts().any(&mut concerns) && is_broadcast {
            self.totals.skipped += 1;
            return;
        }
        let message = self.wire.decode(channel, payload).expect("what a node writes can be read");
        if message.from.as_ref() == Some(node.machine.id()) {
            return;
        }
        assert_eq!(message.namespace, "/");
        match message.body {
            Body::Presence(presence) => {
                node.machine.handle_presence(&message.from.expect("it names its sender"), presence, self.now);
            }
            Body::Answer { request, answer } => {
                node.machine.handle_answer(message.from.as_ref(), &request, answer, self.now);
            }
            Body::Operation(Operation::Broadcast { event, to, .. }) => {
                let broadcast = number(&event);
                return self.deliver(index, broadcast, &to);
            }
            Body::Question { request, question: Question::Sockets { to }, .. } => {
                let sockets = node.members.iter().enumerate();
                let sockets = sockets.filter(|(_, rooms)| is_selected(rooms, &to.rooms, &to.except));
                let sockets = sockets.map(|(member, _)| facts(index, member)).collect();
                let to = socketio_core::cluster::Address::Node(message.from.expect("it names its sender"));
                let body = Body::Answer { request, answer: Answer::Sockets(sockets) };
                let message = Message::new(node.machine.id().clone(), "/", body);
                let outgoing = self.wire.encode(&to, &message).expect("it is small");
                if self.nodes[&index].machine.is_up() {
                    self.totals.published += 1;
                    self.bus.publish(index, &outgoing, self.now, &mut self.random);
                }
                return;
            }
            other => panic!("no node sends {other:?}"),
        }
        self.drain(index);
    }

    fn deliver(&mut self, index: NodeIndex, broadcast: u32, to: &Destination) {
        let Some(node) = self.nodes.get(&index) else { return };
        for (member, rooms) in node.members.iter().enumerate() {
            if is_selected(rooms, &to.rooms, &to.except) {
                self.totals.delivered += 1;
                self.ledger.record(broadcast, index, member);
            }
        }
    }

    /// Performs what a node asks for, until there is nothing left.
    fn drain(&mut self, index: NodeIndex) {
        loop {
            let Some(node) = self.nodes.get_mut(&index) else { return };
            while let Some(event) = node.machine.poll() {
                match event {
                    NodeEvent::Answer { key, answer: Answer::Sockets(sockets), .. } => {
                        let (_, found) = node.asked.get_mut(&key).expect("it has not ended");
                        *found += sockets.len();
                    }
                    NodeEvent::Finished { key, how } => {
                        let (deadline, found) = node.asked.remove(&key).expect("a question ends once");
                        assert!(node.was_stopped || self.now <= deadline, "it ends by its deadline");
                        match how {
                            Finished::Complete => self.totals.complete += 1,
                            _ => self.totals.incomplete += 1,
                        }
                        node.finished.push((how, found));
                    }
                    _ => {}
                }
            }
            let Some(transmit) = node.machine.poll_transmit() else { return };
            match transmit {
                Transmit::Publish { to, message, count } => {
                    let outgoing = self.wire.encode(&to, &message).expect("it is small");
                    self.totals.published += 1;
                    let receivers = self.bus.publish(index, &outgoing, self.now, &mut self.random);
                    if let Some(key) = count {
                        node.machine.handle_count(key, Some(receivers), self.now);
                    }
                }
                Transmit::Count { namespace, key } => {
                    let count = self.bus.count(&self.wire.questions(&namespace));
                    node.machine.handle_count(key, Some(count), self.now);
                }
                other => panic!("an unknown {other:?}"),
            }
        }
    }
}

fn is_selected(of: &BTreeSet<String>, rooms: &[String], except: &[String]) -> bool {
    (rooms.is_empty() || rooms.iter().any(|room| of.contains(room)))
        && !except.iter().any(|room| of.contains(room))
}

fn number(event: &RawArray) -> u32 {
    let (_, number): (String, u32) = serde_json::from_str(event.json()).expect("an event with a number");
    number
}

fn facts(node: NodeIndex, member: usize) -> SocketFacts {
    let json = |text: &str| RawJson::parse(text).expect("JSON");
    SocketFacts::new(format!("{node}-{member}"), vec![format!("{node}-{member}")], json("{}"), json("{}"))
}
