//! Messages of the kit when a test fails.

use socketio_tower::testing::{TestClient, TestSocket};
use socketio_tower::{Args, SocketIo};

use super::server;

/// A mistake in the setup is reported before anything else.
#[tokio::test(start_paused = true)]
#[should_panic(expected = "`disconnect` is an event of the protocol")]
async fn a_mistake_in_the_set_up_is_named() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("disconnect", async || ());
    });
    TestClient::connect(&io).await.ok();
}

async fn root() -> (SocketIo, TestSocket) {
    let (io, _) = server(SocketIo::builder());
    let socket = TestClient::connect(&io).await.expect("it connects");
    (io, socket)
}

#[tokio::test(start_paused = true)]
#[should_panic(
    expected = "expected the event `news`, but `olds` [1,\"two\"] arrived, at tests/tests/tower/testing/failures.rs:"
)]
async fn a_wrong_event_is_named() {
    let (io, socket) = root().await;
    io.emit("olds", &Args((1, "two")));
    socket.expect::<()>("news").await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "expected the event `news`, but none arrived within 30s")]
async fn a_missing_event_is_named() {
    let (_io, socket) = root().await;
    socket.expect::<()>("news").await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "expected the event `news`, but the socket was disconnected (ByServer)")]
async fn the_end_is_named() {
    let (_io, socket) = root().await;
    socket.emit("leave", &());
    socket.expect::<()>("news").await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "`news` [\"x\"]: argument 1: invalid type")]
async fn wrong_arguments_are_named() {
    let (io, socket) = root().await;
    io.emit("news", "x");
    socket.expect::<u32>("news").await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "expected no event, but `news` [1] arrived")]
async fn an_unexpected_event_is_named() {
    let (io, socket) = root().await;
    io.emit("news", &1);
    socket.expect_nothing().await;
}
