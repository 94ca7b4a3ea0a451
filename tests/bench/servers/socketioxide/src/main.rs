//! The benchmark's server on socketioxide and axum. With `REDIS_URL`, it joins the cluster over that Redis.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use socketioxide::adapter::Adapter;
use socketioxide::extract::{AckSender, Data, SocketRef};
use socketioxide::layer::SocketIoLayer;
use socketioxide::{SocketIo, SocketIoBuilder};
use socketioxide_redis::{RedisAdapter, RedisAdapterCtr};
use tokio::net::TcpListener;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let builder = SocketIoBuilder::new()
        .ping_interval(Duration::from_millis(env("PING_INTERVAL_MS", 25_000)))
        // The default of the other servers.
        .max_payload(1_000_000)
        // Its default, or what a batch of `publish` needs: more would be dropped.
        .max_buffer_size(128.max(2 * env("BATCH", 0) as usize));
    if let Ok(url) = std::env::var("REDIS_URL") {
        // The adapter needs the third version of Redis's protocol.
        let client = redis::Client::open(format!("{url}?protocol=resp3"))?;
        let adapter = RedisAdapterCtr::new_with_redis(&client).await?;
        let (layer, io) = builder.with_adapter::<RedisAdapter<_>>(adapter).build_layer();
        io.ns("/", on_connect).await?;
        serve(layer).await
    } else {
        let (layer, io) = builder.build_layer();
        io.ns("/", on_connect);
        serve(layer).await
    }
}

async fn serve<A: Adapter>(layer: SocketIoLayer<A>) -> Result<(), Failure> {
    let app = Router::new().route("/", get(async || "ok")).layer(layer);
    let address = ("127.0.0.1", env("PORT", 3000) as u16);
    let listener = TcpListener::bind(address).await?.tap_io(|stream| {
        // A failure means that the peer is gone.
        stream.set_nodelay(true).ok();
    });
    axum::serve(listener, app.into_make_service()).await?;
    Ok(())
}

async fn on_connect<A: Adapter>(socket: SocketRef<A>) {
    socket.on("a", async || {});
    // An emit fails if the peer is gone or does not read; this server ignores that.
    socket.on("echo", async |socket: SocketRef<A>, Data::<String>(payload)| {
        socket.emit("echo", &payload).ok();
    });
    socket.on("ack", async |Data::<String>(payload), ack: AckSender<A>| {
        ack.send(&payload).ok();
    });
    socket.on("bin", async |socket: SocketRef<A>, Data::<Bytes>(payload)| {
        socket.emit("bin", &payload).ok();
    });
    socket.on("bcast", async |io: SocketIo<A>, Data::<String>(payload)| {
        io.emit("bcast", &payload).await.ok();
    });
    socket.on("join", async |socket: SocketRef<A>, Data::<Vec<String>>(rooms), ack: AckSender<A>| {
        socket.join(rooms);
        ack.send(&()).ok();
    });
    socket.on("leave", async |socket: SocketRef<A>, Data::<Vec<String>>(rooms), ack: AckSender<A>| {
        socket.leave(rooms);
        ack.send(&()).ok();
    });
    socket.on("room", async |io: SocketIo<A>, Data::<(String, String)>((room, payload))| {
        io.to(room).emit("room", &payload).await.ok();
    });
    socket.on("publish", async |io: SocketIo<A>, Data::<(String, usize, String)>((room, count, payload))| {
        for _ in 0..count {
            io.to(room.clone()).emit("room", &payload).await.ok();
        }
        io.emit("done", &payload).await.ok();
    });
    socket.on("fetch", async |io: SocketIo<A>, ack: AckSender<A>| {
        let sockets = io.fetch_sockets().await.map_or(0, |sockets| sockets.len());
        ack.send(&sockets).ok();
    });
}

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}
