use std::time::Duration;

/// A measurement, by name.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    /// The name on command lines and in records.
    pub name: &'static str,
    /// The title in tables.
    pub title: &'static str,
    pub kind: Kind,
    /// The duration of the measurement, after warming up.
    pub length: Duration,
    /// The number of the server's worker threads. With two, the server and the load generator share both cores.
    pub workers: usize,
    /// The number of servers that have joined a cluster over Redis; `None` if there is one, which has not.
    pub cluster: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Every connection keeps this many requests outstanding. Operations are replies.
    Exchange(Exchange),
    /// Echoes are sent at a fixed rate, independent of the replies: latency below saturation.
    OpenLoop { connections: usize, per_second: u32, size: usize },
    /// One connection keeps broadcasts to all outstanding. Operations are deliveries. `stalled` percent of the peers
    /// read nothing; figures then report their end.
    Broadcast { connections: usize, outstanding: usize, size: usize, stalled: usize },
    /// Every room has its own members, `members` each; the rest of the connections are in no room. Emits go to one room
    /// after another, from the first `senders` connections in turn. Operations are deliveries.
    Rooms { connections: usize, rooms: usize, members: usize, senders: usize },
    /// Connections join and leave rooms, `rooms` at a time, each of which has `members` other members. Operations are
    /// joins and leaves.
    Membership { connections: usize, members: usize, rooms: usize },
    /// Connect to `/`, then close; `parallel` at a time. Operations are connects.
    Connect { mode: Mode, parallel: usize },
    /// All connections are cut at once, and connect again at once. Operations are connects.
    Storm { connections: usize },
    /// Echo over long polling, every client with this many requests outstanding.
    Polling(Exchange),
    /// Idle sessions. Figures: memory after connecting, after one message each, after half and all have left, and of a
    /// second wave; the cost of their heartbeats.
    Idle { connections: usize },
    /// One client sends as fast as the server reads, and another echoes 100 times a second beside it. Operations are
    /// the events of the first that the server has handled. Figures: the latency of the second, and the peak memory of
    /// the server.
    Inbound(Inbound),
    /// A message of this size goes each way on every connection. Figure: the memory that stays allocated, over so many
    /// sessions that memory kept once by the allocator does not matter.
    Retained { connections: usize, size: usize },
    /// A client of the first server makes it broadcast `batch` times to a room, again and again. If it is `heard`, a
    /// client of the last server is in the room; otherwise it is empty. Operations are broadcasts. Figures: the CPU time of
    /// each server for one.
    Publish { batch: usize, heard: bool },
    /// A client of the first server sends to a client of the last one, one message at a time. In a cluster, a figure has
    /// the time from a bare PUBLISH to its receipt over the same Redis.
    Relay { size: usize },
    /// The sockets of all servers are fetched, one time after the other. Operations are fetches.
    Fetch { connections: usize },
}

#[derive(Debug, Clone, Copy)]
pub struct Exchange {
    pub event: Event,
    pub connections: usize,
    pub outstanding: usize,
    /// The size of the payload, in bytes.
    pub size: usize,
}

/// The packets sent without a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inbound {
    /// Events without acks over a WebSocket, in masked frames of this size, in bytes.
    Events { frame: usize },
    /// Events over a WebSocket with a payload of this size, in bytes; each is acknowledged with its payload.
    Acks { size: usize },
    /// POST bodies with this many events of 7 bytes each.
    Bodies { events: usize },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Echo,
    Ack,
    Binary,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    WebSocket,
    /// Polling first, then the upgrade, as stock clients do.
    Upgrade,
}

