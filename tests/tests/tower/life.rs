//! All the ways in which a socket can end.

use std::sync::Arc;
use std::time::Duration;

use socketio_tower::{DisconnectReason, Overflow, Rooms, Socket, SocketIo, SocketIoBuilder};
use tokio::time::Instant;

use crate::client::{Log, Poller, Server, Ws, until};

/// Returns a server whose sockets join the room `r` and report their end.
pub(crate) fn mortal(builder: SocketIoBuilder) -> (SocketIo, Arc<Log>) {
    let (io, log) = (builder.build(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on_connect(async |socket: Socket| {
            socket.join("r");
        });
        ns.on("leave", async |socket: Socket| socket.disconnect());
        ns.on("close", async |socket: Socket| socket.disconnect_client());
        ns.on("panic", async || -> () { panic!("a handler's fault") });
        ns.on_disconnect(async move |reason: DisconnectReason, Rooms(rooms): Rooms| {
            sink.add(format!("{reason}: {}", rooms.join(",")));
        });
    });
    (io, log)
}

/// Waits until all sessions have ended, and asserts that no socket is left.
pub(crate) async fn deserted(io: &SocketIo) {
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

/// On the wall clock: TCP resets.
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
    let (io, log) = mortal(SocketIo::builder());
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    let start = Instant::now();
    for _ in 0..10 {
        ws.pong().await;
    }
    assert!(start.elapsed() > Duration::from_secs(4 * 45), "many times what a client has that is silent");
    assert_eq!((io.sessions(), io.to("r").count(), log.lines().len()), (1, 1, 0));
    ws.send(r#"42["leave"]"#).await;
    ws.expect("41").await;
    log.expect(&["server namespace disconnect: r"]).await;
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
