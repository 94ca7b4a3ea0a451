//! Invalid requests and their responses.

use http::{Method, Request, StatusCode, header};
use socketio_tower::{SocketIo, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{Http, POLLING, Poller, Server, Ws, request, soon, text, until};
use crate::network::Connect;

fn pinging() -> SocketIo {
    let io = SocketIo::builder().max_payload(1000).build();
    io.of("/", |ns| {
        ns.on("ping", async || "pong");
    });
    io
}

#[tokio::test(start_paused = true)]
async fn refusals_are_those_of_the_node_server() {
    let io = pinging();
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    let unknown = format!("{POLLING}&sid=AAAAAAAAAAAAAAAAAAAA");
    let cases = [
        (Method::GET, "/socket.io/", r#"{"code":0,"message":"Transport unknown"}"#),
        (Method::GET, "/socket.io/?EIO=4&transport=tram", r#"{"code":0,"message":"Transport unknown"}"#),
        (Method::GET, &unknown, r#"{"code":1,"message":"Session ID unknown"}"#),
        (Method::POST, &unknown, r#"{"code":1,"message":"Session ID unknown"}"#),
        (Method::POST, POLLING, r#"{"code":2,"message":"Bad handshake method"}"#),
        (Method::PUT, POLLING, r#"{"code":2,"message":"Bad handshake method"}"#),
        (Method::GET, "/socket.io/?EIO=4&transport=websocket", r#"{"code":3,"message":"Bad request"}"#),
        (
            Method::GET,
            "/socket.io/?EIO=3&transport=polling",
            r#"{"code":5,"message":"Unsupported protocol version"}"#,
        ),
        (
            Method::GET,
            "/socket.io/?transport=polling",
            r#"{"code":5,"message":"Unsupported protocol version"}"#,
        ),
    ];
    for (method, path, body) in cases {
        let answer = Http::connect(&server.address).await.request(request(method, path, "")).await;
        assert_eq!((answer.status(), &*text(&answer)), (StatusCode::BAD_REQUEST, body), "{path}");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    }
    assert_eq!(io.sessions(), 1);
    ws.send(r#"420["ping"]"#).await;
    ws.expect(r#"430["pong"]"#).await;
}

#[tokio::test(start_paused = true)]
async fn transports_may_be_switched_off() {
    let io = SocketIo::builder().transports([Transport::WebSocket]).build();
    let server = Server::start(&io);
    let answer = Http::connect(&server.address).await.get(POLLING).await;
    assert_eq!(text(&answer), r#"{"code":0,"message":"Transport unknown"}"#);
    Ws::connect(&server.address).await;
}

#[tokio::test(start_paused = true)]
async fn answers_have_the_headers_of_their_kind() {
    let server = Server::start(&pinging());
    let answer = Http::connect(&server.address).await.get(POLLING).await;
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/plain; charset=UTF-8");
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(answer.headers()[header::CONTENT_LENGTH], answer.body().len().to_string());
    let mut poller = Poller::open(&server.address).await;
    let answer = poller.post_response("40").await;
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/html");
    assert_eq!(text(&answer), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_large_leaves_the_session() {
    let io = pinging();
    let server = Server::start(&io);
    let mut poller = Poller::connect(&server.address).await;
    let mut beside = poller.beside().await;
    let answer = beside.post_response(format!("4{}", "x".repeat(1000))).await;
    assert_eq!((answer.status(), &*text(&answer)), (StatusCode::PAYLOAD_TOO_LARGE, ""));
    assert_eq!(poller.post(&format!(r#"420["ping","{}"]"#, "x".repeat(900))).await, "ok");
    assert_eq!(poller.get().await, r#"430["pong"]"#);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(&format!("4{}", "x".repeat(1000))).await;
    assert_eq!(ws.closed().await, Some(1009));
    drop(ws);
    until("the WebSocket's session ends", || io.sessions() == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_no_payload_ends_the_session() {
    let io = pinging();
    let server = Server::start(&io);
    let mut poller = Poller::connect(&server.address).await;
    let answer = poller.post_response("x").await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(text(&answer), r#"{"code":3,"message":"Bad request"}"#);
    until("it ends", || io.sessions() == 0).await;
    let mut poller = Poller::connect(&server.address).await;
    let mut wrong = request(Method::POST, poller.path(), "40");
    let octets = header::HeaderValue::from_static("application/octet-stream");
    wrong.headers_mut().insert(header::CONTENT_TYPE, octets);
    let answer = Http::connect(&server.address).await.request(wrong).await;
    assert_eq!((answer.status(), &*text(&answer)), (StatusCode::BAD_REQUEST, ""));
    assert_eq!(text(&poller.get_response().await), r#"{"code":1,"message":"Session ID unknown"}"#);
    assert_eq!(io.sessions(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_second_get_ends_the_session() {
    let io = pinging();
    let server = Server::start(&io);
    let mut poller = Poller::connect(&server.address).await;
    let mut beside = poller.beside().await;
    let (one, other) = tokio::join!(poller.get_response(), beside.get_response());
    let (parked, second) = if one.status() == StatusCode::OK { (one, other) } else { (other, one) };
    assert_eq!((second.status(), &*text(&second)), (StatusCode::BAD_REQUEST, ""));
    assert_eq!(text(&parked), "1");
    until("it ends", || io.sessions() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_method_that_means_nothing_leaves_the_session() {
    let io = pinging();
    let server = Server::start(&io);
    let mut poller = Poller::connect(&server.address).await;
    let put = request(Method::PUT, poller.path(), "");
    let answer = Http::connect(&server.address).await.request(put).await;
    assert_eq!(text(&answer), r#"{"code":3,"message":"Bad request"}"#);
    poller.post(r#"420["ping"]"#).await;
    assert_eq!(poller.get().await, r#"430["pong"]"#);
}

/// A body that is cut off is an aborted request.
#[tokio::test(start_paused = true)]
async fn a_post_that_breaks_off_ends_the_session() {
    let io = pinging();
    let server = Server::start(&io);
    let poller = Poller::connect(&server.address).await;
    let mut stream = server.address.connect().await.expect("a connection");
    let head = format!("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n42", poller.path());
    stream.write_all(head.as_bytes()).await.expect("it is sent");
    drop(stream);
    until("it ends", || io.sessions() == 0).await;
}

/// The client sends its next request before it has read the response: responses keep their order.
#[tokio::test(start_paused = true)]
async fn requests_may_be_pipelined() {
    let io = pinging();
    let server = Server::start(&io);
    let poller = Poller::connect(&server.address).await;
    let path = poller.path();
    let mut stream = server.address.connect().await.expect("a connection");
    let post = |body: &str| {
        let length = body.len();
        format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    let all = [post(r#"420["ping"]"#), post(r#"421["ping"]"#)].concat()
        + &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(all.as_bytes()).await.expect("it is sent");
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.expect("three answers");
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 3);
    assert!(answer.ends_with("430[\"pong\"]\u{1e}431[\"pong\"]"), "{answer}");
}

/// A chunked body has no length to check in advance.
#[tokio::test(start_paused = true)]
async fn a_chunked_body_is_bounded_too() {
    let io = pinging();
    let server = Server::start(&io);
    let mut poller = Poller::connect(&server.address).await;
    let mut stream = server.address.connect().await.expect("a connection");
    let head =
        format!("POST {} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", poller.path());
    stream.write_all(head.as_bytes()).await.expect("it is sent");
    for _ in 0..3 {
        let chunk = format!("190\r\n{}\r\n", "4".repeat(400));
        stream.write_all(chunk.as_bytes()).await.expect("it is sent");
    }
    let mut answer = [0; 12];
    soon(stream.read_exact(&mut answer)).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 413");
    poller.post(r#"420["ping"]"#).await;
    assert_eq!(poller.get().await, r#"430["pong"]"#);
}

#[tokio::test(start_paused = true)]
async fn what_the_request_carried_is_there_in_the_handlers() {
    let io = SocketIo::builder().keep_headers([header::USER_AGENT]).keep_extension::<u32>().build();
    io.of("/", |ns| {
        ns.on("who", async |socket: socketio_tower::Socket| {
            let handshake = socket.handshake();
            let extension = handshake.extensions().get::<u32>().copied().unwrap_or_default();
            let agent = handshake.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
            let headers = handshake.headers().len();
            let room = handshake.parameter("room").unwrap_or_default();
            format!("{} {room} {} {headers} {extension}", handshake.path(), agent.unwrap_or_default())
        });
    });
    let app = axum::Router::new().layer(io.layer()).layer(axum::Extension(7u32));
    let server = Server::serve(app);
    let open: Request<_> = {
        let mut open = request(Method::GET, &format!("{POLLING}&room=den"), "");
        open.headers_mut().insert(header::USER_AGENT, header::HeaderValue::from_static("mole"));
        open.headers_mut().insert(header::COOKIE, header::HeaderValue::from_static("a=b"));
        open
    };
    let mut http = Http::connect(&server.address).await;
    let answer = text(&http.request(open).await);
    let open: serde_json::Value = serde_json::from_str(&answer[1..]).expect("an OPEN packet");
    let path = format!("{POLLING}&sid={}", open["sid"].as_str().expect("a sid"));
    http.request(request(Method::POST, &path, "40")).await;
    http.get(&path).await;
    http.request(request(Method::POST, &path, r#"420["who"]"#)).await;
    assert_eq!(text(&http.get(&path).await), r#"430["/socket.io/ den mole 1 7"]"#);
}

/// Fault: the public id of a socket was the secret id of its session.
#[tokio::test(start_paused = true)]
async fn the_id_of_a_socket_opens_nothing() {
    let io = pinging();
    let server = Server::start(&io);
    let mut ws = Ws::open(&server.address).await;
    let id = ws.join("").await;
    let answer = Http::connect(&server.address).await.get(&format!("{POLLING}&sid={id}")).await;
    assert_eq!(text(&answer), r#"{"code":1,"message":"Session ID unknown"}"#);
}
