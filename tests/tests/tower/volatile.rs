//! Events that are sent at once or dropped.

use bytes::Bytes;
use socketio_tower::testing::{TestClient, TestSocket, settled};
use socketio_tower::{AckError, Args, EmitStatus, Event, Socket, SocketIo};

use crate::client::{Poller, Server};

async fn connected(io: &SocketIo) -> (TestSocket, Socket) {
    let client = TestClient::connect(io).await.expect("it is let in");
    settled().await;
    let socket = io.to(client.id().as_str()).sockets().pop().expect("it is connected");
    (client, socket)
}

/// As on the Node server, one of two volatile events in a tick is delivered, and one right after a regular event is
/// dropped. fault 21: the first of the two was lost; here it is delivered.
#[tokio::test(start_paused = true)]
async fn over_a_websocket_it_leaves_if_nothing_waits() {
    let io = SocketIo::new();
    let (client, socket) = connected(&io).await;
    assert!(matches!(socket.volatile().emit("a", &1), EmitStatus::Queued));
    assert!(matches!(socket.volatile().emit("b", &2), EmitStatus::Dropped));
    assert!(socket.emit("c", &3).is_queued());
    assert!(matches!(socket.volatile().send("d"), EmitStatus::Dropped));
    let refused = socket.volatile().emit_with_ack::<_, ()>("e", "").await;
    assert!(matches!(refused, Err(AckError::Dropped)));
    assert_eq!(client.expect::<u8>("a").await, 1);
    assert_eq!(client.expect::<u8>("c").await, 3);
    settled().await;

    // Everything has been sent, so the next one is sent too, including its attachments.
    let bytes = Bytes::from_static(b"\x01\x02");
    assert!(socket.volatile().emit("binary", &Args(("x", &bytes))).is_queued());
    assert_eq!(client.expect::<Args<(String, Bytes)>>("binary").await, Args(("x".to_owned(), bytes)));
    client.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_for_a_client_that_does_not_read() {
    let io = SocketIo::new();
    let (client, socket) = connected(&io).await;
    client.client().stall();
    settled().await;
    let big = "x".repeat(100_000);
    let mut taken = 0;
    for _ in 0..100 {
        taken += usize::from(socket.volatile().emit("frame", &big).is_queued());
        settled().await;
    }
    // The events in the pipe, and the one that filled it.
    assert!((1..=3).contains(&taken), "{taken} were taken");
    assert!(socket.queued_bytes() < 2 * big.len());
    client.client().resume();
    for _ in 0..taken {
        client.expect::<String>("frame").await;
    }
    client.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn over_polling_it_leaves_if_a_request_waits() {
    let io = SocketIo::new();
    let server = Server::start(&io);
    let mut poller = Poller::connect(&server.address).await;
    let socket = io.namespace("/").unwrap().all().sockets().pop().unwrap();
    // No GET is waiting.
    crate::client::until("the GET is answered", || socket.queued_bytes() == 0).await;
    assert!(matches!(socket.volatile().emit("lost", ""), EmitStatus::Dropped));

    let mut second = poller.beside().await;
    let waiting = tokio::spawn(async move { second.get().await });
    settled().await;
    assert!(matches!(socket.volatile().emit("a", ""), EmitStatus::Queued));
    assert!(matches!(socket.volatile().emit("b", ""), EmitStatus::Dropped));
    assert_eq!(waiting.await.unwrap(), r#"42["a",""]"#);
    socket.emit("c", "");
    assert_eq!(poller.get().await, r#"42["c",""]"#);
}

/// `send` emits an event named `message`, in both directions.
#[tokio::test(start_paused = true)]
async fn send_is_a_message() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("message", async |socket: Socket, event: Event| socket.send(event.args()));
    });
    let (client, _) = connected(&io).await;
    client.emit("message", &Args((1, "two")));
    assert_eq!(client.expect::<Args<(u8, String)>>("message").await, Args((1, "two".to_owned())));
    io.send("to all");
    assert_eq!(client.expect::<String>("message").await, "to all");
}
