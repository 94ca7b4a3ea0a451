//! Closing a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use http::StatusCode;
use socketio_tower::testing::{TestClient, settled};
use socketio_tower::{AckError, DisconnectReason, EmitStatus, Socket, SocketIo};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::client::{Http, Log, POLLING, Poller, Server, Ws, soon, text, until};
use crate::network::{Connect, Network, listen};

/// Long enough for everything that ends soon.
const DEADLINE: Duration = Duration::from_secs(8);

#[tokio::test(start_paused = true)]
async fn all_sessions_end_with_what_was_sent_to_them() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on_disconnect(async move |reason: DisconnectReason| {
            tokio::task::yield_now().await;
            sink.add(reason.as_str());
        });
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    let mut poller = Poller::connect(&server.address).await;
    let mut idle = Poller::connect(&server.address).await;
    io.emit("goodbye", "");
    assert_eq!(poller.get().await, r#"42["goodbye",""]"#);
    let client = async {
        ws.expect(r#"42["goodbye",""]"#).await;
        assert_eq!(soon(ws.next()).await, None);
        // This client had no GET waiting: it fetches the remaining packets.
        assert_eq!(idle.get().await, r#"42["goodbye",""]"#);
        assert_eq!(idle.get().await, "1");
    };
    let (all, last, ()) = tokio::join!(io.close(DEADLINE), poller.get(), client);
    assert!(all);
    assert_eq!(last, "1");
    assert_eq!(log.lines(), ["server shutting down"; 3], "before it returned");
    assert_eq!(io.sessions(), 0);
    let refused = Http::connect(&server.address).await.get(POLLING).await;
    assert_eq!((refused.status(), &*text(&refused)), (StatusCode::SERVICE_UNAVAILABLE, ""));
    assert!(io.close(Duration::ZERO).await, "nothing to do");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_kept() {
    let (io, gate) = (SocketIo::new(), Arc::new(Notify::new()));
    let opening = Arc::clone(&gate);
    io.of("/", |ns| {
        ns.on_disconnect(async move || opening.notified().await);
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    let (all, _) = tokio::join!(io.close(Duration::from_millis(50)), ws.closed());
    assert!(!all, "a disconnect handler still runs");
    assert_eq!(io.sessions(), 1);
    gate.notify_one();
    drop(ws);
    assert!(io.close(DEADLINE).await);
}

#[tokio::test(start_paused = true)]
async fn handlers_finish_first() {
    let (io, log, gate) = (SocketIo::new(), Arc::new(Log::default()), Arc::new(Notify::new()));
    let (work, sink, opening) = (Arc::clone(&log), Arc::clone(&log), Arc::clone(&gate));
    io.of("/", |ns| {
        ns.on("work", async move |socket: Socket| {
            work.add("begun");
            opening.notified().await;
            work.add(format!("{:?}", socket.emit("done", "")));
        });
        ns.on_disconnect(async move || sink.add("gone"));
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"42["work"]"#).await;
    log.expect(&["begun"]).await;
    let client = async {
        ws.closed().await;
        gate.notify_one();
    };
    let (all, ()) = tokio::join!(io.close(DEADLINE), client);
    assert!(all);
    assert_eq!(log.lines(), ["begun", "Gone", "gone"]);
}

/// A graceful shutdown of the HTTP server waits for pending polls, which only the end of the sessions releases.
#[tokio::test(start_paused = true)]
async fn it_goes_together_with_the_graceful_end_of_the_http_server() {
    let io = SocketIo::new();
    let (address, listener) = listen();
    let (shutdown, down) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let counting = axum::middleware::map_request(move |request: axum::extract::Request| {
        count.fetch_add(1, Ordering::Relaxed);
        std::future::ready(request)
    });
    let app = Router::new().layer(io.layer()).layer(counting);
    let signal = Arc::clone(&down);
    let server = axum::serve(listener, app).with_graceful_shutdown(async move { signal.notified().await });
    let ended = Arc::clone(&shutdown);
    tokio::spawn(async move {
        server.await.expect("it serves");
        ended.notify_one();
    });
    let (mut ws, mut poller) = (Ws::connect(&address).await, Poller::connect(&address).await);
    let before = requests.load(Ordering::Relaxed);
    let close = async {
        until("the GET is there", || requests.load(Ordering::Relaxed) > before).await;
        down.notify_one();
        io.close(DEADLINE).await
    };
    let (all, last, _) = tokio::join!(close, poller.get(), ws.closed());
    assert!(all && last == "1", "{last}");
    soon(shutdown.notified()).await;
    assert!(address.connect().await.is_err());
}

/// A single request of a client that never returns, such as a health check with curl, used up the deadline.
#[tokio::test(start_paused = true)]
async fn who_has_asked_for_no_namespace_does_not_hold_it_up() {
    let io = SocketIo::new();
    let server = Server::start(&io);
    let _stray = Poller::open(&server.address).await;
    assert_eq!(io.sessions(), 1);
    assert!(io.close(DEADLINE).await);
}

/// A session opened at the very moment of closing is rejected or closed, not forgotten.
///
/// On the wall clock: racing threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_slips_in() {
    for _ in 0..20 {
        let io = SocketIo::new();
        let server = Server::start(&io);
        let clients: Vec<_> =
            (0..4).map(|_| tokio::spawn(open_until_refused(server.address.clone()))).collect();
        while io.sessions() < 10 {
            tokio::task::yield_now().await;
        }
        io.close(Duration::ZERO).await;
        for client in clients {
            for sid in soon(client).await.expect("no panic") {
                let path = format!("{POLLING}&sid={sid}");
                let last = Http::connect(&server.address).await.get(&path).await;
                // Sessions without a CONNECT are not waited for.
                let over = ["1", r#"{"code":1,"message":"Session ID unknown"}"#];
                assert!(
                    over.contains(&text(&last).as_str()),
                    "a session that lives would leave the GET waiting"
                );
            }
        }
        assert_eq!(io.sessions(), 0);
    }
}

/// Opens sessions until one is rejected; returns their ids.
async fn open_until_refused(address: Network) -> Vec<String> {
    let (mut http, mut sids) = (Http::connect(&address).await, Vec::new());
    loop {
        let answer = http.get(POLLING).await;
        if answer.status() != StatusCode::OK {
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            return sids;
        }
        let packets = text(&answer);
        // A session closed before its OPEN packet is sent gets both packets at once.
        let Some(open) = packets.strip_prefix('0').filter(|_| !packets.ends_with("\u{1e}1")) else {
            continue;
        };
        let open: serde_json::Value = serde_json::from_str(open).expect("an OPEN packet");
        sids.push(open["sid"].as_str().expect("a sid").to_owned());
    }
}

/// After a close, a peer that goes on sending, or breaks the protocol, is read until it ends, and no longer.
#[tokio::test(start_paused = true)]
async fn a_stream_that_closes_is_read_to_its_end() {
    let io = SocketIo::new();
    let server = Server::start(&io);
    for garbage in [false, true] {
        let begun = Instant::now();
        close_while_it_sends(&io, &server.address, garbage).await;
        assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
    }
}

/// A connection dropped with unread input is reset, and the reset overtakes the close frame.
///
/// On the wall clock: TCP resets.
#[tokio::test]
async fn a_close_frame_is_not_overtaken_by_a_reset() {
    let io = SocketIo::new();
    let server = Server::on_tcp(&io).await;
    for garbage in [false, true] {
        close_while_it_sends(&io, &server.address, garbage).await;
    }
}

/// Disconnects a client that goes on sending, and waits for the end of its session.
async fn close_while_it_sends(io: &SocketIo, address: &impl Connect, garbage: bool) {
    let mut ws = Ws::connect(address).await;
    let sockets = io.namespace("/").map(|ns| ns.all().sockets()).unwrap_or_default();
    let event = format!(r#"42["x","{}"]"#, "x".repeat(100_000));
    sockets[0].disconnect_client();
    for _ in 0..20 {
        ws.send(&event).await;
    }
    if garbage {
        ws.send_raw(&[0xff; 64]).await;
    }
    ws.expect("41").await;
    ws.closed().await;
    drop(ws);
    until("the session ends", || io.sessions() == 0).await;
}

/// A peer that has closed its sending half may still be reading.
#[tokio::test(start_paused = true)]
async fn a_peer_that_ends_its_half_gets_what_was_queued() {
    let io = SocketIo::new();
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address.with_pipe(4096)).await;
    // More than the connection can buffer.
    let long = "x".repeat(1024 * 1024);
    assert!(io.emit("long", &long).is_queued());
    settled().await;
    ws.half_close().await;
    until("the socket has left", || io.namespace("/").is_some_and(|ns| ns.all().count() == 0)).await;
    assert_eq!(ws.text().await, format!(r#"42["long","{long}"]"#));
    assert_eq!(ws.closed().await, None);
    until("nothing is left", || io.sessions() == 0).await;
}

/// The state of a server after its runtime has been dropped.
///
/// On the wall clock: runtimes of its own.
#[test]
fn the_end_of_a_runtime_ends_its_sessions() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on_connect(async |socket: Socket| {
            socket.join("r");
            std::future::pending::<()>().await;
        });
        ns.on_disconnect(async || -> () { panic!("there is nothing to run it on") });
    });
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (server, clients) = runtime.block_on(async {
        let server = Server::start(&io);
        let clients = (Ws::connect(&server.address).await, Poller::connect(&server.address).await);
        until("both are in the room", || io.to("r").count() == 2).await;
        (server, clients)
    });
    let [one, other] = &io.to("r").sockets()[..] else { panic!("two sockets") };
    let answer = one.emit_with_ack::<_, ()>("question", "");
    drop(runtime);
    drop((server, clients));
    assert_eq!((io.sessions(), io.to("r").count()), (0, 0));
    assert!(!one.is_connected() && matches!(other.emit("late", ""), EmitStatus::Gone));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    assert!(matches!(runtime.block_on(answer), Err(AckError::Disconnected)));
    // The server itself keeps working on another runtime.
    runtime.block_on(async {
        let server = Server::start(&io);
        Ws::connect(&server.address).await;
    });
}

/// A server closed under load: every disconnect handler runs once, and no socket is left.
#[tokio::test(start_paused = true)]
async fn a_server_closes_under_load() {
    const SESSIONS: usize = 200;
    let (connected, left) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let io = SocketIo::new();
    let (came, went) = (Arc::clone(&connected), Arc::clone(&left));
    io.of("/", |ns| {
        ns.on_connect(async move |socket: Socket| {
            came.fetch_add(1, Ordering::SeqCst);
            socket.join("all");
        });
        ns.on("shout", async |socket: Socket| {
            socket.join("more");
            socket.to("all").emit("heard", "");
            tokio::task::yield_now().await;
            socket.leave("more");
        });
        ns.on_disconnect(async move || {
            tokio::task::yield_now().await;
            went.fetch_add(1, Ordering::SeqCst);
        });
    });
    let mut clients = Vec::new();
    for n in 0..SESSIONS {
        let builder = TestClient::builder();
        let builder = if n % 2 == 0 { builder.websocket() } else { builder.polling() };
        clients.push(builder.connect(&io).await.expect("it is let in"));
    }
    for _ in 0..3 {
        clients.iter().for_each(|client| client.emit("shout", ""));
    }
    tokio::task::yield_now().await;
    let start = Instant::now();
    let closing = io.close(Duration::from_secs(20));
    let refused = async {
        tokio::task::yield_now().await;
        TestClient::connect(&io).await.map(drop)
    };
    let (closed, refused) = tokio::join!(closing, refused);
    assert!(closed && start.elapsed() < Duration::from_secs(10));
    assert!(refused.is_err());
    assert_eq!((connected.load(Ordering::SeqCst), left.load(Ordering::SeqCst)), (SESSIONS, SESSIONS));
    let stats = io.stats();
    assert_eq!((stats.sessions, stats.sockets, stats.queued_bytes), (0, 0, 0));
    assert_eq!(io.to("all").count() + io.to("more").count(), 0);
}
