//! A broker that is away, restarts, stops, or has a bad network before it.

use std::time::{Duration, Instant};

use socketio_tests::servers::{Direction, Proxy, Redis};
use socketio_tower::cluster::ClusterEvent;
use socketio_tower::{AckError, EmitStatus, SocketIo, cluster};

use crate::nodes::{Node, pair, redis, until, until_heard};

/// The time that a broadcast to a client of the same process may take, whatever the broker does.
const LOCAL: Duration = Duration::from_millis(100);

/// Asserts that the client of a node gets what the node sends, without a delay.
async fn local_traffic_goes_on(node: &Node, rounds: u32) {
    for round in 0..rounds {
        let start = Instant::now();
        let status = node.io.emit("local", &round);
        assert!(matches!(status, EmitStatus::Queued | EmitStatus::Local), "{status:?}");
        assert_eq!(node.hears("local").await.args(), Ok(round));
        assert!(start.elapsed() < LOCAL, "{:?}", start.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// fault: clients of other servers stayed deaf after a restart of Redis, because nothing was subscribed again.
#[tokio::test]
async fn a_restart_is_survived_and_everything_subscribed_again() {
    let mut redis = redis!();
    let [one, two] = pair(&redis).await;
    let mut number = 0;
    until_heard(&one, &two, &mut number).await;
    for _ in 0..2 {
        redis.restart();
        one.is_down().await;
        for node in [&one, &two] {
            node.is_up().await;
        }
        until_heard(&one, &two, &mut number).await;
        until_heard(&two, &one, &mut number).await;
        until("both answer", || redis.command(&["PUBSUB", "NUMSUB", "socket.io-request#/#"]).ends_with('2'))
            .await;
        assert_eq!(one.io.try_fetch_sockets().await.expect("both").len(), 2);
    }
    assert!(one.events().iter().any(|event| matches!(event, ClusterEvent::Down { .. })));
}

/// fault: a client that gives up after some attempts, or whose first attempt must succeed.
#[tokio::test]
async fn a_server_waits_for_a_broker_that_is_away() {
    let mut redis = redis!();
    redis.kill();
    let node =
        || async { Node::start_lazily(cluster::Redis::classic(&redis.url()).expect("a URL"), |_| {}).await };
    let (one, two) = (node().await, node().await);
    let io = SocketIo::new();
    let joined = io.join_cluster(cluster::Redis::classic(&redis.url()).expect("a URL"));
    let error = joined.timeout(Duration::from_secs(2)).await.expect_err("it is away");
    assert!(error.to_string().starts_with("the cluster cannot be reached: "), "{error}");
    local_traffic_goes_on(&one, 300).await;
    redis.restart();
    let back = Instant::now();
    for node in [&one, &two] {
        node.is_up().await;
    }
    assert!(back.elapsed() < Duration::from_secs(5), "{:?}", back.elapsed());
    until("the third too", || io.cluster().is_some_and(|cluster| cluster.state().is_up())).await;
    until_heard(&one, &two, &mut 0).await;
}

/// A Redis that stops for a while: known within 8 seconds, back when it continues, and local traffic never waits.
#[tokio::test]
async fn a_broker_that_stops_is_noticed() {
    let redis = redis!();
    let [one, two] = pair(&redis).await;
    redis.stop();
    let stopped = Instant::now();
    while one.stats().up {
        assert!(stopped.elapsed() < Duration::from_secs(9), "it was not noticed");
        local_traffic_goes_on(&one, 10).await;
    }
    assert_eq!(one.io.emit("local", &0), EmitStatus::Local);
    one.hears("local").await;
    let start = Instant::now();
    let answers = one.io.emit_with_ack::<_, u8>("question", "");
    one.client.expect_event("question").await.ack(&1);
    assert_eq!(answers.await, [Err(AckError::Unreachable), Ok(1)]);
    assert!(start.elapsed() < LOCAL);
    redis.resume();
    for node in [&one, &two] {
        node.is_up().await;
    }
    drop(two.client.next_event());
    until_heard(&two, &one, &mut 0).await;
}

/// fault: a subscriber whose connection was killed stayed deaf.
#[tokio::test]
async fn killed_connections_are_replaced() {
    let redis = redis!();
    let [one, two] = pair(&redis).await;
    let mut number = 0;
    for kind in ["pubsub", "normal", "pubsub"] {
        let connects = one.stats().connects;
        redis.command(&["CLIENT", "KILL", "TYPE", kind]);
        until("it has connected again", || one.stats().connects > connects && one.stats().up).await;
        two.is_up().await;
        until_heard(&one, &two, &mut number).await;
        until_heard(&two, &one, &mut number).await;
    }
}

/// fault: dead connections that stay open were not noticed for minutes. Each direction for itself.
#[tokio::test]
async fn a_dead_network_is_noticed() {
    let redis = redis!();
    let proxy = Proxy::start(redis.address());
    let behind = Node::start(&redis.url_of(proxy.address()), |_| {}).await;
    let other = Node::start(&redis.url(), |_| {}).await;
    let mut number = 0;
    until_heard(&other, &behind, &mut number).await;
    for direction in [Direction::ToClient, Direction::ToServer, Direction::Both] {
        proxy.stall(direction);
        let stalled = Instant::now();
        while behind.stats().up {
            assert!(stalled.elapsed() < Duration::from_secs(9), "{direction:?} was not noticed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        proxy.resume();
        behind.is_up().await;
        until_heard(&other, &behind, &mut number).await;
        until_heard(&behind, &other, &mut number).await;
        // The half-dead subscription does not make later questions wait.
        let start = Instant::now();
        assert_eq!(other.io.try_fetch_sockets().await.expect("both answer").len(), 2);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn resets_and_refusals_are_survived() {
    let redis = redis!();
    let proxy = Proxy::start(redis.address());
    let behind = Node::start(&redis.url_of(proxy.address()), |_| {}).await;
    let other = Node::start(&redis.url(), |_| {}).await;
    let mut number = 0;
    for _ in 0..3 {
        proxy.reset();
        behind.is_down().await;
        behind.is_up().await;
        until_heard(&other, &behind, &mut number).await;
    }
    proxy.refuse();
    proxy.reset();
    behind.is_down().await;
    local_traffic_goes_on(&behind, 100).await;
    proxy.accept();
    behind.is_up().await;
    until_heard(&behind, &other, &mut number).await;
}

/// A slow network delays what crosses it, and nothing else. What waits is bounded.
#[tokio::test]
async fn a_slow_network_delays_only_what_crosses_it() {
    let redis = redis!();
    let proxy = Proxy::start(redis.address());
    let behind = Node::start(&redis.url_of(proxy.address()), |_| {}).await;
    let other = Node::start(&redis.url(), |_| {}).await;
    let mut number = 0;
    proxy.delay(Duration::from_millis(200));
    until_heard(&behind, &other, &mut number).await;
    local_traffic_goes_on(&behind, 50).await;
    proxy.delay(Duration::ZERO);
    proxy.limit(1_000_000);
    let large = "x".repeat(100_000);
    let mut refused = 0;
    while refused < 500 {
        refused += usize::from(behind.io.to("nobody").emit("large", &large) == EmitStatus::Local);
        assert!(behind.stats().outbound_bytes <= 17 * 1024 * 1024, "{:?}", behind.stats());
    }
    local_traffic_goes_on(&behind, 50).await;
    until("what waits is sent or dropped", || behind.stats().outbound_bytes == 0).await;
    assert!(behind.stats().dropped >= refused as u64);
    proxy.limit(u32::MAX);
    behind.is_up().await;
    until_heard(&behind, &other, &mut number).await;
}

/// A node that dies during a question: the others know within half of its time.
#[tokio::test]
async fn a_node_that_dies_does_not_hold_up_questions() {
    let redis = redis!();
    let proxy = Proxy::start(redis.address());
    let [one, two] = pair(&redis).await;
    let dying = Node::start(&redis.url_of(proxy.address()), |_| {}).await;
    proxy.stall(Direction::ToServer);
    let start = Instant::now();
    let reset = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        proxy.refuse();
        proxy.reset();
    };
    let (fetched, ()) = tokio::join!(one.io.try_fetch_sockets(), reset);
    assert_eq!(fetched.expect("the others have answered").len(), 2);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    drop((two, dying));
}

/// Errors of the broker for single commands: it is full, or a replica.
#[tokio::test]
async fn a_broker_that_refuses_commands_ends_nothing_silently() {
    let redis = redis!();
    let [one, two] = pair(&redis).await;
    redis.command(&["ACL", "SETUSER", "default", "-publish"]);
    one.io.emit("lost", "");
    one.client.expect_event("lost").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    redis.command(&["ACL", "SETUSER", "default", "+publish"]);
    for node in [&one, &two] {
        node.is_up().await;
    }
    until_heard(&one, &two, &mut 0).await;
}

#[tokio::test]
async fn a_node_that_closes_says_goodbye_and_leaves_nothing() {
    let redis = redis!();
    let [one, two] = pair(&redis).await;
    two.io.emit("last", "words");
    assert!(two.io.close(Duration::from_secs(5)).await);
    one.client.expect_event("last").await;
    until("the other is gone", || one.stats().peers == 0).await;
    assert!(one.events().iter().any(|event| matches!(event, ClusterEvent::PeerLeft { goodbye: true, .. })));
    until("its connections too", || redis.command(&["CLIENT", "LIST"]).lines().count() <= 3).await;
}
