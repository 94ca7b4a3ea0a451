use std::sync::Arc;
use std::time::{Duration, Instant};

use socketio_core::engine::{Head, Post, Request, RequestError, Session, SessionEvent};
use socketio_core::{Config, DisconnectReason, LinkError, LinkId, Message};
use socketio_tests::sim::{Server, Welcome, fuzzing};

// fault 38: a body over the limit was not answered with 413, and errors had no code.
#[test]
fn a_body_that_is_too_large_is_refused_and_the_session_lives() {
    let mut server = Server::joined();
    let post = server.post_head();
    server.lost(post, LinkError::TooLarge);
    assert_eq!(server.answer(post), "413 ");
    let next = server.post(r#"42["hi"]"#);
    assert_eq!(server.answer(next), "200 ok");
    assert_eq!(server.log(), ["/ hi"]);
}

// fault 26: each transport had a limit of its own, and none was announced. Here OPEN announces the limit of all of
// them.
#[test]
fn the_limit_is_announced() {
    let mut config = Config::default();
    config.max_payload = 4_096;
    let mut server = Server::open("EIO=4&transport=polling", config);
    let get = server.get();
    assert!(server.answer(get).ends_with(r#""maxPayload":4096}"#));
}

// The attachments of one event were unbounded.
#[test]
fn attachments_have_the_limit_together() {
    let mut config = Config::default();
    config.max_payload = 100;
    let (mut server, stream) = Server::websocket_with(config);
    server.text(stream, "40");
    server.log();
    let header = r#"452-["b",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    server.text(stream, header);
    server.binary(stream, &[0; 60]);
    server.binary(stream, &[0; 40]);
    assert_eq!(server.log().len(), 1, "a hundred bytes pass");
    server.text(stream, header);
    server.binary(stream, &[0; 60]);
    server.binary(stream, &[0; 41]);
    assert_eq!(server.app().closed(), Some(DisconnectReason::ForcedClose));
}

// CVE-2020-36049: endless digits and paths are read in linear time.
#[test]
fn long_headers_are_refused() {
    let (digits, letters) = ("1".repeat(900_000), "a".repeat(900_000));
    for packet in
        [format!("45{digits}"), format!("42{digits}"), format!("40/{letters}"), format!("45{digits}-")]
    {
        let (mut server, stream) = Server::joined_by_websocket();
        server.text(stream, &packet);
        assert_eq!(server.app().closed(), Some(DisconnectReason::ForcedClose));
    }
}

// Deeply nested JSON is skipped without recursion; deserializing it is an error.
#[test]
fn deep_json_harms_nobody() {
    let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(100_000), "]".repeat(100_000));
    fuzzing::packet(format!(r#"2["e",{}]"#, deep("")).as_bytes());
    fuzzing::packet(format!(r#"51-["e",{}]"#, deep(r#"{"_placeholder":true,"num":0}"#)).as_bytes());
    fuzzing::packet(format!(r#"2["e",{}"#, "[{\"a\":".repeat(100_000)).as_bytes());
}

#[test]
fn a_body_is_decoded_as_its_events_are_taken_and_answered_after_the_last() {
    let (config, now) = (Config::default(), Instant::now());
    let mut session = polling_session(&config, now);
    let link = LinkId::new(1);
    session.handle_post(link, &a_post(), now).expect("a session that polls");
    session.handle_body(link, vec!["4a"; 40].join("\x1e").into(), now);
    let mut taken = 0;
    let mut unread = Vec::new();
    while session.is_behind() && taken < 32 {
        assert_eq!(session.poll(now), Some(SessionEvent::Message(Message::Text("a".into()))));
        assert!(session.poll_transmit().is_none(), "the POST waits");
        taken += 1;
        unread.push(session.unread_bytes());
    }
    unread.dedup();
    assert_eq!((taken, unread), (32, vec![71, 23]), "sixteen packets are decoded at a time");
    assert_eq!(
        session.handle_post(LinkId::new(2), &a_post(), now),
        Err(RequestError::Overlap),
        "there is one body at a time"
    );
}

#[test]
fn a_client_whose_body_waits_to_be_read_is_not_silent() {
    let (config, birth) = (Config::default(), Instant::now());
    let mut session = polling_session(&config, birth);
    let link = LinkId::new(1);
    session.handle_post(link, &a_post(), birth).expect("a session that polls");
    session.handle_body(link, "4a\x1e4b".into(), birth);
    for minute in 1..5 {
        session.handle_timeout(birth + Duration::from_secs(60 * minute));
        assert!(session.is_open(), "after {minute} minutes");
    }
    let now = birth + Duration::from_secs(300);
    assert_eq!(std::iter::from_fn(|| session.poll(now)).count(), 2);
    session.handle_timeout(now);
    session.handle_timeout(now + config.ping_interval + config.ping_timeout);
    assert!(!session.is_open(), "from here on it is");
}

/// Returns a polling session that has fetched its OPEN packet.
fn polling_session(config: &Config, now: Instant) -> Session {
    let head = Head::new("GET", "/socket.io/", "EIO=4&transport=polling");
    let Ok(Request::Open(open)) = Request::parse(&head, config) else { panic!("a handshake") };
    let sid = Server::SID.parse().expect("twenty characters");
    let mut session = Session::open(Arc::new(config.clone()), &sid, &open, now);
    session.handle_poll(LinkId::new(0), &open.first_poll(&sid), now).expect("it is taken");
    assert!(session.poll_transmit().is_some());
    session
}

fn a_post() -> Post {
    let query = format!("EIO=4&transport=polling&sid={}", Server::SID);
    let head = Head::new("POST", "/socket.io/", &query);
    let Ok(Request::Post(post)) = Request::parse(&head, &Config::default()) else { panic!("a POST") };
    post
}

/// The payloads of CONNECT packets wait for the application, under the bound of parked events.
#[test]
fn what_comes_with_connects_that_wait_is_bounded_and_counted() {
    let mut config = Config::default();
    config.max_parked_bytes = 1000;
    let (mut server, stream) = Server::websocket_with(config);
    let namespaces = ["/a", "/b", "/c"];
    namespaces.iter().for_each(|namespace| server.app().welcome(namespace, Welcome::Wait));
    let auth = format!(r#"{{"token":"{}"}}"#, "x".repeat(590));
    server.text(stream, &format!("40/a,{auth}"));
    server.text(stream, &format!("40/b,{auth}"));
    assert_eq!(server.messages(stream), [r#"44/b,{"message":"Too much pending data"}"#]);
    assert_eq!(server.received_bytes(), auth.len());
    assert!(server.decide(Welcome::Reject("no".to_owned())));
    assert_eq!(server.received_bytes(), 0);
    let long = format!(r#"{{"token":"{}"}}"#, "x".repeat(5000));
    server.messages(stream);
    server.text(stream, &format!("40/c,{long}"));
    assert_eq!(server.messages(stream), [""; 0], "one is taken however long it is");
    server.text(stream, "40/b,{}");
    assert_eq!(server.messages(stream), [r#"44/b,{"message":"Too much pending data"}"#]);
    server.text(stream, "40/b,");
    assert_eq!(server.messages(stream), [""; 0], "what comes with nothing waits for nothing");
    assert_eq!(server.app().closed(), None);
}
