use super::*;
use crate::cluster::{Destination, NoAck, RawArray, SocketFacts};
use crate::packet::RawJson;
use crate::time::start;

const SECOND: Duration = Duration::from_secs(1);

fn id(number: u8) -> NodeId {
    NodeId::from_entropy([number; 8])
}

fn up() -> (Node, Instant) {
    let (mut node, now) = (Node::new(NodeConfig::default(), id(0), u64::MAX), start());
    node.handle_up(now);
    drain(&mut node);
    (node, now)
}

/// Returns what a node has to say, in words.
fn drain(node: &mut Node) -> Vec<String> {
    let mut said = Vec::new();
    while let Some(event) = node.poll() {
        said.push(match event {
            NodeEvent::PeerJoined(peer) => format!("{peer} joined"),
            NodeEvent::PeerLeft { node, why } => format!("{node} left: {why:?}"),
            NodeEvent::Answer { answer, .. } => format!("{answer:?}").split('(').next().unwrap().to_owned(),
            NodeEvent::Finished { how, .. } => format!("{how:?}"),
        });
    }
    while let Some(transmit) = node.poll_transmit() {
        said.push(match transmit {
            Transmit::Publish { to, message, .. } => match message.body {
                Body::Presence(presence) => format!("-> {presence:?} {to:?}"),
                Body::Question { .. } => "-> question".to_owned(),
                other => format!("-> {other:?}"),
            },
            Transmit::Count { .. } => "-> count".to_owned(),
        });
    }
    said
}

fn sockets() -> Question {
    Question::Sockets { to: Destination::default() }
}

fn broadcast(single: bool) -> Question {
    let event =
        RawArray::of_packet(&crate::packet::Encoder::default().event("/", "e", &1, None).unwrap()).unwrap();
    Question::Broadcast { event, to: Destination::default(), volatile: false, timeout: None, single }
}

fn ack() -> Answer {
    Answer::Ack(
        RawArray::of_packet(&crate::packet::Encoder::default().event("/", "e", &1, None).unwrap()).unwrap(),
    )
}

#[test]
fn peers_are_those_that_give_signs_of_life() {
    let (mut node, now) = up();
    node.handle_presence(&id(1), Presence::Hello, now);
    assert_eq!(drain(&mut node), [format!("{} joined", id(1)), format!("-> Alive Node({:?})", id(1))]);
    node.handle_presence(&id(2), Presence::Alive, now);
    node.handle_presence(&id(0), Presence::Hello, now);
    assert_eq!(drain(&mut node), [format!("{} joined", id(2))]);
    assert_eq!(node.poll_timeout(), Some(now + 5 * SECOND));
    node.handle_timeout(now + 5 * SECOND);
    assert_eq!(drain(&mut node), ["-> Alive Everyone"]);
    node.handle_presence(&id(1), Presence::Alive, now + 6 * SECOND);
    node.handle_timeout(now + 10 * SECOND);
    assert_eq!(drain(&mut node), [format!("{} left: Silent", id(2)), "-> Alive Everyone".to_owned()]);
    node.handle_presence(&id(1), Presence::Goodbye, now + 11 * SECOND);
    node.handle_presence(&id(3), Presence::Goodbye, now + 11 * SECOND);
    assert_eq!(drain(&mut node), [format!("{} left: Goodbye", id(1))]);
    node.leave(now + 12 * SECOND);
    assert_eq!(drain(&mut node), ["-> Goodbye Everyone"]);
    node.handle_up(now + 13 * SECOND);
    assert_eq!((drain(&mut node), node.poll_timeout()), (Vec::new(), None));
}

/// A bus that is away says nothing about the peers.
#[test]
fn silence_is_counted_while_there_is_a_connection() {
    let (mut node, now) = up();
    node.handle_presence(&id(1), Presence::Alive, now);
    node.handle_down(now + SECOND);
    drain(&mut node);
    assert_eq!(node.poll_timeout(), None);
    node.handle_timeout(now + 100 * SECOND);
    node.handle_up(now + 100 * SECOND);
    assert_eq!(drain(&mut node), ["-> Hello Everyone"]);
    assert_eq!(node.peers().count(), 1);
    node.handle_timeout(now + 110 * SECOND);
    assert!(drain(&mut node).contains(&format!("{} left: Silent", id(1))));
}

