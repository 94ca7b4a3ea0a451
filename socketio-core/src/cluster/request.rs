use std::collections::BTreeSet;
use std::time::Instant;

use super::{Answer, NodeId, Question};

/// A question of this node that is not completely answered.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) namespace: String,
    kind: Kind,
    pub(super) deadline: Instant,
    /// The time at which the nodes are counted again, because one may have died since.
    pub(super) recount: Instant,
    /// The number of other nodes that will answer, as far as it is known.
    expected: Option<usize>,
    /// The nodes that have answered, and the number of answers that do not name their node.
    nodes: BTreeSet<NodeId>,
    unnamed: usize,
    /// The numbers of sockets that were asked for an ack, and of those that have given one or will not.
    clients: u64,
    acks: u64,
    /// The size of all answers.
    bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Broadcast { single: bool },
    Sockets,
    ServerEvent,
    SocketIds,
    Rooms,
}

/// What an answer means for its question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// The question has no such answer, or the node has answered already.
    Ignored,
    /// The answer counts.
    Counted,
    /// The answer counts, and no other is needed.
    Enough,
    /// The answers are too large together.
    TooLarge,
}

impl Request {
    pub(super) fn new(namespace: &str, question: &Question, deadline: Instant, now: Instant) -> Self {
        let kind = match question {
            Question::Broadcast { single, .. } => Kind::Broadcast { single: *single },
            Question::Sockets { .. } => Kind::Sockets,
            Question::ServerEvent { .. } => Kind::ServerEvent,
            Question::SocketIds { .. } => Kind::SocketIds,
            Question::Rooms => Kind::Rooms,
        };
        Self {
            namespace: namespace.to_owned(),
            kind,
            deadline,
            recount: now + deadline.saturating_duration_since(now) / 2,
            expected: None,
            nodes: BTreeSet::new(),
            unnamed: 0,
            clients: 0,
            acks: 0,
            bytes: 0,
        }
    }

    /// Takes the number of nodes that have the namespace, of which one is this node. The least number counts: monitors
    /// inflate the number of receivers, and a node that died inflates an earlier one.
    pub(super) fn count(&mut self, nodes: usize) {
        let others = nodes.saturating_sub(1);
        self.expected = Some(self.expected.map_or(others, |expected| expected.min(others)));
    }

    pub(super) fn take(&mut self, from: Option<&NodeId>, answer: &Answer, max_bytes: usize) -> Taken {
        let counts = match (self.kind, answer) {
            (Kind::Broadcast { .. }, Answer::Clients(clients)) => {
                let is_first = self.is_first(from);
                self.clients += if is_first { u64::from(*clients) } else { 0 };
                is_first
            }
            (Kind::Broadcast { .. }, Answer::Ack(_) | Answer::Unanswered(_)) => {
                self.acks += 1;
                true
            }
            (Kind::Sockets, Answer::Sockets(_))
            | (Kind::ServerEvent, Answer::ServerEvent(_) | Answer::Unanswered(_))
            | (Kind::SocketIds, Answer::SocketIds(_))
            | (Kind::Rooms, Answer::Rooms(_)) => self.is_first(from),
            _ => false,
        };
        if !counts {
            return Taken::Ignored;
        }
        self.bytes = self.bytes.saturating_add(answer.size());
        if self.bytes > max_bytes {
            return Taken::TooLarge;
        }
        match (self.kind, answer) {
            (Kind::Broadcast { single: true }, Answer::Ack(_)) => Taken::Enough,
            _ if self.is_complete() => Taken::Enough,
            _ => Taken::Counted,
        }
    }

    /// Returns `true` if all nodes have answered, and all their sockets.
    pub(super) fn is_complete(&self) -> bool {
        self.missing() == Some(0) && self.acks >= self.clients
    }

    /// Returns the number of nodes that have not answered, if it is known.
    pub(super) fn missing(&self) -> Option<usize> {
        self.expected.map(|expected| expected.saturating_sub(self.nodes.len() + self.unnamed))
    }

    pub(super) fn has_answered(&self, node: &NodeId) -> bool {
        self.nodes.contains(node)
    }

    /// Counts the answer of a node. Returns `false` if it has answered already.
    fn is_first(&mut self, from: Option<&NodeId>) -> bool {
        match from {
            Some(from) => self.nodes.insert(from.clone()),
            // The answers of Node servers do not name them in every form.
            None => {
                self.unnamed += 1;
                true
            }
        }
    }
}
