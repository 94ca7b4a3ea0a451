//! Information about the request that opened a session, and about its sender.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::extract::ConnectInfo;
use socketio_tower::extract::Query;
use socketio_tower::handler::Cause;
use socketio_tower::testing::{TestClient, TestClientBuilder};
use socketio_tower::{Data, ForwardedHeader, Socket, SocketIo, SocketIoBuilder};

use crate::client::{Ws, listen_on_tcp, soon};

/// Returns a server that tells its clients the information it has about them.
fn server(builder: SocketIoBuilder) -> SocketIo {
    let io = builder.build();
    io.of("/", |ns| {
        ns.on("who", async |socket: Socket| {
            let handshake = socket.handshake();
            let address = handshake.address().map(|address| address.to_string()).unwrap_or_default();
            let origin = handshake.origin().unwrap_or("none");
            format!("{address} {} {origin} {}", handshake.is_secure(), handshake.path())
        });
    });
    io
}

async fn who(io: &SocketIo, client: TestClientBuilder) -> String {
    let socket = client.connect(io).await.expect("it connects");
    socket.emit_with_ack("who", "").await.expect("an answer")
}

fn peer(address: &str) -> SocketIoBuilder {
    let address: IpAddr = address.parse().expect("an address");
    SocketIo::builder().peer_address(move |_| Some(address))
}

#[tokio::test(start_paused = true)]
async fn nothing_is_believed_by_default() {
    let io = server(SocketIo::builder());
    let client = TestClient::builder()
        .header("x-forwarded-for", "192.0.2.1")
        .header("x-forwarded-proto", "https")
        .header("forwarded", "for=192.0.2.1;proto=https");
    assert_eq!(who(&io, client).await, " false none /socket.io/");
}

#[tokio::test(start_paused = true)]
async fn the_peer_counts_unless_a_proxy_speaks_for_another() {
    let io = server(peer("::ffff:10.0.0.9").trusted_proxies(2, ForwardedHeader::XForwarded));
    assert_eq!(who(&io, TestClient::builder()).await, "10.0.0.9 false none /socket.io/");
    let client = || TestClient::builder().header("x-forwarded-for", "127.0.0.1, 203.0.113.7, 10.0.0.1");
    assert_eq!(who(&io, client()).await, "203.0.113.7 false none /socket.io/");
    let hidden = TestClient::builder().header("x-forwarded-for", "unknown, 10.0.0.1");
    assert_eq!(who(&io, hidden).await, " false none /socket.io/");
    let encrypted = client().header("x-forwarded-proto", "https").header("x-forwarded-proto", "http");
    assert_eq!(who(&io, encrypted).await, "203.0.113.7 true none /socket.io/");
    // A header that the proxies do not set.
    let spoofed = TestClient::builder().header("forwarded", "for=127.0.0.1;proto=https");
    assert_eq!(who(&io, spoofed).await, "10.0.0.9 false none /socket.io/");
}

