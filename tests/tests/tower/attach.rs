//! Clients over a stream of bytes, without an HTTP server.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http::request::Parts;
use socketio_tower::layer::{BadRequest, RequestError};
use socketio_tower::{Data, DisconnectReason, Socket, SocketIo};
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::client::{Log, Ws, soon, until};

fn request(query: &str) -> Parts {
    let request = Request::get(format!("/socket.io/?{query}")).header("x-tenant", "acme");
    request.body(()).expect("a request").into_parts().0
}

const OPEN: &str = "EIO=4&transport=websocket";

async fn attach(io: &SocketIo, parts: Parts) -> Ws<DuplexStream> {
    let (ours, theirs) = duplex(4096);
    io.attach(parts, theirs).await.expect("it is taken in");
    Ws::over(WebSocketStream::from_raw_socket(ours, Role::Client, None).await)
}

#[tokio::test(start_paused = true)]
async fn a_client_of_another_library_speaks_over_a_pipe() {
    let io = SocketIo::builder().keep_headers(["x-tenant".parse().expect("a name")]).build();
    io.of("/", |ns| {
        ns.on("echo", async |Data(text): Data<String>| text);
        ns.on("tenant", async |socket: Socket| {
            let handshake = socket.handshake();
            let tenant = handshake.headers()["x-tenant"].to_str().expect("text").to_owned();
            format!("{tenant} {}", handshake.parameter("lang").expect("a parameter"))
        });
    });
    let mut ws = attach(&io, request(&format!("{OPEN}&lang=de"))).await;
    ws.greeted().await;
    ws.join("").await;
    ws.send(r#"420["tenant"]"#).await;
    ws.expect(r#"430["acme de"]"#).await;
    // Longer than the pipe, in both directions.
    let long = "x".repeat(100_000);
    let (question, answer) = (format!(r#"421["echo","{long}"]"#), format!(r#"431["{long}"]"#));
    ws.send(&question).await;
    ws.expect(&answer).await;
    ws.close().await;
    until("the session ends", || io.sessions() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_pipe_that_breaks_ends_its_session() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on_disconnect(async move |reason: DisconnectReason| sink.add(reason.as_str()));
    });
    let mut ws = attach(&io, request(OPEN)).await;
    ws.greeted().await;
    ws.join("").await;
    drop(ws);
    log.expect(&["transport close"]).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_websocket_is_closed() {
    let io = SocketIo::new();
    let (mut ours, theirs) = duplex(4096);
    io.attach(request(OPEN), theirs).await.expect("it is taken in");
    soon(ours.write_all(b"GET / HTTP/1.1\r\n\r\n")).await.expect("it is written");
    until("the session ends", || io.sessions() == 0).await;
}

/// The HTTP exchange on the stream is over, so a rejection can only drop it.
#[tokio::test(start_paused = true)]
async fn who_is_refused_is_dropped() {
    let io = SocketIo::new();
    let sid = "AAAAAAAAAAAAAAAAAAAA";
    let cases = [
        ("", RequestError::UnknownTransport),
        ("EIO=3&transport=websocket", RequestError::UnsupportedRevision),
        ("EIO=4&transport=polling", BadRequest::UpgradeMismatch.into()),
        (&format!("EIO=4&transport=polling&sid={sid}"), BadRequest::UpgradeMismatch.into()),
        (&format!("{OPEN}&sid={sid}"), RequestError::UnknownSession),
    ];
    for (query, expected) in cases {
        let (mut ours, theirs) = duplex(64);
        assert_eq!(io.attach(request(query), theirs).await, Err(expected.into()), "{query}");
        assert!(soon(ours.write_all(b"x")).await.is_err(), "it is dropped: {query}");
    }
    assert!(io.close(Duration::ZERO).await);
    let (_ours, theirs) = duplex(64);
    assert_eq!(io.attach(request(OPEN), theirs).await, Err(RequestError::Unavailable.into()));
    assert_eq!(io.sessions(), 0);
}
