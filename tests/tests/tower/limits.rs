//! The bounds that hold for all clients together, or for one with all its sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::header::{self, HeaderValue};
use http::{Method, Request, StatusCode};
use socketio_tower::layer::{Refusal, RequestError};
use socketio_tower::testing::{Refused, TestClient, TestClientBuilder, settled};
use socketio_tower::{Socket, SocketIo};

use crate::client::{Http, POLLING, Poller, Server, Ws, request, soon, text, until};

fn refused(status: u16, message: &str) -> Refused {
    let status = StatusCode::from_u16(status).expect("a status");
    Refused::Handshake { status, body: format!(r#"{{"message":"{message}"}}"#) }
}

/// Whoever sends handshakes only made sessions without end.
#[tokio::test(start_paused = true)]
async fn a_full_server_refuses_sessions_and_serves_those_it_has() {
    let (told, asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (telling, asking) = (Arc::clone(&told), Arc::clone(&asked));
    let io = SocketIo::builder()
        .max_sessions(2)
        .allow_request(async move |_| {
            asking.fetch_add(1, Ordering::Relaxed);
            Ok::<(), Refusal>(())
        })
        .on_connection_error(move |error| {
            assert_eq!((error.cause(), error.code()), (RequestError::TooManySessions, None));
            telling.fetch_add(1, Ordering::Relaxed);
        })
        .build();
    io.of("/", |ns| {
        ns.on("ping", async || "pong");
    });
    let polling = TestClient::builder().polling().connect(&io).await.expect("there is room");
    let websocket = TestClient::builder().connect(&io).await.expect("there is room");
    for builder in [TestClient::builder().polling(), TestClient::builder().websocket()] {
        assert_eq!(builder.open(&io).await.unwrap_err(), refused(503, "Too many sessions"));
    }
    let stats = io.stats();
    assert_eq!((stats.sessions, stats.opened, stats.refused), (2, 2, 2));
    assert_eq!((told.load(Ordering::Relaxed), asked.load(Ordering::Relaxed)), (2, 2), "nobody asks in vain");

    for socket in [&polling, &websocket] {
        assert_eq!(socket.emit_with_ack::<_, String>("ping", "").await.expect("an answer"), "pong");
    }
    polling.client().upgrade().await.expect("an upgrade opens no session");
    websocket.client().close().await;
    settled().await;
    TestClient::builder().connect(&io).await.expect("there is room again");
    assert_eq!(io.stats().refused, 2);
}

#[tokio::test]
async fn a_full_server_answers_with_503() {
    let io = SocketIo::builder().max_sessions(1).build();
    let server = Server::start(&io).await;
    let ws = Ws::connect(server.address).await;
    let mut http = Http::connect(server.address).await;
    let answer = http.get(POLLING).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(text(&answer), r#"{"message":"Too many sessions"}"#);
    drop(ws);
    until("its place is free", || io.sessions() == 0).await;
    Poller::connect(server.address).await;
}

/// A session keeps what it was opened with: the query was kept whole, whatever its length.
#[tokio::test(start_paused = true)]
async fn the_request_that_is_kept_is_bounded() {
    const BOUND: usize = 1024;
    let cookie = "cookie".parse().expect("a name");
    let io = SocketIo::builder().max_handshake(BOUND).keep_headers([cookie]).build();
    io.of("/", |ns| {
        ns.on("kept", async |socket: Socket| {
            let handshake = socket.handshake();
            let cookie = handshake.headers().get("cookie").map_or(0, HeaderValue::len);
            handshake.path().len() + handshake.query().len() + cookie
        });
    });
    let client = |query: usize, cookie: usize| {
        let builder = TestClient::builder().header("cookie", &"c".repeat(cookie));
        // It is not kept, and nobody minds it.
        builder.header("x-other", &"o".repeat(2 * BOUND)).query(&format!("q={}", "q".repeat(query)))
    };
    for transport in [TestClientBuilder::polling, TestClientBuilder::websocket] {
        let open = |query, cookie| transport(client(query, cookie)).connect(&io);
        let socket = open(400, 400).await.expect("it is short");
        let kept: usize = socket.emit_with_ack("kept", "").await.expect("an answer");
        assert!((800..BOUND).contains(&kept), "{kept} bytes");
        assert_eq!(open(BOUND, 0).await.unwrap_err(), refused(414, "URI too long"));
        assert_eq!(open(400, 700).await.unwrap_err(), refused(431, "Request header fields too large"));
    }
}

#[tokio::test]
async fn sixteen_kilobytes_are_kept_by_default() {
    let io = SocketIo::new();
    let server = Server::start(&io).await;
    for (length, status) in [(16_000, StatusCode::OK), (16_400, StatusCode::URI_TOO_LONG)] {
        let path = format!("{POLLING}&token={}", "x".repeat(length));
        let answer = Http::connect(server.address).await.request(request(Method::GET, &path, "")).await;
        assert_eq!(answer.status(), status, "{}", text(&answer));
    }
    assert_eq!(io.sessions(), 1);
    let long = format!("/socket.io/?EIO=4&transport=websocket&token={}", "x".repeat(20_000));
    let (parts, ()) = Request::get(long).body(()).expect("a request").into_parts();
    let refused = soon(io.attach(parts, tokio::io::duplex(64).0)).await.expect_err("it is too long");
    assert_eq!((refused.cause(), refused.status()), (RequestError::UriTooLong, 414));
}
