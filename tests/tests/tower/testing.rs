//! The test kit: a client in memory, on a clock that is stopped.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde_json::json;
use socketio_tower::handler::ConnectError;
use socketio_tower::testing::{Disconnected, Refused, TestClient, TestClientBuilder, TestSocket, settled};
use socketio_tower::{
    AckError, Args, Auth, Data, DisconnectReason, Overflow, Socket, SocketIo, SocketIoBuilder, Transport,
};
use tokio::time::{Instant, sleep};

use crate::client::Log;

/// A server with something to try, and what its disconnect handlers report.
fn server(builder: SocketIoBuilder) -> (SocketIo, Arc<Log>) {
    let (io, log) = (builder.build(), Arc::new(Log::default()));
    let told = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on("greet", async |Data(name): Data<String>| format!("hello {name}"));
        ns.on("echo", async |socket: Socket, Data(value): Data<serde_json::Value>| {
            socket.emit("echo", &value);
        });
        ns.on("reverse", async |socket: Socket, Args((name, bytes)): Args<(String, Bytes)>| {
            let reversed: Bytes = bytes.iter().rev().copied().collect();
            socket.emit("reversed", &Args((&name, &bytes, &reversed)));
            reversed
        });
        ns.on("silence", async || std::future::pending::<()>().await);
        ns.on("leave", async |socket: Socket| socket.disconnect());
        ns.on("count", async |socket: Socket, Data(count): Data<u32>| {
            (0..count).for_each(|n| drop(socket.emit("number", &n)));
        });
        ns.on_disconnect(async move |reason: DisconnectReason| told.add(reason.as_str()));
    });
    (io, log)
}

fn websocket() -> TestClientBuilder {
    TestClient::builder().websocket()
}

fn polling() -> TestClientBuilder {
    TestClient::builder().polling()
}

/// Fault: tests that need `sleep`, because there is no virtual time and no test kit.
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

