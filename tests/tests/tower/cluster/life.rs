//! Nodes that come and go.

use std::sync::Arc;
use std::time::Duration;

use socketio_tower::cluster::{ClusterEvent, ClusterState, Emitter};
use socketio_tower::testing::{TestClient, settled};
use socketio_tower::{EmitStatus, SocketIo};
use tokio::time::sleep;

use super::nodes::{Nodes, wires};
use crate::client::{Log, until};

#[tokio::test(start_paused = true)]
async fn nodes_know_each_other() {
    for wire in wires() {
        let log = Arc::new(Log::default());
        let sink = Arc::clone(&log);
        let mut nodes = Nodes::start(0, wire, |_| {}).await;
        let builder = SocketIo::builder().on_cluster(move |event| match event {
            ClusterEvent::PeerJoined { node } => sink.add(format!("{node} joined")),
            ClusterEvent::PeerLeft { node, goodbye } => sink.add(format!("{node} left {goodbye}")),
            _ => {}
        });
        nodes.add(builder, |_| {}).await;
        nodes.add(SocketIo::builder(), |_| {}).await;
        nodes.add(SocketIo::builder(), |_| {}).await;
        let id = |node: usize| nodes[node].cluster().unwrap().node().clone();
        let (zero, one, two) = (id(0), id(1), id(2));
        let peers = nodes[0].cluster().unwrap().peers();
        assert!(peers.len() == 2 && peers.contains(&one) && peers.contains(&two), "{peers:?}");
        assert_eq!(nodes[2].cluster().unwrap().peers().len(), 2);

        // One says goodbye.
        assert!(nodes[1].close(Duration::from_secs(1)).await);
        assert!(matches!(nodes[1].cluster().unwrap().state(), ClusterState::Left));
        settled().await;
        assert_eq!(nodes[0].cluster().unwrap().peers(), std::slice::from_ref(&two));
        assert_eq!(nodes[1].emit("late", ""), EmitStatus::Queued, "it is a server alone");

        // The other is dropped without a word, and its task with it.
        let last = nodes.nodes.pop().unwrap();
        drop(last);
        sleep(Duration::from_secs(20)).await;
        assert!(nodes[0].cluster().unwrap().peers().is_empty());
        let lines = log.lines();
        assert_eq!(
            lines[..3],
            [format!("{one} joined"), format!("{two} joined"), format!("{one} left true")]
        );
        assert!(lines[3].starts_with(&format!("{two} left")), "{lines:?}");
        assert_ne!(zero, one);
    }
}

/// An emitter sends to all nodes without being one.
#[tokio::test(start_paused = true)]
async fn an_emitter_is_no_node() {
    for wire in wires() {
        let nodes = Nodes::start(2, wire, |ns| {
            ns.on_server_event("note", async || ());
        })
        .await;
        let [a, b] = nodes.clients().await;
        let emitter = Emitter::connect(nodes.bus.clone()).await.unwrap();
        assert_eq!(emitter.emit("news", "all"), EmitStatus::Queued);
        for client in [&a, &b] {
            assert_eq!(client.expect::<String>("news").await, "all");
        }
        let all = emitter.of("/").unwrap();
        for room in ["x", "y"] {
            all.clone().to(a.id().as_str()).sockets_join(room);
        }
        settled().await;
        emitter.to("y").except("z").emit("news", "room");
        assert_eq!(a.expect::<String>("news").await, "room");
        all.clone().to("x").sockets_leave("x");
        settled().await;
        assert_eq!((nodes[0].to("x").count(), nodes[0].to("y").count()), (0, 1));
        assert_eq!(all.server_side_emit("note", ""), EmitStatus::Queued);
        assert!(matches!(emitter.emit("connect", ""), EmitStatus::Invalid(_)));
        emitter.to("y").disconnect_sockets(true);
        a.client().closed().await;
        b.expect_nothing().await;
        emitter.flush().await;
        assert_eq!(nodes[0].cluster().unwrap().peers().len(), 1);
        nodes.bus.set_available(false);
        settled().await;
        assert_eq!(emitter.emit("later", ""), EmitStatus::Local);
        nodes.bus.set_available(true);
        until("it is back", || emitter.state().is_up()).await;
    }
}

/// A node that joins while others talk gets everything from then on.
#[tokio::test(start_paused = true)]
async fn a_node_may_join_at_any_time() {
    let mut nodes = Nodes::start(1, wires()[1].clone(), |_| {}).await;
    let io = SocketIo::new();
    io.of("/early/{id}", |_| {});
    let client = TestClient::builder().open(&io).await.unwrap();
    let early = client.namespace("/early/1").connect().await.unwrap();
    io.join_cluster(nodes.bus.clone()).await.unwrap();
    nodes.nodes.push(io);
    nodes[0].of("/early/{id}", |_| {});
    nodes[0].namespace("/early/1").unwrap().emit("hello", "");
    early.expect_event("hello").await;
    assert_eq!(
        nodes[0].namespace("/early/1").unwrap().fetch_sockets().await.len(),
        1,
        "it answers for namespaces that were open"
    );
}
