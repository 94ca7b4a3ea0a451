use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::members::Members;
use super::request::{Request, Taken};
use super::{Address, Answer, Body, Message, NodeId, Presence, Question, RequestId, RequestKey};
use crate::time::{after, earlier};

/// The settings of a [`Node`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NodeConfig {
    /// The time between two signs of life. Default: 5 s, that of Node's adapters.
    pub heartbeat_interval: Duration,
    /// The silence after which a peer counts as gone. Default: 10 s, that of Node's adapters.
    pub heartbeat_timeout: Duration,
    /// The maximum size of all answers to one question, in bytes. Default: 64 MiB, a hundred thousand snapshots of
    /// sockets.
    pub max_answers: usize,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            heartbeat_interval: Duration::from_secs(5),
            heartbeat_timeout: Duration::from_secs(10),
            max_answers: 64 * 1024 * 1024,
        }
    }
}

/// The part of a cluster that one node keeps track of: which peers are there, and what it has asked them.
///
/// Broadcasts and other operations without answers do not pass through it.
///
/// # The drain rule
///
/// After any call that takes `&mut self`: [`poll`](Self::poll) until `None`,
/// [`poll_transmit`](Self::poll_transmit) until `None`, then [`poll_timeout`](Self::poll_timeout).
///
/// ```
/// # use std::time::{Duration, Instant};
/// use socketio_core::cluster::{
///     Answer, Destination, Finished, Node, NodeConfig, NodeEvent, NodeId, Question, Transmit,
/// };
///
/// let now = Instant::now();
/// let mut node = Node::new(NodeConfig::default(), NodeId::from_entropy([1; 8]), 7);
/// node.handle_up(now);
/// assert!(matches!(node.poll_transmit(), Some(Transmit::Publish { .. })), "it says hello");
///
/// let question = Question::Sockets { to: Destination::default() };
/// let key = node.ask("/chat", question, now + Duration::from_secs(5), now);
/// assert!(matches!(node.poll_transmit(), Some(Transmit::Count { .. })), "how many will answer?");
/// assert!(matches!(node.poll_transmit(), Some(Transmit::Publish { count: Some(_), .. })));
/// node.handle_count(key, Some(2), now); // this node and another one
/// node.handle_answer(Some(&NodeId::from_entropy([2; 8])), &key.id(), Answer::Sockets(Vec::new()), now);
/// assert!(matches!(node.poll(), Some(NodeEvent::Answer { .. })));
/// assert!(matches!(node.poll(), Some(NodeEvent::Finished { how: Finished::Complete, .. })));
/// ```
#[derive(Debug)]
pub struct Node {
    config: NodeConfig,
    id: NodeId,
    link: Link,
    next: RequestKey,
    members: Members,
    requests: BTreeMap<RequestKey, Request>,
    /// The next time of each request: to count again, or its deadline.
    timers: BTreeSet<(Instant, RequestKey)>,
    events: VecDeque<NodeEvent>,
    transmits: VecDeque<Transmit>,
}

/// The connection to the bus.
///
/// ```text
/// Down ──handle_up──▶ Up ──handle_down──▶ Down        either ──leave──▶ Left
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Down,
    /// With the time of the next sign of life.
    Up(Instant),
    Left,
}

/// Something that the driver has to send.
#[derive(Debug)]
#[non_exhaustive]
pub enum Transmit {
    /// Publish a message.
    Publish {
        /// The nodes that it is for.
        to: Address,
        /// The message.
        message: Message,
        /// If given, report the number of receivers with [`Node::handle_count`], or `None` if the bus does not tell.
        count: Option<RequestKey>,
    },
    /// Report the number of nodes that have a namespace, this one included, with [`Node::handle_count`].
    Count {
        /// The path of the namespace.
        namespace: String,
        /// The question that it is for.
        key: RequestKey,
    },
}

/// Something that has happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum NodeEvent {
    /// A peer has given its first sign of life.
    PeerJoined(NodeId),
    /// A peer is gone.
    PeerLeft {
        /// The peer.
        node: NodeId,
        /// How this is known.
        why: PeerLeft,
    },
    /// An answer to a question of this node.
    Answer {
        /// The question.
        key: RequestKey,
        /// The node that answers, if the answer names it.
        from: Option<NodeId>,
        /// The answer.
        answer: Answer,
    },
    /// The end of a question: no further answers are reported.
    Finished {
        /// The question.
        key: RequestKey,
        /// How it ended.
        how: Finished,
    },
}

