//! WebSocket over one stream of an HTTP/2 connection (RFC 8441), and servers on bare hyper.

use std::convert::Infallible;

use axum::Router;
use bytes::Bytes;
use http::{Method, Request, StatusCode, Version};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2;
use hyper::ext::Protocol;
use hyper::upgrade::Upgraded;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use socketio_tower::{Data, SocketIo};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tower::{Layer, service_fn};

use crate::client::{Log, POLLING, Poller, Server, WEBSOCKET, Ws, soon, until};
use crate::network::{Connect, Network, listen};

type Sender = http2::SendRequest<Empty<Bytes>>;

async fn connect(address: &impl Connect) -> Sender {
    let stream = address.connect().await.expect("a connection");
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
    tokio::spawn(connection);
    // Extended CONNECT is allowed once the server's settings have arrived, which a response proves.
    let answer = soon(sender.send_request(get(&format!("{POLLING}&sid=x")))).await.expect("an answer");
    assert_eq!(answer.version(), Version::HTTP_2);
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    assert_eq!(body, r#"{"code":1,"message":"Session ID unknown"}"#);
    sender
}

fn get(path: &str) -> Request<Empty<Bytes>> {
    Request::get(format!("http://localhost{path}")).body(Empty::new()).expect("a request")
}

fn extended_connect(path: &str, version: &str) -> Request<Empty<Bytes>> {
    let request = Request::builder()
        .method(Method::CONNECT)
        .uri(format!("http://localhost{path}"))
        .header("sec-websocket-version", version)
        .extension(Protocol::from_static("websocket"));
    request.body(Empty::new()).expect("a request")
}

async fn websocket(sender: &mut Sender) -> Ws<TokioIo<Upgraded>> {
    let answer = soon(sender.send_request(extended_connect(WEBSOCKET, "13"))).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(!answer.headers().contains_key("sec-websocket-accept"));
    let upgraded = soon(hyper::upgrade::on(answer)).await.expect("a stream");
    Ws::over(WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, None).await)
}

fn adder() -> SocketIo {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("next", async |Data(n): Data<u32>| n + 1);
    });
    io
}

