use super::*;
use crate::cluster::{Answer, Destination, MAX_PEERS};
use crate::time::start;

mod questions;

const SECOND: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_secs(8);

/// A node that is up and has greeted, and its clock.
struct Bench {
    node: Node,
    now: Instant,
}

fn id(n: u64) -> NodeId {
    NodeId::from_entropy(n.to_be_bytes())
}

fn sockets() -> Question {
    Question::Sockets { to: Destination::default() }
}

fn said(from: u64, to: Address, presence: Presence) -> Transmit {
    let message = Message::new(id(from), "/", Body::Presence(presence));
    Transmit::Publish { to, message, count: None }
}

impl Bench {
    fn new() -> Self {
        Self::with(NodeConfig::default())
    }

    fn with(config: NodeConfig) -> Self {
        let mut bench = Self { node: Node::new(config, id(0), u64::MAX), now: start() };
        bench.node.handle_up(bench.now);
        assert_eq!(bench.sent(), [said(0, Address::Everyone, Presence::Hello)]);
        bench
    }

    fn sent(&mut self) -> Vec<Transmit> {
        std::iter::from_fn(|| self.node.poll_transmit()).collect()
    }

    fn events(&mut self) -> Vec<NodeEvent> {
        std::iter::from_fn(|| self.node.poll()).collect()
    }

    /// Returns the questions that are to be counted again.
    fn counts(&mut self) -> Vec<RequestKey> {
        let key = |transmit| if let Transmit::Count { key, .. } = transmit { Some(key) } else { None };
        self.sent().into_iter().filter_map(key).collect()
    }

    /// Wakes the node at each of its timers.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.node.poll_timeout().filter(|due| *due <= until) {
            self.now = due;
            self.node.handle_timeout(due);
            assert!(self.node.poll_timeout().is_none_or(|next| next > due), "a livelock");
        }
        self.now = until;
    }

    fn hear(&mut self, from: u64, presence: Presence) {
        self.node.handle_presence(&id(from), presence, self.now);
    }

    /// Makes peers known.
    fn meet(&mut self, peers: impl IntoIterator<Item = u64>) {
        peers.into_iter().for_each(|peer| self.hear(peer, Presence::Alive));
        self.events();
    }

    fn ask(&mut self, question: Question) -> RequestKey {
        self.node.ask("/chat", question, self.now + DEADLINE, self.now)
    }

    /// Asks, and reports both counts.
    fn asked(&mut self, question: Question, nodes: usize) -> RequestKey {
        let key = self.ask(question);
        self.sent();
        self.count(key, nodes);
        self.count(key, nodes);
        key
    }

    fn count(&mut self, key: RequestKey, nodes: impl Into<Option<usize>>) {
        self.node.handle_count(key, nodes.into(), self.now);
    }

    fn answer(&mut self, key: RequestKey, from: impl Into<Option<u64>>, answer: Answer) -> Vec<NodeEvent> {
        let from = from.into().map(id);
        self.node.handle_answer(from.as_ref(), &key.id(), answer.clone(), self.now);
        let mut events = self.events();
        let reported = NodeEvent::Answer { key, from, answer };
        // The reported answer is of no interest to most tests, but that it comes first is.
        if events.first() == Some(&reported) {
            events.remove(0);
        } else if events.iter().all(|event| !matches!(event, NodeEvent::Finished { .. })) {
            events.push(reported); // The mark of an answer that was ignored.
        }
        events
    }

    /// Passes an answer that must have no effect.
    fn ignores(&mut self, key: RequestKey, from: impl Into<Option<u64>>, answer: Answer) {
        let before = self.node.pending();
        let events = self.answer(key, from, answer);
        assert!(matches!(events[..], [NodeEvent::Answer { .. }]), "{events:?}");
        assert_eq!(self.node.pending(), before);
    }
}

#[test]
fn signs_of_life_make_peers() {
    let mut bench = Bench::new();
    bench.hear(1, Presence::Hello);
    assert_eq!(bench.sent(), [said(0, Address::Node(id(1)), Presence::Alive)]);
    bench.hear(2, Presence::Alive);
    bench.hear(1, Presence::Alive);
    bench.hear(0, Presence::Hello);
    assert_eq!(bench.events(), [NodeEvent::PeerJoined(id(1)), NodeEvent::PeerJoined(id(2))]);
    assert_eq!(bench.sent(), [], "nothing for Alive, and nothing for its own Hello");
    assert!(bench.node.peers().eq([&id(1), &id(2)]));

    bench.hear(1, Presence::Goodbye);
    bench.hear(1, Presence::Goodbye);
    bench.hear(3, Presence::Goodbye);
    let left = NodeEvent::PeerLeft { node: id(1), why: PeerLeft::Goodbye };
    assert_eq!(bench.events(), [left]);
    assert!(bench.node.peers().eq([&id(2)]));
}