impl Workload {
    /// Returns the workload of that name, or an error message.
    pub fn named(name: &str) -> Result<&'static Self, String> {
        let everything = || ALL.iter().chain(CLUSTER);
        everything().find(|workload| workload.name == name).ok_or_else(|| {
            let names: Vec<_> = everything().map(|workload| workload.name).collect();
            format!("no workload {name:?}; there are {}", names.join(", "))
        })
    }

    /// Returns the workloads of one server, in the order of the tables.
    pub fn all() -> &'static [Self] {
        ALL
    }

    /// Returns the workloads of a cluster, and those of one server that they are compared with.
    pub fn cluster() -> &'static [Self] {
        CLUSTER
    }

    const fn new(name: &'static str, title: &'static str, seconds: u64, kind: Kind) -> Self {
        Self { name, title, kind, length: Duration::from_secs(seconds), workers: 1, cluster: None }
    }

    const fn workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    const fn joined(self, servers: usize) -> Self {
        Self { cluster: Some(servers), ..self }
    }
}

const fn exchange(event: Event, outstanding: usize, size: usize) -> Exchange {
    Exchange { event, connections: 64, outstanding, size }
}

const ALL: &[Workload] = &[
    Workload::new(
        "echo1",
        "echo 64 B, one outstanding each",
        2,
        Kind::Exchange(exchange(Event::Echo, 1, 64)),
    ),
    Workload::new("echo32", "echo 64 B, 32 outstanding", 2, Kind::Exchange(exchange(Event::Echo, 32, 64))),
    Workload::new(
        "echo32_2w",
        "echo 64 B, 32 outstanding, two workers",
        2,
        Kind::Exchange(exchange(Event::Echo, 32, 64)),
    )
    .workers(2),
    Workload::new("echo1k", "echo 1 KiB, 8 outstanding", 3, Kind::Exchange(exchange(Event::Echo, 8, 1024))),
    Workload::new(
        "echo16k",
        "echo 16 KiB, 8 outstanding",
        2,
        Kind::Exchange(exchange(Event::Echo, 8, 16 * 1024)),
    ),
    Workload::new("ack", "ack 64 B, 8 outstanding", 3, Kind::Exchange(exchange(Event::Ack, 8, 64))),
    Workload::new(
        "binary",
        "binary event 1 KiB, 8 outstanding",
        2,
        Kind::Exchange(exchange(Event::Binary, 8, 1024)),
    ),
    Workload::new(
        "open10k",
        "echo 64 B, 10 000 a second on 100 connections",
        2,
        Kind::OpenLoop { connections: 100, per_second: 10_000, size: 64 },
    ),
    Workload::new(
        "bcast1k",
        "broadcast 64 B to 1 000",
        2,
        Kind::Broadcast { connections: 1000, outstanding: 2, size: 64, stalled: 0 },
    ),
    Workload::new(
        "bcast1k_2w",
        "broadcast 64 B to 1 000, two workers",
        2,
        Kind::Broadcast { connections: 1000, outstanding: 2, size: 64, stalled: 0 },
    )
    .workers(2),
    Workload::new(
        "bcast1k_1k",
        "broadcast 1 KiB to 1 000",
        2,
        Kind::Broadcast { connections: 1000, outstanding: 2, size: 1024, stalled: 0 },
    ),
    Workload::new(
        "bcast5k",
        "broadcast 64 B to 5 000",
        3,
        Kind::Broadcast { connections: 5000, outstanding: 2, size: 64, stalled: 0 },
    ),
    Workload::new(
        "stalled",
        "broadcast 1 KiB to 1 000, of which 10 % do not read",
        3,
        Kind::Broadcast { connections: 1000, outstanding: 2, size: 1024, stalled: 10 },
    ),
    Workload::new(
        "rooms",
        "emit 64 B to one of 1 000 rooms of 100",
        2,
        Kind::Rooms { connections: 1000, rooms: 1000, members: 100, senders: 1 },
    ),
    Workload::new(
        "room10",
        "emit 64 B to a room of 10 among 50 000",
        2,
        Kind::Rooms { connections: 50_000, rooms: 1, members: 10, senders: 1 },
    ),
    Workload::new(
        "room10_2w",
        "two of ten members emit 64 B to their room, two workers",
        2,
        Kind::Rooms { connections: 10, rooms: 1, members: 10, senders: 2 },
    )
    .workers(2),
    Workload::new(
        "join1",
        "join and leave a room of 50 000",
        2,
        Kind::Membership { connections: 64, members: 50_000, rooms: 1 },
    ),
    Workload::new(
        "join100",
        "join and leave 100 rooms each",
        2,
        Kind::Membership { connections: 64, members: 64, rooms: 100 },
    ),
    Workload::new(
        "conn_ws",
        "connects over WebSocket",
        2,
        Kind::Connect { mode: Mode::WebSocket, parallel: 32 },
    ),
    Workload::new(
        "conn_full",
        "connects by polling, then upgrade",
        2,
        Kind::Connect { mode: Mode::Upgrade, parallel: 32 },
    ),
    Workload::new("storm", "5 000 connections are cut and come back", 2, Kind::Storm { connections: 5000 }),
    Workload::new("polling", "polling echo, 4 outstanding", 2, Kind::Polling(exchange(Event::Echo, 4, 64))),
    Workload::new(
        "inbound13",
        "events of 13 B, as fast as one client can send",
        3,
        Kind::Inbound(Inbound::Events { frame: 13 }),
    ),
    Workload::new(
        "inbound64",
        "events of 64 B, as fast as one client can send",
        3,
        Kind::Inbound(Inbound::Events { frame: 64 }),
    ),
    Workload::new(
        "inbound_ack",
        "events with an ack of 64 B, as fast as one client can send",
        3,
        Kind::Inbound(Inbound::Acks { size: 64 }),
    ),
    Workload::new(
        "inbound_post",
        "POST bodies with 100 000 events, one after the other",
        3,
        Kind::Inbound(Inbound::Bodies { events: 100_000 }),
    ),
    Workload::new("idle10k", "10 000 idle sessions", 1, Kind::Idle { connections: 10_000 }),
    Workload::new("idle50k", "50 000 idle sessions", 25, Kind::Idle { connections: 50_000 }),
    Workload::new(
        "retained",
        "a 256 KiB message each way, then idle",
        1,
        Kind::Retained { connections: 4096, size: 256 * 1024 },
    ),
];