#[test]
fn a_question_ends_with_the_last_expected_answer() {
    for (counts, expected) in
        [([Some(3), Some(3)], 2), ([Some(4), Some(3)], 2), ([None, Some(2)], 1), ([Some(2), None], 1)]
    {
        let (mut node, now) = up();
        let key = node.ask("/", sockets(), now + 4 * SECOND, now);
        assert_eq!(drain(&mut node), ["-> count", "-> question"]);
        for count in counts {
            node.handle_count(key, count, now);
        }
        for peer in 1..=expected {
            assert_eq!(drain(&mut node), [""; 0]);
            for _ in 0..2 {
                // The second one is not counted.
                node.handle_answer(Some(&id(peer)), &key.id(), Answer::Sockets(Vec::new()), now);
                node.handle_answer(Some(&id(peer)), &key.id(), Answer::Rooms(Vec::new()), now);
            }
            let last = if peer == expected { &["Sockets", "Complete"][..] } else { &["Sockets"] };
            assert_eq!(drain(&mut node), last);
        }
        node.handle_answer(Some(&id(9)), &key.id(), Answer::Sockets(Vec::new()), now);
        assert_eq!((drain(&mut node), node.pending()), (Vec::new(), 0));
    }
}

/// Answers of Node servers do not name their sender in every form.
#[test]
fn unnamed_answers_are_all_counted() {
    let (mut node, now) = up();
    let key = node.ask("/", sockets(), now + 4 * SECOND, now);
    node.handle_count(key, Some(3), now);
    drain(&mut node);
    for _ in 0..2 {
        node.handle_answer(None, &key.id(), Answer::Sockets(Vec::new()), now);
    }
    assert_eq!(drain(&mut node), ["Sockets", "Sockets", "Complete"]);
}

#[test]
fn nobody_else_is_an_end_too() {
    let (mut node, now) = up();
    let key = node.ask("/", sockets(), now + 4 * SECOND, now);
    drain(&mut node);
    node.handle_count(key, Some(1), now);
    assert_eq!(drain(&mut node), ["Complete"]);
    let key = node.ask("/", broadcast(false), now + 4 * SECOND, now);
    drain(&mut node);
    node.handle_count(key, Some(0), now);
    assert_eq!(drain(&mut node), ["Complete"]);
}

/// A node that dies after the first count: Node waits for the whole timeout.
#[test]
fn nodes_are_counted_again() {
    let (mut node, now) = up();
    node.handle_presence(&id(1), Presence::Alive, now);
    node.handle_presence(&id(2), Presence::Alive, now);
    let key = node.ask("/", sockets(), now + 4 * SECOND, now);
    node.handle_count(key, Some(3), now);
    node.handle_answer(Some(&id(1)), &key.id(), Answer::Sockets(Vec::new()), now);
    drain(&mut node);
    node.handle_presence(&id(1), Presence::Goodbye, now);
    assert_eq!(drain(&mut node), [format!("{} left: Goodbye", id(1))], "it has answered");
    node.handle_presence(&id(2), Presence::Goodbye, now);
    assert_eq!(drain(&mut node), [format!("{} left: Goodbye", id(2)), "-> count".to_owned()]);
    assert_eq!(node.poll_timeout(), Some(now + 2 * SECOND));
    node.handle_timeout(now + 2 * SECOND);
    assert_eq!(drain(&mut node), ["-> count"]);
    node.handle_count(key, Some(2), now + 2 * SECOND);
    assert_eq!(drain(&mut node), ["Complete"]);
    assert_eq!(node.poll_timeout(), Some(now + 5 * SECOND));
}

#[test]
fn a_deadline_tells_who_is_missing() {
    let (mut node, now) = up();
    node.handle_presence(&id(1), Presence::Alive, now);
    node.handle_presence(&id(2), Presence::Alive, now);
    let keys =
        [node.ask("/", sockets(), now + 4 * SECOND, now), node.ask("/", sockets(), now + 4 * SECOND, now)];
    node.handle_count(keys[0], Some(4), now);
    node.handle_answer(Some(&id(1)), &keys[0].id(), Answer::Sockets(Vec::new()), now);
    drain(&mut node);
    node.handle_timeout(now + 2 * SECOND);
    node.handle_timeout(now + 4 * SECOND);
    let names = vec![id(2)];
    let missing = format!("{:?}", Finished::Incomplete { missing: Some(2), names });
    let unknown = format!("{:?}", Finished::Incomplete { missing: None, names: vec![id(1), id(2)] });
    // The keys wrap around: the second one comes first.
    assert_eq!(drain(&mut node), [unknown, missing, "-> count".to_owned(), "-> count".to_owned()]);
}

