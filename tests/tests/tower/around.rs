//! Layers of tower-http around ours: CORS and compression.

use axum::Router;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use socketio_tower::SocketIo;
use socketio_tower::layer::Origins;
use socketio_tower::testing::settled;
use tower::{ServiceExt, service_fn};
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::decompression::Decompression;

use crate::client::{Http, POLLING, Poller, Server, WEBSOCKET, request, text, until};
use crate::network::Connect;

const PAGE: &str = "https://example.com";

async fn with_cors() -> (Server, SocketIo) {
    let io = SocketIo::new();
    let cors = CorsLayer::new()
        .allow_origin([HeaderValue::from_static(PAGE)])
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE])
        .allow_credentials(true);
    let app = Router::new().layer(io.layer()).layer(cors);
    (Server::serve(app), io)
}

fn from_page(method: Method, path: &str, body: &'static str) -> Request<Full<Bytes>> {
    let mut asks = request(method, path, body);
    asks.headers_mut().insert(header::ORIGIN, HeaderValue::from_static(PAGE));
    asks
}

fn allowed(answer: &Response<Bytes>) -> bool {
    let header = |name| answer.headers().get(name).map(|value| value.to_str().expect("text"));
    header(header::ACCESS_CONTROL_ALLOW_ORIGIN) == Some(PAGE)
        && header(header::ACCESS_CONTROL_ALLOW_CREDENTIALS) == Some("true")
}

/// A page of another origin may read every response: to polls, to posts, and to rejected requests.
#[tokio::test(start_paused = true)]
async fn cors_is_on_every_answer() {
    let (server, _io) = with_cors().await;
    let mut http = Http::connect(&server.address).await;
    let mut preflight = from_page(Method::OPTIONS, POLLING, "");
    preflight.headers_mut().insert(header::ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST"));
    let answer = http.request(preflight).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(allowed(&answer));
    assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_METHODS], "GET,POST");

    let open = http.request(from_page(Method::GET, POLLING, "")).await;
    assert!(allowed(&open));
    let path = format!("{POLLING}&sid={}", &text(&open)[9..29]);
    let posted = http.request(from_page(Method::POST, &path, "40")).await;
    let polled = http.request(from_page(Method::GET, &path, "")).await;
    let refused = http.request(from_page(Method::GET, "/socket.io/?EIO=4&transport=none", "")).await;
    assert!(allowed(&posted) && allowed(&polled) && allowed(&refused));
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);

    let mut stranger = request(Method::GET, POLLING, "");
    stranger.headers_mut().insert(header::ORIGIN, HeaderValue::from_static("https://evil.org"));
    let answer = http.request(stranger).await;
    assert_ne!(
        answer.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN),
        Some(&HeaderValue::from_static("https://evil.org"))
    );
}

/// With credentials, browsers do not accept `*`: the response must name the page's own origin.
#[tokio::test(start_paused = true)]
async fn each_of_several_pages_is_answered_with_its_own_origin() {
    const PAGES: [&str; 2] = [PAGE, "http://localhost:5173"];
    let io = SocketIo::builder().origins(Origins::only(PAGES)).build();
    let cors = CorsLayer::new().allow_origin(PAGES.map(HeaderValue::from_static)).allow_credentials(true);
    let server = Server::serve(Router::new().layer(io.layer()).layer(cors));
    let mut http = Http::connect(&server.address).await;
    for page in PAGES.into_iter().chain(["https://evil.org"]) {
        let mut asks = request(Method::GET, POLLING, "");
        asks.headers_mut().insert(header::ORIGIN, HeaderValue::from_static(page));
        let answer = http.request(asks).await;
        let header = |name| answer.headers().get(name).map(|value| value.to_str().expect("text"));
        let is_ours = PAGES.contains(&page);
        assert_eq!(answer.status(), if is_ours { StatusCode::OK } else { StatusCode::FORBIDDEN });
        assert_eq!(header(header::ACCESS_CONTROL_ALLOW_ORIGIN), is_ours.then_some(page));
        assert!(header(header::VARY).is_some_and(|names| names.contains("origin")));
    }
}

/// As on the Node server, the headers are on the 101 too, and have no effect there: `origins` guards a WebSocket.
#[tokio::test(start_paused = true)]
async fn cors_does_not_guard_a_websocket() {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    let (server, io) = with_cors().await;
    for origin in [PAGE, "https://evil.org"] {
        let mut asks = format!("ws://localhost{WEBSOCKET}").into_client_request().unwrap();
        asks.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
        let stream = server.address.connect().await.unwrap();
        let (_ws, answer) = tokio_tungstenite::client_async(asks, stream).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
        if origin == PAGE {
            assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
        }
    }
    until("both have come and gone", || io.stats().opened == 2).await;
}

/// The equivalent of Node's `httpCompression`: poll responses are compressed if they are long enough and the client
/// accepts it.
#[tokio::test(start_paused = true)]
async fn polling_answers_are_compressed() {
    let io = SocketIo::new();
    let app = Router::new().layer(io.layer()).layer(CompressionLayer::new());
    let server = Server::serve(app);
    let mut poller = Poller::connect(&server.address).await;
    let long = "hello ".repeat(1000);
    io.emit("long", &long);
    // A client that does not accept compression.
    let plain = poller.get_response().await;
    assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
    assert_eq!(text(&plain), format!(r#"42["long","{long}"]"#));

    io.emit("long", &long);
    let mut asks = request(Method::GET, poller.path(), "");
    asks.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    let packed = Http::connect(&server.address).await.request(asks).await;
    assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
    assert!(packed.body().len() < long.len() / 10);
    assert_eq!(unpacked(packed).await, format!(r#"42["long","{long}"]"#));

    // A short response is not worth compressing.
    let mut asks = request(Method::POST, poller.path(), "3");
    asks.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    let posted = Http::connect(&server.address).await.request(asks).await;
    assert_eq!((posted.headers().get(header::CONTENT_ENCODING), text(&posted)), (None, "ok".to_owned()));
}

/// A waiting GET is answered as soon as there is a packet, compressed or not.
#[tokio::test(start_paused = true)]
async fn a_get_that_waits_is_released_through_compression() {
    let io = SocketIo::new();
    let app = Router::new().layer(io.layer()).layer(CompressionLayer::new());
    let server = Server::serve(app);
    let poller = Poller::connect(&server.address).await;
    let mut asks = request(Method::GET, poller.path(), "");
    asks.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    let mut http = Http::connect(&server.address).await;
    let waiting = tokio::spawn(async move { http.request(asks).await });
    settled().await;
    let long = "x".repeat(5000);
    io.emit("event", &long);
    assert_eq!(unpacked(waiting.await.unwrap()).await, format!(r#"42["event","{long}"]"#));
}

async fn unpacked(answer: Response<Bytes>) -> String {
    let answer = answer.map(Full::new);
    let mut answer = Some(answer);
    let replay = service_fn(move |_: Request<()>| {
        std::future::ready(answer.take().ok_or_else(|| std::io::Error::other("asked once")))
    });
    let answer = Decompression::new(replay).oneshot(Request::new(())).await.expect("an answer");
    let body = answer.into_body().collect().await.expect("it is gzip").to_bytes();
    String::from_utf8(body.to_vec()).expect("text")
}
