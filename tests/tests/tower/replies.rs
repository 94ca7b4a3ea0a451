//! Replies of the server that no code of the application sends, such as connect errors: their bound.

use socketio_tower::testing::{ClientError, TestClient};
use socketio_tower::{ConnectError, SocketIo};

/// The bound on replies that wait for one client.
const BOUND: usize = 1024 * 1024;

#[tokio::test(start_paused = true)]
async fn replies_that_were_read_do_not_count() {
    const REPLY: usize = 100_000;
    let io = SocketIo::new();
    io.of("/", |_| {});
    io.of("/closed", |ns| ns.middleware(async || Err::<(), _>(ConnectError::new("x".repeat(REPLY)))));
    for builder in [TestClient::builder().websocket(), TestClient::builder().polling()] {
        let socket = builder.connect(&io).await.expect("it connects");
        for _ in 0..2 * BOUND / REPLY {
            let rejected = socket.client().namespace("/closed").connect().await.unwrap_err();
            assert!(matches!(rejected, ClientError::Namespace { .. }), "{rejected:?}");
        }
        assert!(socket.is_connected());
    }
}
