//! Hooks for response headers and for rejected requests.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use socketio_tower::layer::{NotFound, Rejection, SessionCookie};
use socketio_tower::{DisconnectReason, Overflow, Socket, SocketIo, Transport};
use tower::{Layer, Service};

use crate::client::{Http, Log, POLLING, Poller, Server, WEBSOCKET, Ws, request, text, until};
use crate::network::Connect;

fn marked() -> SocketIo {
    SocketIo::builder()
        .initial_headers(|request, headers| {
            let agent = request.headers.get(header::USER_AGENT).cloned();
            headers.extend(agent.map(|agent| (header::HeaderName::from_static("x-agent"), agent)));
            headers.insert("x-initial", HeaderValue::from_static("1"));
        })
        .headers(|_, headers| drop(headers.insert("x-every", HeaderValue::from_static("1"))))
        .headers(|_, _| panic!("a hook's fault"))
        .cookie(SessionCookie::new("io"))
        .build()
}

/// As on the Node server: `initial_headers` once per session, `headers` on every response, the cookie on the polling
/// handshake only.
#[tokio::test(start_paused = true)]
async fn headers_are_added_to_answers() {
    let io = marked();
    let server = Server::start(&io);
    let mut http = Http::connect(&server.address).await;
    let mut open = request(Method::GET, POLLING, "");
    open.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static("test"));
    let answer = http.request(open).await;
    let sid = text(&answer)[9..29].to_owned();
    assert_eq!(answer.headers()["x-initial"], "1");
    assert_eq!(answer.headers()["x-every"], "1");
    assert_eq!(answer.headers()["x-agent"], "test");
    assert_eq!(answer.headers()[header::SET_COOKIE], format!("io={sid}; Path=/; HttpOnly; SameSite=Lax"));

    let path = format!("{POLLING}&sid={sid}");
    let posted = http.request(request(Method::POST, &path, "40")).await;
    let polled = http.get(&path).await;
    let refused = http.get("/socket.io/?EIO=4&transport=none").await;
    for answer in [posted, polled, refused] {
        assert_eq!(answer.headers()["x-every"], "1");
        assert!(!answer.headers().contains_key("x-initial"));
        assert!(!answer.headers().contains_key(header::SET_COOKIE));
    }
    // Responses of the application are not changed.
    assert!(!http.get("/elsewhere").await.headers().contains_key("x-every"));

    let stream = server.address.connect().await.unwrap();
    let url = format!("ws://localhost{WEBSOCKET}");
    let (_stream, answer) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    assert_eq!(
        (&answer.headers()["x-initial"], &answer.headers()["x-every"]),
        (&"1".parse().unwrap(), &"1".parse().unwrap())
    );
    assert!(!answer.headers().contains_key(header::SET_COOKIE));
}

/// The name of the node, in the response that opens a session by long polling, and in no other.
#[tokio::test(start_paused = true)]
async fn the_cookie_names_the_node() {
    let io = SocketIo::builder().cookie(SessionCookie::new("io_node").value("node-a")).build();
    let server = Server::start(&io);
    let mut http = Http::connect(&server.address).await;
    for _ in 0..2 {
        let answer = http.get(POLLING).await;
        assert_eq!(answer.headers()[header::SET_COOKIE], "io_node=node-a; Path=/; HttpOnly; SameSite=Lax");
        let sid = &text(&answer)[9..29];
        let posted = http.request(request(Method::POST, &format!("{POLLING}&sid={sid}"), "40")).await;
        assert_eq!((posted.status(), posted.headers().get(header::SET_COOKIE)), (StatusCode::OK, None));
    }
    let unknown = http.get(&format!("{POLLING}&sid=AAAAAAAAAAAAAAAAAAAA")).await;
    assert_eq!(
        (unknown.status(), unknown.headers().get(header::SET_COOKIE)),
        (StatusCode::BAD_REQUEST, None)
    );

    let stream = server.address.connect().await.unwrap();
    let url = format!("ws://localhost{WEBSOCKET}");
    let (_stream, answer) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    assert_eq!(answer.headers().get(header::SET_COOKIE), None);
}

