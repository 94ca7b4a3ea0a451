//! Garbage on every channel while traffic flows.

use socketio_tests::servers::Redis;

use crate::nodes::{pair, redis, until};

/// fault: one malformed message made a node exit, or left its subscriber deaf.
#[tokio::test]
async fn garbage_loses_none_of_the_traffic() {
    let redis = redis!();
    let [one, two] = pair(&redis).await;
    let mut random = 1_u64;
    let mut next = move || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        random >> 33
    };
    let channels = [
        "socket.io#/#",
        "socket.io#/#room#",
        "socket.io-request#/#",
        "socket.io-response#/#",
        "socket.io#/x",
    ];
    let heads =
        ["", "{", "{\"type\":5,\"requestId\":\"a\",\"uid\":\"b\"}", "\u{1}", "[", "null", "{\"type\":2}"];
    for n in 0..500_u32 {
        let channel = channels[next() as usize % channels.len()];
        let mut garbage = heads[next() as usize % heads.len()].to_owned();
        for _ in 0..next() % 40 {
            garbage.push(char::from_u32((next() % 0x250) as u32).unwrap_or('x'));
        }
        redis.command(&["PUBLISH", channel, &garbage]);
        one.io.emit("n", &n);
    }
    for n in 0..500_u32 {
        assert_eq!(two.client.expect::<u32>("n").await, n);
    }
    until("it is counted", || two.stats().malformed > 100).await;
    assert!(two.stats().up && two.stats().connects == 1);
    assert_eq!(two.io.try_fetch_sockets().await.expect("both answer").len(), 2);
}
