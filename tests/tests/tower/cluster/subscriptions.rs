//! What a node subscribes to.

use socketio_tower::testing::{TestClient, settled};

use super::nodes::{Nodes, wires};

fn subscriptions(nodes: &Nodes) -> usize {
    nodes[0].stats().cluster.expect("it has joined").subscriptions
}

/// Patterns stand for definitions, channels for namespaces with sockets: both end with what they stand for.
#[tokio::test(start_paused = true)]
async fn they_follow_definitions_and_sockets() {
    let nodes = Nodes::start(1, wires()[1].clone(), |_| {}).await;
    assert_eq!(subscriptions(&nodes), 4, "one pattern and three channels for `/`");
    nodes[0].of("/orders/{id}", |_| {});
    nodes[0].of("/orders/special", |_| {});
    assert_eq!(subscriptions(&nodes), 4 + 1 + 3, "the pattern of the pattern covers `/orders/special`");
    let client = TestClient::builder().open(&nodes[0]).await.unwrap();
    for round in 0..3 {
        let mut sockets = Vec::new();
        for n in 0..60 {
            sockets.push(client.namespace(&format!("/orders/{round}-{n}")).connect().await.unwrap());
        }
        settled().await;
        assert_eq!(subscriptions(&nodes), 8 + 3 * 60);
        for socket in &sockets {
            socket.disconnect();
        }
        settled().await;
        assert_eq!(subscriptions(&nodes), 8);
    }
    nodes[0].remove("/orders/{id}").unwrap();
    assert_eq!(subscriptions(&nodes), 8, "`/orders/special` needs its own pattern now");
    nodes[0].remove("/orders/special").unwrap();
    assert_eq!(subscriptions(&nodes), 4);
}
