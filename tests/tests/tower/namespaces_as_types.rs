//! Types as namespaces: one value for all sockets or one per socket, and its lifetime.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use socketio_tower::ConnectError;
use socketio_tower::extract::State;
use socketio_tower::handler::ErrorContext;
use socketio_tower::{Data, SetupError, Socket, SocketIo, namespace};
use tokio::sync::Notify;

use crate::client::{Log, Server, Ws, soon, until};

/// Counts the messages of its sockets, and reports its own construction and drop.
struct Counter {
    name: &'static str,
    count: AtomicU32,
    log: Arc<Log>,
}

impl Counter {
    fn new(name: &'static str, log: &Arc<Log>) -> Self {
        Self { name, count: AtomicU32::new(0), log: Arc::clone(log) }
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.log.add(format!("{} dropped at {}", self.name, self.count.load(Ordering::Relaxed)));
    }
}

#[namespace]
impl Counter {
    async fn add(&self, Data(n): Data<u32>) -> u32 {
        self.count.fetch_add(n, Ordering::Relaxed) + n
    }

    async fn disconnect(&self) {
        tokio::task::yield_now().await;
        self.log.add(format!("{} left at {}", self.name, self.count.load(Ordering::Relaxed)));
    }
}

#[tokio::test(start_paused = true)]
async fn one_value_for_all_sockets() {
    let (io, log) = (SocketIo::new(), Arc::default());
    io.of("/", |ns| {
        ns.handlers(Counter::new("all", &log));
    });
    let server = Server::start(&io);
    let (mut one, mut other) = (Ws::connect(&server.address).await, Ws::connect(&server.address).await);
    one.send(r#"420["add",2]"#).await;
    one.expect("430[2]").await;
    other.send(r#"420["add",3]"#).await;
    other.expect("430[5]").await;
    one.send("41").await;
    log.expect(&["all left at 5"]).await;
}

#[tokio::test(start_paused = true)]
async fn one_value_for_each_socket() {
    let (io, log) = (SocketIo::new(), Arc::default());
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.handlers_per_socket(move |_| Counter::new("own", &sink));
    });
    let server = Server::start(&io);
    let (mut one, mut other) = (Ws::connect(&server.address).await, Ws::connect(&server.address).await);
    one.send(r#"420["add",2]"#).await;
    one.expect("430[2]").await;
    other.send(r#"420["add",3]"#).await;
    other.expect("430[3]").await;
    one.send("41").await;
    log.expect(&["own left at 2", "own dropped at 2"]).await;
    other.send(r#"421["add",3]"#).await;
    other.expect("431[6]").await;
    // Each time a client joins a namespace, it gets a new socket.
    one.join("").await;
    one.send(r#"422["add",1]"#).await;
    one.expect("432[1]").await;
}

/// A value that holds the socket which holds it would never be freed.
struct Holder {
    socket: Socket,
    held: Arc<()>,
}

#[namespace]
impl Holder {
    async fn who(&self, socket: Socket) -> bool {
        assert!(Arc::strong_count(&self.held) > 1);
        self.socket == socket
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_may_keep_its_socket() {
    let (io, held, kept) = (SocketIo::new(), Arc::new(()), Arc::new(Mutex::new(None)));
    let (holding, keep) = (Arc::clone(&held), Arc::clone(&kept));
    io.of("/", |ns| {
        ns.handlers_per_socket(move |socket| Holder { socket: socket.clone(), held: Arc::clone(&holding) });
        ns.on_connect(async move |socket: Socket| *keep.lock().expect("no panic") = Some(socket));
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"420["who"]"#).await;
    ws.expect("430[true]").await;
    assert_eq!(Arc::strong_count(&held), 3);
    ws.close().await;
    until("the value is dropped, although the socket is kept", || Arc::strong_count(&held) == 2).await;
    assert!(kept.lock().expect("no panic").is_some());
}

/// Names itself to the clients that it admits.
struct Doorkeeper(u32);

#[namespace(crate = "socketio_tower")]
impl Doorkeeper {
    #[middleware]
    async fn only_even(&self) -> Result<(), ConnectError> {
        if self.0.is_multiple_of(2) { Ok(()) } else { Err(format!("{} is odd", self.0).into()) }
    }

    async fn door(&self) -> u32 {
        self.0
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_client_has_had_its_value() {
    let (io, log, count) = (SocketIo::new(), Arc::new(Log::default()), AtomicU32::new(0));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.handlers_per_socket(move |socket| {
            assert!(!socket.is_connected() && !socket.emit("too early", "").is_queued());
            Doorkeeper(count.fetch_add(1, Ordering::Relaxed))
        });
        ns.handlers_per_socket(move |_| Counter::new("beside", &sink));
    });
    let server = Server::start(&io);
    let (mut one, mut other) = (Ws::connect(&server.address).await, Ws::open(&server.address).await);
    other.send("40").await;
    other.expect(r#"44{"message":"1 is odd"}"#).await;
    log.expect(&["beside dropped at 0"]).await;
    one.send(r#"420["door"]"#).await;
    one.expect("430[0]").await;
    other.join("").await;
    other.send(r#"420["door"]"#).await;
    other.expect("430[2]").await;
}

/// Defines handlers by values of both kinds and by closures, on one namespace.
fn mixed(io: &SocketIo, log: &Arc<Log>) {
    let (own, also_own) = (Arc::clone(log), Arc::clone(log));
    io.of("/", |ns| {
        ns.on("window", async || "a closure's");
        ns.handlers_per_socket(move |_| Counter::new("own", &own));
        ns.handlers(Doorkeeper(40));
        ns.on("mine", async |State(n): State<u8>| n);
    });
    // Handlers added afterwards have values of their own, beside the existing ones.
    io.of("/", |ns| {
        ns.handlers_per_socket(move |_| Tally(Counter::new("tally", &also_own)));
    });
}

#[tokio::test(start_paused = true)]
async fn several_types_and_closures_on_one_namespace() {
    let (io, log) = (SocketIo::builder().state(7u8).state(8u16).build(), Arc::default());
    mixed(&io, &log);
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    for (event, ack) in
        [(r#""add",1"#, 1), (r#""add",1"#, 2), (r#""tally",5"#, 13), (r#""door""#, 40), (r#""mine""#, 7)]
    {
        ws.send(&format!("427[{event}]")).await;
        ws.expect(&format!("437[{ack}]")).await;
    }
    ws.send("41").await;
    until("all values are dropped", || log.lines().len() == 3).await;
    let mut lines = log.lines();
    lines.sort();
    assert_eq!(lines, ["own dropped at 2", "own left at 2", "tally dropped at 5"]);
}

#[test]
fn states_that_methods_ask_for_are_missing() {
    let io = SocketIo::new();
    mixed(&io, &Arc::default());
    let missing = io.try_layer().map(drop).map_err(|errors| {
        let state = |error| match error {
            SetupError::MissingState { state, .. } => state,
            error => panic!("{error}"),
        };
        let mut states: Vec<_> = errors.into_iter().map(state).collect();
        states.sort_unstable();
        states
    });
    assert_eq!(missing, Err(vec!["u16", "u8"]));
}

struct Tally(Counter);

#[namespace]
impl Tally {
    async fn tally(&self, Data(n): Data<u32>, State(more): State<u16>) -> u32 {
        self.0.add(Data(n)).await + u32::from(more)
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_a_value_is_made_refuses_the_client() {
    let log = Arc::new(Log::default());
    let sink = Arc::clone(&log);
    // The type's own error hook would need the value that was never constructed.
    let io = SocketIo::builder().on_error(move |error| sink.add(error.cause().to_string())).build();
    io.of("/", |ns| {
        ns.handlers_per_socket(|_| -> Mute { panic!("the application's fault") });
    });
    io.of("/other", |_| {});
    let server = Server::start(&io);
    let mut ws = Ws::open(&server.address).await;
    ws.send("40").await;
    ws.expect(r#"44{"message":"internal error"}"#).await;
    log.expect(&["the handler panicked"]).await;
    ws.join("/other").await;
}

/// Would swallow errors.
struct Mute;

#[namespace]
impl Mute {
    fn error(&self, _: ErrorContext<'_>) {}
}

/// A value whose `Drop` panics.
struct Faulty;

#[namespace]
impl Faulty {
    #[middleware]
    async fn refuse(&self) -> Result<(), ConnectError> {
        Err("no".into())
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        panic!("the application's fault");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_a_value_is_dropped_hurts_nobody() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.handlers_per_socket(|_| Faulty);
    });
    io.of("/other", |_| {});
    let server = Server::start(&io);
    let mut ws = Ws::open(&server.address).await;
    ws.send("40").await;
    ws.expect(r#"44{"message":"no"}"#).await;
    ws.join("/other").await;
}

/// Running handlers keep the value alive.
struct Slow {
    counter: Counter,
    gate: Arc<Notify>,
}

#[namespace]
impl Slow {
    async fn work(&self) {
        self.gate.notified().await;
        self.counter.add(Data(1)).await;
    }

    async fn disconnect(&self) {
        self.counter.disconnect().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_outlives_the_handlers_that_run() {
    let (io, log, gate) = (SocketIo::new(), Arc::new(Log::default()), Arc::new(Notify::new()));
    let (sink, waiting) = (Arc::clone(&log), Arc::clone(&gate));
    io.of("/", |ns| {
        ns.handlers_per_socket(move |_| Slow {
            counter: Counter::new("slow", &sink),
            gate: Arc::clone(&waiting),
        });
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"42["work"]"#).await;
    ws.close().await;
    soon(async {
        until("it has left", || io.namespace("/").is_some_and(|ns| ns.all().count() == 0)).await;
        gate.notify_one();
    })
    .await;
    log.expect(&["slow left at 1", "slow dropped at 1"]).await;
}