/// Acks may arrive before the announcement of their number, from the same node or another one.
#[test]
fn a_broadcast_ends_with_the_last_ack() {
    let (mut node, now) = up();
    let key = node.ask("/", broadcast(false), now + 4 * SECOND, now);
    node.handle_answer(Some(&id(1)), &key.id(), ack(), now);
    node.handle_count(key, Some(3), now);
    drain(&mut node);
    node.handle_answer(Some(&id(1)), &key.id(), Answer::Clients(2), now);
    node.handle_answer(Some(&id(2)), &key.id(), Answer::Clients(1), now);
    node.handle_answer(Some(&id(2)), &key.id(), Answer::Clients(1), now);
    node.handle_answer(Some(&id(2)), &key.id(), Answer::Unanswered(NoAck::Disconnected), now);
    assert_eq!(drain(&mut node), ["Clients", "Clients", "Unanswered"]);
    node.handle_answer(Some(&id(1)), &key.id(), ack(), now);
    assert_eq!(drain(&mut node), ["Ack", "Complete"]);

    let key = node.ask("/", broadcast(true), now + 4 * SECOND, now);
    node.handle_count(key, Some(3), now);
    node.handle_answer(Some(&id(1)), &key.id(), ack(), now);
    assert_eq!(drain(&mut node), ["Ack", "Complete", "-> count", "-> question"], "one is enough");
}

#[test]
fn questions_end_with_the_connection() {
    let (mut node, now) = up();
    node.ask("/", sockets(), now + 4 * SECOND, now);
    drain(&mut node);
    let forgotten = node.ask("/", sockets(), now + 4 * SECOND, now);
    node.cancel(forgotten);
    node.handle_down(now);
    assert_eq!(drain(&mut node), ["Unreachable"]);
    let key = node.ask("/", sockets(), now + 4 * SECOND, now);
    node.cancel(key);
    assert_eq!(drain(&mut node), [""; 0]);
    node.ask("/", sockets(), now + 4 * SECOND, now);
    assert_eq!(drain(&mut node), ["Unreachable"]);
}

#[test]
fn answers_and_questions_are_bounded() {
    let config = NodeConfig { max_answers: 1000, ..NodeConfig::default() };
    let (mut node, now) = (Node::new(config, id(0), 1), start());
    node.handle_up(now);
    let key = node.ask("/", sockets(), now + 4 * SECOND, now);
    node.handle_count(key, Some(10), now);
    drain(&mut node);
    let json = |text: &str| RawJson::parse(text).unwrap();
    let facts = SocketFacts::new("id".to_owned(), vec!["r".repeat(400)], json("{}"), json("{}"));
    node.handle_answer(Some(&id(1)), &key.id(), Answer::Sockets(vec![facts.clone()]), now);
    assert_eq!(drain(&mut node), ["Sockets"]);
    node.handle_answer(Some(&id(2)), &key.id(), Answer::Sockets(vec![facts; 2]), now);
    assert_eq!(drain(&mut node), ["TooLarge"]);

    for _ in 0..100_000 {
        node.ask("/", Question::Rooms, now + 4 * SECOND, now);
        while node.poll_transmit().is_some() {}
    }
    assert_eq!(node.pending(), MAX_REQUESTS);
    node.handle_timeout(now + 4 * SECOND);
    assert_eq!((node.pending(), node.timers.len()), (0, 0));
}

#[test]
fn other_ids_are_no_questions_of_this_node() {
    let (mut node, now) = up();
    node.ask("/", sockets(), now + 4 * SECOND, now);
    drain(&mut node);
    for request in ["x", "0000000000000000", "QT75gt"] {
        node.handle_answer(
            Some(&id(1)),
            &RequestId::parse(request).unwrap(),
            Answer::Sockets(Vec::new()),
            now,
        );
    }
    assert_eq!((drain(&mut node), node.pending()), (Vec::new(), 1));
}
