//! A bus that goes away and comes back.

use std::sync::Arc;
use std::time::Duration;

use socketio_tower::cluster::{ClusterEvent, ClusterState, JoinError, Local};
use socketio_tower::testing::{TestClient, settled};
use socketio_tower::{AckError, EmitStatus, SocketIo};
use tokio::time::{Instant, sleep};

use super::nodes::{Nodes, wires};
use crate::client::{Log, until};

/// Local sockets get everything; what is young enough reaches the others afterwards.
#[tokio::test(start_paused = true)]
async fn local_traffic_goes_on_and_the_rest_is_bounded() {
    let log = Arc::new(Log::default());
    let sink = Arc::clone(&log);
    let mut nodes = Nodes::start(1, wires()[0].clone(), |_| {}).await;
    let hook = move |event: &ClusterEvent| match event {
        ClusterEvent::Up => sink.add("up"),
        ClusterEvent::Down { error } => sink.add(format!("down: {error}")),
        ClusterEvent::MessagesDropped { count } => sink.add(format!("{count} dropped")),
        _ => {}
    };
    nodes.add(SocketIo::builder().on_cluster(hook), |_| {}).await;
    let [a, b] = nodes.clients().await;
    nodes.bus.set_available(false);
    settled().await;
    assert!(matches!(nodes[1].cluster().unwrap().state(), ClusterState::Down { error: Some(_), .. }));
    assert_eq!(nodes[1].emit("old", ""), EmitStatus::Local);
    settled().await;
    assert_eq!(nodes[1].volatile().emit("volatile", ""), EmitStatus::Local);
    assert_eq!(nodes[1].local().emit("local", ""), EmitStatus::Queued);
    sleep(Duration::from_secs(6)).await;
    assert_eq!(nodes[1].emit("young", ""), EmitStatus::Local);
    for event in ["old", "volatile", "local", "young"] {
        b.expect_event(event).await;
    }
    nodes.bus.set_available(true);
    for node in [0, 1] {
        until("it is back", || nodes[node].cluster().unwrap().state().is_up()).await;
    }
    settled().await;
    let stats = nodes[1].stats().cluster.unwrap();
    assert_eq!((stats.up, stats.dropped, stats.outbound_bytes, stats.connects), (true, 1, 0, 2));
    assert_eq!(nodes[1].emit("again", ""), EmitStatus::Queued);
    // The young one arrives if the other node was back first.
    let next = a.next_event().await.expect("an event");
    if next.name() == "young" {
        a.expect_event("again").await;
    }
    a.expect_nothing().await;
    let lines = log.lines();
    assert_eq!((&*lines[0], &*lines[1]), ("up", "down: the cluster has gone away"), "{lines:?}");
    assert!(lines.contains(&"1 dropped".to_owned()) && lines.last().unwrap() == "up", "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_bounded_in_bytes() {
    let nodes = Nodes::start(1, wires()[0].clone(), |_| {}).await;
    nodes.bus.set_available(false);
    settled().await;
    let megabyte = "x".repeat(1_000_000);
    for _ in 0..100 {
        nodes[0].emit("large", &megabyte);
    }
    let stats = nodes[0].stats().cluster.unwrap();
    assert!((15_000_000..=17_000_000).contains(&stats.outbound_bytes), "{stats:?}");
    assert_eq!((stats.dropped, stats.dropped_bytes > 80_000_000), (84, true), "{stats:?}");
}

/// Questions end at once while the bus is away, with what this node knows.
#[tokio::test(start_paused = true)]
async fn questions_do_not_wait_for_a_bus_that_is_away() {
    for wire in wires() {
        let nodes = Nodes::start(2, wire, |_| {}).await;
        let [a, b] = nodes.clients().await;
        let start = Instant::now();
        let pending = nodes[0].emit_with_ack::<_, u8>("question", "");
        settled().await;
        nodes.bus.set_available(false);
        a.expect_event("question").await.ack(&1);
        drop(b);
        let answers = pending.await;
        assert!(answers.contains(&Ok(1)) && answers.contains(&Err(AckError::Unreachable)), "{answers:?}");
        let answers = nodes[0].emit_with_ack::<_, u8>("question", "");
        a.expect_event("question").await.ack(&2);
        assert_eq!(answers.await, [Err(AckError::Unreachable), Ok(2)]);
        let incomplete = nodes[0].try_fetch_sockets().await.unwrap_err();
        assert_eq!(
            (incomplete.sockets.len(), incomplete.to_string().as_str()),
            (1, "the connection to the cluster is down")
        );
        assert_eq!(nodes[0].fetch_sockets().await.len(), 1);
        assert_eq!(nodes[0].server_side_emit_with_ack::<_, u8>("x", "").await, [Err(AckError::Unreachable)]);
        nodes[0].sockets_join("room").await;
        assert_eq!(nodes[0].to("room").count(), 1);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        assert_eq!(nodes[0].stats().cluster.unwrap().questions, 0);
    }
}

/// A server may start before its broker.
#[tokio::test(start_paused = true)]
async fn a_server_may_start_before_the_bus() {
    let bus = Local::new();
    bus.set_available(false);
    let (one, two) = (SocketIo::new(), SocketIo::new());
    one.join_cluster(bus.clone()).lazily().unwrap();
    let start = Instant::now();
    let error = two.join_cluster(bus.clone()).await.unwrap_err();
    assert_eq!(error.to_string(), "the cluster cannot be reached: the cluster is away");
    assert_eq!(start.elapsed(), Duration::from_secs(10));
    assert!(matches!(two.join_cluster(bus.clone()).await, Err(JoinError::AlreadyJoined)));
    bus.set_available(true);
    for io in [&one, &two] {
        until("it is connected", || io.cluster().unwrap().state().is_up()).await;
    }
    let client = TestClient::connect(&two).await.unwrap();
    one.emit("hello", "");
    client.expect_event("hello").await;
}
