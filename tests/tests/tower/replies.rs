//! Replies of the server that no code of the application sends, such as connect errors: their bound.

use std::time::Duration;

use socketio_tower::testing::{ClientError, TestClient, settled};
use socketio_tower::{ConnectError, SocketIo};

use crate::client::{Poller, Server, until};

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

/// A packet that was emitted when a ping was due counted as a reply.
#[tokio::test(start_paused = true)]
async fn packets_of_the_application_are_no_replies() {
    let io = SocketIo::builder().ping_interval(Duration::from_secs(25)).build();
    io.of("/", |_| {});
    for builder in [TestClient::builder().websocket(), TestClient::builder().polling()] {
        let socket = builder.connect(&io).await.expect("it connects");
        settled().await;
        let large = "x".repeat(2 * BOUND);
        io.emit("large", &large);
        // The task of the session runs only afterwards.
        tokio::time::advance(Duration::from_secs(25)).await;
        assert!(socket.expect::<String>("large").await == large);
        assert!(socket.is_connected());
        drop(socket);
        settled().await;
    }
}

/// The replies to the first packets of each POST did not count.
#[tokio::test(start_paused = true)]
async fn a_client_that_posts_and_never_polls_is_closed() {
    let io = SocketIo::builder().max_namespaces(1).build();
    io.of("/", |_| {});
    let server = Server::start(&io);
    let mut poller = Poller::connect(&server.address).await;
    let requests = vec![format!("40/{}", "x".repeat(500)); 16].join("\u{1e}");
    for _ in 0..4 * BOUND / requests.len() {
        poller.post_response(requests.clone()).await;
        assert!(io.stats().queued_bytes < 2 * BOUND, "{} bytes wait", io.stats().queued_bytes);
    }
    until("its session has ended", || io.sessions() == 0).await;
}
