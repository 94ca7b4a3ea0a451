use socketio_core::{Config, DisconnectReason, LinkError};
use socketio_tests::sim::{Server, Welcome};

#[test]
fn the_handshake_is_open_alone() {
    let mut server = Server::open("EIO=4&transport=polling", Config::default());
    let get = server.get();
    assert_eq!(
        server.answer(get),
        concat!(
            r#"200 0{"sid":"AAAAAAAAAAAAAAAAAAAA","upgrades":["websocket"],"#,
            r#""pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
        )
    );
}

#[test]
fn a_get_waits_for_packets() {
    let mut server = Server::joined();
    let get = server.get();
    server.advance(5_000);
    assert_eq!(server.answer(get), "");
    server.emit("/", "hello", &1);
    assert_eq!(server.answer(get), r#"200 42["hello",1]"#);
}

#[test]
fn what_was_sent_meanwhile_comes_in_one_answer_and_in_order() {
    let mut server = Server::joined();
    server.emit("/", "a", &1);
    server.emit("/", "b", &bytes::Bytes::from_static(&[1, 2, 3, 4]));
    server.emit("/", "c", &3);
    let get = server.get();
    let binary = r#"451-["b",{"_placeholder":true,"num":0}]␞bAQIDBA=="#;
    assert_eq!(server.answer(get), format!(r#"200 42["a",1]␞{binary}␞42["c",3]"#));
}

// fault 41: more than 16 packets in one response, which the Python client rejects. The bound is checked on every
// response.
#[test]
fn an_answer_holds_sixteen_packets() {
    let mut server = Server::joined();
    for n in 0..33 {
        server.emit("/", "n", &n);
    }
    let sizes = [0; 3].map(|_| {
        let get = server.get();
        server.answer(get).split('␞').count()
    });
    assert_eq!(sizes, [16, 16, 1]);
}

// fault 41: more than 16 packets in one response; the close packet counts too.
#[test]
fn sixteen_packets_and_the_end_are_two_answers() {
    let mut server = Server::joined();
    for n in 0..16 {
        server.emit("/", "n", &n);
    }
    server.close(DisconnectReason::ServerShuttingDown);
    let (packets, end) = (server.get(), server.get());
    assert_eq!(server.answer(packets).split('␞').count(), 16);
    assert_eq!(server.answer(end), "200 1");
    assert!(server.is_finished());
}

#[test]
fn a_request_of_another_revision_is_refused_and_does_no_harm() {
    let mut server = Server::joined();
    for (method, transport) in [("GET", "polling"), ("POST", "polling"), ("GET", "websocket")] {
        for revision in ["3", "5", ""] {
            let refused = server.request(method, &format!("EIO={revision}&transport={transport}"));
            assert_eq!(server.answer(refused), r#"400 {"code":3,"message":"Bad request"}"#, "{method}");
        }
    }
    let get = server.request("GET", "transport=polling");
    let post = server.request("POST", "transport=polling");
    server.body(post, r#"42["still here"]"#);
    assert_eq!(server.answer(post), "200 ok", "a request may name none");
    server.emit("/", "hello", &1);
    assert_eq!(server.answer(get), r#"200 42["hello",1]"#);
    let stream = server.request("GET", "transport=websocket");
    server.text(stream, "2probe");
    assert_eq!(server.messages(stream), ["3probe"]);
}

#[test]
fn a_second_get_ends_the_session() {
    let mut server = Server::joined();
    let (first, second) = (server.get(), server.get());
    assert_eq!((server.answer(first), server.answer(second)), ("200 1", "400 "));
    assert_eq!(server.log(), ["left /: transport error", "closed: transport error"]);
    let late = server.get();
    assert_eq!(server.answer(late), r#"400 {"code":1,"message":"Session ID unknown"}"#);
}

#[test]
fn a_second_post_ends_the_session() {
    let mut server = Server::joined();
    let (get, first, second) = (server.get(), server.post_head(), server.post_head());
    assert_eq!((server.answer(get), server.answer(second)), ("200 1", "400 "));
    assert!(server.answer(first).starts_with("400 "));
    assert_eq!(server.log(), ["left /: transport error", "closed: transport error"]);
    server.body(first, r#"42["too late"]"#);
    assert_eq!(server.log(), [""; 0]);
}

#[test]
fn a_get_and_a_post_do_not_disturb_each_other() {
    let mut server = Server::joined();
    let post = server.post_head();
    let get = server.get();
    server.emit("/", "hello", &1);
    assert_eq!((server.answer(get), server.answer(post)), (r#"200 42["hello",1]"#, ""));
    server.body(post, r#"42["hi"]"#);
    assert_eq!(server.answer(post), "200 ok");
    assert_eq!(server.log(), ["/ hi"]);
}

#[test]
fn a_get_that_is_given_up_ends_the_session() {
    let mut server = Server::joined();
    let get = server.get();
    server.lost(get, LinkError::Aborted);
    assert_eq!(server.log(), ["left /: transport error", "closed: transport error"]);
}

#[test]
fn packets_whose_answer_is_lost_end_the_session() {
    let mut server = Server::joined();
    server.emit("/", "precious", &1);
    let get = server.get();
    assert_eq!(server.answer(get), r#"200 42["precious",1]"#);
    server.lost(get, LinkError::Aborted);
    assert_eq!(server.app().closed(), Some(DisconnectReason::TransportError));
}

#[test]
fn an_answer_that_is_not_read_is_the_only_one() {
    let mut server = Server::joined();
    server.emit("/", "n", &1);
    let get = server.get();
    server.emit("/", "n", &2);
    assert_eq!(server.answer(get), r#"200 42["n",1]"#);
    let waiting = server.queued_bytes();
    assert!(waiting > 0, "the second event waits");
    let second = server.second_get();
    assert!(server.answer(second).starts_with("400 "), "{}", server.answer(second));
    assert_eq!(server.log(), ["left /: transport error", "closed: transport error"]);
    server.read_answer();
}

#[test]
fn an_answer_that_is_not_read_may_stall_the_session() {
    let mut server = Server::joined();
    server.emit("/", "n", &1);
    let get = server.get();
    server.lost(get, LinkError::Stalled);
    assert_eq!(server.log(), ["left /: transport error", "closed: transport error"]);
}

#[test]
fn a_noop_that_is_lost_costs_nothing() {
    let mut server = Server::joined();
    let get = server.get();
    let stream = server.upgrade();
    server.text(stream, "2probe");
    assert_eq!(server.answer(get), "200 6");
    server.lost(get, LinkError::Aborted);
    assert_eq!(server.log(), [""; 0]);
}

#[test]
fn a_client_that_still_reads_is_waited_for_after_the_end() {
    let mut server = Server::joined();
    server.emit("/", "n", &1);
    server.get();
    server.disconnect("/");
    server.close(DisconnectReason::ServerShuttingDown);
    server.advance(60_000);
    assert!(!server.is_finished(), "it reads its last answer but one");
    server.read_answer();
    server.advance(4_999);
    let get = server.get();
    assert_eq!(server.answer(get), "200 41");
    let get = server.get();
    assert_eq!(server.answer(get), "200 1");
    assert!(server.is_finished());
}

#[test]
fn a_client_that_reads_and_asks_at_once_after_the_end_is_let_go() {
    let mut server = Server::joined();
    server.emit("/", "n", &1);
    server.get();
    server.disconnect("/");
    server.close(DisconnectReason::ServerShuttingDown);
    let second = server.second_get();
    assert!(server.answer(second).starts_with("400 "));
    assert!(server.is_finished());
}

// The stock client sends both at once, on two connections.
#[test]
fn a_goodbye_beside_a_get_in_either_order() {
    let mut server = Server::joined();
    let get = server.get();
    let post = server.post("1");
    assert_eq!((server.answer(get), server.answer(post)), ("200 6", "200 ok"));
    assert!(server.is_finished());

    let mut server = Server::joined();
    let post = server.post("1");
    assert_eq!(server.log(), ["left /: transport close", "closed: transport close"]);
    server.advance(249);
    let get = server.get();
    assert_eq!((server.answer(get), server.answer(post)), ("200 6", "200 ok"));
    assert!(server.is_finished());

    let mut server = Server::joined();
    server.post("1");
    server.advance(250);
    assert!(server.is_finished(), "no GET was under way");
}

#[test]
fn a_post_whose_body_breaks_off_ends_the_session() {
    let mut server = Server::joined();
    let post = server.post_head();
    server.lost(post, LinkError::Aborted);
    assert_eq!(server.app().closed(), Some(DisconnectReason::TransportError));
}

// CVE-2026-59725: every error path must respond to its request.
#[test]
fn octets_are_refused_and_end_the_session() {
    let mut server = Server::joined();
    let get = server.get();
    let post = server.post_of_type("application/octet-stream");
    assert_eq!((server.answer(post), server.answer(get)), ("400 ", "200 1"));
    assert_eq!(server.app().closed(), Some(DisconnectReason::TransportError));
}

#[test]
fn packets_before_the_fault_count() {
    for body in ["42[\"a\"]\x1eabc\x1e42[\"b\"]", "42[\"a\"]\x1e", "42[\"a\"]\x1eb*\x1e42[\"b\"]"] {
        let mut server = Server::joined();
        let post = server.post(body);
        assert_eq!(server.answer(post), r#"400 {"code":3,"message":"Bad request"}"#);
        assert_eq!(server.log(), ["/ a", "left /: parse error", "closed: parse error"], "{body}");
    }
}

#[test]
fn an_empty_body_and_no_text_are_parse_errors() {
    for body in [&b""[..], b"4\xff", b"\x1e", "4\u{20ac}".as_bytes().split_at(2).0] {
        let mut server = Server::joined();
        server.post(body);
        assert_eq!(server.log(), ["left /: parse error", "closed: parse error"], "{body:?}");
    }
}

#[test]
fn a_client_that_closes_is_answered_and_gone() {
    let mut server = Server::joined();
    let get = server.get();
    let post = server.post("42[\"a\"]\x1e1\x1e42[\"b\"]");
    assert_eq!((server.answer(get), server.answer(post)), ("200 6", "200 ok"));
    assert_eq!(server.log(), ["/ a", "left /: transport close", "closed: transport close"]);
}

#[test]
fn a_server_that_closes_answers_the_get_that_waits() {
    let mut server = Server::joined();
    let get = server.get();
    server.close(DisconnectReason::ServerShuttingDown);
    assert_eq!(server.answer(get), "200 1");
    assert!(server.is_finished());
}

#[test]
fn a_server_that_closes_keeps_the_last_packets_for_the_next_get() {
    let mut server = Server::joined();
    server.emit("/", "last", &1);
    server.close(DisconnectReason::ServerShuttingDown);
    assert_eq!(server.log(), ["left /: server shutting down", "closed: server shutting down"]);
    server.advance(4_000);
    // An error response would not do: the client would not send the GET that fetches the last packets.
    let post = server.post("42[\"late\"]");
    assert_eq!(server.answer(post), "200 ok");
    let (get, end) = (server.get(), server.get());
    assert_eq!((server.answer(get), server.answer(end)), (r#"200 42["last",1]"#, "200 1"));
    assert!(server.is_finished());
    assert_eq!(server.log(), [""; 0]);
}

#[test]
fn nobody_is_waited_for_longer_than_the_bound() {
    let mut server = Server::joined();
    server.emit("/", "last", &1);
    server.close(DisconnectReason::ServerShuttingDown);
    server.advance(4_999);
    assert!(!server.is_finished());
    server.advance(1);
    assert!(server.is_finished());
}

/// A single request of a client that never returns must not delay a server that is closing.
#[test]
fn who_has_asked_for_no_namespace_is_not_waited_for() {
    let mut server = Server::polling();
    server.close(DisconnectReason::ServerShuttingDown);
    assert!(server.is_finished());

    let mut server = Server::polling();
    let get = server.get();
    server.close(DisconnectReason::ServerShuttingDown);
    assert_eq!(server.answer(get), "200 1", "the waiting GET gets the close packet");
    assert!(server.is_finished());

    let mut server = Server::polling();
    server.app().welcome("/", Welcome::Reject("no".to_owned()));
    server.post("40");
    server.close(DisconnectReason::ServerShuttingDown);
    assert!(!server.is_finished(), "it has a refusal to fetch");
}

#[test]
fn a_body_that_comes_at_the_last_moment_is_a_sign_of_life() {
    let mut server = Server::joined();
    let post = server.post_head();
    server.stall(25_000);
    server.wake();
    server.stall(20_000);
    server.body(post, "42[\"late\"]");
    assert_eq!(server.answer(post), "200 ok");
    assert_eq!(server.log(), ["/ late"]);
}
