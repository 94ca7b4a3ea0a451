use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use socketio_core::cluster::{
    Address, Body, Classic, Destination, Finished, Message, Node, NodeConfig, NodeEvent, NodeId, Operation,
    RawArray, Transmit, Wire,
};
use socketio_core::packet::RawJson;

use super::questions::{event, number};
use super::sockets::Namespaces;
use super::{Broker, Contents, Ledger, Parcel, Plan, Process, Sockets, Totals};
use crate::sim::Random;

/// The number of a process. Numbers are not reused.
pub type ProcessKey = u32;

/// The namespaces of the simulator. All processes have the first one.
pub(super) const NAMESPACES: [&str; 2] = ["/", "/chat"];

/// A cluster of processes on a simulated bus.
///
/// The random numbers follow from a seed. Methods that act on a process have no effect if it is gone, or if it is
/// stopped and cannot act.
#[derive(Debug)]
pub struct Cluster {
    pub(super) now: Instant,
    pub(super) random: Random,
    pub(super) broker: Broker,
    /// The form in which messages are written, and read where they arrive.
    wire: Wire,
    pub(super) processes: BTreeMap<ProcessKey, Process>,
    pub(super) next_process: ProcessKey,
    number: u64,
    /// The checks, or `None` if only the work is counted.
    pub(super) ledger: Option<Ledger>,
    pub(super) totals: Totals,
    /// Set while every process answers every question in time.
    pub(super) polite: bool,
    /// The handshake in the snapshot of every socket.
    pub(super) handshake: RawJson,
    /// The connections of processes that are gone, and the times at which the broker notices it.
    pub(super) ghosts: BTreeMap<ProcessKey, Instant>,
    /// The time until which the broker is down.
    pub(super) down: Instant,
    timers: BTreeSet<(Instant, ProcessKey)>,
}

impl Cluster {
    /// Creates a cluster without processes, whose bus delays messages by up to `max_delay` milliseconds.
    pub fn new(seed: u64, max_delay: u64) -> Self {
        let now = Instant::now();
        Self {
            now,
            down: now,
            random: Random::new(seed),
            broker: Broker::new(max_delay),
            wire: Wire::Classic(Classic::new("socket.io")),
            processes: BTreeMap::new(),
            next_process: 0,
            number: 0,
            ledger: Some(Ledger::default()),
            totals: Totals::default(),
            polite: false,
            handshake: RawJson::parse("{}").expect("an object"),
            ghosts: BTreeMap::new(),
            timers: BTreeSet::new(),
        }
    }

    /// Creates a cluster that counts work and checks nothing, for large numbers of sockets.
    pub fn unchecked(seed: u64, max_delay: u64) -> Self {
        Self { ledger: None, polite: true, ..Self::new(seed, max_delay) }
    }

    /// Sets the handshake in the snapshot of every socket.
    pub fn set_handshake(&mut self, handshake: RawJson) {
        self.handshake = handshake;
    }

    /// Returns the present time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Returns the random generator.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// Returns the bus.
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// Returns the checks.
    pub fn ledger(&mut self) -> &mut Ledger {
        self.ledger.as_mut().expect("a cluster with checks")
    }

    /// Returns the work since the last call.
    pub fn take_totals(&mut self) -> Totals {
        std::mem::take(&mut self.totals)
    }

    /// Returns the processes.
    pub fn processes(&self) -> impl DoubleEndedIterator<Item = &Process> + ExactSizeIterator {
        self.processes.values()
    }

    /// Returns a process picked by a number.
    pub fn any(&self, number: usize) -> Option<ProcessKey> {
        let at = number.checked_rem(self.processes.len())?;
        self.processes.keys().nth(at).copied()
    }

    /// Starts a process with a plan of sockets for each of its namespaces, and connects it. A process that is not
    /// `ours` is one of another implementation.
    pub fn start(&mut self, ours: bool, plans: Vec<Plan>) -> ProcessKey {
        let key = self.next_process;
        let sockets =
            |(number, plan): (usize, Plan)| (NAMESPACES[number], Sockets::new(key, number as u8, plan));
        let namespaces = plans.into_iter().enumerate().map(sockets).collect();
        self.start_with(ours, namespaces)
    }

    /// Starts a process with sockets in `/`.
    pub fn start_with_sockets(&mut self, sockets: impl FnOnce(ProcessKey) -> Sockets) -> ProcessKey {
        let sockets = sockets(self.next_process);
        self.start_with(true, Namespaces::from([(NAMESPACES[0], sockets)]))
    }

