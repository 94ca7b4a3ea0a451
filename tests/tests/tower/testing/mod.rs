//! The test kit: a client in memory, on a paused clock.

mod connection;
mod conversation;
mod failures;

use std::sync::Arc;

use bytes::Bytes;
use socketio_tower::testing::{TestClient, TestClientBuilder};
use socketio_tower::{Args, Data, DisconnectReason, Socket, SocketIo, SocketIoBuilder};

use crate::client::Log;

/// Returns a server with a few handlers, and the log of its disconnect handlers.
fn server(builder: SocketIoBuilder) -> (SocketIo, Arc<Log>) {
    let (io, log) = (builder.build(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on("greet", async |Data(name): Data<String>| format!("hello {name}"));
        ns.on("echo", async |socket: Socket, Data(value): Data<serde_json::Value>| {
            socket.emit("echo", &value);
        });
        ns.on("reverse", async |socket: Socket, Args((name, bytes)): Args<(String, Bytes)>| {
            let reversed: Bytes = bytes.iter().rev().copied().collect();
            socket.emit("reversed", &Args((&name, &bytes, &reversed)));
            reversed
        });
        ns.on("silence", async || std::future::pending::<()>().await);
        ns.on("leave", async |socket: Socket| socket.disconnect());
        ns.on("count", async |socket: Socket, Data(count): Data<u32>| {
            (0..count).for_each(|n| drop(socket.emit("number", &n)));
        });
        ns.on_disconnect(async move |reason: DisconnectReason| sink.add(reason.as_str()));
    });
    (io, log)
}

fn websocket() -> TestClientBuilder {
    TestClient::builder().websocket()
}

fn polling() -> TestClientBuilder {
    TestClient::builder().polling()
}
