//! Events and acks between the kit's client and the server.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use socketio_tower::ConnectError;
use socketio_tower::testing::{Disconnected, TestClient, settled};
use socketio_tower::{AckError, Args, Auth, Socket, SocketIo};
use tokio::time::Instant;

use super::{polling, server, websocket};

/// fault 36: tests that had to sleep, without virtual time or a test kit.
#[tokio::test(start_paused = true)]
async fn a_hundred_clients_come_ask_and_go_without_a_timer() {
    let (io, log) = server(SocketIo::builder());
    let start = Instant::now();
    for n in 0..50 {
        for builder in [websocket(), polling()] {
            let socket = builder.connect(&io).await.unwrap();
            let answer: String = socket.emit_with_ack("greet", &format!("ada {n}")).await.unwrap();
            assert_eq!(answer, format!("hello ada {n}"));
            socket.client().close().await;
        }
    }
    assert_eq!(start.elapsed(), Duration::ZERO, "on a clock that is stopped, nothing waited for it");
    settled().await;
    assert_eq!((io.sessions(), log.lines().len()), (0, 100));
}

/// On the wall clock: the test kit on a running clock.
#[tokio::test(flavor = "multi_thread")]
async fn on_many_threads_and_a_clock_that_runs_it_is_the_same() {
    let (io, _) = server(SocketIo::builder());
    for builder in [websocket(), polling()] {
        let socket = builder.connect(&io).await.unwrap();
        socket.emit("echo", "hello");
        assert_eq!(socket.expect::<String>("echo").await, "hello");
        let answer: String = socket.emit_with_ack("greet", "ada").await.unwrap();
        assert_eq!(answer, "hello ada");
        socket.client().close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn events_come_in_order_on_every_transport() {
    let (io, _) = server(SocketIo::builder());
    for builder in [websocket(), polling()] {
        let socket = builder.connect(&io).await.unwrap();
        socket.emit("count", &100);
        for n in 0..100 {
            assert_eq!(socket.expect::<u32>("number").await, n);
        }
        (0..100).for_each(|n| socket.emit("echo", &n));
        for n in 0..100 {
            assert_eq!(socket.expect::<u32>("echo").await, n);
        }
        socket.expect_nothing().await;
    }
}

#[tokio::test(start_paused = true)]
async fn binary_goes_both_ways_on_every_transport() {
    let (io, _) = server(SocketIo::builder());
    for builder in [websocket(), polling()] {
        let socket = builder.connect(&io).await.unwrap();
        let bytes = Bytes::from_iter((0..100_000).map(|n| n as u8));
        let reversed: Bytes = bytes.iter().rev().copied().collect();
        let answer: Bytes = socket.emit_with_ack("reverse", &Args(("a", &bytes))).await.unwrap();
        assert_eq!(answer, reversed);
        let expected = ("a".to_owned(), bytes, reversed);
        let Args(received): Args<(String, Bytes, Bytes)> = socket.expect("reversed").await;
        assert_eq!(received, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn the_server_asks_and_the_client_answers() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("ask", async |socket: Socket| {
            let sum: Result<i64, AckError> = socket.emit_with_ack("add", &Args((2, 3))).await;
            sum.map_err(|error| error.to_string()).map_or_else(|error| error, |sum| sum.to_string())
        });
    });
    for builder in [websocket(), polling()] {
        let socket = builder.connect(&io).await.unwrap();
        let answer = socket.emit_with_ack::<_, String>("ask", &());
        let event = socket.expect_event("add").await;
        assert!(event.awaits_ack());
        let Args((a, b)): Args<(i64, i64)> = event.args().unwrap();
        event.ack(&(a + b));
        assert_eq!(answer.await.unwrap(), "5");

        let start = Instant::now();
        let unanswered: String = socket.emit_with_ack("ask", &()).await.unwrap();
        assert_eq!(unanswered, "the client did not acknowledge the event in time");
        assert_eq!(start.elapsed(), Duration::from_secs(5), "the server's timeout for acks");
        drop(socket.expect_event("add").await);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_an_error() {
    let (io, _) = server(SocketIo::builder());
    let timeout = Duration::from_secs(7);
    let socket = TestClient::builder().timeout(timeout).connect(&io).await.unwrap();
    let start = Instant::now();
    let answer: Result<(), _> = socket.emit_with_ack("silence", &()).await;
    assert!(matches!(answer, Err(AckError::TimedOut)), "{answer:?}");
    assert_eq!(start.elapsed(), timeout);

    let answer: Result<u32, _> = socket.emit_with_ack("greet", "ada").await;
    assert!(matches!(answer, Err(AckError::Unexpected(_))), "{answer:?}");
    let answer: Result<(), _> = socket.emit_with_ack("disconnect", &()).await;
    assert!(matches!(answer, Err(AckError::Invalid(_))), "{answer:?}");
    let answer: Result<(), _> = socket.emit_with_ack("leave", &()).await;
    assert!(matches!(answer, Err(AckError::Disconnected)), "{answer:?}");
    let answer: Result<(), _> = socket.emit_with_ack("greet", "ada").await;
    assert!(matches!(answer, Err(AckError::Disconnected)), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_has_several_namespaces() {
    let io = SocketIo::new();
    for path in ["/news", "/chat"] {
        io.of(path, |ns| {
            ns.on("where", async |socket: Socket| socket.namespace().to_owned());
        });
    }
    for builder in [websocket(), polling()] {
        let client = builder.open(&io).await.unwrap();
        let news = client.namespace("/news").connect().await.unwrap();
        let chat = client.namespace("chat").connect().await.unwrap();
        assert_ne!(news.id(), chat.id());
        assert_eq!(io.sessions(), 1);
        for socket in [&news, &chat] {
            let place: String = socket.emit_with_ack("where", &()).await.unwrap();
            assert_eq!(place, socket.namespace());
            io.namespace(&place).unwrap().emit("to", &place);
        }
        for socket in [&news, &chat] {
            assert_eq!(socket.expect::<String>("to").await, socket.namespace());
        }
        chat.disconnect();
        assert_eq!(chat.disconnected().await, Disconnected::ByClient);
        let place: String = news.emit_with_ack("where", &()).await.unwrap();
        assert_eq!(place, "/news");
        assert_eq!(io.namespace("/chat").unwrap().all().count(), 0);
        client.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_namespace_refuses() {
    let io = SocketIo::new();
    io.of("/admin", |ns| {
        ns.middleware(async |Auth(auth): Auth<serde_json::Value>| match auth["token"].as_str() {
            Some("secret") => Ok(()),
            _ => Err(ConnectError::new("not authorized").with_data(&json!({ "code": 4401 }))),
        });
    });
    for builder in [websocket(), polling()] {
        let client = builder.open(&io).await.unwrap();
        let refused = client.namespace("/admin").auth(&json!({ "token": "?" })).connect().await.unwrap_err();
        assert_eq!(refused.message(), "not authorized");
        assert_eq!(refused.data::<serde_json::Value>().unwrap(), json!({ "code": 4401 }));
        let unknown = client.namespace("/nowhere").connect().await.unwrap_err();
        assert_eq!(unknown.to_string(), "the namespace rejected the client: Invalid namespace");
        let admin = client.namespace("/admin").auth(&json!({ "token": "secret" })).connect().await;
        assert!(admin.unwrap().is_connected());
    }
}

/// A user authenticated by an outer layer.
#[derive(Clone)]
struct User(&'static str);

#[tokio::test(start_paused = true)]
async fn the_server_sees_the_request() {
    let builder = SocketIo::builder().keep_headers([http::header::ORIGIN]).keep_extension::<User>();
    let io = builder.path("/ws").build();
    io.of("/", |ns| {
        ns.on("facts", async |socket: Socket| {
            let handshake = socket.handshake();
            let origin = handshake.headers()["origin"].to_str().unwrap_or_default().to_owned();
            let user = handshake.extensions().get::<User>().map_or("", |user| user.0).to_owned();
            let lang = handshake.parameter("lang").unwrap_or_default().into_owned();
            Args((handshake.path().to_owned(), origin, user, lang, socket.transport().name()))
        });
    });
    for builder in [websocket(), polling()] {
        let builder = builder.query("a=1&lang=de").header("Origin", "http://x").extension(User("ada"));
        let socket = builder.connect(&io).await.unwrap();
        let Args((path, origin, user, lang, transport)): Args<(String, String, String, String, String)> =
            socket.emit_with_ack("facts", &()).await.unwrap();
        let seen = [&path, &origin, &user, &lang].map(String::as_str);
        assert_eq!(seen, ["/ws/", "http://x", "ada", "de"]);
        assert_eq!(transport, socket.client().transport().unwrap().name());
    }
}
