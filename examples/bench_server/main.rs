//! The server for benchmarks. The environment variables `PORT` and `PING_INTERVAL_MS` configure it; with `REDIS_URL`, it
//! joins the cluster over that Redis.
//!
//! Events of the namespace `/`: `a` does nothing, `echo(p)` emits `echo(p)` back, `ack(p)` acks `p`, `bin(bytes)` emits
//! `bin(bytes)` back, `bcast(p)` emits `bcast(p)` to all, `join([rooms])` and `leave([rooms])` ack without a value,
//! `room(name, p)` emits `room(p)` to that room. `publish(name, n, p)` does so `n` times, then emits `done(p)` to all, and
//! `fetch()` acks the number of sockets of all servers. `tests/bench` has the same server with other libraries.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use bytes::Bytes;
use socketio_tower::cluster::Redis;
use socketio_tower::{Args, Data, Socket, SocketIo};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let io =
        SocketIo::builder().ping_interval(Duration::from_millis(env("PING_INTERVAL_MS", 25_000))).build();
    io.of("/", |ns| {
        ns.on("a", async || {});
        ns.on("echo", async |socket: Socket, Data(payload): Data<String>| {
            socket.emit("echo", &payload);
        });
        ns.on("ack", async |Data(payload): Data<String>| payload);
        ns.on("bin", async |socket: Socket, Data(payload): Data<Bytes>| {
            socket.emit("bin", &payload);
        });
        ns.on("bcast", async |socket: Socket, Data(payload): Data<String>| {
            socket.io().emit("bcast", &payload);
        });
        ns.on("join", async |socket: Socket, Data(rooms): Data<Vec<String>>| {
            for room in rooms {
                socket.join(room);
            }
        });
        ns.on("leave", async |socket: Socket, Data(rooms): Data<Vec<String>>| {
            for room in rooms {
                socket.leave(room);
            }
        });
        ns.on("room", async |socket: Socket, Args((room, payload)): Args<(String, String)>| {
            socket.io().to(room).emit("room", &payload);
        });
        ns.on(
            "publish",
            async |socket: Socket, Args((room, count, payload)): Args<(String, usize, String)>| {
                for _ in 0..count {
                    socket.io().to(&room).emit("room", &payload);
                }
                socket.io().emit("done", &payload);
            },
        );
        ns.on("fetch", async |socket: Socket| socket.io().fetch_sockets().await.len());
    });
    if let Ok(url) = std::env::var("REDIS_URL") {
        io.join_cluster(Redis::classic(&url)?).await?;
    }
    let app = Router::new().route("/", get(async || "ok")).layer(io.layer());
    let address = ("127.0.0.1", env("PORT", 3000) as u16);
    let listener = TcpListener::bind(address).await?.tap_io(|stream| {
        // An error means that the peer is gone.
        stream.set_nodelay(true).ok();
    });
    axum::serve(listener, app.into_make_service()).await?;
    Ok(())
}

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}
