//! The connection of the kit's client: its transports, its pings, and its end.

use std::sync::Arc;
use std::time::Duration;

use socketio_tower::layer::RequestError;
use socketio_tower::testing::{ClientError, Disconnected, settled};
use socketio_tower::{Data, Overflow, SocketIo, Transport};
use tokio::time::{Instant, sleep};

use super::{polling, server, websocket};
use crate::client::Log;

#[tokio::test(start_paused = true)]
async fn a_handshake_is_refused() {
    let io = SocketIo::builder().transports([Transport::WebSocket]).build();
    let refused = polling().open(&io).await.unwrap_err();
    assert_eq!(refused, ClientError::Rejected(RequestError::UnknownTransport.into()));

    let io = SocketIo::builder().allow_upgrades(false).build();
    let client = polling().open(&io).await.unwrap();
    assert!(client.upgrade().await.is_err());
    assert_eq!(client.transport(), Some(Transport::Polling));
    client.namespace("/").connect().await.expect("the session goes on");

    io.close(Duration::from_secs(1)).await;
    for builder in [websocket(), polling()] {
        let refused = builder.open(&io).await.unwrap_err();
        assert_eq!(refused, ClientError::Rejected(RequestError::Unavailable.into()));
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
        let socket = builder.timeout(Duration::from_secs(60)).connect(&io).await.unwrap();
        socket.client().answer_pings(false);
        let start = Instant::now();
        assert_eq!(socket.disconnected().await, Disconnected::WithConnection);
        let elapsed = start.elapsed().as_secs();
        assert!((20..=45).contains(&elapsed), "at most an interval and a timeout, not {elapsed} s");
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

    // The waiting GET is aborted.
    let socket = polling().connect(&io).await.unwrap();
    socket.client().lose_network();
    socket.client().closed().await;
    settled().await;
    assert_eq!((io.sessions(), log.lines()), (0, vec!["transport close".into(), "transport error".into()]));
    assert_eq!(socket.client().transport(), None);
    assert_eq!(socket.client().namespace("/").connect().await.unwrap_err(), ClientError::Ended);
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
