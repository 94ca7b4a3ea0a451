//! Snapshots of sockets of other nodes, and what can be done with them.

use serde::{Deserialize, Serialize};
use socketio_tower::testing::{Disconnected, TestClient, settled};
use socketio_tower::{AckError, Socket};

use super::nodes::{Nodes, wires};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Player {
    name: String,
}

#[tokio::test(start_paused = true)]
async fn sockets_of_all_nodes_are_fetched_and_moved() {
    for wire in wires() {
        let nodes = Nodes::start(3, wire, |ns| {
            ns.on_connect(async |socket: Socket| {
                let name = socket.handshake().parameter("name").unwrap_or_default().into_owned();
                socket.join(format!("team {}", &name[..1]));
                socket.set_data(Player { name });
            });
        })
        .await;
        let mut clients = Vec::new();
        for (node, name) in ["ada", "alan", "bob"].iter().enumerate() {
            let client =
                TestClient::builder().query(&format!("name={name}")).open(&nodes[node]).await.unwrap();
            clients.push(client.namespace("/").connect().await.unwrap());
        }
        settled().await;
        let [ada, alan, bob] = &clients[..] else { panic!("three") };
        let mut fetched = nodes[2].to("team a").try_fetch_sockets().await.unwrap();
        fetched.sort_by_key(|socket| socket.data::<Player>().unwrap().name);
        assert_eq!(
            fetched.iter().map(|socket| socket.id()).collect::<Vec<_>>(),
            [ada.id().as_str(), alan.id().as_str()]
        );
        assert_eq!(fetched[1].rooms(), [alan.id().to_string(), "team a".to_owned()]);
        assert_eq!(fetched[1].handshake().parameter("name").as_deref(), Some("alan"));
        assert_eq!(nodes[0].fetch_sockets().await.len(), 3);
        assert_eq!(nodes[0].local().fetch_sockets().await.len(), 1);

        let remote = &fetched[1];
        let ack = remote.emit_with_ack::<_, u8>("question", "?");
        let (ack, ()) = tokio::join!(ack, async { alan.expect_event("question").await.ack(&7) });
        assert_eq!(ack.unwrap(), 7);
        remote.emit("hello", "alan");
        assert_eq!(alan.expect::<String>("hello").await, "alan");
        remote.join("other").await;
        remote.leave("team a").await;
        settled().await;
        assert_eq!((nodes[1].to("other").count(), nodes[1].to("team a").count()), (1, 0));
        nodes[0].to("team b").sockets_join("moved").await;
        settled().await;
        assert_eq!(nodes[2].to("moved").count(), 1);
        nodes[0].to("moved").sockets_leave("moved").await;
        settled().await;
        assert_eq!(nodes[2].to("moved").count(), 0);

        remote.disconnect(false).await;
        assert_eq!(alan.disconnected().await, Disconnected::ByServer);
        let gone = remote.emit_with_ack::<_, u8>("question", "?").await;
        assert!(matches!(gone, Err(AckError::Disconnected)), "{gone:?}");
        nodes[0].to("team b").disconnect_sockets(true).await;
        assert_eq!(bob.disconnected().await, Disconnected::ByServer);
        bob.client().closed().await;
        settled().await;
        assert_eq!(nodes[1].fetch_sockets().await.len(), 1);
    }
}

/// Removing a namespace concerns this process only, as closing does.
#[tokio::test(start_paused = true)]
async fn a_node_that_removes_a_namespace_or_closes_does_not_disconnect_others() {
    let nodes = Nodes::start(2, wires()[0].clone(), |_| {}).await;
    for io in &nodes.nodes {
        io.of("/chat", |_| {});
    }
    let client = TestClient::builder().open(&nodes[1]).await.unwrap();
    let chat = client.namespace("/chat").connect().await.unwrap();
    settled().await;
    nodes[0].remove("/chat").unwrap();
    assert!(nodes[0].close(std::time::Duration::from_secs(1)).await);
    settled().await;
    chat.expect_nothing().await;
    assert_eq!(nodes[1].namespace("/chat").unwrap().fetch_sockets().await.len(), 1);
}