/// Few enough broadcasts for the bounded queues between a server, Redis and the other server.
const BATCH: usize = 1000;
const TO_EMPTY: Kind = Kind::Publish { batch: BATCH, heard: false };
const TO_ONE: Kind = Kind::Publish { batch: BATCH, heard: true };
const TO_ALL: Kind = Kind::Broadcast { connections: 1000, outstanding: 2, size: 64, stalled: 0 };

const CLUSTER: &[Workload] = &[
    Workload::new("empty", "broadcast 64 B to an empty room", 2, TO_EMPTY),
    Workload::new("empty_2n", "broadcast 64 B to an empty room, two servers", 2, TO_EMPTY).joined(2),
    Workload::new("one", "broadcast 64 B to a room of one", 2, TO_ONE),
    Workload::new("one_1n", "broadcast 64 B to a room of one, joined alone", 2, TO_ONE).joined(1),
    Workload::new("one_2n", "broadcast 64 B to a room of one at the other server", 2, TO_ONE).joined(2),
    Workload::new("all", "broadcast 64 B to 1 000", 2, TO_ALL),
    Workload::new("all_2n", "broadcast 64 B to 1 000, 500 at each of two servers", 2, TO_ALL).joined(2),
    Workload::new("relay", "64 B to another client", 2, Kind::Relay { size: 64 }),
    Workload::new("relay_2n", "64 B to a client of the other server", 2, Kind::Relay { size: 64 }).joined(2),
    Workload::new("fetch_2n", "fetch 10 000 sockets of two servers", 2, Kind::Fetch { connections: 10_000 })
        .joined(2),
];
