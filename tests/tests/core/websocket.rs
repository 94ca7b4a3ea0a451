use socketio_core::{Config, DisconnectReason, LinkError, LinkId};
use socketio_tests::sim::Server;

#[test]
fn the_handshake_names_no_upgrades() {
    let mut server = Server::open("EIO=4&transport=websocket", Config::default());
    let stream = server.attach();
    let open = concat!(
        r#"0{"sid":"AAAAAAAAAAAAAAAAAAAA","upgrades":[],"#,
        r#""pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
    );
    assert_eq!(server.messages(stream), [open]);
}

#[test]
fn binary_goes_as_binary_behind_its_packet() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.emit("/", "b", &bytes::Bytes::from_static(&[1, 2]));
    assert_eq!(server.messages(stream), [r#"451-["b",{"_placeholder":true,"num":0}]"#, "<0102>"]);
}

#[test]
fn who_asks_for_base64_gets_base64() {
    let mut server = Server::open("EIO=4&transport=websocket&b64=1", Config::default());
    let stream = server.attach();
    server.text(stream, "40");
    server.messages(stream);
    server.emit("/", "b", &bytes::Bytes::from_static(&[1, 2]));
    assert_eq!(server.messages(stream), [r#"451-["b",{"_placeholder":true,"num":0}]"#, "bAQI="]);
}

// fault 39: base64 payloads were not understood over WebSocket.
#[test]
fn base64_is_read_on_a_stream() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.text(stream, r#"451-["b",{"_placeholder":true,"num":0}]"#);
    server.text(stream, "bAQI=");
    assert_eq!(server.log(), [r#"/ b {"_placeholder":true,"num":0} <0102>"#]);
}

#[test]
fn packets_that_mean_nothing_here_are_ignored() {
    let (mut server, stream) = Server::joined_by_websocket();
    for packet in ["0", "3", "5", "6"] {
        server.text(stream, packet);
    }
    assert_eq!((server.messages(stream), server.log()), (vec![], vec![]));
}

#[test]
fn a_client_that_closes_is_gone_at_once() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.text(stream, "1");
    assert_eq!(server.messages(stream), ["close"]);
    assert_eq!(server.log(), ["left /: transport close", "closed: transport close"]);
}

#[test]
fn a_ping_from_the_client_is_the_wrong_direction() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.text(stream, "2");
    assert_eq!(server.messages(stream), ["close"]);
    assert_eq!(server.log(), ["left /: transport error", "closed: transport error"]);
}

#[test]
fn what_is_no_packet_is_a_parse_error() {
    for text in ["", "7", "abc", "€", "b*"] {
        let (mut server, stream) = Server::joined_by_websocket();
        server.text(stream, text);
        assert_eq!(server.messages(stream), ["close"]);
        assert_eq!(server.log(), ["left /: parse error", "closed: parse error"], "{text}");
    }
}

// faults 26 and 38: each transport had a limit of its own, and a message over it did not close with 1009.
#[test]
fn a_message_that_is_too_large_closes_with_1009() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.lost(stream, LinkError::TooLarge);
    assert_eq!(server.messages(stream), ["close 1009"]);
    assert_eq!(server.log(), ["left /: transport error", "closed: transport error"]);
}

#[test]
fn what_was_sent_leaves_before_the_close() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.emit("/", "last", &1);
    server.close(DisconnectReason::ServerShuttingDown);
    assert_eq!(server.messages(stream), [r#"42["last",1]"#, "close"]);
    assert!(server.is_finished());
}

#[test]
fn requests_do_not_fit_a_stream() {
    let (mut server, _) = Server::joined_by_websocket();
    let (get, post) = (server.get(), server.post("42[\"x\"]"));
    let mismatch = r#"400 {"code":3,"message":"Bad request"}"#;
    assert_eq!((server.answer(get), server.answer(post)), (mismatch, mismatch));
    assert_eq!(server.log(), [""; 0]);
}

// fault 12: a second WebSocket took over a session that was opened over WebSocket.
#[test]
fn no_second_stream_takes_the_session_over() {
    let (mut server, stream) = Server::joined_by_websocket();
    let second = server.upgrade();
    assert_eq!(server.messages(second), ["close"]);
    server.text(second, "2probe");
    server.text(second, "5");
    server.emit("/", "still", &1);
    assert_eq!(server.messages(stream), [r#"42["still",1]"#]);
}

// fault 11: a session whose first packet could not be written lived on.
#[test]
fn a_stream_that_never_stood_ends_the_session_at_once() {
    let mut server = Server::open("EIO=4&transport=websocket", Config::default());
    server.lost(LinkId::new(0), LinkError::Failed);
    assert_eq!(server.log(), ["closed: transport error"]);
    assert!(server.is_finished());
}

#[test]
fn a_session_whose_stream_never_comes_dies() {
    let mut server = Server::open("EIO=4&transport=websocket", Config::default());
    server.advance(45_000);
    assert!(server.is_finished());
    let late = server.attach();
    assert_eq!(server.messages(late), ["close"]);
}

/// A ping interval, a ping timeout, and a megabyte at 20 kB/s, in milliseconds.
const WHOLE: u64 = 95_000;

/// Reports activity on the stream every five seconds, without completing the message that has begun.
fn trickle(server: &mut Server, stream: LinkId, until: u64) {
    while server.clock() < u128::from(until) {
        server.partial(stream, true);
        server.advance(5_000.min(until - server.clock() as u64));
    }
}

// A byte now and then counts as activity, so half a message was held for as long as the peer liked.
#[test]
fn a_message_that_has_begun_must_become_whole() {
    let (mut server, stream) = Server::joined_by_websocket();
    trickle(&mut server, stream, WHOLE - 1);
    assert_eq!((server.app().closed(), server.messages(stream)), (None, vec!["2".to_owned(); 3]));
    server.advance(1);
    assert_eq!(server.messages(stream), ["close 1008"]);
    assert_eq!(server.log(), ["left /: transport error", "closed: transport error"]);
}

#[test]
fn every_message_has_the_time_of_its_own() {
    let (mut server, stream) = Server::joined_by_websocket();
    trickle(&mut server, stream, 90_000);
    server.text(stream, r#"42["slow"]"#);
    trickle(&mut server, stream, 180_000);
    // A control frame has ended, and no other message has begun.
    server.partial(stream, false);
    for _ in 0..20 {
        server.advance(10_000);
        server.activity(stream);
    }
    assert_eq!((server.log(), server.app().closed()), (vec!["/ slow".to_owned()], None));
}

#[test]
fn the_time_follows_from_what_is_configured() {
    let mut config = Config::default();
    config.max_payload = 10_000_000;
    let (mut server, stream) = Server::websocket_with(config);
    server.text(stream, "40");
    trickle(&mut server, stream, 544_999);
    assert_eq!(server.app().closed(), None);
    server.advance(1);
    assert_eq!(server.app().closed(), Some(DisconnectReason::TransportError));
}

// While its session is on a WebSocket, no ping is left unanswered because of the body of a POST.
#[test]
fn a_body_must_become_whole_after_an_upgrade_too() {
    let mut server = Server::joined();
    let post = server.post_head();
    let stream = server.upgraded();
    for _ in 0..18 {
        server.advance(5_000);
        server.activity(stream);
    }
    server.advance(4_999);
    assert_eq!(server.app().closed(), None);
    assert_eq!(server.answer(post), "");
    server.advance(1);
    assert_eq!(server.answer(post), r#"400 {"code":1,"message":"Session ID unknown"}"#);
    assert_eq!(server.messages(stream).last().map(String::as_str), Some("close 1008"));
}