    fn start_with(&mut self, ours: bool, namespaces: Namespaces) -> ProcessKey {
        let key = self.next_process;
        self.next_process += 1;
        let id = NodeId::from_entropy((u64::from(key) << 32 | self.random.below(1 << 32)).to_be_bytes());
        let entropy = self.random.below(u64::MAX);
        let node = ours.then(|| Node::new(NodeConfig::default(), id.clone(), entropy));
        self.processes.insert(key, Process::new(key, node, id, namespaces));
        self.connect(key);
        key
    }

    /// Lets a process send an event to sockets of all processes. Returns the number of the event.
    pub fn broadcast(&mut self, from: ProcessKey, namespace: usize, to: &Destination) -> Option<u64> {
        self.acting(from)?.namespaces.get(NAMESPACES[namespace])?;
        let number = self.next_number();
        let event = event(number);
        let reached: Vec<_> = self.reached(from, NAMESPACES[namespace]).collect();
        self.expect(number, &reached, namespace, to);
        self.send_event(from, namespace, event, to);
        Some(number)
    }

    /// Lets sockets of all processes join a new room, sends an event to the room, and lets them leave it. Returns the
    /// number of the event.
    pub fn gather(&mut self, from: ProcessKey, namespace: usize, to: &Destination) -> Option<u64> {
        self.acting(from)?.namespaces.get(NAMESPACES[namespace])?;
        let number = self.next_number();
        let room = format!("gathering {number}");
        let reached: Vec<_> = self.reached(from, NAMESPACES[namespace]).collect();
        self.expect(number, &reached, namespace, to);
        let join = Operation::Join { to: to.clone(), rooms: vec![room.clone()] };
        self.operate(from, namespace, join);
        let gathered = Destination { rooms: vec![room.clone()], except: Vec::new() };
        self.send_event(from, namespace, event(number), &gathered);
        self.operate(from, namespace, Operation::Leave { to: gathered, rooms: vec![room] });
        Some(number)
    }

    /// Lets time pass, with everything that happens meanwhile.
    ///
    /// # Panics
    ///
    /// Panics if the cluster never becomes idle at one instant.
    pub fn run(&mut self, time: Duration) {
        let until = self.now + time;
        let mut steps = 0;
        loop {
            let timer = self.timers.first().map(|(at, _)| *at);
            let ghost = self.ghosts.values().min().copied();
            let next = [timer, ghost, self.broker.next_arrival()].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            steps = if next > self.now { 0 } else { steps + 1 };
            let enough = 100_000 * (1 + self.processes.len());
            assert!(steps < enough, "livelock");
            self.now = self.now.max(next);
            self.step();
        }
        self.now = until;
    }

    fn step(&mut self) {
        if let Some(parcel) = self.broker.receive(self.now) {
            match self.processes.get_mut(&parcel.to) {
                Some(process) if process.stopped => process.inbox.push_back(parcel),
                Some(_) => self.receive(parcel),
                None => {}
            }
            return;
        }
        let now = self.now;
        while let Some(ghost) = self.ghosts.iter().find(|(_, at)| **at <= now).map(|(ghost, _)| *ghost) {
            self.ghosts.remove(&ghost);
            self.broker.disconnect(ghost);
        }
        if let Some(&(_, key)) = self.timers.first().filter(|(at, _)| *at <= now) {
            self.wake(key);
        }
    }

    /// Lets a process do what is due.
    pub(super) fn wake(&mut self, key: ProcessKey) {
        let now = self.now;
        let Some(process) = self.processes.get_mut(&key).filter(|process| !process.stopped) else { return };
        if process.notices.is_some_and(|at| at <= now) {
            return self.lose(key);
        }
        if process.reconnects.is_some_and(|at| at <= now) {
            return self.connect(key);
        }
        if let Some(node) = &mut process.node
            && node.poll_timeout().is_some_and(|due| due <= now)
        {
            node.handle_timeout(now);
            assert!(node.poll_timeout().is_none_or(|next| next > now), "the deadline stays in the past");
        }
        if let Some(first) = process.replies.first_entry().filter(|first| first.key().0 <= now) {
            let (to, message) = first.remove();
            if process.linked {
                self.publish(key, &to, message);
            }
        }
        self.drain(key);
    }

