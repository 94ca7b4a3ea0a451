//! The client bundles that the server serves.

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::{Method, Response, StatusCode, header};
use socketio_tower::SocketIo;
use socketio_tower::layer::{ClientFiles, Encoding};

use crate::client::{Http, POLLING, Server, request, text};

const SCRIPT: &str = "console.log('the client')";

fn files() -> ClientFiles {
    ClientFiles::new()
        .file("socket.io.js", SCRIPT)
        .file("socket.io.js.map", "{}")
        .precompressed("socket.io.js", Encoding::Gzip, "gzipped")
        .precompressed("socket.io.js", Encoding::Brotli, "brotlied")
        .precompressed("only.js", Encoding::Gzip, "no plain one")
}

async fn server() -> (Server, SocketIo) {
    let io = SocketIo::builder().client_files(files()).build();
    let app = Router::new().fallback(get(async || "elsewhere")).layer(io.layer());
    (Server::serve(app), io)
}

async fn ask(http: &mut Http, path: &str, headers: &[(&'static str, &str)]) -> Response<Bytes> {
    let mut asks = request(Method::GET, path, "");
    for (name, value) in headers {
        asks.headers_mut().append(*name, value.parse().expect("a value"));
    }
    http.request(asks).await
}

#[tokio::test(start_paused = true)]
async fn files_are_served_as_node_serves_them() {
    let (server, _io) = server().await;
    let mut http = Http::connect(&server.address).await;
    let answer = ask(&mut http, "/socket.io/socket.io.js?v=1", &[]).await;
    assert_eq!((answer.status(), text(&answer)), (StatusCode::OK, SCRIPT.to_owned()));
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap());
    assert_eq!(header("content-type"), Some("application/javascript; charset=utf-8"));
    assert_eq!(header("cache-control"), Some("public, max-age=0"));
    assert_eq!(header("content-length"), Some("25"));
    assert_eq!((header("vary"), header("content-encoding")), (Some("accept-encoding"), None));
    let etag = header("etag").unwrap().to_owned();

    let map = ask(&mut http, "/socket.io/socket.io.js.map", &[]).await;
    assert_eq!(map.headers()[header::CONTENT_TYPE], "application/json; charset=utf-8");
    assert!(!map.headers().contains_key(header::VARY));

    for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()] {
        let answer = ask(&mut http, "/socket.io/socket.io.js", &[("if-none-match", &known)]).await;
        assert_eq!((answer.status(), text(&answer)), (StatusCode::NOT_MODIFIED, String::new()), "{known}");
        assert_eq!(answer.headers()[header::ETAG], etag);
    }
    let answer = ask(&mut http, "/socket.io/socket.io.js", &[("if-none-match", "\"other\"")]).await;
    assert_eq!(answer.status(), StatusCode::OK);

    let answer = http.request(request(Method::HEAD, "/socket.io/socket.io.js", "")).await;
    assert_eq!((answer.status(), answer.body().len()), (StatusCode::OK, 0));
    assert_eq!(answer.headers()[header::CONTENT_LENGTH], "25");
}

#[tokio::test(start_paused = true)]
async fn what_is_compressed_is_served_to_those_who_can_read_it() {
    let (server, _io) = server().await;
    let mut http = Http::connect(&server.address).await;
    let mut tags = Vec::new();
    for (accepted, coding, body) in [
        ("gzip, deflate, br", Some("br"), "brotlied"),
        ("GZIP;q=0.5", Some("gzip"), "gzipped"),
        ("br;q=0, gzip", Some("gzip"), "gzipped"),
        ("*", Some("br"), "brotlied"),
        ("*;q=0", None, SCRIPT),
        ("identity", None, SCRIPT),
        ("br;q=0,gzip; q=0.0", None, SCRIPT),
    ] {
        let answer = ask(&mut http, "/socket.io/socket.io.js", &[("accept-encoding", accepted)]).await;
        let encoding = answer.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap());
        assert_eq!((encoding, text(&answer)), (coding, body.to_owned()), "{accepted}");
        assert_eq!(answer.headers()[header::CONTENT_LENGTH], body.len().to_string());
        tags.push(answer.headers()[header::ETAG].clone());
    }
    // Different content has a different tag.
    assert!(tags[0] != tags[1] && tags[1] != tags[4] && tags[1] == tags[2] && tags[0] == tags[3]);
}

#[tokio::test(start_paused = true)]
async fn everything_else_passes_through() {
    let (server, _io) = server().await;
    let mut http = Http::connect(&server.address).await;
    for path in [
        "/socket.io/socket.io.min.js",
        "/socket.io/only.js",
        "/socket.io/x/socket.io.js",
        "/socket.io/../socket.io/socket.io.js",
        "/socket.io/socket.io.js/",
        "/socket.io/socket.io%2ejs",
        "/socket.io//socket.io.js",
        "/socket.iosocket.io.js",
        "/socket.io.js",
    ] {
        assert_eq!(text(&ask(&mut http, path, &[]).await), "elsewhere", "{path}");
    }
    let posted = http.request(request(Method::POST, "/socket.io/socket.io.js", "")).await;
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(text(&ask(&mut http, POLLING, &[]).await).starts_with("0{"));
}

#[tokio::test(start_paused = true)]
async fn a_mounted_service_has_them_too() {
    let io = SocketIo::builder().client_files(files()).build();
    let app = Router::new().nest_service("/rt", io.layer().service());
    let server = Server::serve(app);
    let mut http = Http::connect(&server.address).await;
    assert_eq!(text(&ask(&mut http, "/rt/socket.io.js", &[]).await), SCRIPT);
    assert!(text(&ask(&mut http, "/rt/?EIO=4&transport=polling", &[]).await).starts_with("0{"));
}

#[test]
fn a_folder_is_read_once() {
    let folder = tempfile();
    assert!(
        ClientFiles::from_dir(&folder)
            .unwrap_err()
            .to_string()
            .ends_with("contains none of the Socket.IO client's files")
    );
    std::fs::write(folder.join("socket.io.min.js"), SCRIPT).unwrap();
    std::fs::write(folder.join("socket.io.min.js.br"), "brotlied").unwrap();
    std::fs::write(folder.join("secret.js"), "not for everybody").unwrap();
    let files = ClientFiles::from_dir(&folder).unwrap();
    assert_eq!(format!("{files:?}"), r#"{"socket.io.min.js"}"#);
    std::fs::remove_dir_all(folder).unwrap();
}

fn tempfile() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("client-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}
