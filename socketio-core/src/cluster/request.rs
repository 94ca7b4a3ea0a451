use std::collections::BTreeMap;
use std::time::Instant;

use super::members::Members;
use super::{Answer, NoAck, NodeId, Question};

/// A question of this node that has not ended.
///
/// The nodes that answer are known by number: `expected` is the least number that the bus has reported, and
/// `answered` is the number of nodes that have answered. Acks of sockets are not answers of nodes; they are compared
/// with the number of sockets that the nodes announce, and may come before it.
#[derive(Debug)]
pub(super) struct Request {
    namespace: String,
    kind: Kind,
    asked: Instant,
    deadline: Instant,
    /// The number of other nodes that must answer, once it is known.
    expected: Option<usize>,
    /// The answers of the nodes that name themselves.
    named: BTreeMap<NodeId, Tally>,
    /// The number of nodes that have answered, named or not.
    answered: usize,
    /// The number of nodes that have answered and are gone, so that a later count does not include them.
    departed: usize,
    /// The number of sockets that the nodes have announced.
    clients: u64,
    /// The number of sockets that have acknowledged the event, or will not.
    acks: u64,
    /// The size of the answers, in bytes.
    size: usize,
    /// The number of counts that the driver has yet to report.
    counting: u32,
    /// Set if the nodes must be counted again when the present counts are there.
    count_again: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Broadcast { single: bool },
    Sockets,
    ServerEvent,
    SocketIds,
    Rooms,
}

/// The part of a question that a node has answered.
#[derive(Debug, Default)]
struct Tally {
    /// Set once the node has answered: for a broadcast, with the number of its sockets.
    answered: bool,
    /// The number of its sockets that were asked for an ack.
    clients: u64,
    /// The number of its sockets that have acknowledged the event, or will not.
    acks: u64,
    /// Set if the node has answered and is gone.
    departed: bool,
}

/// The effect of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// The answer is not one to this question, or a repeated one.
    Ignored,
    /// The answer counts. More are expected.
    Taken,
    /// The answer counts, and completes the question.
    Completed,
    /// The answer is too large.
    TooLarge,
}

/// The size of an answer without its contents, in bytes. It limits the number of answers without contents, each of
/// which may name another node.
const ANSWER: usize = 32;

/// The maximum number of names that are reported as missing: more are of no use in a message, and thousands of
/// questions may end at once.
const MAX_MISSING_NAMES: usize = 64;

impl Request {
    /// Creates a question for which the driver has yet to report `counting` counts.
    pub(super) fn new(
        namespace: &str,
        question: &Question,
        deadline: Instant,
        now: Instant,
        counting: u32,
    ) -> Self {
        Self {
            namespace: namespace.to_owned(),
            kind: Kind::of(question),
            asked: now,
            deadline,
            expected: None,
            named: BTreeMap::new(),
            answered: 0,
            departed: 0,
            clients: 0,
            acks: 0,
            size: 0,
            counting,
            count_again: false,
        }
    }

    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the size of the answers, in bytes.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Returns the time at half the deadline.
    pub(super) fn half_time(&self) -> Instant {
        self.asked + self.deadline.saturating_duration_since(self.asked) / 2
    }

    /// Takes an answer, if it counts.
    pub(super) fn take(&mut self, from: Option<&NodeId>, answer: &Answer, max_size: usize) -> Effect {
        if !self.kind.fits(answer) {
            return Effect::Ignored;
        }
        if *answer == Answer::Unanswered(NoAck::TooLarge) && self.kind.is_list() {
            return Effect::TooLarge;
        }
        let is_ack = self.kind.is_ack(answer);
        let has_answered = |from| self.named.get(from).is_some_and(|tally| tally.answered);
        if !is_ack && from.is_some_and(has_answered) {
            return Effect::Ignored;
        }
        self.size = self.size.saturating_add(size_of(answer));
        if self.size > max_size {
            return Effect::TooLarge;
        }
        let mut unnamed = Tally::default();
        let tally = match from {
            Some(from) => self.named.entry(from.clone()).or_default(),
            None => &mut unnamed,
        };
        if is_ack {
            tally.acks += 1;
            self.acks += 1;
        } else {
            tally.answered = true;
            self.answered += 1;
        }
        if let Answer::Clients(clients) = answer {
            tally.clients = u64::from(*clients);
            self.clients += u64::from(*clients);
        }
        let is_enough = self.kind == Kind::Broadcast { single: true } && matches!(answer, Answer::Ack(_));
        if is_enough || self.is_complete() { Effect::Completed } else { Effect::Taken }
    }

