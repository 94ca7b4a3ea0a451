//! The work of large clusters, in messages and bytes. It is the same on every machine. The table of the largest is printed
//! by `cargo test -p socketio-tests --test core thousand_nodes -- --ignored --nocapture`.

use std::fmt::Write;

use socketio_core::packet::RawJson;
use socketio_tests::sim::cluster::{Sockets, Totals};

use super::*;

/// The interval of signs of life.
const INTERVAL: Duration = Duration::from_secs(5);

/// The size of the handshake of a socket in bytes: that of a browser has a dozen headers.
const HANDSHAKE: usize = 600;

/// The sockets of a process that are in the room of each of its groups.
const IN_ROOM: u32 = 10;

/// A large cluster. The first `k` nodes have ten sockets each in the room `on k`, for each `k` of [`Scale::rooms`]; the
/// other sockets are in no room but their own.
struct Scale {
    cluster: Cluster,
    keys: Vec<ProcessKey>,
    nodes: usize,
    sockets: u32,
    /// The loads, with the work for each.
    rows: Vec<(String, Totals)>,
}

impl Scale {
    fn rooms(nodes: usize) -> impl Iterator<Item = usize> {
        [1, 10, 100, 1000].into_iter().filter(move |k| *k <= nodes)
    }

    /// Starts the nodes one by one within an interval.
    fn start(nodes: usize, sockets: u32) -> Self {
        let mut cluster = Cluster::unchecked(nodes as u64, 20);
        let handshake = format!("\"{}\"", "h".repeat(HANDSHAKE - 2));
        cluster.set_handshake(RawJson::parse(handshake).expect("a string"));
        let mut scale = Self { cluster, keys: Vec::new(), nodes, sockets, rows: Vec::new() };
        for _ in 0..nodes {
            let key = scale.start_node();
            scale.keys.push(key);
            scale.cluster.run(INTERVAL / nodes as u32);
        }
        scale.record("all nodes start, within 5 s");
        scale.cluster.run(INTERVAL);
        scale.cluster.assert_peers();
        scale.cluster.take_totals();
        scale
    }

    fn start_node(&mut self) -> ProcessKey {
        let (nodes, count) = (self.nodes, self.sockets);
        let room = |process: ProcessKey, socket: u32| {
            let group = Self::rooms(nodes).nth((socket / IN_ROOM) as usize)?;
            ((process as usize) < group).then(|| format!("on {group}"))
        };
        self.cluster.start_with_sockets(|key| Sockets::of_rooms(key, 0, count, |socket| room(key, socket)))
    }

    fn record(&mut self, load: impl Into<String>) -> &Totals {
        let totals = self.cluster.take_totals();
        self.rows.push((load.into(), totals));
        &self.rows.last().expect("just pushed").1
    }

    /// Lets one node do something, without the signs of life meanwhile.
    fn measure(&mut self, load: impl Into<String>, act: impl FnOnce(&mut Cluster, ProcessKey)) -> &Totals {
        self.cluster.take_totals();
        act(&mut self.cluster, self.keys[self.nodes / 2]);
        self.cluster.run(SECOND);
        let totals = self.cluster.take_totals().without_presence();
        self.rows.push((load.into(), totals));
        &self.rows.last().expect("just pushed").1
    }

