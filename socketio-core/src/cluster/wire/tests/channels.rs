//! The messages of the sharded adapter of `@socket.io/redis-adapter` 8.3.0 with `subscriptionMode: "static"`.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::cluster::{
    Address, Answer, NoAck, Operation, Presence, Question, ReadError, SocketFacts, Subscription, WriteError,
};
use crate::packet::RawJson;

const CHANNEL: &str = "socket.io#/#";

fn check(payload: impl Into<Bytes>, from: &str, body: &Body) {
    let payload = payload.into();
    for channel in [CHANNEL, "socket.io#/#775f5c2093445566#"] {
        reads(&newer(), channel, payload.clone(), &message(from, "/", body.clone()));
    }
}

#[test]
fn operations() {
    let operation =
        |json: &'static str, operation| check(json, "775f5c2093445566", &Body::Operation(operation));
    operation(
        r#"{"type":3,"data":{"packet":{"type":2,"data":["hello",1,"€",{"a":[null,true]}]},"opts":{"rooms":[],"except":[],"flags":{}}},"uid":"775f5c2093445566","nsp":"/"}"#,
        Operation::Broadcast {
            event: array(r#"["hello",1,"€",{"a":[null,true]}]"#, &[]),
            to: to(&[], &[]),
            volatile: false,
        },
    );
    operation(
        r#"{"type":3,"data":{"packet":{"type":2,"data":["hello"]},"opts":{"rooms":["r1"],"except":["r2"],"flags":{"volatile":true}}},"uid":"775f5c2093445566","nsp":"/"}"#,
        Operation::Broadcast { event: array(r#"["hello"]"#, &[]), to: to(&["r1"], &["r2"]), volatile: true },
    );
    operation(
        r#"{"type":4,"data":{"opts":{"rooms":["r1"],"except":[],"flags":{}},"rooms":["a","b"]},"uid":"775f5c2093445566","nsp":"/"}"#,
        Operation::Join { to: to(&["r1"], &[]), rooms: names(&["a", "b"]) },
    );
    operation(
        r#"{"type":5,"data":{"opts":{"rooms":["r1"],"except":["z"],"flags":{}},"rooms":["a"]},"uid":"775f5c2093445566","nsp":"/"}"#,
        Operation::Leave { to: to(&["r1"], &["z"]), rooms: names(&["a"]) },
    );
    operation(
        r#"{"type":6,"data":{"opts":{"rooms":[],"except":[],"flags":{}},"close":true},"uid":"775f5c2093445566","nsp":"/"}"#,
        Operation::Disconnect { to: to(&[], &[]), close: true },
    );
    operation(
        r#"{"type":9,"data":{"packet":["q",5]},"uid":"775f5c2093445566","nsp":"/"}"#,
        Operation::ServerEvent { event: array(r#"["q",5]"#, &[]) },
    );
    let binary = hex(
        "84a47479706503a46461746182a67061636b657482a47479706502a46461746192a362696ec4020102a46f70747383a5726f6f6d7392a2723107a665786365707490a5666c61677380a3756964b037373566356332303933343435353636a36e7370a12f",
    );
    let event = array(&format!(r#"["bin",{PLACEHOLDER}]"#), &[&[1, 2]]);
    let broadcast = Operation::Broadcast { event, to: to(&["r1", "7"], &[]), volatile: false };
    check(binary, "775f5c2093445566", &Body::Operation(broadcast));
}

#[test]
fn questions() {
    let question = |payload: Bytes, id: &str, question| {
        check(
            payload,
            "775f5c2093445566",
            &Body::Question { request: request(id), extended: false, question },
        );
    };
    question(
        r#"{"type":3,"data":{"packet":{"type":2,"data":["ask",1]},"requestId":"eb3835c72243a0e2","opts":{"rooms":[],"except":[],"flags":{"timeout":300}}},"uid":"775f5c2093445566","nsp":"/"}"#.into(),
        "eb3835c72243a0e2",
        Question::Broadcast {
            event: array(r#"["ask",1]"#, &[]),
            to: to(&[], &[]),
            volatile: false,
            timeout: Some(Duration::from_millis(300)),
            single: false,
        },
    );
    question(
        r#"{"type":7,"data":{"opts":{"rooms":[],"except":[],"flags":{}},"requestId":"7593384287141f90"},"uid":"775f5c2093445566","nsp":"/"}"#.into(),
        "7593384287141f90",
        Question::Sockets { to: to(&[], &[]) },
    );
    question(
        r#"{"type":9,"data":{"requestId":"33f06b46d5a4baa0","packet":["q",5]},"uid":"775f5c2093445566","nsp":"/"}"#.into(),
        "33f06b46d5a4baa0",
        Question::ServerEvent { event: array(r#"["q",5]"#, &[]) },
    );
    question(
        hex(
            "84a47479706509a46461746182a9726571756573744964b038643633666234313034346530653338a67061636b657492a27162c40105a3756964b037373566356332303933343435353636a36e7370a12f",
        ),
        "8d63fb41044e0e38",
        Question::ServerEvent { event: array(&format!(r#"["qb",{PLACEHOLDER}]"#), &[&[5]]) },
    );
}

#[test]
fn answers() {
    let answer = |payload: Bytes, id: &str, answer| {
        check(payload, "7ffcaed679dde580", &Body::Answer { request: request(id), answer });
    };
    answer(
        r#"{"type":11,"data":{"requestId":"eb3835c72243a0e2","clientCount":1},"uid":"7ffcaed679dde580","nsp":"/"}"#.into(),
        "eb3835c72243a0e2",
        Answer::Clients(1),
    );
    answer(
        r#"{"type":12,"data":{"requestId":"eb3835c72243a0e2","packet":2},"uid":"7ffcaed679dde580","nsp":"/"}"#.into(),
        "eb3835c72243a0e2",
        Answer::Ack(array("[2]", &[])),
    );
    answer(
        r#"{"type":12,"data":{"requestId":"79fee127faeaff9f"},"uid":"7ffcaed679dde580","nsp":"/"}"#.into(),
        "79fee127faeaff9f",
        Answer::Ack(array("[]", &[])),
    );
    answer(
        hex(
            "84a4747970650ca46461746182a9726571756573744964b032306431363164643463333539393437a67061636b6574c40109a3756964b037666663616564363739646465353830a36e7370a12f",
        ),
        "20d161dd4c359947",
        Answer::Ack(array(&format!("[{PLACEHOLDER}]"), &[&[9]])),
    );
    answer(
        r#"{"type":10,"data":{"requestId":"33f06b46d5a4baa0","packet":"r5"},"uid":"7ffcaed679dde580","nsp":"/"}"#.into(),
        "33f06b46d5a4baa0",
        Answer::ServerEvent(array(r#"["r5"]"#, &[])),
    );
    answer(
        r#"{"type":8,"data":{"requestId":"7593384287141f90","sockets":[{"id":"4TStnA71AA5ukYBiAAAB","handshake":{"secure":false},"rooms":["4TStnA71AA5ukYBiAAAB","r1"]}]},"uid":"7ffcaed679dde580","nsp":"/"}"#.into(),
        "7593384287141f90",
        Answer::Sockets(vec![SocketFacts::new(
            "4TStnA71AA5ukYBiAAAB".to_owned(),
            names(&["4TStnA71AA5ukYBiAAAB", "r1"]),
            RawJson::parse(r#"{"secure":false}"#).unwrap(),
            RawJson::parse("{}").unwrap(),
        )]),
    );
}

/// An acknowledged object may look like a packet.
#[test]
fn an_argument_is_not_a_packet() {
    let json = r#"{"type":12,"data":{"requestId":"q","packet":{"type":9,"data":{"nsp":[]},"nsp":null}},"uid":"a","nsp":"/"}"#;
    let args = array(r#"[{"type":9,"data":{"nsp":[]},"nsp":null}]"#, &[]);
    check(json, "a", &Body::Answer { request: request("q"), answer: Answer::Ack(args) });
    let json = r#"{"type":12,"data":{"requestId":"q","packet":null},"uid":"a","nsp":"/"}"#;
    check(json, "a", &Body::Answer { request: request("q"), answer: Answer::Ack(array("[null]", &[])) });
}

#[test]
fn our_messages() {
    let json = |to: &Address, body: Body| {
        let sent = newer().encode(to, &message("me", "/", body)).unwrap();
        (String::from_utf8(sent.channel.to_vec()).unwrap(), String::from_utf8(sent.payload.to_vec()).unwrap())
    };
    let answer = |answer| Body::Answer { request: request("q"), answer };
    for (to, body, channel, text) in [
        (
            &Address::Everyone,
            Body::Operation(Operation::Broadcast {
                event: array(r#"["x",1]"#, &[]),
                to: to(&["a"], &["b"]),
                volatile: true,
            }),
            CHANNEL,
            r#"{"uid":"me","nsp":"/","type":3,"data":{"packet":{"type":2,"data":["x",1]},"opts":{"rooms":["a"],"except":["b"],"flags":{"volatile":true}}}}"#,
        ),
        (
            &Address::Node(node("you")),
            answer(Answer::Unanswered(NoAck::TimedOut)),
            "socket.io#/#you#",
            r#"{"uid":"me","nsp":"/","type":12,"data":{"requestId":"q","unanswered":"timeout"}}"#,
        ),
        (
            &Address::Node(node("you")),
            answer(Answer::ServerEvent(array("[1,2]", &[]))),
            "socket.io#/#you#",
            r#"{"uid":"me","nsp":"/","type":10,"data":{"requestId":"q","packet":1,"args":[1,2]}}"#,
        ),
        (
            &Address::Everyone,
            Body::Question {
                request: request("q"),
                extended: true,
                question: Question::Sockets { to: to(&[], &[]) },
            },
            CHANNEL,
            r#"{"uid":"me","nsp":"/","type":7,"data":{"requestId":"q","opts":{"rooms":[],"except":[],"flags":{}},"ext":1}}"#,
        ),
        (
            &Address::Node(node("you")),
            Body::Presence(Presence::Hello),
            "socket.io#/#you#",
            r#"{"uid":"me","nsp":"/","type":1,"data":{}}"#,
        ),
    ] {
        assert_eq!(json(to, body), (channel.to_owned(), text.to_owned()));
    }
    let event = array(&format!(r#"["q",{PLACEHOLDER}]"#), &[&[5]]);
    let event = message("me", "/", Body::Operation(Operation::ServerEvent { event }));
    let sent = newer().encode(&Address::Everyone, &event).unwrap();
    let expected = b"\x84\xa3uid\xa2me\xa3nsp\xa1/\xa4type\x09\xa4data\x81\xa6packet\x92\xa1q\xc4\x01\x05";
    assert_eq!(&sent.payload[..], expected);
    let unsupported = message("me", "/", answer(Answer::Rooms(Vec::new())));
    assert_eq!(newer().encode(&Address::Everyone, &unsupported), Err(WriteError::Unsupported));
}

#[test]
fn what_is_not_a_message() {
    let decoded = |channel: &str, json: &'static str| newer().decode(channel.as_bytes(), &json.into());
    for json in [
        r#"{"type":99,"data":7,"uid":"a","nsp":"/"}"#,
        r#"{"type":0,"uid":"a","nsp":"/"}"#,
        r#"{"type":3,"data":{"packet":{"type":1},"opts":{}},"uid":"a","nsp":"/"}"#,
    ] {
        assert_eq!(decoded(CHANNEL, json), Err(ReadError::Unknown), "{json}");
    }
    for json in [
        "",
        "{",
        "{}",
        "[]",
        r#"{"type":3,"uid":"y","nsp":"/","data":null}"#,
        r#"{"type":3,"uid":"y","data":{"packet":{"type":2,"data":["x"]},"opts":{}}}"#,
        r#"{"type":3,"uid":"y","nsp":"/b","data":{"packet":{"type":2,"data":["x"]},"opts":{}}}"#,
        r#"{"type":3,"uid":"y","nsp":"/","data":{"packet":{"type":2,"data":["x"]}}}"#,
        r#"{"type":3,"uid":"y","nsp":"/","data":{"packet":{"type":2,"data":"x"},"opts":{}}}"#,
        r#"{"type":3,"uid":"y","nsp":"/","data":{"packet":{"type":2,"data":[[]]},"opts":{}}}"#,
        r#"{"type":7,"uid":"y","nsp":"/","data":{"opts":{}}}"#,
        r#"{"type":12,"uid":"y","nsp":"/","data":{"packet":1}}"#,
        r#"{"type":1,"uid":"y","nsp":"/"}}"#,
    ] {
        let decoded = decoded(CHANNEL, json);
        assert!(matches!(decoded, Err(ReadError::Malformed(_))), "{json}: {decoded:?}");
    }
    let alive = r#"{"type":2,"uid":"y","nsp":"/a"}"#;
    assert!(decoded("socket.io#/a#", alive).is_ok() && decoded("socket.io#/a#y#", alive).is_ok());
    for channel in ["socket.io#/ab#", "socket.io#/a", "socket.io", "other#/a#", "socket.io-request#/a#"] {
        assert!(decoded(channel, alive).is_err(), "{channel}");
    }
}

#[test]
fn channels_of_a_node() {
    let channel = |name: &'static str| Subscription::Channel(name.into());
    assert_eq!(
        newer().of_namespace(&node("me"), "/a"),
        [channel("socket.io#/a#"), channel("socket.io#/a#me#")]
    );
    assert_eq!(newer().questions("/a"), "socket.io#/a#");
    assert_eq!(newer().of_definitions(&["/a".parse().unwrap()]), BTreeSet::new());
    let peek = newer().peek(b"socket.io#/a#", br#"{"uid":"me","nsp":"/a"}"#).unwrap();
    assert_eq!((peek.from, peek.broadcasts().count()), (Some("me"), 0));
    assert_eq!(newer().peek(b"socket.io-request#/a#", b"{}"), None);
}
