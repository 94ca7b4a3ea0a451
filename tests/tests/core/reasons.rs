//! Each disconnect reason by its cause, with the name that the Node server gives it.

use socketio_core::{DisconnectReason, LinkError};
use socketio_tests::sim::Server;

fn by_polling(cause: impl FnOnce(&mut Server)) -> Vec<String> {
    let mut server = Server::joined();
    cause(&mut server);
    server.log()
}

fn by_websocket(cause: impl FnOnce(&mut Server, socketio_core::LinkId)) -> Vec<String> {
    let (mut server, stream) = Server::joined_by_websocket();
    cause(&mut server, stream);
    server.log()
}

fn over(reason: &str) -> Vec<String> {
    vec![format!("left /: {reason}"), format!("closed: {reason}")]
}

#[test]
fn client_namespace_disconnect() {
    assert_eq!(by_polling(|s| _ = s.post("41")), ["left /: client namespace disconnect"]);
    assert_eq!(by_websocket(|s, link| s.text(link, "41")), ["left /: client namespace disconnect"]);
}

#[test]
fn server_namespace_disconnect() {
    assert_eq!(by_polling(|s| s.disconnect("/")), ["left /: server namespace disconnect"]);
    let all = |server: &mut Server, _| server.disconnect_socket(server.socket("/"), true);
    assert_eq!(by_websocket(all), ["left /: server namespace disconnect", "closed: forced server close"]);
}

#[test]
fn server_shutting_down() {
    let close = |server: &mut Server| server.close(DisconnectReason::ServerShuttingDown);
    assert_eq!(by_polling(close), over("server shutting down"));
    assert_eq!(by_websocket(|server, _| close(server)), over("server shutting down"));
}

#[test]
fn transport_close() {
    assert_eq!(by_polling(|s| _ = s.post("1")), over("transport close"));
    assert_eq!(by_websocket(|s, link| s.text(link, "1")), over("transport close"));
    assert_eq!(by_websocket(|s, link| s.lost(link, LinkError::Closed)), over("transport close"));
}

#[test]
fn transport_error() {
    let error = over("transport error");
    let overlap = |server: &mut Server| _ = (server.get(), server.get());
    let aborted = |server: &mut Server| {
        let get = server.get();
        server.lost(get, LinkError::Aborted);
    };
    assert_eq!(by_polling(overlap), error);
    assert_eq!(by_polling(aborted), error);
    assert_eq!(by_polling(|s| _ = s.post_of_type("application/octet-stream")), error);
    assert_eq!(by_polling(|s| _ = s.post("2")), error);
    assert_eq!(by_websocket(|s, link| s.text(link, "2")), error);
    for why in [LinkError::TooLarge, LinkError::Failed, LinkError::Aborted, LinkError::Stalled] {
        assert_eq!(by_websocket(|s, link| s.lost(link, why)), error, "{why:?}");
    }
}

#[test]
fn ping_timeout() {
    assert_eq!(by_polling(|s| s.advance(45_000)), over("ping timeout"));
    assert_eq!(by_websocket(|s, _| s.advance(45_000)), over("ping timeout"));
}

#[test]
fn parse_error() {
    assert_eq!(by_polling(|s| _ = s.post("x")), over("parse error"));
    assert_eq!(by_websocket(|s, link| s.text(link, "x")), over("parse error"));
}

#[test]
fn forced_close() {
    let rules_broken = [
        "4",
        "47",
        "40[]",
        "40null",
        "41{}",
        "42",
        "42[]",
        "42{}",
        "42[null]",
        r#"42[{"toString":"foo"}]"#,
        r#"42[["a"]]"#,
        r#"42["connect"]"#,
        r#"42["disconnect"]"#,
        r#"42["connect_error"]"#,
        r#"42["disconnecting"]"#,
        r#"42["newListener"]"#,
        r#"42["removeListener"]"#,
        r#"42["a""#,
        r#"42["a"]]"#,
        r#"42/elsewhere,["a"]"#,
        r#"43/elsewhere,1[]"#,
        "41/elsewhere,",
        "43[]",
        "431{}",
        "44",
        "44{}",
        r#"44{"message":"x"}"#,
        r#"450-["a"]"#,
        r#"45-["a"]"#,
        r#"45["a"]"#,
        r#"451.2-["a"]"#,
        r#"45-1-["a"]"#,
        r#"4511-["a"]"#,
        r#"451-/elsewhere,["a",{"_placeholder":true,"num":0}]"#,
        "460-1[]",
        "bAQID",
    ];
    let check = |log: Vec<String>, packet: &str| {
        let (first, rest) = log.split_first().expect("something happened");
        assert!(first.starts_with("violated: "), "{packet}: the rule is reported: {first}");
        assert_eq!(rest, over("forced close"), "{packet}");
    };
    for packet in rules_broken {
        check(by_polling(|s| _ = s.post(packet)), packet);
        check(by_websocket(|s, link| s.text(link, packet)), packet);
    }
    check(by_websocket(|s, link| s.binary(link, &[1])), "a stray attachment");
}

#[test]
fn what_follows_a_broken_rule_does_not_count() {
    let body = "42[\"before\"]\x1e42[]\x1e42[\"after\"]\x1e40/after,";
    let expected = ["/ before", "violated: invalid payload", "left /: forced close", "closed: forced close"];
    assert_eq!(by_polling(|s| _ = s.post(body)), expected);
}

#[test]
fn forced_server_close() {
    let (mut server, _) = Server::websocket();
    server.advance(22_000);
    server.activity(socketio_core::LinkId::new(0));
    server.advance(22_900);
    server.activity(socketio_core::LinkId::new(0));
    server.advance(100);
    assert_eq!(server.log(), ["closed: forced server close"]);
}
