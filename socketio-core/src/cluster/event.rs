use super::{Address, Answer, Message, NodeId, RequestKey};

/// An action of the driver that a [`Node`](super::Node) requests.
///
/// Each number of nodes that is requested here must be reported exactly once with
/// [`handle_count`](super::Node::handle_count), unless the connection is lost before.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Transmit {
    /// Publish a message.
    Publish {
        /// The receivers.
        to: Address,
        /// The message.
        message: Message,
        /// The question to report the number of receivers for, if any.
        count: Option<RequestKey>,
    },
    /// Report the number of nodes that have a namespace.
    Count {
        /// The path of the namespace.
        namespace: String,
        /// The question to report the number for.
        key: RequestKey,
    },
}

/// An event of a [`Node`](super::Node).
///
/// A peer that has joined leaves exactly once before it can join again. A question ends exactly once, with
/// [`Finished`](Self::Finished), unless it is [cancelled](super::Node::cancel); its answers come before.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum NodeEvent {
    /// A node has given its first sign of life.
    PeerJoined(NodeId),
    /// A peer is gone.
    PeerLeft {
        /// The peer.
        node: NodeId,
        /// The reason to believe so.
        why: PeerLeft,
    },
    /// A node has answered a question of this node.
    Answer {
        /// The question.
        key: RequestKey,
        /// The node that answered, if the answer names it.
        from: Option<NodeId>,
        /// The answer.
        answer: Answer,
    },
    /// A question of this node has ended.
    Finished {
        /// The question.
        key: RequestKey,
        /// The way it ended.
        how: Finished,
    },
}

/// The reason to believe that a peer is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerLeft {
    /// The peer has said goodbye.
    Goodbye,
    /// The peer has been silent for [`heartbeat_timeout`](super::NodeConfig::heartbeat_timeout).
    Silent,
}

/// The way a question ended. The answers that were reported before are valid in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finished {
    /// All nodes have answered; for a broadcast, all their sockets as well, or the single one that was asked.
    Complete,
    /// The deadline has passed.
    Incomplete {
        /// The number of nodes that have not answered, if the number of nodes is known. It is 0 if a broadcast lacks
        /// only acks.
        missing: Option<usize>,
        /// The peers that may be meant, 64 at most: those that were there when the question was asked and have not
        /// answered, or not with all acks. Some of them may not have the namespace. Nodes that give no signs of life
        /// are not among them.
        names: Vec<NodeId>,
    },
    /// The bus is down, or was down for a moment while the question was pending.
    Unreachable,
    /// The answers exceed [`max_answers`](super::NodeConfig::max_answers), or that of a node exceeds
    /// [`MAX_MESSAGE`](super::MAX_MESSAGE).
    TooLarge,
    /// The question was not asked, because [`MAX_QUESTIONS`](super::MAX_QUESTIONS) others are pending, or because the
    /// driver has [refused](super::Node::refuse) it: it is too large, or too much waits to be published.
    Refused,
}
