//! Passwords, users with few rights, TLS and Unix sockets.

use socketio_tests::servers::Redis;
use socketio_tower::cluster;

use crate::nodes::{Node, redis, until, until_heard};

async fn talk(redis: &Redis, make: impl Fn() -> cluster::Redis) {
    let (one, two) = (Node::start_lazily(make(), |_| {}).await, Node::start_lazily(make(), |_| {}).await);
    for node in [&one, &two] {
        until("it is up", || node.stats().up).await;
    }
    until_heard(&one, &two, &mut 0).await;
    assert_eq!(one.io.try_fetch_sockets().await.expect("both answer").len(), 2, "{redis:?}");
}

#[tokio::test]
async fn a_password_is_needed_and_never_shown() {
    let redis = redis!(Redis::options().password("s3cret"));
    talk(&redis, || cluster::Redis::classic(&redis.url()).expect("a URL")).await;
    let url = redis.url().replace("s3cret", "wr0ng");
    let wrong = cluster::Redis::classic(&url).expect("a URL");
    assert!(!format!("{wrong:?}").contains("wr0ng"));
    let io = socketio_tower::SocketIo::new();
    let error =
        io.join_cluster(wrong).timeout(std::time::Duration::from_secs(2)).await.expect_err("it is wrong");
    assert!(error.to_string().contains("WRONGPASS") && !error.to_string().contains("wr0ng"), "{error}");
}
