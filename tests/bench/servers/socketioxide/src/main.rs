//! The benchmark's server on socketioxide and axum.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let (layer, io) = SocketIo::builder()
        .ping_interval(Duration::from_millis(env("PING_INTERVAL_MS", 25_000)))
        // The default of the other servers.
        .max_payload(1_000_000)
        .build_layer();
    io.ns("/", on_connect);
    let app = Router::new().route("/", get(async || "ok")).layer(layer);
    let address = ("127.0.0.1", env("PORT", 3000) as u16);
    let listener = TcpListener::bind(address).await?.tap_io(|stream| {
        // A failure means that the peer is gone.
        stream.set_nodelay(true).ok();
    });
    axum::serve(listener, app.into_make_service()).await
}

async fn on_connect(socket: SocketRef) {
    socket.on("a", async || {});
    // An emit fails if the peer is gone or does not read; this server ignores that.
    socket.on("echo", async |socket: SocketRef, Data::<String>(payload)| {
        socket.emit("echo", &payload).ok();
    });
    socket.on("ack", async |Data::<String>(payload), ack: AckSender| {
        ack.send(&payload).ok();
    });
    socket.on("bin", async |socket: SocketRef, Data::<Bytes>(payload)| {
        socket.emit("bin", &payload).ok();
    });
    socket.on("bcast", async |io: SocketIo, Data::<String>(payload)| {
        io.emit("bcast", &payload).await.ok();
    });
    socket.on("join", async |socket: SocketRef, Data::<Vec<String>>(rooms), ack: AckSender| {
        socket.join(rooms);
        ack.send(&()).ok();
    });
    socket.on("leave", async |socket: SocketRef, Data::<Vec<String>>(rooms), ack: AckSender| {
        socket.leave(rooms);
        ack.send(&()).ok();
    });
    socket.on("room", async |io: SocketIo, Data::<(String, String)>((room, payload))| {
        io.to(room).emit("room", &payload).await.ok();
    });
}

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}