    /// Performs all loads, and checks the numbers that follow from the design.
    fn run(&mut self) {
        let (nodes, sockets) = (self.nodes as u64, u64::from(self.sockets));
        self.cluster.run(INTERVAL);
        let idle = self.record("nothing happens, for 5 s");
        assert_eq!((idle.sum().published, idle.sum().copies), (nodes, nodes * nodes));

        let all = self.measure("broadcast to all", |cluster, from| {
            cluster.broadcast(from, 0, &everyone());
        });
        assert_eq!((all.sum().published, all.sum().copies), (1, nodes));
        assert_eq!((all.deliveries, all.idle), (nodes * sockets, 0));
        for k in Self::rooms(self.nodes) {
            let to = room(&format!("on {k}"));
            let some = self.measure(format!("broadcast to a room on {k} nodes"), |cluster, from| {
                cluster.broadcast(from, 0, &to);
            });
            assert_eq!((some.sum().published, some.sum().copies), (1, nodes));
            assert_eq!((some.deliveries, some.idle), (k as u64 * u64::from(IN_ROOM), nodes - k as u64));
        }
        for k in Self::rooms(self.nodes) {
            let to = room(&format!("on {k}"));
            let fetch = self.measure(format!("fetch the sockets of a room on {k} nodes"), |cluster, from| {
                cluster.ask(from, 0, Inquiry::Sockets, &to, TIMEOUT);
            });
            assert_eq!((fetch.of("question").copies, fetch.of("answer").copies), (nodes, nodes - 1));
            assert_eq!((fetch.complete, fetch.incomplete), (1, 0));
        }
        for k in Self::rooms(self.nodes) {
            let to = room(&format!("on {k}"));
            let own = usize::from(self.nodes / 2 < k);
            let acks = self.measure(format!("event with acks to a room on {k} nodes"), |cluster, from| {
                cluster.ask(from, 0, Inquiry::Broadcast, &to, TIMEOUT);
            });
            let asked = (k - own) as u64 * u64::from(IN_ROOM);
            assert_eq!(acks.of("answer").copies, nodes - 1 + asked);
            assert_eq!((acks.complete, acks.incomplete), (1, 0));
        }
        let event = self.measure("server event with answers", |cluster, from| {
            cluster.ask(from, 0, Inquiry::ServerEvent, &everyone(), TIMEOUT);
        });
        assert_eq!((event.of("answer").copies, event.complete), (nodes - 1, 1));

        self.restart_bus();
        self.replace_nodes();
        self.cluster.assert_peers();
        assert_eq!(self.cluster.broker().links(), self.nodes);
    }

    /// Cuts all connections at once. Drivers connect again within 2 s.
    fn restart_bus(&mut self) {
        self.cluster.take_totals();
        for key in self.keys.clone() {
            self.cluster.cut(key);
        }
        self.cluster.run(2 * SECOND + 50 * MILLISECOND);
        let nodes = self.nodes as u64;
        let back = self.record("the bus restarts: all connect again within 2 s");
        assert_eq!(back.of("hello").published, nodes);
        assert!(back.of("alive to one").published <= nodes * nodes);
        self.cluster.run(INTERVAL);
    }

    /// Replaces a tenth of the nodes, one after the other, as a deploy does.
    fn replace_nodes(&mut self) {
        let replaced = self.nodes / 10;
        self.cluster.take_totals();
        for at in 0..replaced {
            self.cluster.leave(self.keys[at]);
            self.cluster.run(50 * MILLISECOND);
            self.keys[at] = self.start_node();
            self.cluster.run(50 * MILLISECOND);
        }
        let deploy = self.record(format!("{replaced} nodes are replaced, one by one in {replaced}00 ms"));
        assert_eq!(deploy.of("goodbye").published, replaced as u64);
        assert_eq!(deploy.of("alive to one").published, replaced as u64 * (self.nodes as u64 - 1));
        self.cluster.run(INTERVAL);
    }

    fn table(&self) -> String {
        let mut table = format!(
            "{} nodes, {} sockets each\n\n| load | published | bytes | copies | bytes of copies | without a socket | \
             deliveries |\n|---|--:|--:|--:|--:|--:|--:|\n",
            self.nodes, self.sockets
        );
        for (load, totals) in &self.rows {
            let work = totals.sum();
            let numbers = [
                work.published,
                work.published_bytes,
                work.copies,
                work.copied_bytes,
                totals.idle,
                totals.deliveries,
            ];
            let numbers = numbers.map(grouped).join(" | ");
            writeln!(table, "| {load} | {numbers} |").expect("a string");
        }
        let of_node = |process: &Process| {
            let node = process.node.as_ref().expect("a node");
            (node.peers().count(), node.pending())
        };
        let most = self.cluster.processes().map(of_node).max();
        writeln!(table, "\nEntries per node: {:?} peers and questions.", most.unwrap_or_default())
            .expect("a string");
        table
    }
}

fn room(name: &str) -> Destination {
    Destination { rooms: vec![name.to_owned()], except: Vec::new() }
}

/// Writes a number with commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(|group| String::from_utf8_lossy(group)).collect();
    groups.join(",")
}

#[test]
fn the_work_follows_from_the_numbers_of_nodes_and_sockets() {
    for nodes in [10, 100] {
        let mut scale = Scale::start(nodes, 50);
        scale.run();
        println!("{}", scale.table());
    }
}

/// Prints the figures for ten million sockets. Takes minutes and 2 GB of memory.
#[test]
#[ignore = "large"]
fn the_work_of_a_thousand_nodes() {
    for (nodes, sockets) in [(10, 10_000), (100, 10_000), (1000, 10_000)] {
        let mut scale = Scale::start(nodes, sockets);
        scale.run();
        println!("{}", scale.table());
    }
}
