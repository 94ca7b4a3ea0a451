//! Allocations of `socketio-core` per message.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use serde_json::value::RawValue;
use socketio_core::engine::{Head, Open, Poll, Post, Request, Response, Session, Transmit};
use socketio_core::packet::{self, Encoder, decode};
use socketio_core::{
    Accept, Config, Connection, ConnectionEvent, Encoded, LinkId, Message, ProtocolViolation, Sid, SocketId,
    SocketKey,
};

use crate::heap::{assert_allocations, heap_of};

#[test]
fn decoding_an_event_allocates_nothing() {
    let text = format!(r#"2/chat,7["message","{}"]"#, "x".repeat(64));
    assert_allocations("a text", 0, || drop(black_box(decode(black_box(&text), 10))));
    let binary = r#"51-["message",{"_placeholder":true,"num":0}]"#;
    assert_allocations("a placeholder", 0, || drop(black_box(decode(black_box(binary), 10))));
}

#[test]
fn reading_a_request_allocates_nothing() {
    let config = Config::default();
    // Query parameters of the application are skipped, percent-encoded or not.
    let query = "EIO=4&transport=polling&t=PqX7a&name=ada%20lovelace&sid=AAAAAAAAAAAAAAAAAAAA";
    let head = Head::new("GET", "/socket.io/", query);
    assert_allocations("a GET", 0, || drop(black_box(Request::parse(black_box(&head), &config))));
}

#[test]
fn an_event_is_encoded_into_one_allocation() {
    let mut encoder = Encoder::default();
    let text = "x".repeat(64);
    let bytes = Bytes::from(vec![7; 64]);
    assert_allocations("64 bytes of text", ENCODED, || {
        drop(encoder.event("/", "message", black_box(&text), None));
    });
    assert_allocations("64 bytes", ENCODED, || drop(encoder.event("/", "message", black_box(&bytes), None)));
    let text = "x".repeat(1024);
    assert_allocations("1 KiB of text", ENCODED, || {
        drop(encoder.event("/", "message", black_box(&text), None));
    });
}

#[test]
fn an_echo_through_a_connection() {
    let text = Message::Text(format!(r#"42["message","{}"]"#, "x".repeat(64)).into());
    let question = Message::Text(format!(r#"427["message","{}"]"#, "x".repeat(64)).into());
    let header = Message::Text(r#"451-["message",{"_placeholder":true,"num":0}]"#.into());
    let binary = Message::Binary(vec![7; 64].into());
    let mut echo = echo();
    assert_allocations("a text", ENCODED, || echo(&[&text]));
    assert_allocations("a text that request an ack", ENCODED, || echo(&[&question]));
    assert_allocations("an attachment", ENCODED + ATTACHMENTS, || echo(&[&header, &binary]));
}

/// The encoded packet, which all recipients share.
const ENCODED: u64 = 1;

/// The state that collects the attachments of a packet, and the list of them.
const ATTACHMENTS: u64 = 2;

#[test]
fn an_attachment_is_not_multiplied_by_its_placeholders() {
    let placeholders = vec![r#"{"_placeholder":true,"num":0}"#; 2000].join(",");
    let header = Message::Text(format!(r#"451-["files",[{placeholders}]]"#).into());
    let attachment = Message::Binary(vec![7; 900_000].into());
    let (mut connection, _, link) = connected();
    let heap = heap_of(|| {
        connection.handle_message(link, header.clone(), Instant::now());
        connection.handle_message(link, attachment.clone(), Instant::now());
        assert!(matches!(
            connection.poll(Instant::now()),
            Some(ConnectionEvent::ProtocolViolation(ProtocolViolation::Placeholder))
        ));
    });
    assert!(heap.peak < 10_000, "{heap:?}");
}

/// Returns a client on a WebSocket that is connected to `/`.
fn connected() -> (Connection<()>, SocketKey, LinkId) {
    let (link, now) = (LinkId::new(0), Instant::now());
    let open = open("EIO=4&transport=websocket", true);
    let mut connection = Connection::open(Arc::default(), &Sid::from_entropy([1; 15]), &open, now);
    connection.handle_attach(link, now);
    connection.handle_message(link, Message::Text("40".into()), now);
    let Some(ConnectionEvent::Connect(pending)) = connection.poll(now) else { panic!("a wish to connect") };
    let socket =
        connection.accept(pending, Accept::new(SocketId::from_entropy([2; 15]))).expect("it is there");
    connection.resume(socket);
    assert_eq!(std::iter::from_fn(|| connection.poll_transmit()).count(), 2);
    (connection, socket, link)
}

/// Returns an application on a WebSocket that echoes messages without copying them.
fn echo() -> impl FnMut(&[&Message]) {
    let (mut connection, socket, link) = connected();
    let now = Instant::now();
    let mut encoder = Encoder::default();
    move |messages| {
        let mut events =
            messages.iter().filter_map(|message| connection.poll_message(link, Message::clone(message), now));
        let Some(ConnectionEvent::Received { event, ack, .. }) = events.next() else { panic!("an event") };
        assert!(events.next().is_none());
        assert!(connection.poll(now).is_none());
        let packet = match ack {
            Some(id) => encoder.ack("/", id, text_of(&event)),
            None if event.args().attachments().is_empty() => {
                encoder.event("/", event.name(), text_of(&event), None)
            }
            None => encoder.event("/", event.name(), &event.args().attachments()[0], None),
        };
        let transmit = connection.send_at_once(socket, packet.expect("it can be written"));
        assert!(matches!(transmit, Some(Transmit::Message { .. })));
        assert!(connection.poll_transmit().is_none());
    }
}

fn text_of(event: &packet::Event) -> &RawValue {
    serde_json::from_str(event.args().json()).expect("JSON")
}

#[test]
fn the_packets_of_a_post_share_its_body() {
    let (mut session, _) = polling();
    let post = post();
    let packet = format!(r#"42["message","{}"]"#, "x".repeat(64));
    let body = vec![packet; 16].join("\x1e").into_bytes();
    let mut link = LinkId::new(1);
    assert_allocations("16 events", BODY, || {
        link = link.next();
        session.handle_post(link, &post, Instant::now()).expect("it is taken");
        session.handle_body(link, body.clone().into(), Instant::now());
        assert_eq!(std::iter::from_fn(|| session.poll(Instant::now())).count(), 16);
        let answer = session.poll_transmit();
        assert!(matches!(answer, Some(Transmit::Respond { response: Response::Accepted { .. }, .. })));
    });
}

/// The body itself, and the allocation that makes it shared.
const BODY: u64 = 2;

#[test]
fn the_packets_of_a_get_are_copied_into_its_answer() {
    let (mut session, poll) = polling();
    let text = "x".repeat(64);
    let packet = Encoder::default().event("/", "message", &text, None).expect("it can be written");
    let mut link = LinkId::new(1);
    assert_allocations("16 events", ANSWER, || {
        link = link.next();
        for _ in 0..16 {
            session.send(Encoded::clone(&packet));
        }
        session.handle_poll(link, &poll, Instant::now()).expect("it is taken");
        let answer = session.poll_transmit();
        assert!(matches!(answer, Some(Transmit::Respond { response: Response::Payload(_), .. })));
        session.handle_delivered(link, Instant::now());
    });
}

/// The body of the response.
const ANSWER: u64 = 1;

/// Returns a polling session that has fetched its OPEN packet.
fn polling() -> (Session, Poll) {
    let open = open("EIO=4&transport=polling", false);
    let (sid, now) = (Sid::from_entropy([1; 15]), Instant::now());
    let mut session = Session::open(Arc::default(), &sid, &open, now);
    let poll = open.first_poll(&sid);
    session.handle_poll(LinkId::new(0), &poll, now).expect("it is taken");
    assert!(session.poll_transmit().is_some());
    session.handle_delivered(LinkId::new(0), now);
    (session, poll)
}

fn open(query: &str, websocket: bool) -> Open {
    let head = Head::new("GET", "/socket.io/", query).with_websocket(websocket);
    let Ok(Request::Open(open)) = Request::parse(&head, &Config::default()) else { panic!("a handshake") };
    open
}

fn post() -> Post {
    let query = format!("EIO=4&transport=polling&sid={}", Sid::from_entropy([1; 15]).expose());
    let head = Head::new("POST", "/socket.io/", &query);
    let Ok(Request::Post(post)) = Request::parse(&head, &Config::default()) else { panic!("a POST") };
    post
}
