//! Peers of a cluster whose connections fail, and whose processes stop.

use socketio_tests::sim::cluster::Hearing;

use super::*;

#[test]
fn an_outage_of_the_bus_makes_nobody_leave() {
    for outage in [SECOND, 9 * SECOND, 60 * SECOND, 3600 * SECOND] {
        let (mut cluster, keys) = cluster(5, 50);
        cluster.run(4 * SECOND);
        cluster.take_down(outage);
        cluster.run(outage + 30 * SECOND);
        cluster.assert_peers();
        keys.iter().for_each(|key| assert_eq!(departures(&cluster, *key), 0));
    }
}

/// It is gone for the others when they have been connected for long enough to know.
#[test]
fn a_node_that_dies_during_an_outage_is_gone_after_it() {
    let (mut cluster, keys) = cluster(3, 10);
    cluster.take_down(60 * SECOND);
    cluster.kill(keys[2], false);
    cluster.run(62 * SECOND);
    assert_eq!((peers(&cluster, keys[0]), peers(&cluster, keys[1])), (2, 2));
    cluster.run(12 * SECOND);
    cluster.assert_peers();
}

/// It receives nothing for 8 s, which is shorter than the silence that ends a peer, and connects again.
#[test]
fn a_deaf_node_connects_again() {
    for hearing in [Hearing::Deaf, Hearing::Dropped] {
        let (mut cluster, keys) = cluster(3, 10);
        cluster.run(4 * SECOND);
        cluster.deafen(keys[0], hearing);
        let missed = cluster.broadcast(keys[1], 0, &everyone()).expect("a number");
        cluster.run(SECOND);
        assert_eq!(cluster.ledger().deliveries(missed), 6, "to all but its own three sockets");
        cluster.run(10 * SECOND);
        let heard = cluster.broadcast(keys[1], 0, &everyone()).expect("a number");
        cluster.run(SECOND);
        assert_eq!(cluster.ledger().deliveries(heard), 9);
        cluster.heal();
    }
}

/// The others take it for gone; it does not take them for gone.
#[test]
fn a_stopped_process_keeps_its_peers() {
    for seed in 0..20 {
        let (mut cluster, keys) = cluster(3, seed);
        cluster.stop(keys[0]);
        let late = cluster.broadcast(keys[1], 0, &everyone()).expect("a number");
        cluster.run(30 * SECOND);
        assert_eq!((peers(&cluster, keys[0]), peers(&cluster, keys[1])), (2, 1));
        assert_eq!(cluster.ledger().deliveries(late), 6);
        cluster.resume(keys[0]);
        assert_eq!(cluster.ledger().deliveries(late), 9, "late, and once");
        cluster.run(20 * SECOND);
        cluster.assert_peers();
        assert_eq!((departures(&cluster, keys[0]), departures(&cluster, keys[1])), (0, 1));
    }
}

#[test]
fn a_killed_process_is_gone_after_its_silence() {
    let (mut cluster, keys) = cluster(3, 10);
    cluster.kill(keys[0], false);
    cluster.run(4 * SECOND);
    assert_eq!(peers(&cluster, keys[1]), 2);
    cluster.run(6 * SECOND);
    assert_eq!((peers(&cluster, keys[1]), peers(&cluster, keys[2])), (1, 1));
}

#[test]
fn a_hundred_nodes_know_each_other() {
    let (mut cluster, keys) = cluster(100, 300);
    cluster.assert_whole(keys[7], 0, &everyone());
    keys.iter().take(50).for_each(|key| cluster.leave(*key));
    cluster.run(SECOND);
    cluster.assert_peers();
    cluster.settle();
    cluster.close();
}

/// What one process sends arrives in order: sockets join a room, get an event, and leave it.
#[test]
fn who_joins_first_is_reached() {
    for seed in 0..50 {
        let (mut cluster, keys) = cluster(4, 100);
        let rooms = Destination { rooms: vec!["a".to_owned()], except: Vec::new() };
        let from = keys[seed % 4];
        let numbers: Vec<_> = (0..20).filter_map(|_| cluster.gather(from, 0, &rooms)).collect();
        cluster.run(SECOND);
        numbers.iter().for_each(|number| assert_eq!(cluster.ledger().deliveries(*number), 4));
        cluster.settle();
    }
}
