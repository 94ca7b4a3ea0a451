use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::{Address, Answer, Body, Message, NodeId, Presence, Question, RequestId, RequestKey};
use crate::time::{after, earlier};

#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NodeConfig {
    pub heartbeat_interval: Duration,
    pub heartbeat_timeout: Duration,
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

#[derive(Debug)]
pub struct Node {
    config: NodeConfig,
    id: NodeId,
    is_up: bool,
    next: RequestKey,
    peers: BTreeMap<NodeId, Instant>,
    requests: BTreeMap<RequestKey, Request>,
    heartbeat: Option<Instant>,
    transmits: VecDeque<Transmit>,
    events: VecDeque<NodeEvent>,
}

#[derive(Debug)]
struct Request {
    namespace: String,
    kind: Kind,
    deadline: Instant,
    recount: Option<Instant>,
    expected: Option<usize>,
    nodes: BTreeSet<NodeId>,
    unnamed: usize,
    clients: u64,
    acks: u64,
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

#[derive(Debug)]
#[non_exhaustive]
pub enum Transmit {
    Publish { to: Address, message: Message, count: Option<RequestKey> },
    Count { namespace: String, key: RequestKey },
}

#[derive(Debug)]
#[non_exhaustive]
pub enum NodeEvent {
    PeerJoined(NodeId),
    PeerLeft { node: NodeId, why: PeerLeft },
    Answer { key: RequestKey, from: Option<NodeId>, answer: Answer },
    Finished { key: RequestKey, how: Finished },
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
    Complete,
    Incomplete { missing: Option<usize>, names: Vec<NodeId> },
    Unreachable,
    TooLarge,
}

impl Node {
    pub fn new(config: NodeConfig, id: NodeId, entropy: u64) -> Self {
        Self {
            config,
            id,
            is_up: false,
            next: RequestKey::new(entropy),
            peers: BTreeMap::new(),
            requests: BTreeMap::new(),
            heartbeat: None,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }
    pub fn id(&self) -> &NodeId {
        &self.id
    }
    pub fn is_up(&self) -> bool {
        self.is_up
    }
    pub fn peers(&self) -> impl Iterator<Item = &NodeId> {
        self.peers.keys()
    }
    pub fn pending(&self) -> usize {
        self.requests.len()
    }

    pub fn handle_up(&mut self, now: Instant) {
        self.is_up = true;
        for seen in self.peers.values_mut() {
            *seen = now;
        }
        self.say(Address::Everyone, Presence::Hello);
        self.heartbeat = Some(after(now, self.config.heartbeat_interval));
    }

    pub fn handle_down(&mut self, _now: Instant) {
        self.is_up = false;
        self.heartbeat = None;
        for key in self.requests.keys().copied().collect::<Vec<_>>() {
            self.finish(key, Finished::Unreachable);
        }
    }

    pub fn handle_presence(&mut self, from: &NodeId, presence: Presence, now: Instant) {
        if *from == self.id {
            return;
        }
        if presence == Presence::Goodbye {
            if self.peers.remove(from).is_some() {
                self.left(from.clone(), PeerLeft::Goodbye);
            }
            return;
        }
        if self.peers.insert(from.clone(), now).is_none() {
            self.events.push_back(NodeEvent::PeerJoined(from.clone()));
        }
        if presence == Presence::Hello {
            self.say(Address::Node(from.clone()), Presence::Alive);
        }
    }

    pub fn handle_answer(
        &mut self,
        from: Option<&NodeId>,
        request: &RequestId,
        answer: Answer,
        now: Instant,
    ) {
        if let Some(seen) = from.and_then(|from| self.peers.get_mut(from)) {
            *seen = now;
        }
        let Some(key) = request.key() else { return };
        let max = self.config.max_answers;
        let Some(asked) = self.requests.get_mut(&key) else { return };
        let first = match (&answer, asked.kind) {
            (Answer::Clients(n), Kind::Broadcast { .. }) => {
                if !asked.count(from) {
                    return;
                }
                asked.clients += u64::from(*n);
                true
            }
            (Answer::Ack(_) | Answer::Unanswered(_), Kind::Broadcast { .. }) => {
                asked.acks += 1;
                false
            }
            (Answer::Sockets(_), Kind::Sockets)
            | (Answer::SocketIds(_), Kind::SocketIds)
            | (Answer::Rooms(_), Kind::Rooms)
            | (Answer::ServerEvent(_) | Answer::Unanswered(_), Kind::ServerEvent) => {
                if !asked.count(from) {
                    return;
                }
                true
            }
            _ => return,
        };
        let _ = first;
        asked.bytes += size(&answer);
        if asked.bytes > max {
            return self.finish(key, Finished::TooLarge);
        }
        let is_ack = matches!(answer, Answer::Ack(_));
        let single = matches!(asked.kind, Kind::Broadcast { single: true }) && is_ack;
        self.events.push_back(NodeEvent::Answer { key, from: from.cloned(), answer });
        if single {
            self.finish(key, Finished::Complete);
        } else {
            self.check(key);
        }
    }

    pub fn handle_count(&mut self, key: RequestKey, nodes: Option<usize>, _now: Instant) {
        let Some(nodes) = nodes else { return };
        let Some(asked) = self.requests.get_mut(&key) else { return };
        let expected = nodes.saturating_sub(1);
        asked.expected = Some(asked.expected.map_or(expected, |former| former.min(expected)));
        self.check(key);
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        if self.heartbeat.is_some_and(|at| at <= now) {
            self.say(Address::Everyone, Presence::Alive);
            self.heartbeat = Some(after(now, self.config.heartbeat_interval));
        }
        if self.is_up {
            let silent: Vec<_> = self
                .peers
                .iter()
                .filter(|(_, seen)| after(**seen, self.config.heartbeat_timeout) <= now)
                .map(|(id, _)| id.clone())
                .collect();
            for id in silent {
                self.peers.remove(&id);
                self.left(id, PeerLeft::Silent);
            }
        }
        let due: Vec<_> = self
            .requests
            .iter()
            .filter(|(_, r)| r.deadline <= now || r.recount.is_some_and(|at| at <= now))
            .map(|(k, r)| (*k, r.deadline <= now))
            .collect();
        for (key, is_over) in due {
            if is_over {
                let asked = &self.requests[&key];
                let missing = asked.expected.map(|e| e.saturating_sub(asked.answered()));
                let names = self.peers.keys().filter(|p| !asked.nodes.contains(*p)).cloned().collect();
                self.finish(key, Finished::Incomplete { missing, names });
            } else {
                let asked = self.requests.get_mut(&key).expect("it is there");
                asked.recount = None;
                let namespace = asked.namespace.clone();
                self.transmits.push_back(Transmit::Count { namespace, key });
            }
        }
    }

    pub fn ask(
        &mut self,
        namespace: &str,
        question: Question,
        deadline: Instant,
        now: Instant,
    ) -> RequestKey {
        let key = self.next;
        self.next = key.next();
        if !self.is_up {
            self.events.push_back(NodeEvent::Finished { key, how: Finished::Unreachable });
            return key;
        }
        let kind = match &question {
            Question::Broadcast { single, .. } => Kind::Broadcast { single: *single },
            Question::Sockets { .. } => Kind::Sockets,
            Question::ServerEvent { .. } => Kind::ServerEvent,
            Question::SocketIds { .. } => Kind::SocketIds,
            Question::Rooms => Kind::Rooms,
        };
        let recount = Some(now + deadline.saturating_duration_since(now) / 2);
        self.requests.insert(
            key,
            Request {
                namespace: namespace.to_owned(),
                kind,
                deadline,
                recount,
                expected: None,
                nodes: BTreeSet::new(),
                unnamed: 0,
                clients: 0,
                acks: 0,
                bytes: 0,
            },
        );
        let body = Body::Question { request: key.id(), extended: true, question };
        let message = Message::new(self.id.clone(), namespace, body);
        self.transmits.push_back(Transmit::Count { namespace: namespace.to_owned(), key });
        self.transmits.push_back(Transmit::Publish { to: Address::Everyone, message, count: Some(key) });
        key
    }

    pub fn cancel(&mut self, key: RequestKey) {
        self.requests.remove(&key);
    }

    pub fn leave(&mut self, now: Instant) {
        if self.is_up {
            self.say(Address::Everyone, Presence::Goodbye);
        }
        self.handle_down(now);
    }

    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }
    pub fn poll(&mut self) -> Option<NodeEvent> {
        self.events.pop_front()
    }
    pub fn poll_timeout(&self) -> Option<Instant> {
        let mut next = self.heartbeat;
        if self.is_up {
            for seen in self.peers.values() {
                next = earlier(next, Some(after(*seen, self.config.heartbeat_timeout)));
            }
        }
        for r in self.requests.values() {
            next = earlier(next, earlier(Some(r.deadline), r.recount));
        }
        next
    }

