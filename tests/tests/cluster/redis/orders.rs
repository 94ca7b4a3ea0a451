//! What the node orders is done in this order.

use bytes::Bytes;
use socketio_tests::servers::Redis;

use super::{Served, channel, classic, pattern};
use crate::nodes::redis;

#[tokio::test]
async fn messages_arrive_and_are_counted() {
    let redis = redis!();
    let mut one = Served::start(classic(&redis.url()), [channel("room"), pattern("all*")]).await;
    let two = Served::start(classic(&redis.url()), [channel("room")]).await;
    assert_eq!(one.publish("room", "to both").await, Some(2));
    assert_eq!(two.publish("all of them", "to one").await, Some(1));
    assert_eq!(one.publish("nobody", "").await, Some(0));
    assert_eq!((one.count("room").await, one.count("all of them").await), (Some(2), Some(0)));
    assert_eq!(one.next().await, ("room".into(), "to both".into()));
    assert_eq!(one.next().await, ("all of them".into(), "to one".into()));
}

/// fault: a receiver that lags behind its queue lost messages silently.
#[tokio::test]
async fn a_burst_arrives_complete_and_in_order() {
    const COUNT: u32 = 100_000;
    let redis = redis!();
    let mut one = Served::start(classic(&redis.url()), [pattern("numbers*")]).await;
    let two = Served::start(classic(&redis.url()), []).await;
    for round in 0..COUNT / 1000 {
        for number in 0..1000 {
            two.node.publish("numbers", (round * 1000 + number).to_string());
        }
        assert_eq!(two.count("numbers").await, Some(0), "the queue is empty again");
    }
    for number in 0..COUNT {
        assert_eq!(one.next().await.1, number.to_string());
    }
}

#[tokio::test]
async fn messages_of_all_sizes_arrive() {
    const TOO_LARGE: usize = 8 * 1024 * 1024 + 1;
    let redis = redis!();
    let mut served = Served::start(classic(&redis.url()), [channel("c")]).await;
    for size in [0, 1, 65_500, 65_536, 300_000, TOO_LARGE - 1, 10, TOO_LARGE, 11] {
        let payload: Bytes = (0..size).map(|at| (at % 251) as u8).collect();
        served.node.publish("c", payload.clone());
        let (_, received) = served.received.recv().await.expect("a message");
        // One that no node would read is not kept, and counted as malformed by a server.
        let expected = if size == TOO_LARGE { Bytes::new() } else { payload };
        assert!(received == expected, "{size} {}", received.len());
    }
}

#[tokio::test]
async fn subscriptions_change_before_what_follows_is_published() {
    let redis = redis!();
    let mut served = Served::start(classic(&redis.url()), [channel("old"), pattern("old*")]).await;
    for round in 0..100 {
        let new = format!("new{round}");
        served.node.subscribe([channel(new.clone()), pattern(format!("{new}.*"))], []);
        let count = served.node.publish_and_count(new.clone(), "1");
        assert_eq!((count.await, served.next().await.0), (Ok(Some(1)), new.clone()));
        let count = served.node.publish_and_count(format!("{new}.x"), "2");
        assert_eq!((count.await, served.next().await.1), (Ok(Some(1)), "2".into()));
        served.node.subscribe([], [channel(new.clone()), pattern(format!("{new}.*"))]);
        served.publish("old", "3").await;
        // The end of a subscription is not waited for.
        while !redis.command(&["PUBSUB", "NUMSUB", &new]).ends_with("\n0") {}
        while redis.command(&["PUBSUB", "NUMPAT"]) != "1" {}
        // For the channel, and for the pattern.
        assert_eq!([served.next().await.1, served.next().await.1], ["3", "3"]);
    }
}

/// Subscriptions are sent in parts; all are confirmed before the node is up.
#[tokio::test]
async fn a_node_with_thousands_of_subscriptions_is_up_with_all_of_them() {
    let redis = redis!();
    let all = (0..3000).flat_map(|n| [channel(format!("channel{n}")), pattern(format!("pattern{n}.*"))]);
    let served = Served::start(classic(&redis.url()), all).await;
    assert_eq!(redis.command(&["PUBSUB", "CHANNELS"]).lines().count(), 3000);
    assert_eq!(redis.command(&["PUBSUB", "NUMPAT"]), "3000");
    assert_eq!(served.publish("pattern2999.", "").await, Some(1));
}
