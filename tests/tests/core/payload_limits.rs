use socketio_core::{Config, DisconnectReason, Lost};
use socketio_tests::sim::{Server, fuzzing};

// fault 38
#[test]
fn a_body_that_is_too_large_is_refused_and_the_session_lives() {
    let mut server = Server::joined();
    let post = server.post_head();
    server.lost(post, Lost::TooLarge);
    assert_eq!(server.answer(post), "413 ");
    let next = server.post(r#"42["hi"]"#);
    assert_eq!(server.answer(next), "200 ok");
    assert_eq!(server.log(), ["/ hi"]);
}

// fault 26: one limit for all, and OPEN announces it.
#[test]
fn the_limit_is_announced() {
    let mut config = Config::default();
    config.max_payload = 4_096;
    let mut server = Server::open("EIO=4&transport=polling", config);
    let get = server.get();
    assert!(server.answer(get).ends_with(r#""maxPayload":4096}"#));
}

// Unbounded attachment data.
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

// CVE-2020-36049: digits and paths without an end are read in linear time.
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

// The depth of JSON. It is skipped without recursion, and reading it is an error.
#[test]
fn deep_json_harms_nobody() {
    let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(100_000), "]".repeat(100_000));
    fuzzing::packet(format!(r#"2["e",{}]"#, deep("")).as_bytes());
    fuzzing::packet(format!(r#"51-["e",{}]"#, deep(r#"{"_placeholder":true,"num":0}"#)).as_bytes());
    fuzzing::packet(format!(r#"2["e",{}"#, "[{\"a\":".repeat(100_000)).as_bytes());
}