async fn exchange(address: &impl Connect, io: &SocketIo) {
    let mut sender = connect(address).await;
    let mut reset = websocket(&mut sender).await;
    reset.greeted().await;
    reset.join("").await;
    drop(reset);
    until("the session of a stream that is reset ends", || io.sessions() == 0).await;
    let (mut one, mut other) = (websocket(&mut sender).await, websocket(&mut sender).await);
    for ws in [&mut one, &mut other] {
        ws.greeted().await;
        ws.join("").await;
        ws.send(r#"427["next",41]"#).await;
        ws.expect("437[42]").await;
    }
    io.emit("news", "for both");
    for ws in [&mut one, &mut other] {
        ws.expect(r#"42["news","for both"]"#).await;
    }
    one.close().await;
    until("one ends", || io.sessions() == 1).await;
    let answer = soon(sender.send_request(extended_connect(WEBSOCKET, "8"))).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    drop((sender, other));
    until("the other ends with its connection", || io.sessions() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn axum_serves_websockets_over_http2() {
    let io = adder();
    let server = Server::start(&io);
    exchange(&server.address, &io).await;
}

/// The streams of one connection share the kernel's buffers.
///
/// On the wall clock: TCP.
#[tokio::test]
async fn websockets_over_http2_over_tcp() {
    let io = adder();
    let server = Server::on_tcp(&io).await;
    exchange(&server.address, &io).await;
}

/// Starts a server on bare hyper, without axum.
fn hyper_server(io: &SocketIo) -> (Network, JoinHandle<()>) {
    let (address, mut listener) = listen();
    let inner = service_fn(async |_: Request<hyper::body::Incoming>| {
        Ok::<_, Infallible>(http::Response::new(Empty::<Bytes>::new()))
    });
    let service = TowerToHyperService::new(io.layer().layer(inner));
    let task = tokio::spawn(async move {
        while let Some(stream) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let mut builder = auto::Builder::new(TokioExecutor::new());
                builder.http2().enable_connect_protocol();
                builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await.ok();
            });
        }
    });
    (address, task)
}

#[tokio::test(start_paused = true)]
async fn hyper_alone_serves_everything() {
    let io = adder();
    let (address, server) = hyper_server(&io);
    exchange(&address, &io).await;
    let mut ws = Ws::connect(&address).await;
    ws.send(r#"420["next",1]"#).await;
    ws.expect("430[2]").await;
    let mut poller = Poller::connect(&address).await;
    poller.post(r#"420["next",2]"#).await;
    assert_eq!(poller.get().await, "430[3]");
    server.abort();
}

/// Long polling over HTTP/2: a waiting GET shares its connection with the POST that releases it.
#[tokio::test(start_paused = true)]
async fn polling_over_one_http2_connection() {
    let (io, log) = (SocketIo::new(), std::sync::Arc::new(Log::default()));
    let sink = std::sync::Arc::clone(&log);
    io.of("/", |ns| {
        ns.on_disconnect(async move |reason: socketio_tower::DisconnectReason| sink.add(reason.as_str()));
    });
    let server = Server::serve(Router::new().layer(io.layer()));
    let stream = server.address.connect().await.expect("a connection");
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
    tokio::spawn(connection);
    let mut send = move |method: Method, path: &str, body: &'static str| {
        let request = Request::builder().method(method).uri(format!("http://localhost{path}"));
        let answer = sender.send_request(request.body(body.to_owned()).expect("a request"));
        async move {
            let body = soon(answer).await.expect("an answer").into_body();
            String::from_utf8(body.collect().await.expect("a body").to_bytes().into()).expect("text")
        }
    };
    let open = send(Method::GET, POLLING, "").await;
    let open: serde_json::Value = serde_json::from_str(&open[1..]).expect("an OPEN packet");
    let path = format!("{POLLING}&sid={}", open["sid"].as_str().expect("a sid"));
    let parked = send(Method::GET, &path, "");
    let posted = send(Method::POST, &path, "40");
    let (parked, posted) = tokio::join!(parked, posted);
    assert!(parked.starts_with(r#"40{"sid":"#), "{parked}");
    assert_eq!(posted, "ok");
    // The stream of the waiting GET is reset.
    let parked = tokio::spawn(send(Method::GET, &path, ""));
    assert_eq!(send(Method::POST, &path, r#"42["nothing"]"#).await, "ok");
    parked.abort();
    log.expect(&["transport error"]).await;
}

/// If it is disabled, a WebSocket over HTTP/2 is rejected like any disabled transport; everything else on the
/// connection continues.
#[tokio::test(start_paused = true)]
async fn websockets_over_http2_may_be_switched_off() {
    let refused = std::sync::Arc::new(Log::default());
    let sink = std::sync::Arc::clone(&refused);
    let io = SocketIo::builder()
        .websocket_over_http2(false)
        .allow_request(async |_| Ok(()))
        .on_connection_error(move |_, rejection| sink.add(rejection.to_string()))
        .build();
    let server = Server::start(&io);
    let mut sender = connect(&server.address).await;
    let open = soon(sender.send_request(get(POLLING))).await.expect("an answer");
    let open = open.into_body().collect().await.expect("a body").to_bytes();
    let open: serde_json::Value = serde_json::from_slice(&open[1..]).expect("an OPEN packet");
    // Over HTTP/1.1 the session may still upgrade.
    assert_eq!(open["upgrades"], serde_json::json!(["websocket"]));
    let sid = open["sid"].as_str().expect("a sid");
    for path in [WEBSOCKET.to_owned(), format!("{WEBSOCKET}&sid={sid}")] {
        let answer = soon(sender.send_request(extended_connect(&path, "13"))).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(body, r#"{"code":0,"message":"Transport unknown"}"#);
    }
    let lines = ["session ID unknown", "transport unknown", "transport unknown"];
    refused.expect(&lines).await;
    // The session was not affected, and upgrades to a WebSocket over HTTP/1.1.
    let mut ws = Ws::handshake(&server.address, &format!("{WEBSOCKET}&sid={sid}")).await;
    ws.send("2probe").await;
    ws.expect("3probe").await;
    Ws::connect(&server.address).await.close().await;
}
