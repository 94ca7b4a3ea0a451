//! Admission of sessions: the `allow_request` hook, origins, session ids.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use socketio_tower::extract::Extension;
use socketio_tower::layer::{Origins, Rejection};
use socketio_tower::testing::{ClientError, TestClient, TestClientBuilder};
use socketio_tower::{SetupError, SocketIo};
use tokio::time::Instant;

use crate::client::{Http, Log, POLLING, Poller, Server, WEBSOCKET, Ws, request, text};

const TRANSPORTS: [fn() -> TestClientBuilder; 2] =
    [|| TestClient::builder().polling(), || TestClient::builder().websocket()];

fn forbidden(message: &str) -> String {
    format!(r#"{{"code":4,"message":"{message}"}}"#)
}

/// The Node server calls the hook for handshake requests only; ours is called for every transport, `io.attach`
/// included.
#[tokio::test(start_paused = true)]
async fn the_application_is_asked_once_for_each_session() {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let io = SocketIo::builder()
        .allow_request(async move |request: Parts| {
            counter.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(10)).await;
            match request.headers.get("token") {
                Some(token) if token == "secret" => Ok(()),
                Some(_) => Err(Rejection::forbidden(r#"wrong "token""#)),
                None => Err(Rejection::default()),
            }
        })
        .allow_request(async |request: Parts| match request.uri.query() {
            Some(query) if query.contains("banned") => Err("banned".into()),
            _ => Ok(()),
        })
        .build();
    let mut clients = Vec::new();
    for (n, builder) in (1..).zip(TRANSPORTS) {
        let client = builder().header("token", "secret").connect(&io).await.unwrap();
        if n == 1 {
            client.client().upgrade().await.unwrap();
        }
        assert_eq!(asked.load(Ordering::Relaxed), n);
        clients.push(client);
    }
    assert_eq!(io.sessions(), 2);

    let server = Server::start(&io);
    for path in [POLLING, WEBSOCKET] {
        for (token, query, expected) in
            [("", "", "Forbidden"), ("guess", "", r#"wrong \"token\""#), ("secret", "&banned=1", "banned")]
        {
            let mut asks = request(Method::GET, &format!("{path}{query}"), "");
            if path == WEBSOCKET {
                let headers = asks.headers_mut();
                headers.insert(header::CONNECTION, "upgrade".parse().unwrap());
                headers.insert(header::UPGRADE, "websocket".parse().unwrap());
                headers.insert(header::SEC_WEBSOCKET_VERSION, "13".parse().unwrap());
                headers.insert(header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==".parse().unwrap());
            }
            if !token.is_empty() {
                asks.headers_mut().insert("token", token.parse().unwrap());
            }
            let answer = Http::connect(&server.address).await.request(asks).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN);
            assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
            assert_eq!(answer.headers()[header::CONTENT_LENGTH], answer.body().len().to_string());
            assert_eq!(text(&answer), forbidden(expected));
        }
    }
    assert_eq!(io.sessions(), 2);
}

#[derive(Clone)]
struct User(&'static str);

fn opens_a_session(request: &Request) -> bool {
    let query = request.uri().query().unwrap_or_default();
    request.uri().path() == "/socket.io/" && !query.split('&').any(|pair| pair.starts_with("sid="))
}

/// The hook cannot pass on anything it looks up; an outer layer can, once per session.
#[tokio::test(start_paused = true)]
async fn what_a_layer_has_found_out_is_there_in_hooks_and_handlers() {
    let io = SocketIo::builder()
        .keep_extension::<User>()
        .allow_request(async |mut request: Parts| match request.extensions.get_mut::<User>() {
            Some(User(name)) => {
                *name = "nobody hears of this";
                Ok(())
            }
            None => Err("log in first".into()),
        })
        .build();
    io.of("/", |ns| {
        ns.on("whoami", async |Extension(User(name)): Extension<User>| name);
    });
    let looked_up = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&looked_up);
    let known = middleware::from_fn(move |mut request: Request, next: Next| {
        if opens_a_session(&request) {
            counter.fetch_add(1, Ordering::Relaxed);
            if request.headers().contains_key("token") {
                request.extensions_mut().insert(User("ada"));
            }
        }
        next.run(request)
    });
    let server = Server::serve(Router::new().layer(io.layer()).layer(known));
    let mut http = Http::connect(&server.address).await;
    assert_eq!(text(&http.get(POLLING).await), forbidden("log in first"));
    let mut asks = request(Method::GET, POLLING, "");
    asks.headers_mut().insert("token", HeaderValue::from_static("secret"));
    let open = http.request(asks).await;
    let path = format!("{POLLING}&sid={}", &text(&open)[9..29]);
    for packet in ["40", r#"421["whoami"]"#] {
        http.request(request(Method::POST, &path, packet)).await;
    }
    let mut polled = String::new();
    while !polled.contains("431[") {
        polled += &text(&http.get(&path).await);
    }
    assert!(polled.ends_with(r#"431["ada"]"#), "{polled}");
    assert_eq!(looked_up.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_handshake_is_not_asked_for() {
    let io =
        SocketIo::builder().allow_request(async |_| -> Result<(), Rejection> { panic!("asked") }).build();
    let server = Server::start(&io);
    let mut http = Http::connect(&server.address).await;
    for (path, code) in [
        ("/socket.io/?EIO=4&transport=carrier-pigeon", 0),
        ("/socket.io/?EIO=4&transport=polling&sid=unknown", 1),
        ("/socket.io/?EIO=3&transport=polling", 5),
    ] {
        let answer = http.get(path).await;
        assert!(text(&answer).starts_with(&format!(r#"{{"code":{code},"#)), "{path}: {}", text(&answer));
    }
}

/// engine.io 6.6.10–12: a hook that fails must produce a response, never hang.
#[tokio::test(start_paused = true)]
async fn a_hook_that_fails_or_hangs_refuses() {
    let panics =
        SocketIo::builder().allow_request(async |_| -> Result<(), Rejection> { panic!("a hook's fault") });
    let hangs = SocketIo::builder()
        .connect_timeout(Duration::from_secs(3))
        .allow_request(async |_| std::future::pending::<Result<(), Rejection>>().await);
    for io in [panics.build(), hangs.build()] {
        for builder in TRANSPORTS {
            let start = Instant::now();
            match builder().connect(&io).await.unwrap_err() {
                ClientError::Rejected(rejection) => assert_eq!(rejection.status(), StatusCode::FORBIDDEN),
                other => panic!("{other:?}"),
            }
            assert!(start.elapsed() <= Duration::from_secs(3));
        }
        assert_eq!(io.sessions(), 0);
    }
}

/// CVE-2020-28481 and CVE-2019-13611: CORS does not prevent a page of another site from opening a WebSocket.
#[tokio::test(start_paused = true)]
async fn origins_guard_every_transport_and_the_upgrade() {
    let io = SocketIo::builder().origins(Origins::only(["https://example.com"])).build();
    for builder in TRANSPORTS {
        builder().connect(&io).await.expect("no browser, no origin");
        builder().header("origin", "https://example.com").connect(&io).await.expect("on the list");
        for origin in ["https://evil.org", "http://example.com", "null"] {
            let refused = builder().header("origin", origin).connect(&io).await.unwrap_err();
            assert!(
                matches!(&refused, ClientError::Rejected(rejection) if *rejection == Rejection::default()),
                "{refused:?}"
            );
        }
    }

    // A foreign page that has obtained the id of a session.
    let server = Server::start(&io);
    let poller = Poller::open(&server.address).await;
    let mut upgrade = request(Method::GET, &poller.path().replace("polling", "websocket"), "");
    for (name, value) in [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("origin", "https://evil.org"),
    ] {
        upgrade.headers_mut().insert(name, value.parse().unwrap());
    }
    let answer = Http::connect(&server.address).await.request(upgrade).await;
    assert_eq!((answer.status(), text(&answer)), (StatusCode::FORBIDDEN, forbidden("Forbidden")));
    drop(poller);
}

#[test]
fn wrong_origins_and_cookies_are_told_when_the_layer_is_made() {
    use socketio_tower::layer::SessionCookie;
    let io = SocketIo::builder()
        .origins(Origins::only(["https://example.com/"]))
        .cookie(SessionCookie::new("a;b"))
        .build();
    let errors: Vec<_> = io.try_layer().map(drop).unwrap_err().into_iter().collect();
    assert_eq!(errors, [SetupError::Origin("https://example.com/".to_owned()), SetupError::Cookie]);

    let io = SocketIo::builder().cookie(SessionCookie::new("io_node").value("node a")).build();
    let errors = io.try_layer().map(drop).unwrap_err();
    assert_eq!(errors.iter().collect::<Vec<_>>(), [&SetupError::CookieValue("node a".to_owned())]);
    assert!(errors.to_string().contains("`node a` is not a cookie value"));
}

/// An id in use is not issued again, so no session is taken over.
#[tokio::test(start_paused = true)]
async fn ids_come_from_the_generator() {
    let next = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&next);
    let io = SocketIo::builder()
        .id_generator(move || {
            let mut id = [0; 15];
            id[..8].copy_from_slice(&(counter.fetch_add(1, Ordering::Relaxed) / 3).to_be_bytes());
            id
        })
        .build();
    let server = Server::start(&io);
    let mut first = Ws::handshake(&server.address, WEBSOCKET).await;
    assert!(first.text().await.starts_with(r#"0{"sid":"AAAAAAAAAAAAAAAAAAAA","#));
    // The generator's next two ids are in use, the one after them is free.
    let mut second = Ws::handshake(&server.address, WEBSOCKET).await;
    assert!(second.text().await.starts_with(r#"0{"sid":"AAAAAAAAAAEAAAAAAAAA","#));
    assert_eq!(next.load(Ordering::Relaxed), 4);

    let constant = SocketIo::builder().id_generator(|| [7; 15]).build();
    let server = Server::start(&constant);
    let mut only = Ws::connect(&server.address).await;
    let answer = Http::connect(&server.address).await.get(POLLING).await;
    assert_eq!(text(&answer), r#"{"code":3,"message":"Bad request"}"#);
    only.send("3").await;
    assert_eq!(constant.sessions(), 1);
}

/// `io.attach` is subject to admission too.
#[tokio::test(start_paused = true)]
async fn an_attached_stream_is_asked_for_too() {
    let log = Arc::new(Log::default());
    let sink = Arc::clone(&log);
    let io = SocketIo::builder()
        .allow_request(async |_| Err("nobody".into()))
        .on_connection_error(move |_, rejection| sink.add(rejection.to_string()))
        .build();
    let (parts, ()) = http::Request::get(WEBSOCKET).body(()).unwrap().into_parts();
    let (theirs, _ours) = tokio::io::duplex(1024);
    let error = io.attach(parts, theirs).await.unwrap_err();
    assert_eq!(error, Rejection::forbidden("nobody"));
    assert_eq!((error.status(), &*error.body()), (StatusCode::FORBIDDEN, &*forbidden("nobody")));
    assert_eq!(log.lines(), ["forbidden: nobody"]);
    // So is the test kit, which reports the rejection as clients see it.
    let refused = TestClient::connect(&io).await.map(drop).unwrap_err();
    assert_eq!(refused, ClientError::Rejected(Rejection::forbidden("nobody")));
}

/// A panic in an application's hook ends nothing but the request.
#[tokio::test(start_paused = true)]
async fn hooks_that_panic_refuse() {
    let io = SocketIo::builder().origins(Origins::matching(|_| panic!("a hook's fault"))).build();
    let server = Server::start(&io);
    let mut asks = request(Method::GET, POLLING, "");
    asks.headers_mut().insert(header::ORIGIN, "null".parse().unwrap());
    let mut connection = Http::connect(&server.address).await;
    assert_eq!(connection.request(asks).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(connection.get(POLLING).await.status(), StatusCode::OK, "without an origin nobody is asked");

    let asked = Arc::new(AtomicU32::new(0));
    let io = SocketIo::builder()
        .id_generator(move || match asked.fetch_add(1, Ordering::Relaxed) {
            id @ (0 | 2) => [id as u8; 15],
            _ => panic!("a hook's fault"),
        })
        .build();
    let client = TestClient::builder().open(&io).await.unwrap();
    assert_eq!(client.namespace("/").connect().await.unwrap_err().message(), "internal error");
    client.namespace("/").connect().await.unwrap();
    TestClient::builder().open(&io).await.map(drop).unwrap_err();
    assert_eq!(io.sessions(), 1);
}
