//! Nodes of a cluster on a simulated bus that delays, loses and miscounts.

mod faults;
mod lives;
mod questions;
mod scale;

use std::collections::BTreeSet;
use std::time::Duration;

use socketio_core::cluster::{Destination, Finished};
use socketio_tests::sim::cluster::{Cluster, Inquiry, Plan, Process, ProcessKey};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);
const TIMEOUT: Duration = Duration::from_secs(8);

/// Creates a cluster of nodes that know each other, with three sockets each in `/`, one of them in room `a`.
fn cluster(nodes: usize, max_delay: u64) -> (Cluster, Vec<ProcessKey>) {
    let mut cluster = Cluster::new(nodes as u64, max_delay);
    let keys = (0..nodes).map(|_| cluster.start(true, vec![plan()])).collect();
    cluster.run(SECOND);
    cluster.assert_peers();
    (cluster, keys)
}

fn plan() -> Plan {
    vec![BTreeSet::from(["a"]), BTreeSet::new(), BTreeSet::new()]
}

fn everyone() -> Destination {
    Destination::default()
}

fn fetch(cluster: &mut Cluster, from: ProcessKey) {
    cluster.ask(from, 0, Inquiry::Sockets, &everyone(), TIMEOUT).expect("a node that can ask");
}

/// Returns the ends of questions since the last call, with the number of sockets or rooms that were reported.
fn ended(cluster: &mut Cluster) -> Vec<(Finished, usize)> {
    let ended = cluster.ledger().take_ended().into_iter();
    ended.map(|(asked, how)| (how, asked.names.len())).collect()
}

fn process(cluster: &Cluster, key: ProcessKey) -> &Process {
    cluster.processes().find(|process| process.key == key).expect("a living process")
}

/// Returns the number of peers of a node by its events.
fn peers(cluster: &Cluster, key: ProcessKey) -> usize {
    process(cluster, key).peers.len()
}

/// Returns the number of peers that have left by the events of a node.
fn departures(cluster: &Cluster, key: ProcessKey) -> u64 {
    process(cluster, key).departures
}