    /// Takes a number of nodes, which includes this node, or `None` if the bus could not count them. Returns `true` if
    /// the nodes must be counted again.
    ///
    /// The least number is right: subscribers that are not nodes only raise it, and a node that has died lowers a later
    /// one.
    pub(super) fn count(&mut self, nodes: Option<usize>) -> bool {
        if let Some(nodes) = nodes {
            let others = nodes.saturating_sub(1).saturating_add(self.departed);
            self.expected = Some(self.expected.map_or(others, |expected| expected.min(others)));
        }
        self.counting = self.counting.saturating_sub(1);
        let again = self.counting == 0 && std::mem::take(&mut self.count_again);
        self.counting += u32::from(again);
        again
    }

    /// Requests a count. Returns `false` if it must wait until the present counts are there.
    pub(super) fn recount(&mut self) -> bool {
        let starts = self.counting == 0;
        self.counting += u32::from(starts);
        self.count_again |= !starts;
        starts
    }

    /// Records that a peer is gone. Returns `true` if the nodes must be counted now.
    pub(super) fn depart(&mut self, peer: &NodeId) -> bool {
        let answered = self.named.get_mut(peer).filter(|tally| tally.answered);
        let recounts = answered.is_none() || self.counting > 0; // The present count may include it, or not.
        if let Some(tally) = answered
            && !std::mem::replace(&mut tally.departed, true)
        {
            self.departed += 1;
        }
        recounts && self.recount()
    }

    /// Returns `true` if all nodes and their sockets have answered.
    pub(super) fn is_complete(&self) -> bool {
        self.missing() == Some(0) && self.acks >= self.clients
    }

    /// Returns the number of nodes that have not answered, if the number of nodes is known.
    pub(super) fn missing(&self) -> Option<usize> {
        self.expected.map(|expected| expected.saturating_sub(self.answered))
    }

    /// Returns the names of the peers that were there when the question was asked and have not answered, or not with
    /// all acks.
    pub(super) fn missing_names(&self, members: &Members) -> Vec<NodeId> {
        let lacks_nodes = self.missing() != Some(0);
        let is_missing = |peer: &&NodeId| match self.named.get(*peer) {
            Some(tally) if tally.answered => tally.acks < tally.clients,
            _ => lacks_nodes,
        };
        members.since(self.asked).filter(is_missing).take(MAX_MISSING_NAMES).cloned().collect()
    }
}

/// Returns the size of an answer, with that of the acks that it announces: the caller gets an item for each of them, even
/// for one that does not come.
fn size_of(answer: &Answer) -> usize {
    let announced = match answer {
        Answer::Clients(clients) => usize::try_from(*clients).unwrap_or(usize::MAX),
        _ => 0,
    };
    announced.saturating_mul(ANSWER).saturating_add(ANSWER).saturating_add(answer.size())
}

impl Kind {
    fn of(question: &Question) -> Self {
        match question {
            Question::Broadcast { single, .. } => Self::Broadcast { single: *single },
            Question::Sockets { .. } => Self::Sockets,
            Question::ServerEvent { .. } => Self::ServerEvent,
            Question::SocketIds { .. } => Self::SocketIds,
            Question::Rooms => Self::Rooms,
        }
    }

    /// Returns `true` if a question of this kind has such answers.
    fn fits(self, answer: &Answer) -> bool {
        match self {
            Self::Broadcast { .. } => {
                matches!(answer, Answer::Clients(_) | Answer::Ack(_) | Answer::Unanswered(_))
            }
            Self::Sockets => matches!(answer, Answer::Sockets(_) | Answer::Unanswered(NoAck::TooLarge)),
            Self::ServerEvent => matches!(answer, Answer::ServerEvent(_) | Answer::Unanswered(_)),
            Self::SocketIds => matches!(answer, Answer::SocketIds(_) | Answer::Unanswered(NoAck::TooLarge)),
            Self::Rooms => matches!(answer, Answer::Rooms(_) | Answer::Unanswered(NoAck::TooLarge)),
        }
    }

    /// Returns `true` if the answers are lists of sockets, ids or rooms.
    fn is_list(self) -> bool {
        matches!(self, Self::Sockets | Self::SocketIds | Self::Rooms)
    }

    /// Returns `true` if a fitting answer is that of a socket, not that of a node.
    fn is_ack(self, answer: &Answer) -> bool {
        let of_socket = matches!(answer, Answer::Ack(_) | Answer::Unanswered(_));
        of_socket && matches!(self, Self::Broadcast { .. })
    }
}
