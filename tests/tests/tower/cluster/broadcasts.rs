//! Events for the sockets of all nodes.

use bytes::Bytes;
use serde_json::json;
use socketio_tower::testing::settled;
use socketio_tower::{Args, EmitStatus, NamespaceBuilder, NoArgs, Socket, SocketIo};

use super::nodes::{Nodes, wires};

fn rooms(ns: &mut NamespaceBuilder) {
    ns.on("join", async |socket: Socket, Args(rooms): Args<Vec<String>>| {
        for room in rooms {
            socket.join(room);
        }
    });
    ns.on("say", async |socket: Socket, Args((room, text)): Args<(String, String)>| {
        socket.to(room).emit("said", &text);
    });
}

/// Each selection reaches the same sockets as it would on one server, once each.
#[tokio::test(start_paused = true)]
async fn a_selection_reaches_its_sockets_on_every_node() {
    for wire in wires() {
        let nodes = Nodes::start(3, wire, rooms).await;
        let [a, b, c, d] = nodes.clients().await;
        let () = a.emit_with_ack("join", &Args(("red", "both"))).await.unwrap();
        let () = b.emit_with_ack("join", &Args(("blue", "both"))).await.unwrap();
        let () = c.emit_with_ack("join", &Args(("blue", "ünï#cöde"))).await.unwrap();
        let all = [&a, &b, &c, &d];
        let id = c.id().to_string();
        let cases: [(&str, socketio_tower::BroadcastOperator, &[usize]); 8] = [
            ("all", nodes[0].local().to("none").to("red"), &[0]),
            ("one room", nodes[0].to("blue"), &[1, 2]),
            ("three rooms", nodes[0].to("blue").to("both").to("red"), &[0, 1, 2]),
            ("except", nodes[0].except("both"), &[2, 3]),
            ("room except", nodes[0].to("blue").except("both"), &[2]),
            ("an id", nodes[0].to(&*id), &[2]),
            ("another name", nodes[1].to("ünï#cöde"), &[2]),
            ("volatile", nodes[2].volatile().to("blue"), &[1, 2]),
        ];
        for (name, selection, expected) in cases {
            assert_eq!(selection.emit("event", name), EmitStatus::Queued, "{name}");
            settled().await;
            for (index, client) in all.iter().enumerate() {
                if expected.contains(&index) {
                    assert_eq!(client.expect::<String>("event").await, name, "{name}: {index}");
                }
                client.expect_nothing().await;
            }
        }
        // The sender is excluded by its id.
        a.emit("say", &Args(("both", "hello")));
        assert_eq!(b.expect::<String>("said").await, "hello");
        nodes[1].local().emit("here", &NoArgs);
        b.expect_event("here").await;
        for client in all {
            client.expect_nothing().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn any_arguments_cross_the_bus() {
    for wire in wires() {
        let nodes = Nodes::start(2, wire, rooms).await;
        let [_a, b] = nodes.clients().await;
        let value = json!({ "é": [null, true, -1, 1.5, u64::MAX, i64::MIN, "\u{2028}\"\\", { "": {} }], "big": "x".repeat(70_000) });
        nodes[0].emit("value", &value);
        assert_eq!(b.expect::<serde_json::Value>("value").await, value);
        let (one, two) = (Bytes::from_static(b"\x00\xff"), Bytes::from(vec![7; 100_000]));
        nodes[0].emit("binary", &Args((&one, json!({ "k": 1 }), [&two])));
        let received: Args<(Bytes, serde_json::Value, [Bytes; 1])> = b.expect("binary").await;
        assert_eq!(received, Args((one, json!({ "k": 1 }), [two])));
        nodes[0].emit("nothing", &NoArgs);
        assert_eq!(b.expect::<Args<Vec<u8>>>("nothing").await, Args(Vec::new()));
    }
}

#[tokio::test(start_paused = true)]
async fn events_of_one_node_arrive_in_order() {
    for wire in wires() {
        let nodes = Nodes::start(2, wire, rooms).await;
        let [_a, b] = nodes.clients().await;
        for n in 0..1000_u32 {
            match n % 3 {
                0 => nodes[0].emit("n", &n),
                1 => nodes[0].to(b.id().as_str()).emit("n", &n),
                _ => nodes[0].except("nobody").to(b.id().as_str()).emit("n", &n),
            };
        }
        for n in 0..1000 {
            assert_eq!(b.expect::<u32>("n").await, n);
        }
        b.expect_nothing().await;
    }
}

/// What is emitted after a join reaches the sockets that have joined, on this node and on others: 0 of 50 in Node's
/// adapters, whose join waits for its own echo.
#[tokio::test(start_paused = true)]
async fn a_join_is_done_before_the_next_event() {
    for wire in wires() {
        let nodes = Nodes::start(2, wire, rooms).await;
        let clients: [_; 50] = nodes.clients().await;
        nodes[0].sockets_join("later").await;
        nodes[0].to("later").emit("found", &NoArgs);
        for client in &clients {
            client.expect_event("found").await;
            client.expect_nothing().await;
        }
    }
}

/// A namespace of a pattern may have sockets on other nodes only.
#[tokio::test(start_paused = true)]
async fn a_dynamic_namespace_may_live_elsewhere() {
    for wire in wires() {
        let nodes = Nodes::start(2, wire, |_| {}).await;
        for io in &nodes.nodes {
            io.of("/orders/{id}", |_| {});
            io.of("/orders/special", |_| {});
        }
        settled().await;
        let client = socketio_tower::testing::TestClient::builder().open(&nodes[1]).await.unwrap();
        let seven = client.namespace("/orders/7").connect().await.unwrap();
        let special = client.namespace("/orders/special").connect().await.unwrap();
        settled().await;
        let handle = |path| nodes[0].namespace(path).expect("the name matches");
        handle("/orders/7").emit("paid", &7);
        handle("/orders/8").emit("paid", &8);
        handle("/orders/special").to(special.id().as_str()).emit("paid", &9);
        assert_eq!(seven.expect::<u8>("paid").await, 7);
        assert_eq!(special.expect::<u8>("paid").await, 9);
        assert_eq!(handle("/orders/7").fetch_sockets().await.len(), 1);
        assert_eq!(handle("/orders/8").fetch_sockets().await.len(), 0);
        seven.expect_nothing().await;
        special.expect_nothing().await;
    }
}

/// An event that cannot be written is refused before it is sent to any socket.
#[tokio::test(start_paused = true)]
async fn an_event_that_is_too_large_is_refused() {
    let nodes = Nodes::start(2, wires()[0].clone(), |_| {}).await;
    let [a, b] = nodes.clients().await;
    let large = "x".repeat(9 * 1024 * 1024);
    let EmitStatus::Invalid(error) = nodes[0].emit("large", &large) else { panic!("it is refused") };
    assert_eq!(error.to_string(), "the message is larger than 8388608 bytes");
    assert!(nodes[0].local().emit("here", "still").is_queued());
    a.expect::<String>("here").await;
    a.expect_nothing().await;
    b.expect_nothing().await;
}

/// Without a cluster, nothing changes: the status is that of one server.
#[tokio::test(start_paused = true)]
async fn a_server_alone_is_its_own_cluster() {
    let io = SocketIo::new();
    assert!(io.cluster().is_none() && io.stats().cluster.is_none());
    assert_eq!(io.emit("event", ""), EmitStatus::Queued);
    assert!(io.try_fetch_sockets().await.unwrap().is_empty());
    assert_eq!(io.server_side_emit("event", ""), EmitStatus::Queued);
    assert!(io.server_side_emit_with_ack::<_, u8>("event", "").await.is_empty());
}
