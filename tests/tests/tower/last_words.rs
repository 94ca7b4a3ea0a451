//! Packets sent before the end by either side: they arrive.

use std::sync::Arc;
use std::time::Duration;

use socketio_tower::handler::{Cause, Limit};
use socketio_tower::testing::{TestClient, TestSocket, settled};
use socketio_tower::{Data, DisconnectReason, Socket, SocketIo};

use crate::client::{Log, Server, Ws};

const NAP: Duration = Duration::from_millis(50);

/// Defines handlers that take a while and log their calls.
fn slow(io: &SocketIo, concurrency: usize) -> Arc<Log> {
    let log = Arc::new(Log::default());
    let (connected, sink, ended, failed) = (log.clone(), log.clone(), log.clone(), log.clone());
    io.of("/", |ns| {
        ns.concurrency(concurrency);
        ns.on_connect(async move || {
            tokio::time::sleep(4 * NAP).await;
            connected.add("connected");
        });
        ns.on("log", async move |Data(n): Data<u32>| {
            tokio::time::sleep(NAP).await;
            sink.add(n.to_string());
        });
        ns.on_disconnect(async move |reason: DisconnectReason| ended.add(reason.as_str()));
        ns.on_error(move |error| match error.cause() {
            Cause::EventsDropped(count) => failed.add(format!("dropped {count}")),
            Cause::LimitReached(Limit::ParkedEvents) => failed.add("too many wait"),
            other => panic!("{other}"),
        });
    });
    log
}

/// Returns a connected client whose `events` events wait for a free handler.
async fn busy(io: &SocketIo, events: u32) -> TestSocket {
    let socket = TestClient::connect(io).await.expect("a socket connects");
    tokio::time::sleep(5 * NAP).await;
    for n in 0..events {
        socket.emit("log", &n);
    }
    settled().await;
    socket
}

fn lines(numbers: std::ops::Range<u32>, before: &[&str], after: &[&str]) -> Vec<String> {
    let owned = |lines: &[&str]| lines.iter().map(|line| line.to_string()).collect::<Vec<_>>();
    [owned(before), numbers.map(|n| n.to_string()).collect(), owned(after)].concat()
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_connect_handler_is_handled_after_the_end() {
    for transport in [TestClient::builder().websocket(), TestClient::builder().polling()] {
        let io = SocketIo::new();
        let log = slow(&io, 8);
        let socket = transport.connect(&io).await.unwrap();
        socket.emit("log", &1);
        socket.disconnect();
        tokio::time::sleep(2 * NAP).await;
        assert_eq!(log.lines(), [""; 0]);
        tokio::time::sleep(5 * NAP).await;
        assert_eq!(log.lines(), ["connected", "1", "client namespace disconnect"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_free_handler_is_handled_after_the_end() {
    let io = SocketIo::new();
    let log = slow(&io, 64);
    let socket = busy(&io, 100).await;
    socket.client().close().await;
    tokio::time::sleep(3 * NAP).await;
    assert_eq!(log.lines(), lines(0..100, &["connected"], &["transport close"]));
    settled().await;
    assert_eq!((io.sessions(), io.stats().received_bytes), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time_after_the_end_too() {
    let io = SocketIo::builder().handler_grace(7 * NAP).build();
    let log = slow(&io, 1);
    let socket = busy(&io, 5).await;
    socket.client().close().await;
    tokio::time::sleep(6 * NAP).await;
    assert_eq!(log.lines(), lines(0..5, &["connected"], &["transport close"]));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_handled_within_the_grace_is_told() {
    let io = SocketIo::builder().handler_grace(7 * NAP / 2).build();
    let log = slow(&io, 1);
    let socket = busy(&io, 10).await;
    socket.client().close().await;
    tokio::time::sleep(6 * NAP).await;
    assert_eq!(log.lines(), ["connected", "0", "1", "2", "dropped 6", "transport close"]);
    assert_eq!((io.sessions(), io.stats().received_bytes), (0, 0));
}

/// The end of a session frees the places of its middlewares, for events that wait for one.
#[tokio::test(start_paused = true)]
async fn what_waits_for_a_middleware_is_handled_after_the_end() {
    for transport in [TestClient::builder().websocket(), TestClient::builder().polling()] {
        let io = SocketIo::builder().client_concurrency(1).handler_grace(Duration::from_secs(3600)).build();
        let log = slow(&io, 8);
        io.of("/asking", |ns| ns.middleware(async || std::future::pending::<()>().await));
        let socket = transport.timeout(Duration::from_secs(60)).connect(&io).await.unwrap();
        tokio::time::sleep(5 * NAP).await;
        let asking = tokio::spawn(socket.client().namespace("/asking").connect());
        settled().await;
        socket.emit("log", &1);
        settled().await;
        assert!(io.stats().received_bytes > 0, "the event waits");
        socket.client().answer_pings(false);
        socket.disconnected().await;
        tokio::time::sleep(2 * NAP).await;
        assert_eq!(log.lines(), ["connected", "1", "ping timeout"]);
        assert!(asking.await.unwrap().is_err());
    }
}

/// The application does not want to receive more from a socket that it has disconnected.
#[tokio::test(start_paused = true)]
async fn nothing_is_handled_after_an_end_by_the_server() {
    let io = SocketIo::new();
    let log = slow(&io, 1);
    let _socket = busy(&io, 5).await;
    io.namespace("/").unwrap().all().disconnect_sockets(false).await;
    tokio::time::sleep(6 * NAP).await;
    assert_eq!(log.lines(), ["connected", "0", "server namespace disconnect"]);
    assert_eq!(io.stats().received_bytes, 0);
}

/// If too many events wait, the socket ends: emitted packets are sent first, and waiting events are dropped.
#[tokio::test(start_paused = true)]
async fn what_waited_before_there_was_too_much() {
    let io = SocketIo::builder().max_parked(3, 1_000).build();
    let log = slow(&io, 1);
    let _socket = busy(&io, 9).await;
    tokio::time::sleep(9 * NAP).await;
    assert_eq!(log.lines(), ["connected", "too many wait", "0", "server namespace disconnect"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_failing_connect_handler_emitted_leaves_before_the_end() {
    let io = SocketIo::new();
    for (path, panics) in [("/fails", false), ("/panics", true)] {
        io.of(path, |ns| {
            ns.on_connect(async move |socket: Socket| -> Result<(), &str> {
                assert!(socket.emit("why", "closed today").is_queued());
                if panics {
                    panic!("as asked");
                }
                Err("as asked")
            });
            ns.on("never", async || -> () { panic!("its socket failed") });
        });
    }
    let server = Server::start(&io);
    let mut ws = Ws::open(&server.address).await;
    for path in ["/fails", "/panics"] {
        ws.join(path).await;
        ws.send(&format!(r#"42{path},["never"]"#)).await;
        ws.expect(&format!(r#"42{path},["why","closed today"]"#)).await;
        ws.expect(&format!("41{path},")).await;
    }
}
