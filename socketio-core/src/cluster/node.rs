use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::members::Members;
use super::request::{Effect, Request};
use super::requests::{Due, Requests};
use super::{
    Address, Answer, Body, Finished, Message, NodeConfig, NodeEvent, NodeId, PeerLeft, Presence, Question,
    RequestId, RequestKey, Transmit,
};
use crate::time::{after, earlier};

/// The state that one node keeps of its cluster: the peers that give signs of life, and the questions of this node to
/// the others.
///
/// A node performs no IO. Its driver passes it the signs of life and answers that the bus delivers, and the time, and
/// performs what [`poll_transmit`](Self::poll_transmit) returns. Broadcasts, other operations and the questions of
/// other nodes do not pass through it: the driver applies or answers them itself. The [module](super) describes the
/// rules for the driver and the states of peers and questions.
///
/// ```
/// use std::time::{Duration, Instant};
/// use socketio_core::cluster::{
///     Answer, Destination, Finished, Node, NodeConfig, NodeEvent, NodeId, Question, Transmit,
/// };
///
/// /// Asks the other nodes for their sockets.
/// fn fetch(now: Instant) {
///     let mut node = Node::new(NodeConfig::default(), NodeId::from_entropy([1; 8]), 7);
///     node.handle_up(now);
///     assert!(matches!(node.poll_transmit(), Some(Transmit::Publish { count: None, .. })), "a greeting");
///
///     let question = Question::Sockets { to: Destination::default() };
///     let key = node.ask("/chat", question, now + Duration::from_secs(5), now);
///     let Some(Transmit::Count { namespace, .. }) = node.poll_transmit() else { panic!("a count") };
///     assert_eq!(namespace, "/chat");
///     assert!(matches!(node.poll_transmit(), Some(Transmit::Publish { count: Some(_), .. })));
///     node.handle_count(key, Some(3), now); // subscribers of the namespace: a monitor, this node and another one
///     node.handle_count(key, Some(2), now); // receivers of the question: this node and another one
///     assert_eq!(node.poll(), None);
///
///     node.handle_answer(Some(&NodeId::from_entropy([2; 8])), &key.id(), Answer::Sockets(Vec::new()), now);
///     assert!(matches!(node.poll(), Some(NodeEvent::Answer { .. })));
///     assert_eq!(node.poll(), Some(NodeEvent::Finished { key, how: Finished::Complete }));
/// }
/// # fetch(Instant::now());
/// ```
#[derive(Debug)]
pub struct Node {
    config: NodeConfig,
    id: NodeId,
    link: Link,
    members: Members,
    requests: Requests,
    events: VecDeque<NodeEvent>,
    transmits: VecDeque<Transmit>,
}

/// The connection to the bus.
///
/// ```text
///   Down ──handle_up──▶ Up ──handle_down──▶ Down        any ──leave──▶ Left
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Down,
    Up {
        /// The time of the next sign of life of this node.
        heartbeat: Instant,
    },
    Left,
}

/// The namespace of signs of life: a process is one node, in whatever namespaces it has.
const NAMESPACE: &str = "/";

/// The least interval of signs of life. With 0, the driver would never wait.
const MIN_INTERVAL: Duration = Duration::from_millis(1);

/// The lateness of a timer from which on the node counts as stopped meanwhile. Busy runtimes are late by milliseconds.
const STOPPED: Duration = Duration::from_secs(1);

impl Node {
    /// Creates a node that is not connected to the bus. `entropy` is a random number, from which the ids of its
    /// questions follow. Two nodes with the same id are taken for one.
    pub fn new(mut config: NodeConfig, id: NodeId, entropy: u64) -> Self {
        config.heartbeat_interval = config.heartbeat_interval.max(MIN_INTERVAL);
        Self {
            members: Members::new(config.heartbeat_timeout),
            config,
            id,
            link: Link::Down,
            requests: Requests::new(RequestKey::new(entropy)),
            events: VecDeque::new(),
            transmits: VecDeque::new(),
        }
    }

    /// Returns the id of this node.
    pub fn id(&self) -> &NodeId {
        &self.id
    }

    /// Returns `true` if the bus is connected.
    pub fn is_up(&self) -> bool {
        matches!(self.link, Link::Up { .. })
    }

    /// Returns the peers that give signs of life, in the order of their ids.
    ///
    /// Nodes of other implementations may give none: they are counted by the bus, and not in this list.
    pub fn peers(&self) -> impl Iterator<Item = &NodeId> {
        self.members.names()
    }

    /// Returns the number of signs of life that were ignored, because [`MAX_PEERS`](super::MAX_PEERS) other peers are
    /// known.
    pub fn ignored(&self) -> u64 {
        self.members.ignored()
    }