    fn say(&mut self, to: Address, presence: Presence) {
        let message = Message::new(self.id.clone(), "/", Body::Presence(presence));
        self.transmits.push_back(Transmit::Publish { to, message, count: None });
    }

    fn left(&mut self, node: NodeId, why: PeerLeft) {
        self.events.push_back(NodeEvent::PeerLeft { node, why });
        for (key, r) in &mut self.requests {
            self.transmits.push_back(Transmit::Count { namespace: r.namespace.clone(), key: *key });
        }
    }

    fn check(&mut self, key: RequestKey) {
        let Some(r) = self.requests.get(&key) else { return };
        let all = r.expected.is_some_and(|e| r.answered() >= e);
        let acks = !matches!(r.kind, Kind::Broadcast { .. }) || r.acks >= r.clients;
        if all && acks {
            self.finish(key, Finished::Complete);
        }
    }

    fn finish(&mut self, key: RequestKey, how: Finished) {
        if self.requests.remove(&key).is_some() {
            self.events.push_back(NodeEvent::Finished { key, how });
        }
    }
}

impl Request {
    fn answered(&self) -> usize {
        self.nodes.len() + self.unnamed
    }
    fn count(&mut self, from: Option<&NodeId>) -> bool {
        match from {
            Some(from) => self.nodes.insert(from.clone()),
            None => {
                self.unnamed += 1;
                true
            }
        }
    }
}

fn size(answer: &Answer) -> usize {
    match answer {
        Answer::Ack(a) | Answer::ServerEvent(a) => a.size(),
        Answer::Sockets(s) => s
            .iter()
            .map(|s| {
                s.id.len()
                    + s.handshake.as_str().len()
                    + s.data.as_str().len()
                    + s.rooms.iter().map(|r| r.len() + 32).sum::<usize>()
                    + 64
            })
            .sum(),
        Answer::SocketIds(n) | Answer::Rooms(n) => n.iter().map(|n| n.len() + 32).sum(),
        Answer::Clients(_) | Answer::Unanswered(_) => 8,
    }
}
