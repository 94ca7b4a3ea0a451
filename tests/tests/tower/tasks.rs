//! The cost of a session in tasks of the runtime, and of a broadcast in serializations.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Serialize, Serializer};
use socketio_tower::SocketIo;

use crate::client::{Poller, Server, Ws, until};

fn alive_tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn a_session_is_one_task() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("wait", async || std::future::pending::<()>().await);
    });
    io.of("/other", |_| {});
    let server = Server::start(&io);
    let before = alive_tasks();
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut ws = Ws::connect(&server.address).await;
        ws.join("/other").await;
        for _ in 0..10 {
            ws.send(r#"42["wait"]"#).await;
        }
        ws.send(r#"42/other,["unknown"]"#).await;
        clients.push(ws);
    }
    for _ in 0..20 {
        // The connection is dropped; the session waits for the next GET.
        drop(Poller::connect(&server.address).await);
    }
    until("HTTP's tasks have ended", || alive_tasks() <= before + 40).await;
    assert_eq!((alive_tasks(), io.sessions()), (before + 40, 40));
}

/// Counts its serializations.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Serialize for Counting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        serializer.serialize_str("counted")
    }
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_is_encoded_once() {
    let io = SocketIo::new();
    let server = Server::start(&io);
    let mut websockets = Vec::new();
    let mut pollers = Vec::new();
    for _ in 0..10 {
        websockets.push(Ws::connect(&server.address).await);
        pollers.push(Poller::connect(&server.address).await);
    }
    let value = Counting::default();
    assert!(io.emit("x", &value).is_queued());
    for ws in &mut websockets {
        ws.expect(r#"42["x","counted"]"#).await;
    }
    for poller in &mut pollers {
        assert_eq!(poller.get().await, r#"42["x","counted"]"#);
    }
    assert_eq!(value.0.load(Ordering::Relaxed), 1);
}