    /// Returns the number of questions that have not ended.
    pub fn pending(&self) -> usize {
        self.requests.len()
    }

    /// Returns the size of the answers to questions that have not ended, in bytes, as
    /// [`max_answers`](NodeConfig::max_answers) counts them. Visits every question.
    pub fn answer_bytes(&self) -> usize {
        self.requests.size()
    }
}

/// Input from the bus and the clock.
impl Node {
    /// Handles the establishment of the connection to the bus, with all subscriptions.
    ///
    /// The node greets the others. Peers from before are kept; their silence counts from now, so a peer that has gone
    /// meanwhile is reported after [`heartbeat_timeout`](NodeConfig::heartbeat_timeout).
    pub fn handle_up(&mut self, now: Instant) {
        if self.link == Link::Left {
            return;
        }
        self.link = Link::Up { heartbeat: after(now, self.config.heartbeat_interval) };
        self.members.excuse(now);
        self.say(Address::Everyone, Presence::Hello);
    }

    /// Handles the loss of the connection to the bus. All questions end. Peers are kept, because nothing is known about
    /// them until the connection is back.
    pub fn handle_down(&mut self, _now: Instant) {
        if !self.is_up() {
            return;
        }
        self.link = Link::Down;
        self.transmits.clear();
        self.abandon();
    }

    /// Handles a sign of life. A node that is not connected ignores it.
    pub fn handle_presence(&mut self, from: &NodeId, presence: Presence, now: Instant) {
        if !self.is_up() || *from == self.id {
            return;
        }
        match presence {
            Presence::Goodbye => {
                if self.members.remove(from) {
                    self.lose(from.clone(), PeerLeft::Goodbye);
                }
            }
            Presence::Hello | Presence::Alive => {
                if self.members.greet(from, now) {
                    self.events.push_back(NodeEvent::PeerJoined(from.clone()));
                }
                if presence == Presence::Hello {
                    self.say(Address::Node(from.clone()), Presence::Alive);
                }
            }
        }
    }

    /// Handles an answer, also to a question that has ended or is not of this node. `from` is absent if the answer does
    /// not name its sender.
    ///
    /// An answer that does not fit its question is ignored, and so is a second one of the same node, except for the
    /// acks of its sockets.
    pub fn handle_answer(
        &mut self,
        from: Option<&NodeId>,
        request: &RequestId,
        answer: Answer,
        now: Instant,
    ) {
        if !self.is_up() || from == Some(&self.id) {
            return;
        }
        if let Some(from) = from {
            self.members.hear(from, now);
        }
        let Some(key) = request.key() else { return };
        let Some(request) = self.requests.get_mut(key) else { return };
        let effect = request.take(from, &answer, self.config.max_answers);
        if matches!(effect, Effect::Taken | Effect::Completed) {
            self.events.push_back(NodeEvent::Answer { key, from: from.cloned(), answer });
        }
        match effect {
            Effect::Ignored | Effect::Taken => {}
            Effect::Completed => self.finish(key, Finished::Complete),
            Effect::TooLarge => self.finish(key, Finished::TooLarge),
        }
    }

    /// Handles a number of nodes that [`poll_transmit`](Self::poll_transmit) has requested: those that have the
    /// namespace of a question, or those that have received it. Both include this node. `None` reports that the bus
    /// could not count them; if it never can, only its deadline ends a question.
    pub fn handle_count(&mut self, key: RequestKey, nodes: Option<usize>, _now: Instant) {
        let Some(request) = self.requests.get_mut(key) else { return };
        let again = request.count(nodes);
        if request.is_complete() {
            return self.finish(key, Finished::Complete);
        }
        if again {
            self.transmits.push_back(count(key, request));
        }
    }

    /// Handles the passing of time, when that of [`poll_timeout`](Self::poll_timeout) has come.
    ///
    /// If that was more than a second ago, this node itself was stopped. The silence of its peers then counts from now,
    /// because their signs of life may still wait to be handled.
    pub fn handle_timeout(&mut self, now: Instant) {
        let was_stopped = self.poll_timeout().is_some_and(|due| after(due, STOPPED) < now);
        let Link::Up { heartbeat } = self.link else { return };
        if was_stopped {
            self.members.excuse(now);
        }
        if heartbeat <= now {
            self.link = Link::Up { heartbeat: after(now, self.config.heartbeat_interval) };
            self.say(Address::Everyone, Presence::Alive);
        }
        for peer in self.members.take_silent(now) {
            self.lose(peer, PeerLeft::Silent);
        }
        while let Some(due) = self.requests.take_due(now) {
            match due {
                Due::HalfTime(key) => {
                    if let Some(request) = self.requests.get_mut(key)
                        && request.recount()
                    {
                        self.transmits.push_back(count(key, request));
                    }
                }
                Due::Deadline(key, request) => {
                    let names = request.missing_names(&self.members);
                    let how = Finished::Incomplete { missing: request.missing(), names };
                    self.events.push_back(NodeEvent::Finished { key, how });
                }
            }
        }
    }
}