/// How it is known that a peer is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerLeft {
    /// It has said so.
    Goodbye,
    /// It was silent for [`NodeConfig::heartbeat_timeout`].
    Silent,
}

/// How a question ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finished {
    /// All nodes have answered, or one answer was enough.
    Complete,
    /// The deadline has passed.
    Incomplete {
        /// The number of nodes that have not answered, if the number of nodes is known.
        missing: Option<usize>,
        /// The peers that have not answered. Some of them may not have the namespace, and nodes that give no signs of
        /// life are not among them.
        names: Vec<NodeId>,
    },
    /// The bus is down, or too many questions are pending.
    Unreachable,
    /// The answers exceed [`NodeConfig::max_answers`].
    TooLarge,
}

/// The maximum number of questions that are pending at once; each takes about 300 bytes.
const MAX_REQUESTS: usize = 65_536;

impl Node {
    /// Creates a node that is not connected. `entropy` is a random number: the first id of its questions.
    pub fn new(config: NodeConfig, id: NodeId, entropy: u64) -> Self {
        Self {
            members: Members::new(config.heartbeat_timeout),
            config,
            id,
            link: Link::Down,
            next: RequestKey::new(entropy),
            requests: BTreeMap::new(),
            timers: BTreeSet::new(),
            events: VecDeque::new(),
            transmits: VecDeque::new(),
        }
    }

    /// Returns the id of the node.
    pub fn id(&self) -> &NodeId {
        &self.id
    }

    /// Returns `true` if the node is connected to the bus.
    pub fn is_up(&self) -> bool {
        matches!(self.link, Link::Up(_))
    }

    /// Returns the peers that give signs of life.
    pub fn peers(&self) -> impl Iterator<Item = &NodeId> {
        self.members.ids()
    }

    /// Returns the number of questions that have not ended.
    pub fn pending(&self) -> usize {
        self.requests.len()
    }
}

/// Input from the bus and the clock.
impl Node {
    /// The bus is connected, and the node is subscribed.
    ///
    /// Peers that were known before are kept; those that are gone will be silent.
    pub fn handle_up(&mut self, now: Instant) {
        if self.link == Link::Left {
            return;
        }
        self.link = Link::Up(after(now, self.config.heartbeat_interval));
        self.members.restart(now);
        self.say(Address::Everyone, Presence::Hello);
    }

    /// The connection is lost. All questions end.
    pub fn handle_down(&mut self, _now: Instant) {
        if self.link != Link::Left {
            self.link = Link::Down;
        }
        // Without a connection, nothing that is left to send could be sent in time.
        self.transmits.clear();
        self.timers.clear();
        for (key, _) in std::mem::take(&mut self.requests) {
            self.events.push_back(NodeEvent::Finished { key, how: Finished::Unreachable });
        }
    }

    /// A sign of life of a node.
    pub fn handle_presence(&mut self, from: &NodeId, presence: Presence, now: Instant) {
        if *from == self.id || !self.is_up() {
            return;
        }
        if presence == Presence::Goodbye {
            if self.members.remove(from) {
                self.report_left(from.clone(), PeerLeft::Goodbye);
            }
            return;
        }
        if self.members.greet(from, now) {
            self.events.push_back(NodeEvent::PeerJoined(from.clone()));
        }
        if presence == Presence::Hello {
            self.say(Address::Node(from.clone()), Presence::Alive);
        }
    }

    /// An answer of a node, which not every form names. Answers to other questions than those that are pending are
    /// ignored.
    pub fn handle_answer(
        &mut self,
        from: Option<&NodeId>,
        request: &RequestId,
        answer: Answer,
        now: Instant,
    ) {
        if let Some(from) = from {
            self.members.hear(from, now);
        }
        let Some(key) = request.key() else { return };
        let Some(request) = self.requests.get_mut(&key) else { return };
        let taken = request.take(from, &answer, self.config.max_answers);
        match taken {
            Taken::Ignored => return,
            Taken::TooLarge => return self.finish(key, Finished::TooLarge),
            Taken::Counted | Taken::Enough => {}
        }
        self.events.push_back(NodeEvent::Answer { key, from: from.cloned(), answer });
        if taken == Taken::Enough {
            self.finish(key, Finished::Complete);
        }
    }

    /// The number of nodes that have the namespace of a question, or that have received it. Both include this node.
    /// `None` if it could not be found out.
    pub fn handle_count(&mut self, key: RequestKey, nodes: Option<usize>, _now: Instant) {
        let (Some(nodes), Some(request)) = (nodes, self.requests.get_mut(&key)) else { return };
        request.count(nodes);
        if request.is_complete() {
            self.finish(key, Finished::Complete);
        }
    }

