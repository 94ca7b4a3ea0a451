//! Tests of the chat with three nodes in memory.

use serde_json::{Value, json};
use socketio_tower::cluster::Local;
use socketio_tower::testing::{ClientError, TestClient, TestSocket};
use socketio_tower::{Args, SocketIo};

use super::node::node;

async fn nodes() -> [SocketIo; 3] {
    let cluster = Local::new();
    let nodes = ["node-a", "node-b", "node-c"].map(|name| node(SocketIo::builder(), name));
    for io in &nodes {
        io.join_cluster(cluster.clone()).await.unwrap();
    }
    nodes
}

async fn connect(io: &SocketIo, hello: &Value) -> Result<TestSocket, ClientError> {
    TestClient::builder().open(io).await?.namespace("/").auth(hello).connect().await
}

async fn person(io: &SocketIo, name: &str, node: &str) -> TestSocket {
    let socket = connect(io, &json!({ "name": name })).await.expect("a valid name");
    assert_eq!(socket.expect::<Value>("you").await, json!({ "name": name, "node": node }));
    socket
}

/// Waits for a list of people. Earlier lists may have fewer.
async fn sees(socket: &TestSocket, people: &[(&str, &str)]) {
    let people: Vec<Value> =
        people.iter().map(|(name, node)| json!({ "name": name, "node": node })).collect();
    for _ in 0..10 {
        if socket.expect::<Vec<Value>>("people").await == people {
            return;
        }
    }
    panic!("{people:?} are not shown");
}

#[tokio::test(start_paused = true)]
async fn people_of_all_nodes_see_and_hear_each_other() {
    let [a, b, c] = nodes().await;
    let ada = person(&a, "ada", "node-a").await;
    let bob = person(&b, "bob", "node-b").await;
    let cem = person(&c, "cem", "node-c").await;
    let all = [("ada", "node-a"), ("bob", "node-b"), ("cem", "node-c")];
    for socket in [&ada, &bob, &cem] {
        sees(socket, &all).await;
    }

    bob.emit("say", "hello");
    for socket in [&ada, &bob, &cem] {
        let Args((person, text)) = socket.expect::<Args<(Value, String)>>("said").await;
        assert_eq!((person, text), (json!({ "name": "bob", "node": "node-b" }), "hello".to_owned()));
    }

    bob.client().lose_network();
    for socket in [&ada, &cem] {
        sees(socket, &[all[0], all[2]]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_people_of_a_node_that_closes_leave_the_list() {
    let [a, b, _c] = nodes().await;
    let ada = person(&a, "ada", "node-a").await;
    let bob = person(&b, "bob", "node-b").await;
    sees(&ada, &[("ada", "node-a"), ("bob", "node-b")]).await;

    b.close(std::time::Duration::from_secs(1)).await;
    sees(&ada, &[("ada", "node-a")]).await;
    drop(bob);
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_name_is_rejected() {
    let [a, ..] = nodes().await;
    for hello in [json!({}), json!({ "name": "" }), json!({ "name": "x".repeat(21) })] {
        let rejected = connect(&a, &hello).await.expect_err("rejected");
        assert_eq!(rejected.message(), "a name has 1 to 20 characters");
    }
}
