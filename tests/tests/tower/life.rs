//! The life of a socket: its beginning, all the ways it can end, and what application code can do wrong.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socketio_tower::handler::{ConnectError, DisconnectContext, EventContext, Extract, ExtractError};
use socketio_tower::testing::{TestClient, settled};
use socketio_tower::{
    Auth, Data, DisconnectReason, Extension, Overflow, Rooms, Socket, SocketIo, SocketIoBuilder,
};
use tokio::sync::Notify;

use crate::client::{Log, Poller, Server, Ws, soon, until};

/// A server whose sockets join the room `r` and report their end.
fn mortal(builder: SocketIoBuilder) -> (SocketIo, Arc<Log>) {
    let (io, log) = (builder.build(), Arc::new(Log::default()));
    let told = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on_connect(async |socket: Socket| {
            socket.join("r");
        });
        ns.on("leave", async |socket: Socket| socket.disconnect());
        ns.on("close", async |socket: Socket| socket.disconnect_client());
        ns.on("panic", async || -> () { panic!("a handler's fault") });
        ns.on_disconnect(async move |reason: DisconnectReason, Rooms(rooms): Rooms| {
            told.add(format!("{reason}: {}", rooms.join(",")));
        });
    });
    (io, log)
}

/// Nobody is left.
async fn deserted(io: &SocketIo) {
    until("all sessions end", || io.sessions() == 0).await;
    assert_eq!(io.namespace("/").map(|ns| ns.all().count()), Some(0));
    assert_eq!(io.to("r").count(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_client_leaves_the_namespace() {
    let (io, log) = mortal(SocketIo::builder());
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send("41").await;
    log.expect(&["client namespace disconnect: r"]).await;
    assert_eq!(io.sessions(), 1, "the connection stays");
    ws.join("").await;
    ws.close().await;
    log.expect(&["client namespace disconnect: r", "transport close: r"]).await;
    deserted(&io).await;
}

#[tokio::test(start_paused = true)]
async fn the_client_closes_its_websocket() {
    let (io, log) = mortal(SocketIo::builder());
    let server = Server::start(&io);
    Ws::connect(&server.address).await.close().await;
    log.expect(&["transport close: r"]).await;
    deserted(&io).await;
}

/// On the wall clock: TCP, whose resets it is about.
#[tokio::test]
async fn the_connection_is_reset() {
    let (io, log) = mortal(SocketIo::builder());
    let server = Server::on_tcp(&io).await;
    Ws::connect(&server.address).await.reset();
    log.expect(&["transport error: r"]).await;
    deserted(&io).await;
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_aborted() {
    let (io, log) = mortal(SocketIo::builder());
    let server = Server::start(&io);
    Poller::connect(&server.address).await.abort().await;
    log.expect(&["transport error: r"]).await;
    deserted(&io).await;
}

#[tokio::test(start_paused = true)]
async fn a_polling_client_says_goodbye() {
    let (io, log) = mortal(SocketIo::builder());
    let server = Server::start(&io);
    let mut poller = Poller::connect(&server.address).await;
    poller.post("1").await;
    log.expect(&["transport close: r"]).await;
    deserted(&io).await;
    assert_eq!(poller.get().await, r#"{"code":1,"message":"Session ID unknown"}"#);
}

#[tokio::test(start_paused = true)]
async fn the_client_falls_silent() {
    let builder = SocketIo::builder();
    let builder = builder.ping_interval(Duration::from_millis(80)).ping_timeout(Duration::from_millis(40));
    let (io, log) = mortal(builder);
    let server = Server::start(&io);
    let _ws = Ws::connect(&server.address).await;
    let _poller = Poller::connect(&server.address).await;
    log.expect(&["ping timeout: r", "ping timeout: r"]).await;
    assert_eq!(io.to("r").count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_lives() {
    let builder = SocketIo::builder();
    let builder = builder.ping_interval(Duration::from_millis(40)).ping_timeout(Duration::from_millis(200));
    let (io, log) = mortal(builder);
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    for _ in 0..10 {
        ws.pong().await;
    }
    assert!(log.lines().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_server_disconnects_the_socket() {
    let (io, log) = mortal(SocketIo::builder());
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"42["leave"]"#).await;
    ws.expect("41").await;
    log.expect(&["server namespace disconnect: r"]).await;
    assert_eq!(io.sessions(), 1, "the connection stays");
    assert_eq!(io.to("r").count(), 0);
    ws.send(r#"42["in flight"]"#).await;
    ws.join("").await;
    assert_eq!(io.to("r").count(), 1, "what was in flight is ignored, not punished");
}

#[tokio::test(start_paused = true)]
async fn the_server_disconnects_the_client() {
    let (io, log) = mortal(SocketIo::builder());
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"42["close"]"#).await;
    ws.expect("41").await;
    ws.closed().await;
    log.expect(&["server namespace disconnect: r"]).await;
    drop(ws);
    deserted(&io).await;
}

#[tokio::test(start_paused = true)]
async fn the_server_closes() {
    let (io, log) = mortal(SocketIo::builder());
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    let (all_gone, _) = tokio::join!(io.close(Duration::from_secs(5)), ws.closed());
    assert!(all_gone);
    assert_eq!(log.lines(), ["server shutting down: r"]);
    deserted(&io).await;
}

#[tokio::test(start_paused = true)]
async fn the_queue_overflows() {
    let (io, log) = mortal(SocketIo::builder().max_queued_bytes(1000).overflow(Overflow::Close));
    let server = Server::start(&io);
    let mut poller = Poller::connect(&server.address).await;
    let [socket] = &io.to("r").sockets()[..] else { panic!("one socket") };
    assert!(socket.emit("x", &"x".repeat(600)).is_queued());
    assert!(!socket.emit("x", &"x".repeat(600)).is_queued());
    log.expect(&["forced server close: r"]).await;
    assert!(poller.get().await.starts_with("42"), "what was queued");
    assert_eq!(poller.get().await, "1", "and the end");
    deserted(&io).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_packet_ends_the_session() {
    let (io, log) = mortal(SocketIo::builder());
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send("x").await;
    ws.closed().await;
    log.expect(&["parse error: r"]).await;
    let mut ws = Ws::connect(&server.address).await;
    ws.send("4x").await;
    ws.closed().await;
    log.expect(&["parse error: r", "forced close: r"]).await;
    drop(ws);
    deserted(&io).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_never_connected_is_closed() {
    let io = SocketIo::builder().connect_timeout(Duration::from_millis(50)).build();
    let server = Server::start(&io);
    let mut ws = Ws::open(&server.address).await;
    ws.closed().await;
    drop(ws);
    deserted(&io).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_handler_hurts_nobody() {
    let (io, log) = mortal(SocketIo::builder());
    let server = Server::start(&io);
    let (mut one, mut other) = (Ws::connect(&server.address).await, Ws::connect(&server.address).await);
    one.send(r#"42["panic"]"#).await;
    one.send(r#"42["panic",7]"#).await;
    one.send(r#"42["leave"]"#).await;
    one.expect("41").await;
    log.expect(&["server namespace disconnect: r"]).await;
    io.emit("news", "fine");
    other.expect(r#"42["news","fine"]"#).await;
    one.close().await;
    other.close().await;
    deserted(&io).await;
}

#[tokio::test(start_paused = true)]
async fn events_wait_for_the_connect_handler() {
    let (io, log, gate) = (SocketIo::new(), Arc::new(Log::default()), Arc::new(Notify::new()));
    let (opening, told, then) = (Arc::clone(&gate), Arc::clone(&log), Arc::clone(&log));
    io.of("/", |ns| {
        ns.on_connect(async move |socket: Socket| {
            told.add("connecting");
            let age: u8 = socket.emit_with_ack("age", "").await.expect("acks are never parked");
            opening.notified().await;
            told.add(format!("connected {age}"));
        });
        ns.on("n", async move |Data(n): Data<u32>| then.add(n.to_string()));
    });
    let server = Server::start(&io);
    let mut ws = Ws::open(&server.address).await;
    ws.join("").await;
    for n in 0..500 {
        ws.send(&format!(r#"42["n",{n}]"#)).await;
    }
    ws.expect(r#"420["age",""]"#).await;
    ws.send("430[42]").await;
    log.expect(&["connecting"]).await;
    gate.notify_one();
    let mut expected = vec!["connecting".to_owned(), "connected 42".to_owned()];
    expected.extend((0..500).map(|n| n.to_string()));
    until("all are handled", || log.lines().len() == expected.len()).await;
    assert_eq!(log.lines(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_dies_while_connecting_is_let_go() {
    let (io, log) = (SocketIo::builder().handler_grace(Duration::from_millis(20)).build(), Arc::default());
    let told = Arc::clone(&log);
    let log: Arc<Log> = log;
    io.of("/", |ns| {
        ns.on_connect(async |socket: Socket| {
            socket.join("r");
            std::future::pending::<()>().await;
        });
        ns.on("never", async || -> () { panic!("its events were parked") });
        ns.on_disconnect(async move |reason: DisconnectReason| told.add(reason.as_str()));
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"42["never"]"#).await;
    ws.close().await;
    log.expect(&["transport close"]).await;
    deserted(&io).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_dies_in_a_middleware_is_let_go() {
    let (io, started) = (SocketIo::new(), Arc::new(AtomicBool::new(false)));
    let start = Arc::clone(&started);
    io.of("/", |ns| {
        ns.middleware(async move || {
            start.store(true, Ordering::Relaxed);
            std::future::pending::<()>().await;
        });
        ns.on_disconnect(async || -> () { panic!("it was never connected") });
    });
    let server = Server::start(&io);
    let mut ws = Ws::open(&server.address).await;
    ws.send("40").await;
    until("the middleware runs", || started.load(Ordering::Relaxed)).await;
    ws.close().await;
    deserted(&io).await;
}

#[tokio::test(start_paused = true)]
async fn a_middleware_refuses() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.middleware(async || {
            Err::<(), _>(ConnectError::new("not now").with_data(&serde_json::json!({ "retry": 5 })))
        });
    });
    io.of("/faulty", |ns| {
        ns.middleware(async || -> () { panic!("a middleware's fault") });
    });
    let server = Server::start(&io);
    let mut ws = Ws::open(&server.address).await;
    ws.send("40").await;
    ws.expect(r#"44{"message":"not now","data":{"retry":5}}"#).await;
    ws.send("40/faulty,").await;
    ws.expect(r#"44/faulty,{"message":"internal error"}"#).await;
    ws.send("40/nowhere,").await;
    ws.expect(r#"44/nowhere,{"message":"Invalid namespace"}"#).await;
    assert_eq!(io.namespace("/").map(|ns| ns.all().count()), Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_middleware_has_its_arguments_or_refuses() {
    #[derive(serde::Deserialize)]
    struct Token {
        token: String,
    }
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.middleware(async |socket: Socket, Auth(auth): Auth<Token>| {
            assert!(!socket.is_connected() && !socket.emit("too early", "").is_queued());
            socket.extensions().insert(auth.token);
        });
        ns.on("who", async |Extension(name): Extension<String>| name);
    });
    let server = Server::start(&io);
    let mut ws = Ws::open(&server.address).await;
    ws.send(r#"40{"tokens":1}"#).await;
    let refusal = ws.text().await;
    assert!(refusal.starts_with(r#"44{"message":"invalid request: auth: missing field"#), "{refusal}");
    ws.send(r#"40{"token":"mole"}"#).await;
    assert!(ws.text().await.starts_with(r#"40{"sid""#));
    ws.send(r#"420["who"]"#).await;
    ws.expect(r#"430["mole"]"#).await;
}

/// Fault: between leaving and the end of its disconnect handler a socket was still in its rooms.
#[tokio::test(start_paused = true)]
async fn a_socket_that_leaves_hears_nothing_more() {
    let (io, gate, farewell) = (SocketIo::new(), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (opening, leaving) = (Arc::clone(&gate), Arc::clone(&farewell));
    io.of("/", |ns| {
        ns.on_connect(async |socket: Socket| {
            socket.join("r");
        });
        ns.on_disconnect(async move |socket: Socket| {
            assert!(!socket.is_connected());
            assert!(!socket.join("r"), "a socket that is gone joins nothing");
            assert!(!socket.emit("late", "").is_queued());
            leaving.notify_one();
            opening.notified().await;
        });
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    let id = io.to("r").sockets()[0].id();
    ws.send("41").await;
    soon(farewell.notified()).await;
    assert_eq!(io.to("r").count() + io.to(id.as_str()).count(), 0);
    io.emit("news", "");
    io.to("r").emit("news", "");
    io.to(id.as_str()).emit("news", "");
    // The next packet is the answer to a new CONNECT: nothing came before it.
    ws.join("").await;
    gate.notify_one();
}

#[tokio::test(start_paused = true)]
async fn handlers_finish_before_the_disconnect_handler() {
    let (io, log, gate) = (SocketIo::new(), Arc::new(Log::default()), Arc::new(Notify::new()));
    let (first, second, opening) = (Arc::clone(&log), Arc::clone(&log), Arc::clone(&gate));
    io.of("/", |ns| {
        ns.on("work", async move |socket: Socket| {
            first.add("begun");
            opening.notified().await;
            first.add(format!("done, connected: {}", socket.is_connected()));
        });
        ns.on_disconnect(async move || second.add("gone"));
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"42["work"]"#).await;
    log.expect(&["begun"]).await;
    ws.close().await;
    until("it has left", || io.namespace("/").is_some_and(|ns| ns.all().count() == 0)).await;
    gate.notify_one();
    log.expect(&["begun", "done, connected: false", "gone"]).await;
    deserted(&io).await;
}

#[tokio::test(start_paused = true)]
async fn handlers_that_never_end_are_abandoned_after_their_grace() {
    let io = SocketIo::builder().handler_grace(Duration::from_millis(30)).build();
    let (log, held) = (Arc::new(Log::default()), Arc::new(()));
    let (told, holding) = (Arc::clone(&log), Arc::clone(&held));
    io.of("/", |ns| {
        ns.on("work", async move || {
            let _held = holding;
            std::future::pending::<()>().await;
        });
        ns.on_disconnect(async move || told.add("gone"));
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    for _ in 0..5 {
        ws.send(r#"42["work"]"#).await;
    }
    until("all run", || Arc::strong_count(&held) == 7).await;
    ws.close().await;
    log.expect(&["gone"]).await;
    deserted(&io).await;
    assert_eq!(Arc::strong_count(&held), 2, "what the abandoned handlers held is dropped");
}

/// An argument whose extraction panics.
struct Explosive;

impl Extract<EventContext> for Explosive {
    fn extract(_: &mut EventContext) -> Result<Self, ExtractError> {
        panic!("an extractor's fault")
    }
}

impl Extract<DisconnectContext> for Explosive {
    fn extract(_: &mut DisconnectContext) -> Result<Self, ExtractError> {
        panic!("an extractor's fault")
    }
}

/// An argument that is never there.
struct Missing;

impl Extract<DisconnectContext> for Missing {
    fn extract(_: &mut DisconnectContext) -> Result<Self, ExtractError> {
        Err(ExtractError::new("it is not there"))
    }
}

/// Fault: a panic or a failed extraction in the disconnect handler left a ghost.
#[tokio::test(start_paused = true)]
async fn faults_of_the_application_leave_no_ghost() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    io.of("/", |ns| {
        let told = Arc::clone(&log);
        ns.on_error(move |error| told.add(format!("/ {}", error.cause())));
        ns.on("explode", async |_: Explosive| {});
        ns.on_disconnect(async |socket: Socket| -> () {
            assert!(socket.is_connected(), "a disconnect handler's fault");
        });
    });
    io.of("/explosive", |ns| {
        let told = Arc::clone(&log);
        ns.on_error(move |error| told.add(format!("/explosive {}", error.cause())));
        ns.on_connect(async || -> () { panic!("a connect handler's fault") });
        ns.on_disconnect(async |_: Explosive| {});
    });
    io.of("/missing", |ns| {
        let told = Arc::clone(&log);
        ns.on_error(move |error| told.add(format!("/missing {}", error.cause())));
        ns.on_disconnect(async |_: Missing| {});
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.join("/explosive").await;
    // A socket whose connect handler failed is disconnected.
    ws.expect("41/explosive,").await;
    log.expect(&["/explosive the handler panicked", "/explosive the handler panicked"]).await;
    ws.join("/missing").await;
    ws.send(r#"42["explode"]"#).await;
    ws.send("41/missing,").await;
    ws.send("41").await;
    log.expect(&[
        "/explosive the handler panicked",
        "/explosive the handler panicked",
        "/ the handler panicked",
        "/missing an argument could not be extracted: it is not there",
        "/ the handler panicked",
    ])
    .await;
    for namespace in ["/", "/explosive", "/missing"] {
        assert_eq!(io.namespace(namespace).map(|ns| ns.all().count()), Some(0), "{namespace}");
    }
    ws.close().await;
    deserted(&io).await;
}

/// A hook is told of faults; its own must not take the client's other sockets along.
#[tokio::test(start_paused = true)]
async fn a_panic_in_the_error_hook_ends_nothing() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on_error(|_| panic!("a hook's fault"));
        ns.on("fail", async || Err::<(), _>("no"));
        ns.on("ping", async || "pong");
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"42["fail"]"#).await;
    ws.send(r#"420["ping"]"#).await;
    ws.expect(r#"430["pong"]"#).await;
}

/// Hundreds of attempts in one POST: the first that is wrong is the last that is looked at.
#[tokio::test(start_paused = true)]
async fn what_follows_a_disconnect_is_not_handled() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    let attempts = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on("login", async move |socket: Socket, Data(password): Data<u32>| {
            attempts.add(password.to_string());
            socket.disconnect();
        });
    });
    let server = Server::start(&io);
    let mut poller = Poller::connect(&server.address).await;
    let guesses: Vec<_> = (0..300).map(|guess| format!(r#"42["login",{guess}]"#)).collect();
    poller.post(&guesses.join("\x1e")).await;
    assert_eq!(poller.get().await, "41");
    assert_eq!(log.lines(), ["0"]);
}

/// A client that leaves in the same breath cannot escape: its connection is closed, with its other sockets.
#[tokio::test(start_paused = true)]
async fn who_leaves_is_disconnected_all_the_same() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("cheat", async |socket: Socket| socket.disconnect_client());
    });
    io.of("/other", |_| {});
    let server = Server::start(&io);
    let mut poller = Poller::connect(&server.address).await;
    poller.post("40/other,").await;
    assert!(poller.get().await.starts_with("40/other,"));
    poller.post("42[\"cheat\"]\x1e41").await;
    assert_eq!(poller.get().await, "41/other,");
    assert_eq!(poller.get().await, "1");
    deserted(&io).await;
}

/// The usual "a new login ends the old one", while the old one is still asking.
#[tokio::test(start_paused = true)]
async fn who_is_disconnected_while_asking_is_not_let_in() {
    let (io, asking) = (SocketIo::new(), Arc::new(Mutex::new(None::<Socket>)));
    let seen = Arc::clone(&asking);
    io.of("/", |ns| {
        ns.middleware(async move |socket: Socket| {
            *seen.lock().unwrap() = Some(socket);
            tokio::time::sleep(Duration::from_secs(1)).await;
        });
        ns.on_connect(async || -> () { panic!("it is not connected") });
    });
    let client = TestClient::builder().open(&io).await.unwrap();
    let refused = async |end: fn(&Socket)| {
        let end = async || {
            settled().await;
            end(asking.lock().unwrap().as_ref().expect("it is asking"));
        };
        let namespace = client.namespace("/");
        tokio::join!(namespace.connect(), end()).0.map(drop).unwrap_err()
    };
    assert_eq!(refused(Socket::disconnect).await.message(), "disconnected");
    assert_eq!(io.sessions(), 1);
    refused(Socket::disconnect_client).await;
    assert_eq!(io.sessions(), 0);
}
