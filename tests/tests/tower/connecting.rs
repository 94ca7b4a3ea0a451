//! The start of a socket: middlewares and the connect handler.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socketio_tower::ConnectError;
use socketio_tower::extract::Extension;
use socketio_tower::testing::{TestClient, settled};
use socketio_tower::{Auth, Data, DisconnectReason, Socket, SocketIo};
use tokio::sync::Notify;

use crate::client::{Log, Server, Ws, until};
use crate::life::deserted;

#[tokio::test(start_paused = true)]
async fn events_wait_for_the_connect_handler() {
    let (io, log, gate) = (SocketIo::new(), Arc::new(Log::default()), Arc::new(Notify::new()));
    let (opening, sink, then) = (Arc::clone(&gate), Arc::clone(&log), Arc::clone(&log));
    io.of("/", |ns| {
        ns.on_connect(async move |socket: Socket| {
            sink.add("connecting");
            let age: u8 = socket.emit_with_ack("age", "").await.expect("acks are never parked");
            opening.notified().await;
            sink.add(format!("connected {age}"));
        });
        ns.on("n", async move |Data(n): Data<u32>| then.add(n.to_string()));
    });
    let server = Server::start(&io);
    let mut ws = Ws::open(&server.address).await;
    ws.join("").await;
    for n in 0..500 {
        ws.send(&format!(r#"42["n",{n}]"#)).await;
    }
    ws.expect(r#"420["age",""]"#).await;
    ws.send("430[42]").await;
    log.expect(&["connecting"]).await;
    gate.notify_one();
    let mut expected = vec!["connecting".to_owned(), "connected 42".to_owned()];
    expected.extend((0..500).map(|n| n.to_string()));
    until("all are handled", || log.lines().len() == expected.len()).await;
    assert_eq!(log.lines(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_dies_while_connecting_is_let_go() {
    let (io, log) = (SocketIo::builder().handler_grace(Duration::from_millis(20)).build(), Arc::default());
    let sink = Arc::clone(&log);
    let log: Arc<Log> = log;
    io.of("/", |ns| {
        ns.on_connect(async |socket: Socket| {
            socket.join("r");
            std::future::pending::<()>().await;
        });
        ns.on("never", async || -> () { panic!("its events were parked") });
        ns.on_disconnect(async move |reason: DisconnectReason| sink.add(reason.as_str()));
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"42["never"]"#).await;
    ws.close().await;
    log.expect(&["transport close"]).await;
    deserted(&io).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_dies_in_a_middleware_is_let_go() {
    let (io, started) = (SocketIo::new(), Arc::new(AtomicBool::new(false)));
    let start = Arc::clone(&started);
    io.of("/", |ns| {
        ns.middleware(async move || {
            start.store(true, Ordering::Relaxed);
            std::future::pending::<()>().await;
        });
        ns.on_disconnect(async || -> () { panic!("it was never connected") });
    });
    let server = Server::start(&io);
    let mut ws = Ws::open(&server.address).await;
    ws.send("40").await;
    until("the middleware runs", || started.load(Ordering::Relaxed)).await;
    ws.close().await;
    deserted(&io).await;
}

#[tokio::test(start_paused = true)]
async fn a_middleware_refuses() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.middleware(async || {
            Err::<(), _>(ConnectError::new("not now").with_data(&serde_json::json!({ "retry": 5 })))
        });
    });
    io.of("/faulty", |ns| {
        ns.middleware(async || -> () { panic!("a middleware's fault") });
    });
    let server = Server::start(&io);
    let mut ws = Ws::open(&server.address).await;
    ws.send("40").await;
    ws.expect(r#"44{"message":"not now","data":{"retry":5}}"#).await;
    ws.send("40/faulty,").await;
    ws.expect(r#"44/faulty,{"message":"internal error"}"#).await;
    ws.send("40/nowhere,").await;
    ws.expect(r#"44/nowhere,{"message":"Invalid namespace"}"#).await;
    assert_eq!(io.namespace("/").map(|ns| ns.all().count()), Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_middleware_has_its_arguments_or_refuses() {
    #[derive(serde::Deserialize)]
    struct Token {
        token: String,
    }
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.middleware(async |socket: Socket, Auth(auth): Auth<Token>| {
            assert!(!socket.is_connected() && !socket.emit("too early", "").is_queued());
            socket.extensions().insert(auth.token);
        });
        ns.on("who", async |Extension(name): Extension<String>| name);
    });
    let server = Server::start(&io);
    let mut ws = Ws::open(&server.address).await;
    ws.send(r#"40{"tokens":1}"#).await;
    let refusal = ws.text().await;
    assert!(refusal.starts_with(r#"44{"message":"invalid request: auth: missing field"#), "{refusal}");
    ws.send(r#"40{"token":"mole"}"#).await;
    assert!(ws.text().await.starts_with(r#"40{"sid""#));
    ws.send(r#"420["who"]"#).await;
    ws.expect(r#"430["mole"]"#).await;
}

/// The common "a new login ends the old one" pattern, while the old one is still in its middleware.
#[tokio::test(start_paused = true)]
async fn who_is_disconnected_while_asking_is_not_let_in() {
    let (io, asking) = (SocketIo::new(), Arc::new(Mutex::new(None::<Socket>)));
    let seen = Arc::clone(&asking);
    io.of("/", |ns| {
        ns.middleware(async move |socket: Socket| {
            *seen.lock().unwrap() = Some(socket);
            tokio::time::sleep(Duration::from_secs(1)).await;
        });
        ns.on_connect(async || -> () { panic!("it is not connected") });
    });
    let client = TestClient::builder().open(&io).await.unwrap();
    let refused = async |end: fn(&Socket)| {
        let end = async || {
            settled().await;
            end(asking.lock().unwrap().as_ref().expect("it is asking"));
        };
        let namespace = client.namespace("/");
        tokio::join!(namespace.connect(), end()).0.map(drop).unwrap_err()
    };
    assert_eq!(refused(Socket::disconnect).await.message(), "disconnected");
    assert_eq!(io.sessions(), 1);
    refused(Socket::disconnect_client).await;
    assert_eq!(io.sessions(), 0);
}