#[tokio::test(start_paused = true)]
async fn refused_requests_are_told() {
    let log = Arc::new(Log::default());
    let sink = Arc::clone(&log);
    let io = SocketIo::builder()
        .max_payload(10)
        .allow_request(async |request: http::request::Parts| match request.uri.query() {
            Some(query) if query.contains("banned") => Err("banned".into()),
            _ => Ok(()),
        })
        .on_connection_error(move |request, rejection| {
            sink.add(format!("{} {:?} {rejection}", request.method, rejection.code()));
            assert!(request.uri.path() == "/socket.io/", "a hook's fault");
        })
        .build();
    let server = Server::start(&io);
    let mut http = Http::connect(&server.address).await;
    http.get("/socket.io/?EIO=4&transport=none").await;
    http.get(&format!("{POLLING}&sid=unknown")).await;
    http.request(request(Method::POST, POLLING, "")).await;
    assert_eq!(http.get(&format!("{POLLING}&banned=1")).await.status(), StatusCode::FORBIDDEN);
    http.get("/socket.io/?EIO=2&transport=polling").await;
    // Requests that the session rejects, and a hook that panics.
    let mut poller = Poller::open(&server.address).await;
    assert_eq!(poller.post_response("x".repeat(11)).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(poller.post_response("nonsense").await.status(), StatusCode::BAD_REQUEST);
    http.get("/socket.io?EIO=4").await;
    log.expect(&[
        "GET Some(0) transport unknown",
        "GET Some(1) session ID unknown",
        "POST Some(2) bad handshake method",
        "GET Some(4) forbidden: banned",
        "GET Some(5) unsupported protocol version",
        "POST None body too large",
        "POST Some(3) malformed payload",
        "GET Some(0) transport unknown",
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn statistics_are_true() {
    let io = SocketIo::builder().max_queued_bytes(1200).overflow(Overflow::Discard).build();
    io.of("/chat", |_| {});
    io.of("/", |ns| {
        ns.on("fill", async |socket: Socket| {
            socket.emit("big", &"x".repeat(900));
            socket.emit("too much", &"x".repeat(900));
            socket.volatile().emit("dropped", "");
            socket.io().stats().queued_bytes > 900
        });
    });
    assert_eq!(io.stats(), socketio_tower::Stats::default());
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.join("/chat").await;
    let mut poller = Poller::connect(&server.address).await;
    let stats = io.stats();
    assert_eq!(
        (
            stats.sessions,
            stats.sessions_on(Transport::Polling),
            stats.sessions_on(Transport::WebSocket),
            stats.sockets,
            stats.opened
        ),
        (2, 1, 1, 3, 2)
    );
    ws.send(r#"420["fill"]"#).await;
    assert!(ws.text().await.starts_with(r#"42["big""#));
    ws.expect("430[true]").await;
    ws.close().await;
    until("one has ended", || io.stats().sessions == 1).await;
    let stats = io.stats();
    assert_eq!((stats.overflowed, stats.dropped, stats.opened), (1, 1, 2));
    assert_eq!(stats.closed(DisconnectReason::TransportClose), 1, "{stats:?}");
    assert_eq!(stats.closed(DisconnectReason::PingTimeout), 0);
    assert_eq!(stats.closed_by_reason().collect::<Vec<_>>(), [(DisconnectReason::TransportClose, 1)]);
    let (closed, last) = tokio::join!(io.close(std::time::Duration::from_secs(5)), poller.get());
    assert!(closed && last.ends_with('1'), "{last}");
    assert_eq!(io.stats().closed(DisconnectReason::ServerShuttingDown), 1);
    assert_eq!((io.stats().sessions, io.stats().sockets, io.stats().queued_bytes), (0, 0, 0));
}

/// The response is the same for all, as on the Node server; hooks, logs and outer layers get the reason.
#[tokio::test(start_paused = true)]
async fn each_kind_of_bad_websocket_handshake_has_its_reason() {
    let log = Arc::new(Log::default());
    let sink = Arc::clone(&log);
    let io =
        SocketIo::builder().on_connection_error(move |_, rejection| sink.add(rejection.to_string())).build();
    let good = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let reasons = [
        ("connection", "the Connection header does not list `upgrade`"),
        ("upgrade", "the transport does not match the Upgrade header"),
        ("sec-websocket-version", "the WebSocket version is not 13"),
        ("sec-websocket-key", "the WebSocket key is missing or invalid"),
        ("", "the HTTP server was started without upgrades"),
    ];
    for (missing, reason) in reasons {
        let headers = good.iter().filter(|(name, _)| *name != missing);
        let request =
            headers.fold(Request::get(WEBSOCKET), |request, (name, value)| request.header(*name, *value));
        let mut service = io.layer().layer(NotFound::default());
        let answer = service.call(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        let rejection = answer.extensions().get::<Rejection>().expect("the answer holds it");
        assert_eq!(rejection.to_string(), format!("bad request: {reason}"));
        assert_eq!(log.lines().last(), Some(&rejection.to_string()));
        assert_eq!(
            answer.into_body().collect().await.unwrap().to_bytes(),
            r#"{"code":3,"message":"Bad request"}"#
        );
    }
}