/// What is wrong with the set-up is said before anything else.
#[tokio::test(start_paused = true)]
#[should_panic(expected = "`disconnect` is an event of the protocol")]
async fn a_mistake_in_the_set_up_is_named() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("disconnect", async || ());
    });
    TestClient::connect(&io).await.ok();
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
        assert_eq!(unanswered, "the client did not answer in time");
        assert_eq!(start.elapsed(), Duration::from_secs(5), "the server's timeout for acks");
        drop(socket.expect_event("add").await);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_an_error() {
    let (io, _) = server(SocketIo::builder());
    let patience = Duration::from_secs(7);
    let socket = TestClient::builder().patience(patience).connect(&io).await.unwrap();
    let start = Instant::now();
    let answer: Result<(), _> = socket.emit_with_ack("silence", &()).await;
    assert!(matches!(answer, Err(AckError::TimedOut)), "{answer:?}");
    assert_eq!(start.elapsed(), patience);

    let answer: Result<u32, _> = socket.emit_with_ack("greet", "ada").await;
    assert!(matches!(answer, Err(AckError::Unexpected(_))), "{answer:?}");
    let answer: Result<(), _> = socket.emit_with_ack("disconnect", &()).await;
    assert!(matches!(answer, Err(AckError::Refused(_))), "{answer:?}");
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
        assert_eq!(unknown.to_string(), "the namespace refused: Invalid namespace");
        let admin = client.namespace("/admin").auth(&json!({ "token": "secret" })).connect().await;
        assert!(admin.unwrap().is_connected());
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_is_refused() {
    let io = SocketIo::builder().polling(false).build();
    let refused = polling().open(&io).await.unwrap_err();
    let body = r#"{"code":0,"message":"Transport unknown"}"#.to_owned();
    assert_eq!(refused, Refused::Handshake { status: StatusCode::BAD_REQUEST, body });

    let io = SocketIo::builder().allow_upgrades(false).build();
    let client = polling().open(&io).await.unwrap();
    assert!(client.upgrade().await.is_err());
    assert_eq!(client.transport(), Some(Transport::Polling));
    client.namespace("/").connect().await.expect("the session goes on");

    io.close(Duration::from_secs(1)).await;
    for builder in [websocket(), polling()] {
        let refused = builder.open(&io).await.unwrap_err();
        assert!(matches!(refused, Refused::Handshake { status: StatusCode::SERVICE_UNAVAILABLE, .. }));
    }
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_keeps_the_socket_and_the_order() {
    let (io, log) = server(SocketIo::builder());
    let socket = polling().connect(&io).await.unwrap();
    let (client, id) = (socket.client(), socket.id());
    assert_eq!(client.transport(), Some(Transport::Polling));
    (0..10).for_each(|n| socket.emit("echo", &n));
    let upgrade = async {
        client.upgrade().await.unwrap();
        (10..20).for_each(|n| socket.emit("echo", &n));
    };
    let receive = async {
        for n in 0..20 {
            assert_eq!(socket.expect::<u32>("echo").await, n);
        }
    };
    tokio::join!(upgrade, receive);
    assert_eq!(client.transport(), Some(Transport::WebSocket));
    assert_eq!((socket.id(), io.to(id.as_str()).count()), (id, 1));
    assert!(client.upgrade().await.is_err(), "it is on a WebSocket already");
    let answer: String = socket.emit_with_ack("greet", "ada").await.unwrap();
    assert_eq!(answer, "hello ada");
    assert!(log.lines().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_stays() {
    let (io, log) = server(SocketIo::builder());
    let sockets = [websocket().connect(&io).await.unwrap(), polling().connect(&io).await.unwrap()];
    sleep(Duration::from_secs(3600)).await;
    for socket in &sockets {
        assert!(socket.is_connected());
        let answer: String = socket.emit_with_ack("greet", "ada").await.unwrap();
        assert_eq!(answer, "hello ada");
    }
    assert!(log.lines().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_no_pings_is_given_up() {
    let (io, log) = server(SocketIo::builder());
    for builder in [websocket(), polling()] {
        let socket = builder.patience(Duration::from_secs(60)).connect(&io).await.unwrap();
        socket.client().answer_pings(false);
        let start = Instant::now();
        assert_eq!(socket.disconnected().await, Disconnected::WithConnection);
        let patience = start.elapsed().as_secs();
        assert!((20..=45).contains(&patience), "at most an interval and a timeout, not {patience} s");
    }
    settled().await;
    assert_eq!(log.lines(), ["ping timeout", "ping timeout"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_network_is_noticed() {
    let (io, log) = server(SocketIo::builder());
    let socket = websocket().connect(&io).await.unwrap();
    socket.client().lose_network();
    assert_eq!(socket.disconnected().await, Disconnected::WithConnection);
    settled().await;
    assert_eq!(log.lines(), ["transport close"]);

    // The GET that waits is given up.
    let socket = polling().connect(&io).await.unwrap();
    socket.client().lose_network();
    socket.client().closed().await;
    settled().await;
    assert_eq!((io.sessions(), log.lines()), (0, vec!["transport close".into(), "transport error".into()]));
    assert_eq!(socket.client().transport(), None);
    assert_eq!(socket.client().namespace("/").connect().await.unwrap_err(), Refused::Ended);
}

#[tokio::test(start_paused = true)]
async fn everybody_can_end_it() {
    let (io, log) = server(SocketIo::builder());
    for builder in [websocket(), polling()] {
        let socket = builder.clone().connect(&io).await.unwrap();
        socket.emit("leave", &());
        assert_eq!(socket.disconnected().await, Disconnected::ByServer);
        assert!(!socket.is_connected());

        let socket = builder.clone().connect(&io).await.unwrap();
        socket.disconnect();
        assert_eq!(socket.disconnected().await, Disconnected::ByClient);

        let socket = builder.clone().connect(&io).await.unwrap();
        socket.client().close().await;
        assert_eq!(socket.disconnected().await, Disconnected::WithConnection);
        assert!(socket.next_event().await.is_none());
        settled().await;
    }
    let reasons = ["server namespace disconnect", "client namespace disconnect", "transport close"];
    assert_eq!(log.lines(), [reasons, reasons].concat());
}

#[tokio::test(start_paused = true)]
async fn a_client_without_handles_goes_when_all_is_sent() {
    let (io, log) = server(SocketIo::builder());
    let heard = Arc::new(Log::default());
    let hear = Arc::clone(&heard);
    io.of("/", |ns| {
        ns.on("say", async move |Data(text): Data<String>| hear.add(text));
    });
    for builder in [websocket(), polling()] {
        let socket = builder.connect(&io).await.unwrap();
        socket.emit("say", "last words");
        drop(socket);
        settled().await;
        assert_eq!(io.sessions(), 0);
    }
    assert_eq!(heard.lines(), ["last words", "last words"]);
    assert_eq!(log.lines(), ["transport close", "transport error"]);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_client_reads_later() {
    let (io, log) = server(SocketIo::builder());
    let mut sockets = Vec::new();
    for builder in [websocket(), polling()] {
        let socket = builder.connect(&io).await.unwrap();
        socket.client().stall();
        socket.emit("count", &10);
        socket.expect_nothing().await;
        socket.client().resume();
        for n in 0..10 {
            assert_eq!(socket.expect::<u32>("number").await, n);
        }
        assert_eq!(log.lines(), [""; 0]);
        sockets.push(socket);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_overflows() {
    let (io, log) = server(SocketIo::builder().max_queued_bytes(100_000).overflow(Overflow::Close));
    let socket = websocket().connect(&io).await.unwrap();
    socket.client().stall();
    let long = "x".repeat(10_000);
    for _ in 0..20 {
        io.emit("long", &long);
        settled().await;
    }
    sleep(Duration::from_secs(60)).await;
    assert_eq!((io.sessions(), log.lines().len()), (0, 1));
    socket.client().resume();
    assert_eq!(socket.disconnected().await, Disconnected::WithConnection);
}

/// A user that an outer layer has authenticated.
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

async fn root() -> (SocketIo, TestSocket) {
    let (io, _) = server(SocketIo::builder());
    let socket = TestClient::connect(&io).await.expect("it connects");
    (io, socket)
}

#[tokio::test(start_paused = true)]
#[should_panic(
    expected = "expected the event `news`, but `olds` [1,\"two\"] came, at tests/tests/tower/testing.rs:"
)]
async fn a_wrong_event_is_named() {
    let (io, socket) = root().await;
    io.emit("olds", &Args((1, "two")));
    socket.expect::<()>("news").await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "expected the event `news`, but none came within 30s")]
async fn a_missing_event_is_named() {
    let (_io, socket) = root().await;
    socket.expect::<()>("news").await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "expected the event `news`, but the socket was disconnected (ByServer)")]
async fn the_end_is_named() {
    let (_io, socket) = root().await;
    socket.emit("leave", &());
    socket.expect::<()>("news").await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "`news` [\"x\"]: argument 1: invalid type")]
async fn wrong_arguments_are_named() {
    let (io, socket) = root().await;
    io.emit("news", "x");
    socket.expect::<u32>("news").await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "expected no event, but `news` [1] came")]
async fn an_unexpected_event_is_named() {
    let (io, socket) = root().await;
    io.emit("news", &1);
    socket.expect_nothing().await;
}
