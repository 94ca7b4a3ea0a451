//! Servers that are not Redis, or not the expected one.

use std::net::SocketAddr;

use socketio_tests::servers::Redis;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::{Served, channel, classic};
use crate::nodes::redis;

/// A network that forwards connections until they are frozen: they stay open then, and nothing passes. Later ones do.
pub(super) struct Freezer {
    address: SocketAddr,
    freezes: watch::Sender<u32>,
}

impl Freezer {
    pub(super) async fn start(server: SocketAddr) -> Self {
        let (listener, address) = listen().await;
        let (freezes, frozen) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut frozen = frozen.clone();
                frozen.mark_unchanged();
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(server).await.expect("it runs");
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        _ = frozen.changed() => std::future::pending().await,
                    }
                });
            }
        });
        Self { address, freezes }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn freeze(&self) {
        self.freezes.send_modify(|freezes| *freezes += 1);
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// Starts a server that sends the same reply to whatever it receives. An empty reply ends the connection.
pub(super) async fn server_with(reply: impl Into<Vec<u8>>) -> SocketAddr {
    let (listener, address) = listen().await;
    let reply = reply.into();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let reply = reply.clone();
            tokio::spawn(async move {
                let mut received = [0; 4096];
                while stream.read(&mut received).await.is_ok_and(|length| length > 0) && !reply.is_empty() {
                    stream.write_all(&reply).await.ok();
                }
            });
        }
    });
    address
}

async fn error_of(reply: impl Into<Vec<u8>>) -> String {
    let address = server_with(reply).await;
    Served::attempt(classic(&format!("redis://:secret@{address}")), [channel("c")]).lost().await
}

#[tokio::test]
async fn the_error_says_what_the_server_is() {
    for (reply, expected) in [
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "the server sent an unknown kind of value"),
        ("+OK\r\n", "the server sent an unexpected reply to HELLO"),
        (
            "-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `default`, `secret`\r\n",
            "Redis 6",
        ),
        ("-ERR Protocol error: 'secret'\r\n", "a reply that contains the password"),
        ("%2\r\n+mode\r\n+sentinel\r\n+role\r\n+master\r\n", "the server is a Sentinel"),
        ("%2\r\n+mode\r\n+standalone\r\n+role\r\n+replica\r\n", "the server is a replica"),
        ("%2\r\n+mode\r\n+standalone\r\n+role\r\n+master\r\n", "a reply to HELLO without an id"),
        ("-ERR max number of clients reached\r\n", "max number of clients reached"),
        ("", "the server closed the connection"),
    ] {
        let error = error_of(reply).await;
        assert!(error.contains(expected), "{reply:?}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

/// In a Redis Cluster, the numbers are those of one of its nodes.
#[tokio::test]
async fn a_node_of_a_redis_cluster_does_not_count() {
    let redis = redis!(Redis::options().argument("--cluster-enabled", &["yes"]));
    let mut served = Served::start(classic(&redis.url()), [channel("c")]).await;
    assert_eq!((served.publish("c", "hello").await, served.count("c").await), (None, None));
    assert_eq!(served.next().await.1, "hello");
}
