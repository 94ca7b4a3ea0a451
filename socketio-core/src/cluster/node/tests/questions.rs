use super::*;
use crate::cluster::{MAX_QUESTIONS, NoAck, RawArray, SocketFacts};
use crate::packet::RawJson;

fn event() -> RawArray {
    RawArray::new(r#"["ask",1]"#.to_owned(), Vec::new())
}

fn broadcast(single: bool) -> Question {
    Question::Broadcast { event: event(), to: Destination::default(), volatile: false, timeout: None, single }
}

fn facts(bytes: usize) -> SocketFacts {
    let json = || RawJson::parse("1").unwrap();
    SocketFacts::new("x".repeat(bytes - 2), Vec::new(), json(), json())
}

fn complete(key: RequestKey) -> NodeEvent {
    NodeEvent::Finished { key, how: Finished::Complete }
}

fn incomplete(key: RequestKey, missing: impl Into<Option<usize>>, names: &[u64]) -> NodeEvent {
    let names = names.iter().map(|n| id(*n)).collect();
    NodeEvent::Finished { key, how: Finished::Incomplete { missing: missing.into(), names } }
}

fn unreachable(key: RequestKey) -> NodeEvent {
    NodeEvent::Finished { key, how: Finished::Unreachable }
}

#[test]
fn a_question_is_counted_then_published() {
    let mut bench = Bench::new();
    let key = bench.ask(sockets());
    let body = Body::Question { request: key.id(), extended: true, question: sockets() };
    let message = Message::new(id(0), "/chat", body);
    assert_eq!(
        bench.sent(),
        [
            Transmit::Count { namespace: "/chat".to_owned(), key },
            Transmit::Publish { to: Address::Everyone, message, count: Some(key) },
        ]
    );
    assert_eq!(bench.node.pending(), 1);
    assert_eq!(bench.ask(sockets()), RequestKey::new(0), "the keys wrap around");
}

/// Each case is the two counts of a question.
#[test]
fn the_least_count_is_right() {
    for counts in [[3, 5], [5, 3], [3, 3]] {
        let mut bench = Bench::new();
        let key = bench.ask(sockets());
        for nodes in counts {
            bench.count(key, nodes);
        }
        assert_eq!(bench.answer(key, 1, Answer::Sockets(Vec::new())), []);
        assert_eq!(bench.answer(key, None, Answer::Sockets(Vec::new())), [complete(key)], "{counts:?}");
        assert_eq!(bench.node.pending(), 0);
        bench.ignores(key, 3, Answer::Sockets(Vec::new()));
    }
}

#[test]
fn answers_may_come_before_the_counts() {
    let mut bench = Bench::new();
    let key = bench.ask(sockets());
    for peer in [1, 2, 3] {
        assert_eq!(bench.answer(key, peer, Answer::Sockets(Vec::new())), []);
    }
    bench.count(key, 5);
    assert_eq!(bench.events(), []);
    bench.count(key, 4);
    assert_eq!(bench.events(), [complete(key)]);
}

#[test]
fn a_question_to_nobody_is_complete() {
    for nodes in [1, 0] {
        let mut bench = Bench::new();
        let key = bench.ask(sockets());
        bench.count(key, nodes);
        assert_eq!(bench.events(), [complete(key)]);
        bench.count(key, 7);
        assert_eq!((bench.events(), bench.node.pending()), (vec![], 0));
    }
}

#[test]
fn without_a_count_the_deadline_ends_a_question() {
    let mut bench = Bench::new();
    bench.meet([1, 2]);
    let key = bench.ask(sockets());
    bench.sent();
    bench.count(key, None);
    bench.count(key, None);
    bench.answer(key, 1, Answer::Sockets(Vec::new()));
    bench.pass(4 * SECOND);
    assert_eq!(bench.counts(), [key]);
    bench.count(key, None);
    bench.pass(4 * SECOND);
    assert_eq!(bench.events(), [incomplete(key, None, &[2])]);
}

#[test]
fn one_count_is_enough() {
    for counts in [[None, Some(2)], [Some(2), None]] {
        let mut bench = Bench::new();
        let key = bench.ask(sockets());
        counts.into_iter().for_each(|nodes| bench.count(key, nodes));
        assert_eq!(bench.answer(key, 1, Answer::Sockets(Vec::new())), [complete(key)]);
    }
}

#[test]
fn the_missing_are_counted_and_named() {
    let mut bench = Bench::new();
    bench.meet([1, 2, 3]);
    let key = bench.asked(sockets(), 5);
    bench.now += SECOND;
    bench.meet([4]);
    bench.answer(key, 2, Answer::Sockets(Vec::new()));
    bench.pass(3 * SECOND);
    bench.hear(1, Presence::Alive);
    bench.hear(3, Presence::Alive);
    bench.pass(4 * SECOND);
    // Node 4 came later, and two of the four have no name.
    assert_eq!(bench.events(), [incomplete(key, 3, &[1, 3])]);
}

#[test]
fn at_half_of_the_time_nodes_are_counted_again() {
    let mut bench = Bench::new();
    let key = bench.asked(sockets(), 4);
    bench.answer(key, 1, Answer::Sockets(Vec::new()));
    bench.answer(key, 2, Answer::Sockets(Vec::new()));
    bench.pass(4 * SECOND - SECOND / 1000);
    assert_eq!(bench.counts(), []);
    bench.pass(SECOND / 1000);
    assert_eq!(bench.counts(), [key]);
    bench.count(key, 9);
    assert_eq!(bench.events(), [], "a higher count has no effect");
    bench.count(key, 3);
    assert_eq!(bench.events(), [complete(key)], "one of four has died");
}

#[test]
fn a_peer_that_leaves_is_not_waited_for() {
    let mut bench = Bench::new();
    bench.meet([1, 2]);
    let key = bench.asked(sockets(), 3);
    bench.answer(key, 1, Answer::Sockets(Vec::new()));
    bench.hear(2, Presence::Goodbye);
    assert_eq!(bench.counts(), [key]);
    bench.events();
    bench.count(key, 2);
    assert_eq!(bench.events(), [complete(key)]);
}

/// A peer that is gone is not in a later count, but its answer is among the answers.
#[test]
fn a_peer_that_leaves_after_its_answer_does_not_answer_for_another() {
    for leaves_before_the_counts in [false, true] {
        let mut bench = Bench::new();
        bench.meet([1, 2]);
        let key = bench.ask(sockets());
        bench.sent();
        let reported = if leaves_before_the_counts { 0 } else { 2 };
        (0..reported).for_each(|_| bench.count(key, 3));
        bench.answer(key, 1, Answer::Sockets(Vec::new()));
        for presence in [Presence::Goodbye, Presence::Hello, Presence::Goodbye] {
            bench.hear(1, presence);
        }
        assert_eq!(bench.counts(), [], "not now, because it has answered or is being counted");
        bench.events();
        (reported..2).for_each(|_| bench.count(key, 3));
        assert_eq!(bench.counts().len(), usize::from(leaves_before_the_counts));
        if leaves_before_the_counts {
            bench.count(key, 2);
        }
        bench.pass(4 * SECOND);
        assert_eq!(bench.counts(), [key]);
        bench.count(key, 2);
        assert_eq!(bench.events(), [], "node 2 is missing");
        assert_eq!(bench.answer(key, 2, Answer::Sockets(Vec::new())), [complete(key)]);
    }
}

#[test]
fn one_count_is_in_progress_at_a_time() {
    let mut bench = Bench::new();
    bench.meet(1..=9);
    let key = bench.asked(sockets(), 10);
    (1..=9).for_each(|peer| bench.hear(peer, Presence::Goodbye));
    assert_eq!(bench.counts(), [key]);
    bench.count(key, 9);
    assert_eq!(bench.counts(), [key], "others have left meanwhile");
    bench.count(key, 2);
    assert_eq!(bench.counts(), []);
    assert_eq!(bench.answer(key, 10, Answer::Sockets(Vec::new())).last(), Some(&complete(key)));
}

#[test]
fn a_node_answers_once() {
    let mut bench = Bench::new();
    let key = bench.asked(Question::Rooms, 4);
    let rooms = || Answer::Rooms(vec!["a".to_owned()]);
    assert_eq!(bench.answer(key, 1, rooms()), []);
    bench.ignores(key, 1, rooms());
    bench.ignores(key, 0, rooms());
    assert_eq!(bench.answer(key, None, rooms()), []);
    assert_eq!(bench.answer(key, None, rooms()), [complete(key)], "answers without a name all count");
}

#[test]
fn an_answer_fits_its_question() {
    let answers = [
        Answer::Clients(0),
        Answer::Ack(event()),
        Answer::Unanswered(NoAck::NoHandler),
        Answer::Sockets(Vec::new()),
        Answer::ServerEvent(event()),
        Answer::SocketIds(Vec::new()),
        Answer::Rooms(Vec::new()),
    ];
    let questions: [(Question, &[usize]); 5] = [
        (broadcast(false), &[0, 1, 2]),
        (sockets(), &[3]),
        (Question::ServerEvent { event: event() }, &[2, 4]),
        (Question::SocketIds { rooms: Vec::new() }, &[5]),
        (Question::Rooms, &[6]),
    ];
    for (question, fitting) in questions {
        for (at, answer) in answers.iter().enumerate() {
            let mut bench = Bench::new();
            let key = bench.asked(question.clone(), 3);
            if fitting.contains(&at) {
                assert_eq!(bench.answer(key, 1, answer.clone()), []);
            } else {
                bench.ignores(key, 1, answer.clone());
            }
        }
    }
}

#[test]
fn a_broadcast_waits_for_its_acks() {
    let mut bench = Bench::new();
    let key = bench.asked(broadcast(false), 3);
    let ack = || Answer::Ack(event());
    assert_eq!(bench.answer(key, 1, Answer::Clients(2)), []);
    bench.ignores(key, 1, Answer::Clients(0));
    assert_eq!(bench.answer(key, 2, Answer::Clients(1)), []);
    assert_eq!(bench.answer(key, 1, ack()), []);
    assert_eq!(bench.answer(key, 2, ack()), []);
    assert_eq!(bench.answer(key, 1, Answer::Unanswered(NoAck::TimedOut)), [complete(key)]);
}

/// Other nodes may publish both on different connections.
#[test]
fn acks_may_come_before_their_number() {
    let mut bench = Bench::new();
    let key = bench.asked(broadcast(false), 3);
    for from in [Some(1), None, Some(1)] {
        assert_eq!(bench.answer(key, from, Answer::Ack(event())), []);
    }
    assert_eq!(bench.answer(key, 1, Answer::Clients(2)), []);
    assert_eq!(bench.answer(key, None, Answer::Clients(1)), [complete(key)]);
}

#[test]
fn a_broadcast_to_no_sockets_is_complete() {
    let mut bench = Bench::new();
    let key = bench.asked(broadcast(false), 3);
    bench.answer(key, 1, Answer::Clients(0));
    assert_eq!(bench.answer(key, 2, Answer::Clients(0)), [complete(key)]);
}

#[test]
fn a_single_socket_answers_alone() {
    let mut bench = Bench::new();
    let key = bench.asked(broadcast(true), 9);
    assert_eq!(bench.answer(key, 3, Answer::Ack(event())), [complete(key)]);

    let key = bench.asked(broadcast(true), 3);
    bench.answer(key, 1, Answer::Clients(1));
    bench.answer(key, 1, Answer::Unanswered(NoAck::Disconnected));
    assert_eq!(bench.answer(key, 2, Answer::Clients(0)), [complete(key)], "it will not answer");
}

#[test]
fn missing_acks_are_not_missing_nodes() {
    let mut bench = Bench::new();
    bench.meet([1, 2, 3]);
    let key = bench.asked(broadcast(false), 3);
    bench.answer(key, 1, Answer::Clients(2));
    bench.answer(key, 2, Answer::Clients(1));
    bench.answer(key, 1, Answer::Ack(event()));
    bench.answer(key, 2, Answer::Ack(event()));
    bench.pass(DEADLINE);
    assert_eq!(bench.events(), [incomplete(key, 0, &[1])]);
}

#[test]
fn few_of_the_missing_are_named() {
    let mut bench = Bench::new();
    bench.meet(1..=1000);
    let key = bench.asked(sockets(), 1001);
    bench.pass(DEADLINE);
    let Some(NodeEvent::Finished { how: Finished::Incomplete { missing, names }, .. }) = bench.node.poll()
    else {
        panic!("{key:?} has not ended")
    };
    assert_eq!((missing, names.len()), (Some(1000), 64));
}

#[test]
fn answers_have_a_total_size() {
    let mut bench = Bench::with(NodeConfig { max_answers: 300, ..NodeConfig::default() });
    let key = bench.asked(sockets(), 9);
    let answer = || Answer::Sockets(vec![facts(4)]); // 4, and 64 for a snapshot, and 32 for an answer.
    for peer in 1..=3 {
        assert_eq!(bench.answer(key, peer, answer()), []);
    }
    assert_eq!(bench.node.answer_bytes(), 300);
    let too_large = NodeEvent::Finished { key, how: Finished::TooLarge };
    assert_eq!(bench.answer(key, 4, Answer::Sockets(Vec::new())), [too_large]);
    assert_eq!(bench.node.pending(), 0);
}

#[test]
fn a_list_that_is_too_long_for_its_node_ends_the_question() {
    let mut bench = Bench::new();
    let key = bench.asked(sockets(), 3);
    assert_eq!(bench.answer(key, 1, Answer::Sockets(Vec::new())), []);
    let too_large = NodeEvent::Finished { key, how: Finished::TooLarge };
    assert_eq!(bench.answer(key, 2, Answer::Unanswered(NoAck::TooLarge)), [too_large]);
}

#[test]
fn a_question_that_cannot_be_published_ends_at_once() {
    let mut bench = Bench::new();
    let key = bench.asked(sockets(), 3);
    for events in [vec![NodeEvent::Finished { key, how: Finished::Refused }], Vec::new()] {
        bench.node.refuse(key);
        assert_eq!((bench.events(), bench.node.pending()), (events, 0));
    }
}

/// One node must not make this one prepare for four billion acks.
#[test]
fn announced_acks_have_a_size() {
    let mut bench = Bench::with(NodeConfig { max_answers: 320, ..NodeConfig::default() });
    let key = bench.asked(broadcast(false), 9);
    assert_eq!(bench.answer(key, 1, Answer::Clients(4)), []);
    let too_large = NodeEvent::Finished { key, how: Finished::TooLarge };
    assert_eq!(bench.answer(key, 2, Answer::Clients(u32::MAX)), [too_large]);
    assert_eq!(bench.node.pending(), 0);
}

#[test]
fn the_end_of_the_connection_ends_all_questions() {
    type End = fn(&mut Bench);
    let ends: [End; 2] = [|bench| bench.node.handle_down(bench.now), |bench| bench.node.leave(bench.now)];
    for end in ends {
        let mut bench = Bench::new();
        bench.meet([1]);
        let keys = [bench.ask(sockets()), bench.ask(broadcast(false))];
        end(&mut bench);
        let late = bench.ask(sockets());
        let mut events = bench.events();
        events.sort_by_key(|event| match event {
            NodeEvent::Finished { key, .. } => keys.iter().position(|other| other == key),
            _ => panic!("{event:?}"),
        });
        assert_eq!(events, [unreachable(late), unreachable(keys[0]), unreachable(keys[1])]);
        assert_eq!((bench.node.pending(), bench.node.poll_timeout()), (0, None));
    }
}

#[test]
fn a_cancelled_question_is_not_heard_of_again() {
    let mut bench = Bench::new();
    let [cancelled, other] = [bench.ask(sockets()), bench.ask(sockets())];
    bench.sent();
    bench.node.handle_answer(None, &cancelled.id(), Answer::Sockets(Vec::new()), bench.now);
    bench.node.cancel(cancelled);
    bench.node.cancel(cancelled);
    assert_eq!(bench.node.pending(), 1);
    bench.ignores(cancelled, 1, Answer::Sockets(Vec::new()));
    bench.count(cancelled, 1);
    bench.pass(DEADLINE);
    assert_eq!(bench.events(), [incomplete(other, None, &[])]);
}

#[test]
fn the_number_of_questions_is_bounded() {
    let mut bench = Bench::new();
    for _ in 0..MAX_QUESTIONS {
        bench.ask(sockets());
    }
    assert_eq!(bench.events(), []);
    let key = bench.ask(sockets());
    assert_eq!(bench.events(), [NodeEvent::Finished { key, how: Finished::Refused }]);
    assert_eq!(bench.node.pending(), MAX_QUESTIONS);
    bench.pass(DEADLINE);
    assert_eq!((bench.events().len(), bench.node.pending()), (MAX_QUESTIONS, 0));
}

#[test]
fn a_deadline_in_the_past_ends_a_question() {
    let mut bench = Bench::new();
    let key = bench.node.ask("/", sockets(), bench.now, bench.now);
    assert_eq!(bench.node.poll_timeout(), Some(bench.now));
    bench.node.handle_timeout(bench.now);
    assert_eq!(bench.events(), [incomplete(key, None, &[])]);
}

/// A foreign request id has another form, or is that of another node.
#[test]
fn foreign_requests_are_ignored() {
    let mut bench = Bench::new();
    let key = bench.asked(sockets(), 3);
    for foreign in ["QT75gt", "0000000000000001", "zzzzzzzzzzzzzzzz"] {
        let request = RequestId::parse(foreign).unwrap();
        bench.node.handle_answer(Some(&id(1)), &request, Answer::Sockets(Vec::new()), bench.now);
    }
    assert_eq!((bench.events(), bench.node.pending()), (vec![], 1));
    assert_eq!(bench.answer(key, 1, Answer::Sockets(Vec::new())), []);
}
