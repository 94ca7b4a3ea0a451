//! The memory a client can make the server hold by sending faster than its events are handled.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;

use crate::client::{answer, text};
use crate::heap::{heap_of, uncounted};
use crate::server::Server;

/// Of all events in flight, at most one read is held undecoded, and one batch decoded. Both together, and the replies
/// of a batch, are far below this.
const PEAK: u64 = 512 * 1024;

#[test]
fn events_over_a_websocket_wait_outside() {
    let server = Server::start();
    let client = server.connect();
    for (event, count) in
        [(r#"42["a"]"#.to_owned(), 1_000_000), (format!(r#"42["a","{}"]"#, "x".repeat(53)), 200_000)]
    {
        let (flood, end) = uncounted(|| {
            let end = text(r#"421["ack","last"]"#);
            (text(&event).repeat(count), end)
        });
        let heap = heap_of(|| {
            client.send(&flood);
            client.send(&end);
            server.run(client.expect(&uncounted(|| answer(r#"431["last"]"#))));
        });
        println!("{count} events of {} bytes: {} bytes at most", event.len(), heap.peak);
        assert!(heap.peak <= PEAK, "{} bytes were held, the bound is {PEAK}", heap.peak);
        uncounted(|| drop((flood, end)));
    }
}

#[test]
fn events_in_a_body_wait_in_their_body() {
    const BODY: usize = 900_000;
    let server = Server::start();
    let sid = server.run(async {
        let greeting = body(get(&server, "").await).await;
        let start = greeting.find(r#""sid":""#).expect("a session") + 7;
        greeting[start..start + 20].to_owned()
    });
    let query = format!("&sid={sid}");
    server.run(async {
        assert_eq!(body(post(&server, &query, "40".into()).await).await, "ok");
        assert!(body(get(&server, &query).await).await.starts_with("40{"));
    });
    let flood = uncounted(|| {
        let mut flood = "42[\"a\"]\x1e".repeat(BODY / 8);
        flood.push_str(r#"421["ack","last"]"#);
        Bytes::from(flood)
    });
    let heap = heap_of(|| {
        server.run(async {
            assert_eq!(body(post(&server, &query, flood.clone()).await).await, "ok");
            assert_eq!(body(get(&server, &query).await).await, r#"431["last"]"#);
        });
    });
    println!("a body of {} events: {} bytes at most", BODY / 8, heap.peak);
    // The body is collected in a buffer that doubles as it grows.
    let bound = 2 * BODY as u64 + PEAK;
    assert!(heap.peak <= bound, "{} bytes were held, the bound is {bound}", heap.peak);
    uncounted(|| drop(flood));
}

async fn get(
    server: &Server,
    query: &str,
) -> Response<impl http_body::Body<Data = Bytes, Error: std::fmt::Debug>> {
    request(server, Request::get(uri(query)), Bytes::new()).await
}

async fn post(
    server: &Server,
    query: &str,
    body: Bytes,
) -> Response<impl http_body::Body<Data = Bytes, Error: std::fmt::Debug>> {
    request(server, Request::post(uri(query)), body).await
}

async fn request(
    server: &Server,
    request: http::request::Builder,
    body: Bytes,
) -> Response<impl http_body::Body<Data = Bytes, Error: std::fmt::Debug>> {
    let request = request.body(Full::new(body)).expect("a valid request");
    server.io.layer().service().oneshot(request).await.expect("the service cannot fail")
}

fn uri(query: &str) -> String {
    format!("/socket.io/?EIO=4&transport=polling{query}")
}

async fn body(response: Response<impl http_body::Body<Data = Bytes, Error: std::fmt::Debug>>) -> String {
    let bytes = response.into_body().collect().await.expect("a whole body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}
