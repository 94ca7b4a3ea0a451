//! Connections that end, or are dead and seem to live.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use socketio_tests::servers::Redis;
use tokio::time::{Instant, advance, pause, resume};

use super::fakes::Freezer;
use super::{KNOWN_AFTER, PING_INTERVAL, Served, channel, classic};
use crate::nodes::{redis, until};

#[tokio::test]
async fn a_closed_connection_ends_both_at_once() {
    let redis = redis!();
    let mut served = Served::start(classic(&redis.url()), [channel("c")]).await;
    for (kind, which) in [("pubsub", "receives from"), ("normal", "publishes to")] {
        redis.command(&["CLIENT", "KILL", "TYPE", kind]);
        let expected =
            format!("connection that {which} Redis at {}: the server closed the connection", redis.address());
        assert_eq!(served.lost().await, expected);
        until("both are closed", || !redis.command(&["CLIENT", "LIST"]).contains("name=socket.io")).await;
        served.again().await;
        assert_eq!(served.publish("c", "").await, Some(1));
    }
}

/// The precision of timers.
const TICK: Duration = Duration::from_millis(2);

/// Messages that wait are not lost with a connection that is closed meanwhile.
#[tokio::test]
async fn what_was_not_taken_is_published_by_the_next_connection() {
    let mut redis = redis!();
    let mut served = Served::start(classic(&redis.url()), []).await;
    redis.kill();
    served.lost().await;
    let counts = ["1", "2", "3"].map(|payload| served.node.publish_and_count("c", payload));
    redis.restart();
    served.again().await;
    for count in counts {
        assert_eq!(count.await, Ok(Some(0)));
    }
}

/// The clock runs for as long as Redis may be expected to reply, and jumps over the rest.
#[tokio::test]
async fn a_stopped_server_is_noticed_within_eight_seconds() {
    let redis = redis!();
    let mut served = Served::start(classic(&redis.url()), [channel("c")]).await;
    redis.stop();
    pause();
    let stopped = Instant::now();
    let error = served.lost().await;
    assert!(error.ends_with("no answer for 3s"), "{error}");
    assert!(stopped.elapsed() <= KNOWN_AFTER + TICK, "{:?}", stopped.elapsed());
    resume();
    redis.resume();
    served.again().await;
    // A message that is not answered is noticed earlier.
    redis.stop();
    served.node.publish("c", "");
    pause();
    let stopped = Instant::now();
    served.lost().await;
    assert!(stopped.elapsed() <= KNOWN_AFTER - PING_INTERVAL + TICK, "{:?}", stopped.elapsed());
}

/// fault: a timeout of replies ended subscribers to which nothing was sent.
#[tokio::test]
async fn silence_is_not_the_end() {
    let redis = redis!();
    let mut served = Served::start(classic(&redis.url()), [channel("c")]).await;
    let pings = || {
        let stats = redis.command(&["INFO", "commandstats"]);
        let calls = stats.split_once("cmdstat_ping:calls=").map_or("0", |(_, calls)| calls);
        calls.split(',').next().and_then(|calls| calls.parse().ok()).unwrap_or(0)
    };
    for round in 1..=3 {
        pause();
        advance(PING_INTERVAL).await;
        resume();
        until("both are asked", || pings() >= 2 * round).await;
    }
    assert_eq!(served.publish("c", "still there").await, Some(1));
    assert_eq!(served.next().await.1, "still there");
}

/// fault: a dead connection counted as a node, so that every question waited for its answer.
#[tokio::test]
async fn a_former_connection_that_seems_to_live_is_ended() {
    let redis = redis!();
    let freezer = Freezer::start(redis.address()).await;
    let mut served = Served::start(classic(&redis.url_of(freezer.address())), [channel("c")]).await;
    freezer.freeze();
    pause();
    served.lost().await;
    resume();
    assert_eq!(redis.command(&["PUBSUB", "NUMSUB", "c"]), "c\n1", "it seems to live");
    served.again().await;
    assert_eq!(redis.command(&["PUBSUB", "NUMSUB", "c"]), "c\n1", "it is replaced");
    assert_eq!(served.publish("c", "").await, Some(1));
}

/// The ids of connections begin anew with the server, and the former one may be that of a new one of the same node.
#[tokio::test]
async fn the_connections_to_a_server_that_was_restarted_are_not_ended() {
    let mut redis = redis!();
    let mut served = Served::start(classic(&redis.url()), [channel("c")]).await;
    for _ in 0..3 {
        redis.restart();
        served.lost().await;
        served.again().await;
        assert_eq!(served.publish("c", "").await, Some(1));
    }
}

#[tokio::test]
async fn the_connection_of_another_client_is_not_ended() {
    let mut redis = redis!();
    let mut served = Served::start(classic(&redis.url()), [channel("c")]).await;
    let clients = redis.command(&["CLIENT", "LIST", "TYPE", "pubsub"]);
    let id: u64 = clients.split([' ', '=']).nth(1).and_then(|id| id.parse().ok()).expect("an id");
    redis.restart();
    served.lost().await;
    let other = || {
        let mut stream = TcpStream::connect(redis.address()).expect("it runs");
        stream.write_all(b"CLIENT ID\r\n").expect("it is open");
        let mut reply = [0; 32];
        let length = stream.read(&mut reply).expect("a reply");
        let text = String::from_utf8_lossy(&reply[1..length]).trim().parse::<u64>();
        (stream, text.expect("a number"))
    };
    let mut streams = Vec::new();
    loop {
        let (stream, own) = other();
        streams.push(stream);
        if own >= id {
            assert_eq!(own, id, "it is taken");
            break;
        }
    }
    served.again().await;
    for mut stream in streams {
        stream.write_all(b"PING\r\n").expect("it is open");
        let mut reply = [0; 7];
        stream.read_exact(&mut reply).expect("it is not ended");
        assert_eq!(&reply, b"+PONG\r\n");
    }
}

/// Traffic is a sign of life, even if the reply to a PING is far behind it.
#[tokio::test]
async fn a_node_that_is_slow_is_held_back_and_not_lost() {
    const MESSAGES: usize = 2000;
    let redis = redis!();
    redis.command(&["CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0"]);
    let mut slow = Served::start(classic(&redis.url()), [channel("c")]).await;
    let fast = Served::start(classic(&redis.url()), []).await;
    let payload = "x".repeat(10_000);
    for _ in 0..MESSAGES / 100 {
        for _ in 0..99 {
            fast.node.publish("c", payload.clone());
        }
        fast.node.publish_and_count("c", payload.clone()).await.expect("it is taken");
    }
    for _ in 0..MESSAGES {
        assert_eq!(slow.next().await.1.len(), payload.len());
    }
    assert!(!slow.serving.is_finished());
}
