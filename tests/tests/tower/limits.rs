//! Limits for all clients together, or for one client with all its sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::header::{self, HeaderValue};
use http::{Method, Request, StatusCode};
use socketio_tower::layer::{Rejection, RequestError};
use socketio_tower::testing::{ClientError, TestClient, TestClientBuilder, settled};
use socketio_tower::{Socket, SocketIo, SocketIoBuilder};
use tokio::io::duplex;
use tokio::sync::Notify;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::client::{
    Http, Log, POLLING, Poller, Server, Ws, attached, request, send_text, soon, text, until,
};

fn refused(cause: RequestError) -> ClientError {
    ClientError::Rejected(cause.into())
}

/// A client that sent nothing but handshakes could open any number of sessions.
#[tokio::test(start_paused = true)]
async fn a_full_server_refuses_sessions_and_serves_those_it_has() {
    let (rejected, asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (rejecting, asking) = (Arc::clone(&rejected), Arc::clone(&asked));
    let io = SocketIo::builder()
        .max_sessions(2)
        .allow_request(async move |_| {
            asking.fetch_add(1, Ordering::Relaxed);
            Ok::<(), Rejection>(())
        })
        .on_connection_error(move |_, rejection| {
            assert_eq!((rejection.cause(), rejection.code()), (RequestError::TooManySessions, None));
            rejecting.fetch_add(1, Ordering::Relaxed);
        })
        .build();
    io.of("/", |ns| {
        ns.on("ping", async || "pong");
    });
    let polling = TestClient::builder().polling().connect(&io).await.expect("there is room");
    let websocket = TestClient::builder().connect(&io).await.expect("there is room");
    for builder in [TestClient::builder().polling(), TestClient::builder().websocket()] {
        assert_eq!(builder.open(&io).await.unwrap_err(), refused(RequestError::TooManySessions));
    }
    let stats = io.stats();
    assert_eq!((stats.sessions, stats.opened, stats.rejected), (2, 2, 2));
    assert_eq!(
        (rejected.load(Ordering::Relaxed), asked.load(Ordering::Relaxed)),
        (2, 2),
        "the hook is not called when the server is full"
    );

    for socket in [&polling, &websocket] {
        assert_eq!(socket.emit_with_ack::<_, String>("ping", "").await.expect("an answer"), "pong");
    }
    polling.client().upgrade().await.expect("an upgrade opens no session");
    websocket.client().close().await;
    settled().await;
    TestClient::builder().connect(&io).await.expect("there is room again");
    assert_eq!(io.stats().rejected, 2);
}

#[tokio::test(start_paused = true)]
async fn a_full_server_answers_with_503() {
    let io = SocketIo::builder().max_sessions(1).build();
    let server = Server::start(&io);
    let ws = Ws::connect(&server.address).await;
    let mut http = Http::connect(&server.address).await;
    let answer = http.get(POLLING).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(text(&answer), r#"{"message":"Too many sessions"}"#);
    drop(ws);
    until("its place is free", || io.sessions() == 0).await;
    Poller::connect(&server.address).await;
}

/// Returns a server whose handlers wait for a gate, and counts of the running handlers.
fn waiting(builder: SocketIoBuilder) -> (SocketIo, Arc<Running>) {
    let (io, running) = (builder.build(), Arc::new(Running::default()));
    let count = Arc::clone(&running);
    io.of("/{name}", |ns| {
        let counted = Arc::clone(&count);
        ns.on("wait", async move || counted.wait().await);
        ns.on("ask", async |socket: Socket| {
            socket.emit_with_ack::<_, u8>("question", "").await.unwrap_or_default()
        });
        ns.on("ping", async || "pong");
    });
    (io, running)
}

#[derive(Default)]
struct Running {
    now: AtomicUsize,
    most: AtomicUsize,
    all: AtomicUsize,
    gate: Notify,
}

impl Running {
    async fn wait(&self) {
        self.all.fetch_add(1, Ordering::Relaxed);
        self.most.fetch_max(self.now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.gate.notified().await;
        self.now.fetch_sub(1, Ordering::Relaxed);
    }

    fn counts(&self) -> [usize; 3] {
        [&self.now, &self.most, &self.all].map(|count| count.load(Ordering::Relaxed))
    }
}

/// With 64 namespaces, a client had 4032 handlers at once: the limit was per socket.
#[tokio::test(start_paused = true)]
async fn handlers_are_bounded_for_a_client_with_all_its_sockets() {
    let (io, running) = waiting(SocketIo::builder().handler_grace(Duration::MAX));
    let client = TestClient::builder().open(&io).await.expect("it opens");
    let idle = client.namespace("/idle").connect().await.expect("it connects");
    let mut busy = Vec::new();
    for n in 0..4 {
        let socket = client.namespace(&format!("/{n}")).connect().await.expect("it connects");
        (0..64).for_each(|_| socket.emit("wait", ""));
        busy.push(socket);
    }
    settled().await;
    assert_eq!((running.counts(), io.stats().handlers), ([256, 256, 256], 256));
    // Events that wait for a free handler are parked, and so is a connection request.
    (0..64).for_each(|_| busy[0].emit("wait", ""));
    let ping = idle.emit_with_ack::<_, String>("ping", "");
    let late = client.namespace("/late");
    let late = tokio::spawn(late.connect());
    settled().await;
    assert_eq!(running.counts(), [256, 256, 256]);
    assert!(!late.is_finished() && io.stats().received_bytes > 0);
    // One place for the connection request, and one for an event.
    for _ in 0..2 {
        running.gate.notify_one();
        settled().await;
    }
    let late = late.await.expect("no panic").expect("it connects");
    assert_eq!(ping.await.expect("an answer"), "pong", "the sockets take turns");
    late.emit("wait", "");
    settled().await;
    assert_eq!(running.counts()[..2], [256, 256]);
    running.gate.notify_waiters();
    settled().await;
    assert_eq!((running.counts(), io.stats().received_bytes), ([63, 256, 256 + 65], 0));
}

/// Leaving and rejoining gave a client twice as many handlers.
#[tokio::test(start_paused = true)]
async fn the_handlers_of_sockets_that_were_left_count() {
    let (io, running) = waiting(SocketIo::builder().client_concurrency(8).handler_grace(Duration::MAX));
    let client = TestClient::builder().open(&io).await.expect("it opens");
    let leaving = client.namespace("/room").connect().await.expect("it connects");
    (0..6).for_each(|_| leaving.emit("wait", ""));
    leaving.disconnect();
    let joined = client.namespace("/room").connect().await.expect("it connects");
    (0..6).for_each(|_| joined.emit("wait", ""));
    settled().await;
    assert_eq!(running.counts(), [8, 8, 8]);
    running.gate.notify_waiters();
    settled().await;
    assert_eq!(running.counts(), [4, 8, 12]);
}

#[tokio::test(start_paused = true)]
async fn acks_pass_at_the_bound_of_a_client() {
    let (io, _) = waiting(SocketIo::builder().client_concurrency(1));
    let client = TestClient::builder().open(&io).await.expect("it opens");
    let one = client.namespace("/one").connect().await.expect("it connects");
    let two = client.namespace("/two").connect().await.expect("it connects");
    let asked = one.emit_with_ack::<_, u8>("ask", "");
    let ping = two.emit_with_ack::<_, String>("ping", "");
    let question = one.expect_event("question").await;
    settled().await;
    assert!(io.stats().received_bytes > 0, "the other socket's event waits");
    question.ack(&7);
    assert_eq!(asked.await.expect("an answer"), 7);
    assert_eq!(ping.await.expect("an answer"), "pong");
}

/// Handlers of a socket that was abandoned no longer count.
#[tokio::test(start_paused = true)]
async fn handlers_that_outlive_their_socket_give_their_places_back() {
    let (io, running) = waiting(SocketIo::builder().client_concurrency(2));
    let client = TestClient::builder().open(&io).await.expect("it opens");
    let one = client.namespace("/one").connect().await.expect("it connects");
    let two = client.namespace("/two").connect().await.expect("it connects");
    (0..2).for_each(|_| one.emit("wait", ""));
    one.disconnect();
    assert_eq!(two.emit_with_ack::<_, String>("ping", "").await.expect("an answer"), "pong");
    assert_eq!((running.counts()[2], io.stats().handlers), (2, 0));
}

/// A connection request that arrived after a place was free, and before the requests that waited for it were resumed,
/// overtook them.
#[tokio::test(start_paused = true)]
async fn connection_requests_are_served_in_order_of_arrival() {
    let (io, log) = (SocketIo::builder().client_concurrency(1).build(), Arc::new(Log::default()));
    let (gate, peer) = (Arc::new(Notify::new()), Arc::new(tokio::sync::Mutex::new(None)));
    let (opening, client) = (Arc::clone(&gate), Arc::clone(&peer));
    io.of("/", |ns| {
        ns.on("wait", async move || {
            opening.notified().await;
            // In the turn in which this handler ends, after the input was read.
            send_text(client.lock().await.as_mut().expect("a peer"), b"40/third,").await;
        });
    });
    let sink = Arc::clone(&log);
    io.of("/{name}", |ns| {
        let sink = Arc::clone(&sink);
        ns.middleware(async move |socket: Socket| {
            sink.add(socket.namespace());
            tokio::task::yield_now().await;
            Ok(())
        });
    });
    let mut stream = attached(&io, 4096).await;
    send_text(&mut stream, br#"42["wait"]"#).await;
    send_text(&mut stream, b"40/first,").await;
    send_text(&mut stream, b"40/second,").await;
    *peer.lock().await = Some(stream);
    settled().await;
    gate.notify_one();
    settled().await;
    log.expect(&["/first", "/second", "/third"]).await;
}

/// A connection request that the client cancelled while its middleware ran counted forever: the 65th ended the session.
#[tokio::test(start_paused = true)]
async fn wishes_that_were_taken_back_do_not_count() {
    let io = SocketIo::builder().max_namespaces(2).build();
    io.of("/slow", |ns| {
        ns.middleware(async || {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(())
        });
    });
    let (ours, theirs) = duplex(4096);
    let open = Request::get("/socket.io/?EIO=4&transport=websocket").body(()).expect("a request");
    io.attach(open.into_parts().0, theirs).await.expect("it is taken in");
    let mut ws = Ws::over(WebSocketStream::from_raw_socket(ours, Role::Client, None).await);
    ws.greeted().await;
    for _ in 0..5 {
        ws.send("40/slow,").await;
        ws.send("41/slow,").await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    ws.join("/slow").await;
}

/// A session keeps the data of its handshake; the query was kept whole, whatever its length.
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
        // This header is not kept, so it does not count.
        builder.header("x-other", &"o".repeat(2 * BOUND)).query(&format!("q={}", "q".repeat(query)))
    };
    for transport in [TestClientBuilder::polling, TestClientBuilder::websocket] {
        let open = |query, cookie| transport(client(query, cookie)).connect(&io);
        let socket = open(400, 400).await.expect("it is short");
        let kept: usize = socket.emit_with_ack("kept", "").await.expect("an answer");
        assert!((800..BOUND).contains(&kept), "{kept} bytes");
        assert_eq!(open(BOUND, 0).await.unwrap_err(), refused(RequestError::UriTooLong));
        assert_eq!(open(400, 700).await.unwrap_err(), refused(RequestError::HeadersTooLarge));
    }
}

#[tokio::test(start_paused = true)]
async fn sixteen_kilobytes_are_kept_by_default() {
    let io = SocketIo::new();
    let server = Server::start(&io);
    for (length, status) in [(16_000, StatusCode::OK), (16_400, StatusCode::URI_TOO_LONG)] {
        let path = format!("{POLLING}&token={}", "x".repeat(length));
        let answer = Http::connect(&server.address).await.request(request(Method::GET, &path, "")).await;
        assert_eq!(answer.status(), status, "{}", text(&answer));
    }
    assert_eq!(io.sessions(), 1);
    let long = format!("/socket.io/?EIO=4&transport=websocket&token={}", "x".repeat(20_000));
    let (parts, ()) = Request::get(long).body(()).expect("a request").into_parts();
    let refused = soon(io.attach(parts, duplex(64).0)).await.expect_err("it is too long");
    assert_eq!((refused.cause(), refused.status()), (RequestError::UriTooLong, StatusCode::URI_TOO_LONG));
}
