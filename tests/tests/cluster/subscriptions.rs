//! What a node leaves at the broker.

use std::time::Duration;

use socketio_tests::servers::Redis;
use socketio_tower::testing::TestClient;

use crate::nodes::{Node, redis, until};

/// fault: every namespace had a pattern of its own, which was never dropped and made each message dearer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_dynamic_namespaces_leave_nothing() {
    let redis = redis!();
    let node = Node::start(&redis.url(), |_| {}).await;
    node.io.of("/orders/{id}", |_| {});
    let count = |what: &str| redis.command(&["PUBSUB", what]).trim().parse::<usize>().expect("a number");
    let channels = || match redis.command(&["PUBSUB", "CHANNELS"]).trim() {
        "" => 0,
        channels => channels.lines().count(),
    };
    until("two patterns", || count("NUMPAT") == 2).await;
    let before = channels();
    for round in 0..10 {
        let mut clients = Vec::new();
        for client in 0..20 {
            let client_ = TestClient::builder().open(&node.io).await.expect("a session");
            let mut sockets = Vec::new();
            for n in 0..50 {
                let path = format!("/orders/{round}-{client}-{n}");
                sockets.push(client_.namespace(&path).connect().await.expect("it is let in"));
            }
            clients.push((client_, sockets));
        }
        until("all are subscribed", || channels() == before + 3000).await;
        assert_eq!(count("NUMPAT"), 2);
        drop(clients);
        until("all are gone", || node.io.sessions() == 1).await;
    }
    until("nothing is left", || channels() == before && count("NUMPAT") == 2).await;
    assert!(node.io.close(Duration::from_secs(5)).await);
    until("nothing at all", || channels() == 0 && count("NUMPAT") == 0).await;
}