#[test]
fn a_node_gives_signs_of_life() {
    let mut bench = Bench::new();
    bench.pass(16 * SECOND);
    let alive = || said(0, Address::Everyone, Presence::Alive);
    assert_eq!(bench.sent(), [alive(), alive(), alive()]);
    bench.node.leave(bench.now);
    assert_eq!(bench.sent(), [said(0, Address::Everyone, Presence::Goodbye)]);
    assert_eq!(bench.node.poll_timeout(), None);
}

#[test]
fn a_silent_peer_is_gone() {
    let mut bench = Bench::new();
    bench.meet([1, 2]);
    bench.pass(6 * SECOND);
    // An answer is a sign of life, also one to a question of an earlier life, but it does not make a peer.
    let stale = RequestKey::new(77).id();
    for peer in [1, 3] {
        bench.node.handle_answer(Some(&id(peer)), &stale, Answer::Rooms(Vec::new()), bench.now);
    }
    bench.pass(4 * SECOND);
    assert_eq!(bench.events(), [NodeEvent::PeerLeft { node: id(2), why: PeerLeft::Silent }]);
    bench.pass(6 * SECOND - SECOND / 1000);
    assert_eq!(bench.events(), []);
    bench.pass(SECOND / 1000);
    assert_eq!(bench.events(), [NodeEvent::PeerLeft { node: id(1), why: PeerLeft::Silent }]);
}

#[test]
fn an_outage_does_not_count_as_silence() {
    let mut bench = Bench::new();
    bench.meet([1, 2]);
    bench.pass(9 * SECOND);
    bench.node.handle_down(bench.now);
    assert_eq!(bench.node.poll_timeout(), None);
    bench.hear(3, Presence::Hello);
    bench.hear(1, Presence::Goodbye);
    bench.pass(3600 * SECOND);
    bench.node.handle_timeout(bench.now);
    assert_eq!((bench.events(), bench.sent()), (vec![], vec![]), "nothing happens while it is down");

    bench.node.handle_up(bench.now);
    assert_eq!(bench.sent(), [said(0, Address::Everyone, Presence::Hello)]);
    bench.pass(9 * SECOND);
    bench.hear(2, Presence::Alive);
    assert_eq!(bench.events(), []);
    bench.pass(SECOND);
    assert_eq!(bench.events(), [NodeEvent::PeerLeft { node: id(1), why: PeerLeft::Silent }]);
}

#[test]
fn the_time_that_a_node_was_stopped_does_not_count_as_silence() {
    let mut bench = Bench::new();
    bench.meet([1, 2]);
    bench.now += 60 * SECOND;
    bench.node.handle_timeout(bench.now);
    assert_eq!(bench.events(), []);
    assert_eq!(bench.sent(), [said(0, Address::Everyone, Presence::Alive)], "one for all that it has missed");
    bench.hear(1, Presence::Alive);
    bench.pass(10 * SECOND);
    assert_eq!(bench.events().len(), 2, "both are silent from then on");
}

#[test]
fn peers_beyond_the_limit_are_answered_and_ignored() {
    let mut bench = Bench::new();
    bench.meet(1..=MAX_PEERS as u64);
    let more = MAX_PEERS as u64 + 1;
    bench.hear(more, Presence::Hello);
    assert_eq!(bench.sent(), [said(0, Address::Node(id(more)), Presence::Alive)]);
    assert_eq!((bench.events(), bench.node.peers().count(), bench.node.ignored()), (vec![], MAX_PEERS, 1));
}

#[test]
fn the_heartbeat_has_a_least_interval() {
    let mut bench = Bench::with(NodeConfig { heartbeat_interval: Duration::ZERO, ..NodeConfig::default() });
    bench.pass(SECOND / 100);
    assert_eq!(bench.sent().len(), 10);
}

#[test]
fn a_node_that_has_left_is_gone_for_good() {
    let mut bench = Bench::new();
    bench.meet([1]);
    bench.node.leave(bench.now);
    bench.sent();
    bench.node.leave(bench.now);
    bench.node.handle_up(bench.now);
    bench.hear(2, Presence::Hello);
    bench.node.handle_timeout(bench.now + 3600 * SECOND);
    assert_eq!((bench.events(), bench.sent()), (vec![], vec![]));
    assert_eq!((bench.node.peers().count(), bench.node.is_up()), (0, false));
}
