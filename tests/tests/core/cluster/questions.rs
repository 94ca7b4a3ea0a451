//! Questions to a cluster whose nodes die, or whose bus counts wrongly.

use socketio_tests::sim::cluster::Counting;

use super::*;

#[test]
fn everybody_answers_over_a_slow_bus() {
    for delay in [0, 10, 400] {
        let (mut cluster, keys) = cluster(5, delay);
        cluster.assert_whole(keys[0], 0, &everyone());
        cluster.settle();
        cluster.close();
    }
}

#[test]
fn a_node_alone_has_its_answer_at_once() {
    let (mut cluster, keys) = cluster(1, 0);
    fetch(&mut cluster, keys[0]);
    cluster.run(MILLISECOND);
    assert_eq!(ended(&mut cluster), [(Finished::Complete, 0)]);
}

/// The count at half of the time does not include it.
#[test]
fn a_node_that_dies_is_waited_for_until_half_of_the_time() {
    let (mut cluster, keys) = cluster(3, 10);
    cluster.stop(keys[2]);
    fetch(&mut cluster, keys[0]);
    cluster.run(SECOND);
    cluster.kill(keys[2], false);
    cluster.run(2 * SECOND);
    assert_eq!(ended(&mut cluster), []);
    cluster.run(SECOND + 20 * MILLISECOND);
    assert_eq!(ended(&mut cluster), [(Finished::Complete, 3)]);
}

#[test]
fn a_node_that_leaves_is_not_waited_for() {
    let (mut cluster, keys) = cluster(3, 10);
    cluster.stop(keys[2]);
    fetch(&mut cluster, keys[0]);
    cluster.run(SECOND);
    // It goes on after it has decided to leave, and does not answer any more.
    cluster.discard_inbox(keys[2]);
    cluster.resume(keys[2]);
    cluster.leave(keys[2]);
    cluster.run(50 * MILLISECOND);
    assert_eq!(ended(&mut cluster), [(Finished::Complete, 3)]);
}

/// A peer that has said goodbye is known not to be in later counts, unlike one that has died.
#[test]
fn a_node_that_leaves_after_its_answer_does_not_count_for_another() {
    for dies in [false, true] {
        let (mut cluster, keys) = cluster(4, 10);
        let silent = process(&cluster, keys[3]).id.clone();
        cluster.stop(keys[3]);
        fetch(&mut cluster, keys[0]);
        cluster.run(SECOND);
        if dies {
            cluster.kill(keys[2], false);
        } else {
            cluster.leave(keys[2]);
        }
        cluster.run(TIMEOUT - SECOND);
        let incomplete = Finished::Incomplete { missing: Some(1), names: vec![silent] };
        assert_eq!(ended(&mut cluster), [(if dies { Finished::Complete } else { incomplete }, 6)]);
    }
}

/// The second one leaves while the nodes are being counted because of the first one.
#[test]
fn nodes_that_leave_together_are_not_waited_for() {
    for seed in 0..20 {
        let (mut cluster, keys) = cluster(4, 200 + seed);
        keys[2..].iter().for_each(|key| cluster.stop(*key));
        fetch(&mut cluster, keys[0]);
        cluster.run(SECOND);
        for key in &keys[2..] {
            cluster.discard_inbox(*key);
            cluster.resume(*key);
            cluster.leave(*key);
            cluster.run(100 * MILLISECOND);
        }
        cluster.run(2 * SECOND);
        assert_eq!(ended(&mut cluster), [(Finished::Complete, 3)]);
    }
}

#[test]
fn a_single_socket_does_not_wait_for_other_nodes() {
    let (mut cluster, keys) = cluster(3, 10);
    cluster.stop(keys[2]);
    for _ in 0..20 {
        let to = cluster.socket_of(keys[1], 0);
        cluster.ask(keys[0], 0, Inquiry::Single, &to, 60 * SECOND).expect("a node that can ask");
        cluster.run(SECOND);
    }
    let ended = ended(&mut cluster);
    // Without an ack, the stopped node might still have the socket.
    assert!(ended.len() > 10 && ended.iter().all(|(how, _)| *how == Finished::Complete), "{ended:?}");
    assert_eq!(cluster.ledger().pending(keys[0]).count(), 20 - ended.len());
}

/// The broker counts a host that is gone until its connection times out.
#[test]
fn a_ghost_is_missing() {
    let (mut cluster, keys) = cluster(4, 10);
    let ghost = cluster.processes().last().expect("four processes").id.clone();
    cluster.kill(keys[3], true);
    fetch(&mut cluster, keys[0]);
    cluster.run(TIMEOUT);
    let how = Finished::Incomplete { missing: Some(1), names: vec![ghost] };
    assert_eq!(ended(&mut cluster), [(how, 6)], "the others have answered");
    cluster.run(60 * SECOND);
    fetch(&mut cluster, keys[0]);
    cluster.run(SECOND);
    assert_eq!(ended(&mut cluster), [(Finished::Complete, 6)]);
}

/// Subscribers that are not nodes are in one of the two counts.
#[test]
fn monitors_hold_up_nothing() {
    for (subscribers, receivers) in [(0, 3), (3, 0)] {
        let (mut cluster, keys) = cluster(3, 10);
        cluster.set_counting(Counting { subscribers, receivers, fails: 0 });
        fetch(&mut cluster, keys[0]);
        cluster.run(SECOND);
        assert_eq!(ended(&mut cluster), [(Finished::Complete, 6)]);
    }
}

#[test]
fn a_count_that_is_too_low_completes_early() {
    let (mut cluster, keys) = cluster(4, 10);
    cluster.set_counting(Counting { subscribers: -1, ..Counting::default() });
    fetch(&mut cluster, keys[0]);
    cluster.run(SECOND);
    assert_eq!(ended(&mut cluster), [(Finished::Complete, 6)], "two of three have answered");
}

#[test]
fn without_counts_the_answers_are_still_reported() {
    let (mut cluster, keys) = cluster(4, 10);
    cluster.set_counting(Counting { fails: 100, ..Counting::default() });
    fetch(&mut cluster, keys[0]);
    cluster.run(TIMEOUT - MILLISECOND);
    assert_eq!(ended(&mut cluster), []);
    cluster.run(MILLISECOND);
    let how = Finished::Incomplete { missing: None, names: vec![] };
    assert_eq!(ended(&mut cluster), [(how, 9)]);
}

#[test]
fn a_question_during_an_outage_ends_at_once() {
    let (mut cluster, keys) = cluster(3, 10);
    fetch(&mut cluster, keys[0]);
    cluster.cut(keys[0]);
    cluster.run(MILLISECOND);
    assert_eq!(ended(&mut cluster), [(Finished::Unreachable, 0)]);
    fetch(&mut cluster, keys[0]);
    assert_eq!(ended(&mut cluster), [(Finished::Unreachable, 0)]);
    cluster.heal();
    fetch(&mut cluster, keys[0]);
    cluster.run(SECOND);
    assert_eq!(ended(&mut cluster), [(Finished::Complete, 6)]);
}
