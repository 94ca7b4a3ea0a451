//! The client against the server of this crate, in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

mod pair;
use pair::{Pair, sid};

use super::{Action, Closed, Connection, ConnectionEvent, ProtocolViolation, Session, SessionEvent};
use crate::namespace::NamespacePath;
use crate::packet::{AckId, Args, AssembleError, DecodeError, Encoder, RawJson};
use crate::{AckRequest, Config, DisconnectReason, LinkId, Message, Revision, Transport};

#[test]
fn a_session_is_opened_and_lives_as_long_as_it_answers_pings() {
    for transport in Transport::ALL {
        let (mut pair, _) = Pair::joined(transport);
        assert_eq!(pair.client.handshake().unwrap().sid, sid());
        pair.advance(Duration::from_secs(600));
        assert_eq!(pair.take_logs(), (vec![], vec![]), "{transport:?}");

        pair.client.answer_pings(false);
        pair.advance(Duration::from_secs(60));
        let (there, here) = pair.take_logs();
        assert_eq!(here, ["ping timeout", "closed: ping timeout"]);
        assert_eq!((&there[0][..], there.len()), ("WithConnection", 2), "{there:?}");
    }
}

#[test]
fn the_server_connects_and_refuses() {
    for transport in Transport::ALL {
        let mut pair = Pair::new(transport, Config::default());
        let [chat, no] = ["/chat", "/no"].map(|path| path.parse::<NamespacePath>().unwrap());
        let auth = RawJson::of(&BTreeMap::from([("token", 1)])).unwrap();
        let socket = pair.client.connect(&chat, Some(&auth)).unwrap();
        let refused = pair.client.connect(&no, None).unwrap();
        pair.run();
        let (there, here) = pair.take_logs();
        assert_eq!(here, [r#"connect /chat {"token":1}"#, "connect /no -"]);
        assert_eq!(there, ["connected", "rejected: not you, Some(RawJson(\"[1]\"))"]);
        assert!(pair.client.is_connected(socket) && !pair.client.is_connected(refused));

        assert!(pair.client.disconnect(socket));
        assert!(!pair.client.disconnect(socket), "it is gone");
        pair.run();
        let (there, here) = pair.take_logs();
        assert_eq!(
            (&there[..], &here[..]),
            (&["ByClient".into()][..], &["client namespace disconnect".into()][..])
        );
    }
}

#[test]
fn a_second_socket_on_a_namespace_takes_the_place_of_the_first() {
    let (mut pair, first) = Pair::joined(Transport::WebSocket);
    let second = pair.client.connect(&NamespacePath::root(), None).unwrap();
    pair.emit("late", &1);
    pair.run();
    let (there, here) = pair.take_logs();
    assert_eq!(there, ["ByClient", "connected"], "what was for the first is not for the second");
    assert_eq!(here, ["client namespace disconnect", "connect / -"]);
    assert!(!pair.client.is_connected(first) && pair.client.is_connected(second));
    let packet = || Encoder::default().event("/", "e", &1, None).unwrap();
    assert!(!pair.client.send(first, packet()) && pair.client.send(second, packet()));
}

#[test]
fn events_go_both_ways_in_order_and_with_binary() {
    for transport in Transport::ALL {
        let (mut pair, socket) = Pair::joined(transport);
        let (bytes, mut encoder) = (Bytes::from_static(&[1, 2]), Encoder::default());
        for n in 0..40 {
            pair.emit("n", &Args((n, &bytes)));
            let packet = encoder.event("/", "n", &Args((n, &bytes)), None).unwrap();
            assert!(pair.client.send(socket, packet));
        }
        pair.run();
        let line = |n| format!(r#"n {n},{{"_placeholder":true,"num":0}} <0102>"#);
        let lines: Vec<_> = (0..40).map(line).collect();
        assert_eq!(pair.take_logs(), (lines.clone(), lines), "{transport:?}");
    }
}

#[test]
fn answers_go_both_ways() {
    for transport in Transport::ALL {
        let (mut pair, socket) = Pair::joined(transport);
        let (bytes, mut encoder) = (Bytes::from_static(&[7]), Encoder::default());
        for (id, token) in [(0, "zero"), (1, "one")] {
            let packet = encoder.event("/", "ask", &Args((id, &bytes)), Some(AckId(id))).unwrap();
            assert!(pair.client.ask(socket, packet, AckId(id), token));
        }
        pair.run();
        let binary = r#"{"_placeholder":true,"num":0} <07>"#;
        let (there, here) = pair.take_logs();
        assert_eq!(here, [format!("ask 0,{binary} ?0"), format!("ask 1,{binary} ?1")]);
        assert_eq!(there, [format!("zero 0,{binary}"), format!("one 1,{binary}")]);

        let packet = encoder.event("/", "question", &bytes, Some(AckId(5))).unwrap();
        let request = AckRequest { id: AckId(5), token: "answer", deadline: None };
        let here = pair.sockets["/"];
        assert!(pair.server().send(here, packet, Some(request)));
        pair.run();
        assert_eq!(pair.take_logs().0, [format!("question {binary} ?5")]);
        assert!(pair.client.send(socket, encoder.ack("/", AckId(5), &bytes).unwrap()));
        pair.run();
        assert_eq!(pair.take_logs().1, [format!("answer {binary}")]);
    }
}

#[test]
fn an_upgrade_loses_nothing() {
    let (mut pair, socket) = Pair::joined(Transport::Polling);
    let packet = |n: i32| Encoder::default().event("/", "n", &n, None).unwrap();
    pair.client.send(socket, packet(1));
    assert!(pair.client.upgrade(Transport::WebSocket));
    assert!(!pair.client.upgrade(Transport::WebSocket), "one at a time");
    pair.client.send(socket, packet(2));
    pair.emit("n", &1);
    pair.run();
    pair.client.send(socket, packet(3));
    pair.emit("n", &2);
    pair.run();
    let (there, here) = pair.take_logs();
    let events =
        |log: &[String]| log.iter().filter(|line| line.starts_with('n')).cloned().collect::<Vec<_>>();
    assert_eq!(
        (events(&there), events(&here)),
        (vec!["n 1".into(), "n 2".into()], vec!["n 1".into(), "n 2".into(), "n 3".into()])
    );
    assert!(there.contains(&"upgraded".to_owned()) && here.contains(&"upgraded".to_owned()));
    assert_eq!(pair.client.transport(), Some(Transport::WebSocket));
    assert!(!pair.client.upgrade(Transport::WebSocket), "it is there");
    pair.advance(Duration::from_secs(600));
    assert_eq!(pair.take_logs(), (vec![], vec![]));
}

#[test]
fn an_upgrade_that_fails_leaves_the_session_where_it_is() {
    let refusing = Config { allow_upgrades: false, ..Config::default() };
    for (config, breaks_streams) in [(refusing, false), (Config::default(), true)] {
        let mut pair = Pair::new(Transport::Polling, config);
        pair.breaks_streams = breaks_streams;
        assert!(pair.client.upgrade(Transport::WebSocket));
        pair.run();
        assert_eq!(pair.take_logs(), (vec!["not upgraded".to_owned()], vec![]));
        pair.client.connect(&NamespacePath::root(), None);
        pair.run();
        assert_eq!(pair.take_logs().0, ["connected"]);
        assert!(pair.client.upgrade(Transport::WebSocket), "it may try again");
    }
}

#[test]
fn the_server_ends_it() {
    for transport in Transport::ALL {
        let (mut pair, _) = Pair::joined(transport);
        pair.emit("last", &1);
        let (now, socket) = (pair.now, pair.sockets["/"]);
        pair.server().disconnect(socket);
        pair.run();
        assert_eq!(pair.take_logs().0, ["last 1", "ByServer"]);

        pair.client.connect(&NamespacePath::root(), None);
        pair.run();
        pair.server().close(DisconnectReason::ServerShuttingDown, now);
        pair.run();
        let ended = if transport == Transport::Polling { "closed: ByServer" } else { "closed: Lost" };
        assert_eq!(pair.take_logs().0, ["connected", "WithConnection", ended]);
        assert_eq!(pair.client.transport(), None);
        assert_eq!(pair.client.connect(&NamespacePath::root(), None), None);
    }
}

#[test]
fn the_client_ends_it_after_what_it_has_sent() {
    for transport in Transport::ALL {
        for upgrading in [false, true] {
            let (mut pair, socket) = Pair::joined(transport);
            let packet = || Encoder::default().event("/", "last", &1, None).unwrap();
            pair.client.send(socket, packet());
            if upgrading && !pair.client.upgrade(Transport::WebSocket) {
                continue;
            }
            pair.client.close();
            pair.client.close();
            assert!(!pair.client.send(socket, packet()));
            pair.run();
            let (there, here) = pair.take_logs();
            assert_eq!(here, ["last 1", "transport close", "closed: transport close"]);
            let failed = upgrading.then_some("not upgraded");
            let expected = failed.into_iter().chain(["WithConnection", "closed: ByClient"]);
            assert!(there.iter().map(String::as_str).eq(expected), "{there:?}");
            // Without a GET, the server waits for one that may be in flight.
            pair.advance(Duration::from_secs(1));
            assert!(pair.server().is_finished());
        }
    }
}

#[test]
fn an_aborted_client_does_nothing() {
    for transport in Transport::ALL {
        let (mut pair, socket) = Pair::joined(transport);
        pair.client.send(socket, Encoder::default().event("/", "lost", &1, None).unwrap());
        pair.client.abort();
        pair.run();
        assert_eq!(
            pair.take_logs(),
            (vec!["WithConnection".to_owned(), "closed: ByClient".to_owned()], vec![])
        );
    }
}

/// The server announces the maximum size of a body in its handshake.
#[test]
fn posts_are_as_long_as_the_server_allows() {
    let mut pair = Pair::new(Transport::Polling, Config { max_payload: 200, ..Config::default() });
    let socket = pair.client.connect(&NamespacePath::root(), None).unwrap();
    pair.run();
    pair.take_logs();
    for n in 10..60 {
        pair.client.send(socket, Encoder::default().event("/", "n", &n, None).unwrap());
    }
    pair.run();
    let lines: Vec<_> = (10..60).map(|n| format!("n {n}")).collect();
    assert_eq!(pair.take_logs().1, lines);
    assert!(pair.posts.iter().all(|body| body.len() <= 200) && pair.posts.len() < 10, "{:?}", pair.posts);
}

#[test]
fn one_get_and_one_post_are_in_flight() {
    let mut session = Session::open(Revision::V4, Transport::Polling);
    session.send(Encoder::default().disconnect("/"));
    let Some(Action::Get { link: first }) = session.poll_action() else { panic!("a GET") };
    assert!(session.poll_action().is_none(), "what is sent waits for the session");
    session.handle_answer(first, open());
    let Some(Action::Get { link: get }) = session.poll_action() else { panic!("a GET") };
    let Some(Action::Post { link: post, body }) = session.poll_action() else { panic!("a POST") };
    assert_eq!(body, b"41");
    session.send(Encoder::default().disconnect("/"));
    assert!(session.poll_action().is_none());
    session.handle_answer(get, Bytes::from_static(b"2\x1e6"));
    assert!(matches!(session.poll_action(), Some(Action::Get { .. })));
    assert!(session.poll_action().is_none());
    session.handle_answer(post, Bytes::from_static(b"ok"));
    let Some(Action::Post { body, .. }) = session.poll_action() else { panic!("a POST") };
    assert_eq!(body, b"41\x1e3");
}

/// Each case follows the first packet of a session.
#[test]
fn invalid_packets_end_the_session() {
    let cases: [(&[u8], ProtocolViolation); 11] = [
        (b"7", ProtocolViolation::Malformed),
        (b"", ProtocolViolation::Malformed),
        (b"4", ProtocolViolation::Packet(DecodeError::UnknownType)),
        (b"\xff", ProtocolViolation::Malformed),
        (b"bAQID", ProtocolViolation::Attachments(AssembleError::Unexpected)),
        (b"40", ProtocolViolation::Connect),
        (b"40{\"sid\":\"x\"}", ProtocolViolation::Connect),
        (b"44{}", ProtocolViolation::Connect),
        (b"451-[\"a\",{\"_placeholder\":true,\"num\":1}]\x1ebAQID", ProtocolViolation::Placeholder),
        (b"451-[\"a\"]\x1e40", ProtocolViolation::Attachments(AssembleError::Interrupted)),
        (b"42[\"connect\"]", ProtocolViolation::Packet(DecodeError::ReservedEvent)),
    ];
    for (body, violation) in cases {
        let mut client = Connection::<()>::open(Revision::V4, Transport::Polling);
        let socket = client.connect(&NamespacePath::root(), None);
        let Some(Action::Get { link }) = client.poll_action() else { panic!("a GET") };
        client.handle_answer(link, open());
        if violation == ProtocolViolation::Placeholder {
            let Some(Action::Get { link }) = client.poll_action() else { panic!("a GET") };
            client.handle_answer(link, Bytes::from_static(b"40{\"sid\":\"AAAAAAAAAAAAAAAAAAAA\"}"));
            while client.poll().is_some() {}
            assert!(client.is_connected(socket.unwrap()));
        }
        let Some(Action::Get { link }) = client.poll_action() else { panic!("a GET") };
        client.handle_answer(link, Bytes::copy_from_slice(body));
        let end = std::iter::from_fn(|| client.poll()).last();
        let Some(ConnectionEvent::Closed(Closed::Violated(found))) = end else { panic!("{body:?}: {end:?}") };
        assert_eq!(found, violation, "{:?}", String::from_utf8_lossy(body));
        assert!(client.poll_action().is_none());
    }
    for body in ["2", "40", "0{}", ""] {
        let mut session = Session::open(Revision::V4, Transport::WebSocket);
        session.handle_message(LinkId::new(1), Message::Text(body.into()));
        assert!(matches!(session.poll(), Some(SessionEvent::Closed(Closed::Violated(_)))), "{body}");
    }
    let mut session = Session::open(Revision::V4, Transport::WebSocket);
    session.handle_message(LinkId::new(1), Message::Binary(Bytes::new()));
    assert_eq!(session.poll(), Some(SessionEvent::Closed(Closed::Violated(ProtocolViolation::Handshake))));
}

/// Input for links that have ended is not mistaken for input of current ones.
#[test]
fn late_answers_and_messages_do_nothing() {
    let (mut pair, _) = Pair::joined(Transport::Polling);
    for link in (0..4).map(LinkId::new) {
        pair.client.handle_answer(link, Bytes::from_static(b"1"));
        pair.client.handle_message(link, Message::Text("1".into()));
        pair.client.handle_lost(link);
    }
    pair.run();
    assert_eq!(pair.take_logs(), (vec![], vec![]));
}

fn open() -> Bytes {
    let config = Config::default();
    Bytes::copy_from_slice(Revision::V4.open(&sid(), Transport::Polling, &config).text())
}

proptest::proptest! {
    #[test]
    fn nothing_panics(bodies in proptest::collection::vec("([0-6b][0-6]?\\PC{0,12}\u{1e}?){0,4}", 1..4)) {
        let mut polling = Connection::<()>::open(Revision::V4, Transport::Polling);
        let mut streaming = Connection::<()>::open(Revision::V4, Transport::WebSocket);
        for client in [&mut polling, &mut streaming] {
            client.connect(&NamespacePath::root(), None);
        }
        polling.handle_answer(LinkId::new(1), open());
        let text = String::from_utf8(open().into()).unwrap();
        streaming.handle_message(LinkId::new(1), Message::Text(text.into()));
        for body in bodies {
            streaming.handle_message(LinkId::new(1), Message::Text(body.as_str().into()));
            while streaming.poll().is_some() || streaming.poll_action().is_some() {}
            while polling.poll().is_some() {}
            while let Some(action) = polling.poll_action() {
                if let Action::Get { link } = action {
                    polling.handle_answer(link, Bytes::from(body.clone()));
                    break;
                }
            }
        }
        while polling.poll().is_some() {}
    }
}
