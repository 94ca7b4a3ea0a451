//! More than a node can take.

use std::time::Duration;

use socketio_tests::servers::Redis;

use crate::nodes::{Node, pair, redis, until, until_heard};

/// A hundred thousand events at once: all arrive, in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_arrives_in_order() {
    let redis = redis!();
    let [one, two] = pair(&redis).await;
    let io = one.io.clone();
    let sending = tokio::spawn(async move {
        for n in 0..100_000_u32 {
            io.to("all").emit("n", &n);
            while n % 1000 == 0 && io.stats().cluster.expect("it has joined").outbound_bytes > 1_000_000 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    });
    two.io.sockets_join("all").await;
    sending.await.expect("no panic");
    one.io.to("all").emit("end", "");
    let mut expected = None;
    loop {
        let event = two.client.next_event().await.expect("the end");
        if event.name() == "end" {
            break;
        }
        let n: u32 = event.args().expect("a number");
        if let Some(expected) = expected {
            assert_eq!(n, expected);
        }
        expected = Some(n + 1);
    }
    assert_eq!(expected, Some(100_000));
    assert_eq!(one.stats().dropped, 0);
}

/// A node that does not read for a while is cut off by Redis. It counts that, comes back and hears again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_read_is_cut_off_and_comes_back() {
    let redis = redis!(Redis::options().argument("--client-output-buffer-limit", &["pubsub 1mb 1mb 1"]));
    let one = Node::start(&redis.url(), |_| {}).await;
    let proxy = socketio_tests::servers::Proxy::start(redis.address());
    let slow = Node::start(&redis.url_of(proxy.address()), |_| {}).await;
    proxy.stall(socketio_tests::servers::Direction::ToClient);
    let large = "x".repeat(100_000);
    let connects = slow.stats().connects;
    for _ in 0..100 {
        one.io.emit("large", &large);
        one.client.expect_event("large").await;
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    proxy.resume();
    until("it has connected again", || slow.stats().connects > connects && slow.stats().up).await;
    while let Ok(Some(_)) = tokio::time::timeout(Duration::from_millis(100), slow.client.next_event()).await {
    }
    until_heard(&one, &slow, &mut 0).await;
}

/// A node leaves in time while another sends as fast as it can, small and large messages: what it is sent does not hold up
/// the end of its subscriptions, and nothing of it is kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_leaves_under_a_flood() {
    let redis = redis!();
    let [one, two] = pair(&redis).await;
    for size in [0, 1_000_000] {
        let leaving = Node::start(&redis.url(), |_| {}).await;
        until_heard(&one, &leaving, &mut 0).await;
        let (io, payload) = (one.io.clone(), "x".repeat(size));
        let flooding = tokio::spawn(async move {
            loop {
                io.to("nobody").emit("n", &payload);
                tokio::task::yield_now().await;
            }
        });
        until("the flood arrives", || leaving.stats().skipped > 100).await;
        let start = std::time::Instant::now();
        assert!(leaving.io.close(Duration::from_secs(10)).await);
        assert!(start.elapsed() < Duration::from_secs(3), "{size}: {:?}", start.elapsed());
        flooding.abort();
        let stats = leaving.stats();
        assert_eq!((stats.outbound_bytes, stats.dropped, stats.answering, stats.questions), (0, 0, 0, 0));
        until("it has said goodbye", || one.io.cluster().expect("it has joined").peers().len() == 1).await;
    }
    drop(two);
}