    /// Returns a process that can act.
    pub(super) fn acting(&self, key: ProcessKey) -> Option<&Process> {
        self.processes.get(&key).filter(|process| !process.stopped)
    }

    /// Returns the other processes at which a message of this process arrives if it is published now.
    pub(super) fn reached<'a>(
        &'a self,
        from: ProcessKey,
        namespace: &'a str,
    ) -> impl Iterator<Item = ProcessKey> + 'a {
        let linked = self.processes.get(&from).is_some_and(|process| process.linked);
        let publishes = linked && self.broker.is_connected(from) && self.ledger.is_some();
        let others = publishes.then(|| self.broker.hearing(namespace)).into_iter().flatten();
        others.filter(move |process| *process != from)
    }

    /// Records that an event must arrive at sockets.
    pub(super) fn expect(&mut self, number: u64, reached: &[ProcessKey], namespace: usize, to: &Destination) {
        let Some(ledger) = &mut self.ledger else { return };
        for process in reached {
            let sockets = self.processes.get(process).and_then(|of| of.namespaces.get(NAMESPACES[namespace]));
            if let Some(sockets) = sockets {
                ledger.expect(number, *process, sockets.planned(*process, namespace as u8, to));
            }
        }
    }

    pub(super) fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Sends an event: to the own sockets at once, then to the bus.
    fn send_event(&mut self, from: ProcessKey, namespace: usize, event: RawArray, to: &Destination) {
        self.deliver(from, namespace, &event, to);
        let operation = Operation::Broadcast { event, to: to.clone(), volatile: false };
        self.publish_operation(from, namespace, operation);
    }

    /// Applies an operation to the own sockets and publishes it.
    fn operate(&mut self, from: ProcessKey, namespace: usize, operation: Operation) {
        self.apply(from, namespace, &operation);
        self.publish_operation(from, namespace, operation);
    }

    fn publish_operation(&mut self, from: ProcessKey, namespace: usize, operation: Operation) {
        let Some(process) = self.processes.get(&from).filter(|process| process.linked) else { return };
        let message = Message::new(process.id.clone(), NAMESPACES[namespace], Body::Operation(operation));
        self.publish(from, &Address::Everyone, message);
    }

    pub(super) fn publish(&mut self, from: ProcessKey, to: &Address, message: Message) {
        if !self.broker.is_connected(from) {
            return;
        }
        let outgoing = self.wire.encode(to, &message).expect("a small message");
        if self.ledger.is_some() {
            let read = self.wire.decode(&outgoing.channel, &outgoing.payload);
            assert_eq!(read.as_ref(), Ok(&message), "it is read as it was written");
        }
        let message = Arc::new(message);
        let copies = self.broker.publish(from, to, &message, self.now, &mut self.random);
        self.totals.add(to, &message, outgoing.payload.len(), copies);
    }

    /// Gives an event to sockets of a process. Returns their number.
    pub(super) fn deliver(
        &mut self,
        process: ProcessKey,
        namespace: usize,
        event: &RawArray,
        to: &Destination,
    ) -> u32 {
        let Some(of) = self.processes.get_mut(&process) else { return 0 };
        let Some(sockets) = of.namespaces.get_mut(NAMESPACES[namespace]) else { return 0 };
        let count = match &mut self.ledger {
            None => sockets.count(to),
            Some(ledger) => {
                let selected = sockets.select(to);
                selected.iter().for_each(|socket| ledger.deliver(number(event), process, *socket));
                selected.len() as u64
            }
        };
        self.totals.deliveries += count;
        self.totals.idle += u64::from(count == 0);
        u32::try_from(count).expect("a process has few sockets")
    }

    fn apply(&mut self, process: ProcessKey, namespace: usize, operation: &Operation) {
        let of = self.processes.get_mut(&process).and_then(|of| of.namespaces.get_mut(NAMESPACES[namespace]));
        let Some(sockets) = of else { return };
        match operation {
            Operation::Broadcast { event, to, .. } => _ = self.deliver(process, namespace, event, to),
            Operation::Join { to, rooms } => sockets.join(to, rooms),
            Operation::Leave { to, rooms } => sockets.leave(to, rooms),
            other => panic!("no process sends {other:?}"),
        }
    }

    /// Handles the arrival of a parcel, as a driver does.
    pub(super) fn receive(&mut self, Parcel { to: key, from, contents, .. }: Parcel) {
        let now = self.now;
        let Some(process) = self.processes.get_mut(&key) else { return };
        let message = match contents {
            Contents::Message(message) => message,
            Contents::Count(request, nodes) => {
                self.totals.counts += 1;
                if let Some(node) = &mut process.node {
                    node.handle_count(request, nodes, now);
                }
                return self.drain(key);
            }
        };
        let namespace = NAMESPACES.iter().position(|path| *path == message.namespace);
        let namespace = namespace.expect("the broker delivers what is subscribed");
        match &message.body {
            Body::Presence(presence) => {
                if let (Some(node), Some(from)) = (&mut process.node, &message.from) {
                    node.handle_presence(from, *presence, now);
                }
            }
            Body::Answer { request, answer } => {
                if let Some(node) = &mut process.node {
                    if let Some(ledger) = &mut self.ledger {
                        ledger.arrive(key, request, from, answer);
                    }
                    node.handle_answer(message.from.as_ref(), request, answer.clone(), now);
                }
            }
            // Own messages come back, and were applied when they were sent.
            Body::Operation(_) | Body::Question { .. } if from == key => {}
            Body::Operation(operation) => self.apply(key, namespace, operation),
            Body::Question { request, question, .. } => {
                self.answer(key, namespace, &message, request, question);
            }
            other => panic!("no process sends {other:?}"),
        }
        self.drain(key);
    }

    /// Follows the drain rule, and checks the node.
    pub(super) fn drain(&mut self, key: ProcessKey) {
        while let Some(node) = self.processes.get_mut(&key).and_then(|process| process.node.as_mut()) {
            if let Some(event) = node.poll() {
                self.note(key, event);
                continue;
            }
            match node.poll_transmit() {
                Some(Transmit::Publish { to, message, count }) => {
                    let namespace = count.map(|_| message.namespace.clone());
                    self.publish(key, &to, message);
                    if let (Some(request), Some(namespace)) = (count, namespace) {
                        self.broker.report(key, request, &namespace, true, self.now, &mut self.random);
                    }
                }
                Some(Transmit::Count { namespace, key: request }) => {
                    self.broker.report(key, request, &namespace, false, self.now, &mut self.random);
                }
                Some(other) => panic!("an action unknown to the simulator: {other:?}"),
                None => break,
            }
        }
        self.check(key);
        self.schedule(key);
    }

    /// Records an event of a node.
    fn note(&mut self, key: ProcessKey, event: NodeEvent) {
        let now = self.now;
        if let NodeEvent::Finished { how, .. } = &event {
            let is_complete = *how == Finished::Complete;
            self.totals.complete += u64::from(is_complete);
            self.totals.incomplete += u64::from(!is_complete);
        }
        let Some(process) = self.processes.get_mut(&key) else { return };
        let Some(ledger) = &mut self.ledger else { return };
        match event {
            NodeEvent::PeerJoined(peer) => {
                assert_ne!(peer, process.id, "a node is not its own peer");
                assert!(process.peers.insert(peer), "a peer has joined twice");
            }
            NodeEvent::PeerLeft { node, .. } => {
                assert!(process.peers.remove(&node), "{node} has left without joining");
                process.departures += 1;
            }
            NodeEvent::Answer { key: request, answer, .. } => ledger.report(key, &request.id(), answer),
            NodeEvent::Finished { key: request, how } => {
                let is_up = process.node.as_ref().is_some_and(Node::is_up);
                ledger.finish(key, &request.id(), how, is_up, now);
            }
            other => panic!("an event unknown to the simulator: {other:?}"),
        }
    }

    /// Puts a process into the list of timers.
    pub(super) fn schedule(&mut self, key: ProcessKey) {
        let Some(process) = self.processes.get_mut(&key) else { return };
        let wake = process.timeout();
        if process.wake != wake {
            if let Some(before) = std::mem::replace(&mut process.wake, wake) {
                self.timers.remove(&(before, key));
            }
            self.timers.extend(wake.map(|at| (at, key)));
        }
    }

    /// Removes a process that is gone.
    pub(super) fn remove(&mut self, key: ProcessKey) {
        let Some(process) = self.processes.remove(&key) else { return };
        if let Some(wake) = process.wake {
            self.timers.remove(&(wake, key));
        }
        self.broker.forget(key, &process.id);
    }

    /// Returns the number of timers.
    pub fn timers(&self) -> usize {
        self.timers.len()
    }
}