#[tokio::test(start_paused = true)]
async fn forwarded_is_read_where_it_was_chosen() {
    let io = server(peer("10.0.0.9").trusted_proxies(1, ForwardedHeader::Forwarded));
    let client = TestClient::builder()
        .header("forwarded", "for=127.0.0.1;proto=http, for=\"broken")
        .header("forwarded", r#"For="[2001:db8::7]:4711";Proto=HTTPS"#)
        .header("x-forwarded-for", "127.0.0.2");
    assert_eq!(who(&io, client).await, "2001:db8::7 true none /socket.io/");
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_knows_nothing() {
    let io = server(
        SocketIo::builder().peer_address(|_| panic!("a hook's fault")).is_secure(|_| panic!("as well")),
    );
    assert_eq!(who(&io, TestClient::builder()).await, " false none /socket.io/");
    let io = server(SocketIo::builder().is_secure(|_| true));
    assert_eq!(who(&io, TestClient::builder()).await, " true none /socket.io/");
}

#[tokio::test(start_paused = true)]
async fn origins() {
    let io = server(SocketIo::builder());
    for (origin, expected) in [
        ("https://example.com", "https://example.com"),
        ("null", "null"),
        ("", ""),
        (&"x".repeat(512), &"x".repeat(512)),
        // Bounded, like everything that a session keeps.
        (&"x".repeat(513), "none"),
    ] {
        let client = TestClient::builder().header("origin", origin).query("a=b?c");
        assert_eq!(who(&io, client).await, format!(" false {expected} /socket.io/"));
    }
}

/// On the wall clock: TCP addresses.
#[tokio::test]
async fn axum_names_the_peer() {
    let io = server(
        SocketIo::builder()
            .peer_address(|parts| Some(parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip())),
    );
    let app = Router::new().layer(io.layer()).into_make_service_with_connect_info::<SocketAddr>();
    let listener = listen_on_tcp().await;
    let address = listener.local_addr().expect("it is bound");
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let mut ws = Ws::connect(&address).await;
    ws.send(r#"420["who",""]"#).await;
    ws.expect(r#"430["127.0.0.1 false none /socket.io/"]"#).await;
    drop(ws);
    server.abort();
    assert!(soon(server).await.expect_err("it was aborted").is_cancelled());
}

#[derive(Debug, serde::Deserialize)]
struct Visit {
    lang: String,
    page: Option<u32>,
}

/// `Query` is available in every handler, decoded; its error names the parameter.
#[tokio::test(start_paused = true)]
async fn queries() {
    let (sink, mut errors) = tokio::sync::mpsc::unbounded_channel();
    let io = SocketIo::builder()
        .on_error(move |error| {
            if let Cause::BadArgs(error) = error.cause() {
                sink.send(error.to_string()).ok();
            }
        })
        .build();
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let ended = sender.clone();
    io.of("/", |ns| {
        ns.on_connect(async move |Query(visit): Query<Visit>| {
            sender.send(format!("{} {:?}", visit.lang, visit.page)).ok();
        });
        ns.on("page", async |Query(visit): Query<Visit>| visit.page.unwrap_or_default());
        ns.on_disconnect(async move |Query(visit): Query<Visit>| {
            ended.send(visit.lang).ok();
        });
    });
    let socket =
        TestClient::builder().query("lang=d%C3%A9+x&page=7").connect(&io).await.expect("it connects");
    assert_eq!(seen.recv().await.expect("it connects"), "dé x Some(7)");
    assert_eq!(socket.emit_with_ack::<_, u32>("page", "").await.expect("an answer"), 7);
    socket.disconnect();
    assert_eq!(seen.recv().await.expect("it leaves"), "dé x");

    for (query, expected) in [
        ("lang=de&page=x", "query: page: invalid digit found in string"),
        ("page=1", "query: missing field `lang`"),
    ] {
        let _socket = TestClient::builder().query(query).connect(&io).await.expect("it connects");
        // One from the connect handler, and one from the disconnect handler that runs after its failure.
        for _ in 0..2 {
            assert_eq!(errors.recv().await.expect("an error"), expected);
        }
    }
}

/// Decoded like `Query`, and as on the Node server.
#[tokio::test(start_paused = true)]
async fn parameters() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("parameter", async |socket: Socket, Data(name): Data<String>| {
            socket.handshake().parameter(&name).map(Cow::into_owned)
        });
    });
    let query = "name=ada%20lovelace&plus=a+b%2Bc&empty=&flag&%C3%A9t%C3%A9=1&twice=1&twice=2";
    let socket = TestClient::builder().query(query).connect(&io).await.expect("it connects");
    for (name, expected) in [
        ("name", Some("ada lovelace")),
        ("plus", Some("a b+c")),
        ("empty", Some("")),
        ("flag", Some("")),
        ("été", Some("1")),
        ("twice", Some("2")),
        ("transport", Some("websocket")),
        ("nam", None),
    ] {
        let value: Option<String> = socket.emit_with_ack("parameter", name).await.expect("an answer");
        assert_eq!(value.as_deref(), expected, "{name}");
    }
}