    /// Time has passed; call this when the time of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Link::Up(heartbeat) = self.link {
            if heartbeat <= now {
                self.link = Link::Up(after(now, self.config.heartbeat_interval));
                self.say(Address::Everyone, Presence::Alive);
            }
            for peer in self.members.expire(now) {
                self.report_left(peer, PeerLeft::Silent);
            }
        }
        while let Some(&(at, key)) = self.timers.first()
            && at <= now
        {
            self.timers.pop_first();
            let Some(request) = self.requests.get_mut(&key) else { continue };
            if request.deadline <= now {
                let is_missing = |peer: &&NodeId| !request.has_answered(peer);
                let names = self.members.ids().filter(is_missing).cloned().collect();
                let missing = request.missing();
                self.finish(key, Finished::Incomplete { missing, names });
            } else {
                self.timers.insert((request.deadline, key));
                let namespace = request.namespace.clone();
                self.transmits.push_back(Transmit::Count { namespace, key });
            }
        }
    }
}

/// Requests of the application.
impl Node {
    /// Asks all other nodes that have a namespace. Their answers, and the end of the question, are
    /// [events](NodeEvent) with the returned key.
    pub fn ask(
        &mut self,
        namespace: &str,
        question: Question,
        deadline: Instant,
        now: Instant,
    ) -> RequestKey {
        let key = self.next;
        self.next = key.next();
        if !self.is_up() || self.requests.len() >= MAX_REQUESTS {
            self.events.push_back(NodeEvent::Finished { key, how: Finished::Unreachable });
            return key;
        }
        let request = Request::new(namespace, &question, deadline, now);
        self.timers.insert((request.recount, key));
        self.requests.insert(key, request);
        let body = Body::Question { request: key.id(), extended: true, question };
        let message = Message::new(self.id.clone(), namespace, body);
        self.transmits.push_back(Transmit::Count { namespace: namespace.to_owned(), key });
        self.transmits.push_back(Transmit::Publish { to: Address::Everyone, message, count: Some(key) });
        key
    }

    /// Forgets a question. No further events have its key.
    pub fn cancel(&mut self, key: RequestKey) {
        self.remove(key);
        self.events.retain(|event| match event {
            NodeEvent::Answer { key: other, .. } | NodeEvent::Finished { key: other, .. } => *other != key,
            NodeEvent::PeerJoined(_) | NodeEvent::PeerLeft { .. } => true,
        });
    }

    /// Says goodbye, and ends all questions. The node does not come up again.
    pub fn leave(&mut self, now: Instant) {
        let was_up = self.is_up();
        self.handle_down(now);
        self.link = Link::Left;
        if was_up {
            self.say(Address::Everyone, Presence::Goodbye);
        }
    }
}

/// Output.
impl Node {
    /// Returns the next event.
    pub fn poll(&mut self) -> Option<NodeEvent> {
        self.events.pop_front()
    }

    /// Returns the next thing to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// Returns the time at which [`handle_timeout`](Self::handle_timeout) must be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.link {
            Link::Up(heartbeat) => {
                let timer = self.timers.first().map(|(at, _)| *at);
                earlier(earlier(Some(heartbeat), self.members.poll_timeout()), timer)
            }
            // Without a connection, there are no questions.
            Link::Down | Link::Left => None,
        }
    }

    fn say(&mut self, to: Address, presence: Presence) {
        let message = Message::new(self.id.clone(), "/", Body::Presence(presence));
        self.transmits.push_back(Transmit::Publish { to, message, count: None });
    }

    /// Reports that a peer is gone, and counts again for the questions that may wait for it.
    fn report_left(&mut self, node: NodeId, why: PeerLeft) {
        for (key, request) in &self.requests {
            if !request.has_answered(&node) {
                let namespace = request.namespace.clone();
                self.transmits.push_back(Transmit::Count { namespace, key: *key });
            }
        }
        self.events.push_back(NodeEvent::PeerLeft { node, why });
    }

    fn finish(&mut self, key: RequestKey, how: Finished) {
        if self.remove(key) {
            self.events.push_back(NodeEvent::Finished { key, how });
        }
    }

    /// Removes a question. Returns `false` if there is none.
    fn remove(&mut self, key: RequestKey) -> bool {
        let Some(request) = self.requests.remove(&key) else { return false };
        // It is at one of these times.
        if !self.timers.remove(&(request.deadline, key)) {
            self.timers.remove(&(request.recount, key));
        }
        true
    }
}

#[cfg(test)]
mod tests;
