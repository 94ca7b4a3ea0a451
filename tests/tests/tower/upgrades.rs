//! Upgrades from polling to WebSocket, and HTTP servers that do not hand over their connections.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use socketio_tower::{Data, Socket, SocketIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

use crate::client::{Http, Poller, Server, WEBSOCKET, Ws, soon, until};
use crate::network::{Connect, Network, listen};

fn pinging() -> SocketIo {
    let io = SocketIo::builder().upgrade_timeout(Duration::from_millis(200)).build();
    io.of("/", |ns| {
        ns.on("ping", async || "pong");
        ns.on("transport", async |socket: Socket| socket.transport().name());
        ns.on("echo", async |socket: Socket, Data(text): Data<String>| socket.emit("echo", &text));
    });
    io
}

async fn is_alive<A: Connect>(poller: &mut Poller<A>) {
    assert_eq!(poller.post(r#"420["ping"]"#).await, "ok");
    let mut answer = poller.get().await;
    while answer == "6" {
        answer = poller.get().await;
    }
    assert_eq!(answer, r#"430["pong"]"#);
}

#[tokio::test(start_paused = true)]
async fn a_polling_session_moves_to_a_websocket() {
    let io = pinging();
    let server = Server::start(&io);
    let mut poller = Poller::connect(&server.address).await;
    let mut beside = poller.beside().await;
    let mut ws = poller.upgrade().await;
    let release = async {
        ws.send("2probe").await;
        ws.expect("3probe").await;
    };
    let (released, ()) = tokio::join!(poller.get(), release);
    assert_eq!(released, "6", "the GET that waits is let go");
    assert_eq!(beside.post(r#"42["echo","before"]"#).await, "ok");
    ws.send("5").await;
    ws.expect(r#"42["echo","before"]"#).await;
    ws.send(r#"420["transport"]"#).await;
    ws.expect(r#"430["websocket"]"#).await;
    assert_eq!(poller.get().await, r#"{"code":3,"message":"Bad request"}"#);
    assert_eq!(io.sessions(), 1);
    ws.close().await;
    until("it ends", || io.sessions() == 0).await;
}

/// fault 4: a failed upgrade killed the polling session.
#[tokio::test(start_paused = true)]
async fn a_failed_upgrade_costs_the_candidate_only() {
    let io = pinging();
    let server = Server::start(&io);
    let mut poller = Poller::connect(&server.address).await;
    let mut wrong = poller.upgrade().await;
    wrong.send(r#"42["ping"]"#).await;
    wrong.closed().await;
    is_alive(&mut poller).await;
    let mut stalled = poller.upgrade().await;
    stalled.send("2probe").await;
    stalled.expect("3probe").await;
    stalled.closed().await;
    is_alive(&mut poller).await;
    let broken = poller.upgrade().await;
    drop(broken);
    is_alive(&mut poller).await;
    assert_eq!(io.sessions(), 1);
}

/// The same with a candidate whose connection is reset.
///
/// On the wall clock: TCP resets.
#[tokio::test]
async fn a_candidate_that_is_reset_costs_nothing_else() {
    let io = pinging();
    let server = Server::on_tcp(&io).await;
    let mut poller = Poller::connect(&server.address).await;
    poller.upgrade().await.reset();
    is_alive(&mut poller).await;
    assert_eq!(io.sessions(), 1);
}

/// fault 12: two upgrades of one session both became readers, and a session opened over WebSocket could be taken over
/// by another.
#[tokio::test(start_paused = true)]
async fn only_one_stream_takes_a_session_over() {
    let io = pinging();
    let server = Server::start(&io);
    let poller = Poller::connect(&server.address).await;
    let mut first = poller.upgrade().await;
    first.send("2probe").await;
    first.expect("3probe").await;
    let mut second = poller.upgrade().await;
    second.closed().await;
    first.send("5").await;
    let mut third = poller.upgrade().await;
    third.send("2probe").await;
    third.closed().await;
    first.send(r#"420["ping"]"#).await;
    first.expect(r#"430["pong"]"#).await;
}

/// Starts a server that does not support upgrades.
fn plain_server(io: &SocketIo) -> Network {
    let (address, mut listener) = listen();
    let service = TowerToHyperService::new(Router::new().layer(io.layer()));
    tokio::spawn(async move {
        while let Some(stream) = listener.accept().await {
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
            tokio::spawn(async move { connection.await.ok() });
        }
    });
    address
}

#[tokio::test(start_paused = true)]
async fn a_server_without_upgrades_loses_no_session() {
    let io = pinging();
    let address = plain_server(&io);
    let mut ws = Ws::handshake(&address, WEBSOCKET).await;
    assert_eq!(soon(ws.next()).await, None, "the connection is dropped");
    until("the session ends", || io.sessions() == 0).await;
    let mut poller = Poller::connect(&address).await;
    let mut candidate = poller.upgrade().await;
    assert_eq!(soon(candidate.next()).await, None);
    is_alive(&mut poller).await;
    assert_eq!(io.sessions(), 1);
}

/// A middleware that swallows the response prevents the connection from ever being handed over; the session must not
/// wait for it longer than for any silent client.
#[tokio::test(start_paused = true)]
async fn a_connection_that_is_never_handed_over_holds_no_session() {
    let builder = SocketIo::builder();
    let io = builder.ping_interval(Duration::from_millis(40)).ping_timeout(Duration::from_millis(20)).build();
    let service = io.layer().service();
    let swallowed = Arc::new(Mutex::new(Vec::new()));
    let swallow = Arc::clone(&swallowed);
    let app = Router::new().fallback(async move |request: Request<Body>| -> Response {
        let answer = service.oneshot(request).await.expect("infallible");
        swallow.lock().expect("no panic inside").push(answer);
        std::future::pending().await
    });
    let server = Server::serve(app);
    let mut stream = server.address.connect().await.expect("a connection");
    let request = format!(
        "GET {WEBSOCKET} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("it is sent");
    until("the request is there", || swallowed.lock().expect("no panic inside").len() == 1).await;
    until("the session ends", || io.sessions() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_not_in_order_is_refused() {
    let io = pinging();
    let server = Server::start(&io);
    let cases: [&[(&str, &str)]; 4] = [
        &[("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")],
        &[("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-key", "dGhl")],
        &[("upgrade", "websocket"), ("sec-websocket-version", "13"), ("sec-websocket-key", "dGhl")],
        &[("connection", "upgrade"), ("sec-websocket-version", "13"), ("sec-websocket-key", "dGhl")],
    ];
    for headers in cases {
        let mut request = crate::client::request(http::Method::GET, WEBSOCKET, "");
        for (name, value) in headers {
            let name = http::HeaderName::from_static(name);
            request.headers_mut().append(name, http::HeaderValue::from_static(value));
        }
        let answer = Http::connect(&server.address).await.request(request).await;
        assert_eq!(crate::client::text(&answer), r#"{"code":3,"message":"Bad request"}"#, "{headers:?}");
    }
    assert_eq!(io.sessions(), 0);
}

/// Frames sent before the response to the handshake are not lost: hyper has read them by then.
#[tokio::test(start_paused = true)]
async fn frames_may_follow_the_handshake_at_once() {
    let io = pinging();
    let server = Server::start(&io);
    let mut stream = server.address.connect().await.expect("a connection");
    let mut all = format!(
        "GET {WEBSOCKET} HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .into_bytes();
    // A masked text frame with the two characters `40`.
    all.extend([0x81, 0x82, 0, 0, 0, 0, b'4', b'0']);
    stream.write_all(&all).await.expect("it is sent");
    let mut answer = Vec::new();
    while !answer.windows(4).any(|window| window == b"40{\"") {
        assert_ne!(soon(stream.read_buf(&mut answer)).await.expect("an answer"), 0);
    }
    let answer = String::from_utf8_lossy(&answer).to_lowercase();
    assert!(answer.starts_with("http/1.1 101 "), "{answer}");
    // The key and its response are those of RFC 6455 §1.3.
    assert!(answer.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"), "{answer}");
}

/// CVE-2022-41940: a client that reset its connection while its upgrade was rejected ended the process.
///
/// On the wall clock: TCP resets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_while_an_upgrade_is_refused_harms_nobody() {
    let io = pinging();
    let server = Server::on_tcp(&io).await;
    let unknown =
        ["/socket.io/?EIO=4&transport=carrier-pigeon", "/socket.io/?EIO=4&transport=websocket&sid=nobody"];
    for path in unknown.iter().cycle().take(200) {
        let mut stream = server.address.connect().await.expect("a connection");
        stream.set_zero_linger().expect("an option of TCP");
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("it is sent");
    }
    Ws::connect(&server.address).await.close().await;
    until("all are gone", || io.sessions() == 0).await;
}
