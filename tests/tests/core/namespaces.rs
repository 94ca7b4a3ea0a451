use socketio_core::{Config, DisconnectReason};
use socketio_tests::sim::{Server, Welcome};

const ID: &str = "BwcHBwcHBwcHBwcHBwcH";

#[test]
fn a_client_connects() {
    let (mut server, stream) = Server::websocket();
    server.text(stream, r#"40{"token":"x"}"#);
    server.text(stream, "40/admin,");
    server.text(stream, "40/bare");
    let reply = |namespace: &str| format!(r#"40{namespace}{{"sid":"{ID}"}}"#);
    assert_eq!(server.messages(stream), [reply(""), reply("/admin,"), reply("/bare,")]);
    assert_eq!(server.log(), [r#"connect / {"token":"x"}"#, "connect /admin", "connect /bare"]);
}

// fault 3: the public id of a socket was the secret of its session.
#[test]
fn the_secret_is_not_told() {
    let (mut server, stream) = Server::websocket();
    server.text(stream, "40");
    assert!(!server.messages(stream).join("").contains(Server::SID));
}

#[test]
fn a_refused_client_may_ask_again_and_keeps_its_other_sockets() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.app().welcome("/admin", Welcome::Reject("Not authorized".to_owned()));
    server.text(stream, "40/admin,");
    server.text(stream, "40/admin,");
    let refusal = r#"44/admin,{"message":"Not authorized"}"#;
    assert_eq!(server.messages(stream), [refusal, refusal]);
    server.text(stream, r#"42["hi"]"#);
    assert_eq!(server.log(), ["connect /admin", "connect /admin", "/ hi"]);
}

#[test]
fn a_client_that_waits_is_answered_when_the_application_has_decided() {
    let (mut server, stream) = Server::websocket();
    server.app().welcome("/", Welcome::Wait);
    server.text(stream, "40");
    server.advance(5_000);
    assert_eq!(server.messages(stream), [""; 0]);
    server.decide(Welcome::Accept);
    assert_eq!(server.messages(stream), [format!(r#"40{{"sid":"{ID}"}}"#)]);
}

#[test]
fn a_client_that_left_before_it_was_accepted_is_not_accepted() {
    let (mut server, stream) = Server::websocket();
    server.app().welcome("/", Welcome::Wait);
    server.text(stream, "40");
    server.text(stream, "41");
    server.decide(Welcome::Accept);
    assert_eq!(server.messages(stream), [""; 0]);
    server.text(stream, "40");
    server.decide(Welcome::Accept);
    assert_eq!(server.messages(stream).len(), 1);
    assert_eq!(server.log(), ["connect /", "connect /"]);
}

#[test]
fn nobody_is_accepted_after_the_end() {
    let (mut server, stream) = Server::websocket();
    server.app().welcome("/", Welcome::Wait);
    server.text(stream, "40");
    server.close(DisconnectReason::ServerShuttingDown);
    assert!(server.decide(Welcome::Accept));
    assert_eq!(server.log(), ["connect /", "closed: server shutting down"]);
}

// faults 6 and 40: leaving and rejoining a namespace was taken for a duplicate CONNECT.
#[test]
fn leaving_and_joining_again_in_one_segment() {
    let mut server = Server::joined();
    let first = server.socket("/");
    server.post("41\x1e40");
    assert_eq!(server.log(), ["left /: client namespace disconnect", "connect /"]);
    assert_ne!(server.socket("/"), first);
    let get = server.get();
    assert_eq!(server.answer(get), format!(r#"200 40{{"sid":"{ID}"}}"#));
}

// fault 42: a rejoin, an event and an ack sent in one tick were reordered.
#[test]
fn a_rejoin_an_emit_and_an_ack_keep_their_order() {
    let mut server = Server::joined();
    server.post("42[\"a\"]\x1e41\x1e40");
    server.post("421[\"ask\"]");
    server.emit("/", "hello", &1);
    let get = server.get();
    assert_eq!(server.answer(get), format!(r#"200 40{{"sid":"{ID}"}}␞431["ok"]␞42["hello",1]"#));
    assert_eq!(server.log(), ["/ a", "left /: client namespace disconnect", "connect /", "/ ask  #1"]);
}

// Fault: a client that left a namespace before its CONNECT was answered, and then sent another CONNECT, lost its
// connection.
#[test]
fn a_second_connect_leaves_and_joins_again() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.text(stream, "40/news,");
    let (first, news) = (server.socket("/"), server.socket("/news"));
    let question = server.ask("/", "ask", None);
    server.messages(stream);
    server.log();
    server.text(stream, r#"40{"token":"x"}"#);
    assert_eq!(server.messages(stream), [format!(r#"40{{"sid":"{ID}"}}"#)], "and no DISCONNECT");
    let unanswered = format!("no answer {}: Disconnected", question.0);
    let left = "left /: client namespace disconnect";
    assert_eq!(server.log(), [unanswered.as_str(), left, r#"connect / {"token":"x"}"#]);
    assert_ne!(server.socket("/"), first);
    assert_eq!(server.socket("/news"), news);
    server.text(stream, r#"42["hi"]"#);
    server.text(stream, r#"42/news,["hi"]"#);
    assert_eq!(server.log(), ["/ hi", "/news hi"]);
}

#[test]
fn of_two_connects_that_wait_the_first_is_withdrawn() {
    let mut server = Server::polling();
    server.app().welcome("/", Welcome::Wait);
    server.post("40\x1e40");
    assert!(server.decide(Welcome::Accept) && server.decide(Welcome::Accept));
    let get = server.get();
    assert_eq!(server.answer(get), format!(r#"200 40{{"sid":"{ID}"}}"#), "one answer");
    server.post(r#"42["hi"]"#);
    assert_eq!(server.log(), ["connect /", "connect /", "/ hi"]);
}

// The reply to the first CONNECT tells the client that it is connected, while the second CONNECT is still pending.
#[test]
fn what_is_sent_while_a_second_connect_waits_is_kept() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.app().welcome("/", Welcome::Wait);
    server.text(stream, "40");
    server.text(stream, r#"42["hi"]"#);
    server.text(stream, r#"451-["bin",{"_placeholder":true,"num":0}]"#);
    server.binary(stream, &[1]);
    server.text(stream, "430[]");
    assert_eq!(server.log(), ["left /: client namespace disconnect", "connect /"]);
    server.decide(Welcome::Accept);
    assert_eq!(server.log(), ["/ hi", r#"/ bin {"_placeholder":true,"num":0} <01>"#]);
}

#[test]
fn what_is_sent_while_a_second_connect_waits_goes_with_it() {
    for answer in [Some(Welcome::Reject("no".to_owned())), None] {
        let (mut server, stream) = Server::joined_by_websocket();
        server.app().welcome("/", Welcome::Wait);
        server.text(stream, "40");
        server.text(stream, r#"42["hi"]"#);
        match answer {
            Some(refusal) => _ = server.decide(refusal),
            None => server.text(stream, "40"),
        }
        server.text(stream, r#"42["crossing"]"#);
        server.text(stream, "40");
        while server.decide(Welcome::Accept) {}
        assert!(!server.log().iter().any(|line| line.contains("hi")));
        assert_eq!(server.app().closed(), None);
    }
}

#[test]
fn a_second_connect_may_have_no_more_parked_than_others() {
    let mut config = Config::default();
    config.max_parked_events = 2;
    let (mut server, stream) = Server::websocket_with(config);
    server.text(stream, "40");
    server.app().welcome("/", Welcome::Wait);
    server.text(stream, "40");
    (0..4).for_each(|_| server.text(stream, r#"42["n"]"#));
    server.log();
    server.decide(Welcome::AcceptBusy);
    assert_eq!(server.log(), ["too much waits: /", "left /: server namespace disconnect"]);
}

// CVE-2026-48804: binary headers from clients that are not connected.
#[test]
fn events_before_connect_end_the_connection() {
    for packet in [r#"42["a"]"#, r#"451-["a",{"_placeholder":true,"num":0}]"#, "41", "430[]"] {
        let (mut server, stream) = Server::websocket();
        server.text(stream, packet);
        assert_eq!(server.messages(stream), ["close"], "{packet}");
        let violated = "violated: packet for a namespace that is not connected";
        assert_eq!(server.log(), [violated, "closed: forced close"], "{packet}");
    }
}

#[test]
fn events_while_the_client_waits_for_its_answer_end_the_connection() {
    let (mut server, stream) = Server::websocket();
    server.app().welcome("/", Welcome::Wait);
    server.text(stream, "40");
    server.text(stream, r#"42["a"]"#);
    let violated = "violated: packet for a namespace that is not connected";
    assert_eq!(server.log(), ["connect /", violated, "closed: forced close"]);
}

// The Node server closes the connection of a client whose event crosses the DISCONNECT.
#[test]
fn what_crosses_a_disconnect_is_ignored() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.disconnect("/");
    assert_eq!(server.messages(stream), ["41"]);
    server.text(stream, r#"42["late"]"#);
    server.text(stream, r#"421["late and answered"]"#);
    server.text(stream, r#"430[]"#);
    server.text(stream, r#"451-["late",{"_placeholder":true,"num":0}]"#);
    server.binary(stream, &[1]);
    server.text(stream, "41");
    server.text(stream, "40");
    assert_eq!(server.log(), ["left /: server namespace disconnect", "connect /"]);
    server.text(stream, r#"42["hi"]"#);
    assert_eq!(server.log(), ["/ hi"]);
}

// The attachments of an event may cross the DISCONNECT too.
#[test]
fn a_half_event_of_a_socket_that_is_disconnected_is_ignored() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.text(stream, r#"451-["late",{"_placeholder":true,"num":0}]"#);
    server.disconnect("/");
    server.binary(stream, &[1]);
    assert_eq!(server.log(), ["left /: server namespace disconnect"]);
    server.text(stream, "40");
    assert_eq!(server.log(), ["connect /"]);
}

// The key of a socket that has left addresses no other socket.
#[test]
fn what_is_meant_for_a_socket_that_left_does_not_reach_its_successor() {
    let (mut server, stream) = Server::joined_by_websocket();
    let first = server.socket("/");
    server.text(stream, "41");
    server.text(stream, "40");
    server.messages(stream);
    server.emit_to(first, "secret", &1);
    server.disconnect_socket(first, false);
    assert_eq!(server.messages(stream), [""; 0]);
}

// A client could connect to an unlimited number of namespaces.
#[test]
fn too_many_namespaces_are_refused() {
    let mut config = Config::default();
    config.max_namespaces = 2;
    let (mut server, stream) = Server::websocket_with(config);
    for namespace in ["/a", "/b", "/c"] {
        server.text(stream, &format!("40{namespace},"));
    }
    assert_eq!(server.messages(stream)[2], r#"44/c,{"message":"Too many namespaces"}"#);
    server.text(stream, "41/a,");
    server.text(stream, "40/c,");
    assert!(server.messages(stream)[0].starts_with("40/c,"));
    server.disconnect("/b");
    server.text(stream, "40/d,");
    assert!(server.messages(stream)[1].starts_with("40/d,"), "one that was disconnected takes no place");
}

#[test]
fn every_socket_is_told_the_end() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.text(stream, "40/a,");
    server.text(stream, "40/b,");
    server.log();
    server.lost(stream, socketio_core::LinkError::Failed);
    let mut log = server.log();
    assert_eq!(log.pop().as_deref(), Some("closed: transport error"));
    log.sort();
    assert_eq!(log, ["left /: transport error", "left /a: transport error", "left /b: transport error"]);
}

#[test]
fn whoever_joins_nothing_is_sent_away() {
    let mut config = Config::default();
    config.connect_timeout = std::time::Duration::from_secs(10);
    let (mut server, stream) = Server::websocket_with(config.clone());
    server.app().welcome("/", Welcome::Reject("no".to_owned()));
    server.text(stream, "40");
    server.advance(9_999);
    assert_eq!(server.app().closed(), None);
    server.advance(1);
    assert_eq!(server.app().closed(), Some(DisconnectReason::ForcedServerClose));

    let (mut server, stream) = Server::websocket_with(config);
    server.text(stream, "40");
    server.advance(11_000);
    assert_eq!(server.app().closed(), None);
}

// fault 18: event names with escapes, or numbers as names, closed the connection.
#[test]
fn every_legal_name_arrives() {
    let (mut server, stream) = Server::joined_by_websocket();
    for name in [r#""a\"b""#, r#""\\""#, r#""\n""#, "7", r#""error""#, r#""€😀""#] {
        server.text(stream, &format!("42[{name}]"));
    }
    assert_eq!(server.log(), ["/ a\"b", "/ \\", "/ \n".trim_end(), "/ 7", "/ error", "/ €😀"]);
}

// CVE-2023-31125: `__proto__` is a name like any other.
#[test]
fn a_query_in_a_namespace_is_part_of_its_name() {
    let (mut server, stream) = Server::websocket();
    server.text(stream, "40/admin?x=1,");
    server.text(stream, "40/__proto__,");
    assert_eq!(server.log(), ["connect /admin?x=1", "connect /__proto__"]);
}
