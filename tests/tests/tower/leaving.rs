//! Operations on a socket that is leaving, and in its handlers.

use std::sync::Arc;
use std::time::Duration;

use socketio_tower::{Data, Socket, SocketIo};
use tokio::sync::Notify;

use crate::client::{Log, Poller, Server, Ws, soon, until};
use crate::life::deserted;

/// Fault: between leaving and the end of its disconnect handler, a socket was still in its rooms.
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
    // The next packet is the reply to a new CONNECT: nothing was sent before it.
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
    let (sink, holding) = (Arc::clone(&log), Arc::clone(&held));
    io.of("/", |ns| {
        ns.on("work", async move || {
            let _held = holding;
            std::future::pending::<()>().await;
        });
        ns.on_disconnect(async move || sink.add("gone"));
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

/// Hundreds of login attempts in one POST: none is handled after the first that fails.
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

/// A client that leaves in the same batch does not escape: its connection is closed, with its other sockets.
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