/// Commands of the application.
impl Node {
    /// Asks all other nodes that have a namespace. The answers and the end of the question are reported as
    /// [events](NodeEvent) with the returned key. The question ends at `deadline` at the latest.
    ///
    /// This node must be subscribed to the namespace, even if it has no sockets there: the answers come by these
    /// subscriptions, and without them, the bus counts one node less, so the question is complete too early.
    ///
    /// A question of a node that is not connected ends at once, as [`Unreachable`](Finished::Unreachable).
    pub fn ask(
        &mut self,
        namespace: &str,
        question: Question,
        deadline: Instant,
        now: Instant,
    ) -> RequestKey {
        let key = self.requests.new_key();
        let refusal = match () {
            () if !self.is_up() => Some(Finished::Unreachable),
            () if self.requests.is_full() => Some(Finished::Refused),
            () => None,
        };
        if let Some(how) = refusal {
            self.events.push_back(NodeEvent::Finished { key, how });
            return key;
        }
        let request = Request::new(namespace, &question, deadline, now, 2);
        self.transmits.push_back(count(key, &request));
        self.requests.insert(key, request);
        // Nodes of this implementation understand the extensions.
        let body = Body::Question { request: key.id(), extended: true, question };
        let message = Message::new(self.id.clone(), namespace, body);
        self.transmits.push_back(Transmit::Publish { to: Address::Everyone, message, count: Some(key) });
        key
    }

    /// Ends a question that the driver cannot publish, as [`Refused`](Finished::Refused).
    pub fn refuse(&mut self, key: RequestKey) {
        if self.requests.get_mut(key).is_some() {
            self.finish(key, Finished::Refused);
        }
    }

    /// Drops a question whose answers are of no interest any more. No further event has its key. What is to be sent for
    /// it is sent.
    pub fn cancel(&mut self, key: RequestKey) {
        self.requests.remove(key);
        self.events.retain(|event| match event {
            NodeEvent::Answer { key: other, .. } | NodeEvent::Finished { key: other, .. } => *other != key,
            NodeEvent::PeerJoined(_) | NodeEvent::PeerLeft { .. } => true,
        });
    }

    /// Leaves the cluster for good: says goodbye if the bus is connected, ends all questions, and drops the peers without
    /// an event. The node ignores further input.
    pub fn leave(&mut self, _now: Instant) {
        if self.is_up() {
            self.say(Address::Everyone, Presence::Goodbye);
        }
        self.link = Link::Left;
        self.members.clear();
        self.abandon();
    }
}

/// Output.
impl Node {
    /// Returns the next action of the driver.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// Returns the next event for the application.
    pub fn poll(&mut self) -> Option<NodeEvent> {
        self.events.pop_front()
    }

    /// Returns the time at which the driver must call [`handle_timeout`](Self::handle_timeout), or `None` if the node is
    /// not connected.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let Link::Up { heartbeat } = self.link else { return None };
        earlier(Some(heartbeat), earlier(self.members.timeout(), self.requests.timeout()))
    }
}

impl Node {
    fn say(&mut self, to: Address, presence: Presence) {
        let message = Message::new(self.id.clone(), NAMESPACE, Body::Presence(presence));
        self.transmits.push_back(Transmit::Publish { to, message, count: None });
    }

    /// Reports that a peer is gone, and counts again for the questions that may wait for it.
    fn lose(&mut self, node: NodeId, why: PeerLeft) {
        for (key, request) in self.requests.iter_mut() {
            if request.depart(&node) {
                self.transmits.push_back(count(key, request));
            }
        }
        self.events.push_back(NodeEvent::PeerLeft { node, why });
    }

    fn finish(&mut self, key: RequestKey, how: Finished) {
        self.requests.remove(key);
        self.events.push_back(NodeEvent::Finished { key, how });
    }

    /// Ends all questions, because the bus is down.
    fn abandon(&mut self) {
        let finished = |key| NodeEvent::Finished { key, how: Finished::Unreachable };
        self.events.extend(self.requests.drain().map(finished));
    }
}

fn count(key: RequestKey, request: &Request) -> Transmit {
    Transmit::Count { namespace: request.namespace().to_owned(), key }
}

#[cfg(test)]
mod tests;
