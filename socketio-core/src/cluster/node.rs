use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Address, Answer, Message, NodeId, Presence, Question, RequestId, RequestKey};

/// The settings of a [`Node`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NodeConfig {
    /// The time between two signs of life. Default: 5 s, that of Node's adapters.
    pub heartbeat_interval: Duration,
    /// The silence after which a peer counts as gone. Default: 10 s, that of Node's adapters.
    pub heartbeat_timeout: Duration,
    /// The maximum size of all answers to one question, in bytes. Default: 64 MiB.
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
/// Broadcasts and other operations that have no answer do not pass through it.
#[derive(Debug)]
pub struct Node {
    config: NodeConfig,
    id: NodeId,
}

/// What the driver has to send.
#[derive(Debug)]
#[non_exhaustive]
pub enum Transmit {
    /// Publish a message. If `count` is given, report the number of receivers, if the bus tells it, with
    /// [`handle_count`](Node::handle_count).
    Publish { to: Address, message: Message, count: Option<RequestKey> },
    /// Report the number of nodes that have the namespace, with [`handle_count`](Node::handle_count).
    Count { namespace: String, key: RequestKey },
}

/// What has happened, for the application.
#[derive(Debug)]
#[non_exhaustive]
pub enum NodeEvent {
    PeerJoined(NodeId),
    PeerLeft {
        node: NodeId,
        why: PeerLeft,
    },
    /// An answer to a question of this node.
    Answer {
        key: RequestKey,
        from: Option<NodeId>,
        answer: Answer,
    },
    /// No further answers to a question will be reported.
    Finished {
        key: RequestKey,
        how: Finished,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerLeft {
    Goodbye,
    Silent,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finished {
    /// All nodes have answered.
    Complete,
    /// The deadline has passed. `missing` is the number of nodes that have not answered, if it is known, and `names` the ids of those whose ids are known
    Incomplete { missing: Option<usize>, names: Vec<NodeId> },
    /// The bus is down.
    Unreachable,
    /// The answers exceeded `max_answers`
    TooLarge,
}

impl Node {
    pub fn new(config: NodeConfig, id: NodeId, entropy: u64) -> Self {
        unimplemented!()
    }
    pub fn id(&self) -> &NodeId {
        &self.id
    }
    pub fn is_up(&self) -> bool {
        unimplemented!()
    }
    /// The peers that are known by name: those that send signs of life
    pub fn peers(&self) -> impl Iterator<Item = &NodeId> {
        [].iter()
    }
    /// The number of unanswered questions of this node
    pub fn pending(&self) -> usize {
        unimplemented!()
    }

    /// The bus is connected and the subscriptions stand.
    pub fn handle_up(&mut self, now: Instant) {
        unimplemented!()
    }
    pub fn handle_down(&mut self, now: Instant) {
        unimplemented!()
    }
    pub fn handle_presence(&mut self, from: &NodeId, presence: Presence, now: Instant) {
        unimplemented!()
    }
    /// answers from foreign nodes of the classic form may have no sender
    pub fn handle_answer(
        &mut self,
        from: Option<&NodeId>,
        request: &RequestId,
        answer: Answer,
        now: Instant,
    ) {
        unimplemented!()
    }
    /// `nodes` includes this node.
    pub fn handle_count(&mut self, key: RequestKey, nodes: Option<usize>, now: Instant) {
        unimplemented!()
    }
    pub fn handle_timeout(&mut self, now: Instant) {
        unimplemented!()
    }

    pub fn ask(
        &mut self,
        namespace: &str,
        question: Question,
        deadline: Instant,
        now: Instant,
    ) -> RequestKey {
        unimplemented!()
    }
    /// Whoever asked is no longer interested. No event follows for this key.
    pub fn cancel(&mut self, key: RequestKey) {
        unimplemented!()
    }
    /// Says goodbye.
    pub fn leave(&mut self, now: Instant) {
        unimplemented!()
    }

    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        unimplemented!()
    }
    pub fn poll(&mut self) -> Option<NodeEvent> {
        unimplemented!()
    }
    pub fn poll_timeout(&self) -> Option<Instant> {
        unimplemented!()
    }
}
