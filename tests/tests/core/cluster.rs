//! Clusters of nodes on a bus that loses messages, in virtual time.

use std::collections::BTreeSet;
use std::time::Duration;

use socketio_core::cluster::{Channels, Classic, Finished, Wire};
use socketio_tests::sim::cluster::{Cluster, NodeIndex};

const SECOND: Duration = Duration::from_secs(1);

fn wires() -> [Wire; 2] {
    [Wire::Classic(Classic::new("socket.io")), Wire::Channels(Channels::new("socket.io"))]
}

fn rooms(names: &[usize]) -> Vec<String> {
    names.iter().map(|name| format!("room {name}")).collect()
}

/// Returns members in random rooms.
fn members(cluster: &mut Cluster, count: usize) -> Vec<BTreeSet<String>> {
    (0..count)
        .map(|_| {
            let joined = cluster.random(3);
            (0..joined).map(|_| format!("room {}", cluster.random(6))).collect()
        })
        .collect()
}

fn join(cluster: &mut Cluster) -> NodeIndex {
    let members = members(cluster, 4);
    cluster.join(members)
}

fn any(cluster: &mut Cluster) -> NodeIndex {
    let nodes = cluster.nodes();
    nodes[cluster.random(nodes.len())]
}

/// Does something random that goes wrong, or not.
fn operate(cluster: &mut Cluster) {
    let node = any(cluster);
    match cluster.random(20) {
        0 => cluster.cut(node),
        1 => cluster.deafen(node),
        2 => cluster.set_stopped(node, true),
        3..=5 => cluster.set_stopped(node, false),
        6 if cluster.nodes().len() > 2 => {
            let goodbye = cluster.random(2) == 0;
            cluster.leave(node, goodbye);
        }
        7 if cluster.nodes().len() < 8 => _ = join(cluster),
        8 => {
            let ghosts = cluster.random(3);
            cluster.set_ghosts(ghosts);
        }
        9..=11 => {
            let room = cluster.random(6);
            cluster.fetch(node, &rooms(&[room]));
        }
        _ => {
            let (one, other, except) = (cluster.random(6), cluster.random(6), cluster.random(6));
            let to = match cluster.random(3) {
                0 => Vec::new(),
                1 => rooms(&[one]),
                _ => rooms(&[one, other]),
            };
            let except = if cluster.random(2) == 0 { rooms(&[except]) } else { Vec::new() };
            cluster.broadcast(node, &to, &except);
        }
    }
}

/// Ends all faults and waits until they are noticed and mended.
fn heal(cluster: &mut Cluster) {
    cluster.set_ghosts(0);
    for node in cluster.nodes() {
        cluster.set_stopped(node, false);
    }
    // A deaf node notices after 8 s, connects after 2 s, and is known to all after a heartbeat; a dead one is forgotten
    // 10 s after its last sign of life.
    cluster.run(26 * SECOND);
    for node in cluster.nodes() {
        cluster.take_finished(node);
    }
}

/// While the bus is whole, every member of a selection gets a broadcast once, and questions find everybody.
fn assert_whole(cluster: &mut Cluster) {
    cluster.assert_settled();
    for _ in 0..5 {
        let (node, one, other) = (any(cluster), cluster.random(6), cluster.random(6));
        for (to, except) in
            [(rooms(&[]), rooms(&[other])), (rooms(&[one]), rooms(&[])), (rooms(&[one, other]), rooms(&[]))]
        {
            let broadcast = cluster.broadcast(node, &to, &except);
            cluster.run(SECOND);
            cluster.assert_received(broadcast, &to, &except);
        }
        let expected = cluster.others_in(node, &format!("room {one}"));
        cluster.fetch(node, &rooms(&[one]));
        cluster.run(SECOND);
        assert_eq!(cluster.take_finished(node), [(Finished::Complete, expected)]);
    }
}

/// No member gets a broadcast twice, every question ends once, and whatever has happened, the cluster heals.
#[test]
fn a_cluster_survives_its_faults() {
    for (seed, wire) in (0..20).flat_map(|seed| wires().map(|wire| (seed, wire))) {
        let mut cluster = Cluster::new(seed, wire, Duration::from_millis(200));
        for _ in 0..4 {
            join(&mut cluster);
        }
        for _ in 0..3 {
            for _ in 0..100 {
                operate(&mut cluster);
                let time = cluster.random(1000);
                cluster.run(Duration::from_millis(time as u64));
            }
            heal(&mut cluster);
            assert_whole(&mut cluster);
            cluster.clear_ledger();
        }
        for node in cluster.nodes() {
            cluster.leave(node, true);
        }
        assert_eq!(cluster.subscriptions(), 0);
    }
}

/// A week of nodes that come and go leaves nothing.
#[test]
fn a_week_of_deploys_leaves_nothing() {
    let mut cluster = Cluster::new(1, wires()[0].clone(), Duration::from_millis(50));
    for _ in 0..3 {
        join(&mut cluster);
    }
    for _ in 0..7 * 24 * 4 {
        let new = join(&mut cluster);
        let old = cluster.nodes()[0];
        cluster.fetch(new, &rooms(&[1]));
        let goodbye = cluster.random(3) > 0;
        cluster.leave(old, goodbye);
        let node = any(&mut cluster);
        cluster.broadcast(node, &[], &[]);
        cluster.run(15 * 60 * SECOND);
        cluster.assert_settled();
        cluster.clear_ledger();
    }
    assert_eq!(cluster.nodes().len(), 3);
    assert_eq!(cluster.subscriptions(), 3 * 4, "a pattern and three channels each");
    for node in cluster.nodes() {
        cluster.leave(node, true);
    }
    assert_eq!(cluster.subscriptions(), 0);
}

/// A dead node does not hold up a question for its whole time: the others are counted again.
#[test]
fn a_dead_node_is_not_waited_for() {
    for wire in wires() {
        let mut cluster = Cluster::new(1, wire, Duration::from_millis(10));
        let nodes: Vec<_> = (0..3).map(|_| join(&mut cluster)).collect();
        cluster.run(SECOND);
        let expected = cluster.others_in(nodes[0], "room 1");
        cluster.set_stopped(nodes[2], true);
        cluster.fetch(nodes[0], &rooms(&[1]));
        cluster.run(SECOND);
        assert_eq!(cluster.take_finished(nodes[0]), []);
        let missing = expected - cluster.others_in(nodes[0], "room 1") + {
            let before = cluster.others_in(nodes[0], "room 1");
            cluster.leave(nodes[2], false);
            before - cluster.others_in(nodes[0], "room 1")
        };
        cluster.run(2 * SECOND);
        assert_eq!(cluster.take_finished(nodes[0]), [(Finished::Complete, expected - missing)]);
    }
}
