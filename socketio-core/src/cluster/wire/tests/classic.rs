//! The messages of `@socket.io/redis-adapter` 8.3.0 and `@socket.io/redis-emitter` 5.1.0.

use std::time::Duration;

use super::*;
use crate::cluster::{
    Address, Answer, NoAck, Operation, Presence, Question, ReadError, SocketFacts, Subscription, WriteError,
};
use crate::namespace::Target;
use crate::packet::{Encoder, RawJson};

const REQUESTS: &str = "socket.io-request#/#";
const ANSWERS: &str = "socket.io-response#/#";

fn broadcast(event: RawArray, to: Destination, volatile: bool) -> Body {
    Body::Operation(Operation::Broadcast { event, to, volatile })
}

/// Checks that a message of Node is read, and that ours is the same.
#[track_caller]
fn both(channel: &str, payload: impl Into<Bytes>, expected: &Message) {
    let payload = payload.into();
    reads(&classic(), channel, payload.clone(), expected);
    let written = classic().encode(&Address::Everyone, expected).unwrap();
    assert_eq!((&*written.channel, &written.payload), (channel.as_bytes(), &payload));
}

#[test]
fn broadcasts() {
    both(
        "socket.io#/#",
        hex(
            "93a666424173314383a47479706502a46461746194a568656c6c6f01a3e282ac81a16192c0c3a36e7370a12f83a5726f6f6d7390a665786365707490a5666c61677380",
        ),
        &message(
            "fBAs1C",
            "/",
            broadcast(array(r#"["hello",1,"€",{"a":[null,true]}]"#, &[]), to(&[], &[]), false),
        ),
    );
    both(
        "socket.io#/#r1#",
        hex(
            "93a666424173314383a47479706502a46461746191a568656c6c6fa36e7370a12f83a5726f6f6d7391a27231a665786365707491a27232a5666c61677381a8766f6c6174696c65c3",
        ),
        &message("fBAs1C", "/", broadcast(array(r#"["hello"]"#, &[]), to(&["r1"], &["r2"]), true)),
    );
    both(
        "socket.io#/chat#r#1#",
        hex(
            "93a674372d4d514883a47479706502a46461746191a178a36e7370a52f6368617483a5726f6f6d7391a3722331a665786365707490a5666c61677380",
        ),
        &message("t7-MQH", "/chat", broadcast(array(r#"["x"]"#, &[]), to(&["r#1"], &[]), false)),
    );
}

#[test]
fn a_room_may_be_a_number() {
    reads(
        &classic(),
        "socket.io#/#",
        hex(
            "93a666424173314383a47479706502a46461746192a362696ec4020102a36e7370a12f83a5726f6f6d7392a2723107a665786365707490a5666c61677380",
        ),
        &message(
            "fBAs1C",
            "/",
            broadcast(array(&format!(r#"["bin",{PLACEHOLDER}]"#), &[&[1, 2]]), to(&["r1", "7"], &[]), false),
        ),
    );
}

#[test]
fn values_are_those_that_a_client_of_node_receives() {
    reads(
        &classic(),
        "socket.io#/#",
        hex(
            "93a666424173314383a47479706502a4646174619ca36f6464d6ff00000000d7ff1d535300499602d2c70cff3b8b87c0ffffffffffffffffc0cb7ff8000000000000cf0000001cbe991a14ffcb3ff8000000000000d3ffffffff7fffffff91cb7ff000000000000081a13501a36e7370a12f83a5726f6f6d7390a665786365707490a5666c61677380",
        ),
        &message(
            "fBAs1C",
            "/",
            broadcast(
                array(
                    r#"["odd","1970-01-01T00:00:00.000Z","2009-02-13T23:31:30.123Z","1969-12-31T23:59:59.999Z",null,null,123456789012,-1,1.5,-2147483649,[null],{"5":1}]"#,
                    &[],
                ),
                to(&[], &[]),
                false,
            ),
        ),
    );
}

#[test]
fn emitters() {
    let mut expected = message(
        "emitter",
        "/",
        broadcast(array(&format!(r#"["hi",{PLACEHOLDER}]"#), &[&[3]]), to(&["r1"], &[]), false),
    );
    reads(
        &classic(),
        "socket.io#/#r1#",
        hex(
            "93a7656d697474657283a47479706502a46461746192a26869c40103a36e7370a12f83a5726f6f6d7391a27231a5666c61677380a665786365707490",
        ),
        &expected,
    );
    // Of an old version: no sender, no namespace, no flags, no excluded rooms, the type of an event with binary.
    expected.from = None;
    reads(
        &classic(),
        "socket.io#/#r1#",
        Bytes::from_static(b"\x93\xc0\x82\xa4type\x05\xa4data\x92\xa2hi\xc4\x01\x03\x81\xa5rooms\x91\xa2r1"),
        &expected,
    );
    // An ArrayBuffer of notepack.io 2, `undefined` instead of what is missing, and an empty list instead of a map, as PHP
    // writes it.
    reads(
        &classic(),
        "socket.io#/#r1#",
        Bytes::from_static(
            b"\x94\xd4\x00\x00\x83\xa4type\x05\xa4data\x92\xa2hi\xc7\x01\x00\x03\xa3nsp\xd4\x00\x00\x83\xa5rooms\x91\xa2r1\xa6except\xd4\x00\x00\xa5flags\x90\x07",
        ),
        &expected,
    );
    for (json, operation) in [
        (
            r#"{"type":2,"opts":{"rooms":["r1"],"except":[]},"rooms":["a"]}"#,
            Operation::Join { to: to(&["r1"], &[]), rooms: names(&["a"]) },
        ),
        (
            r#"{"type":3,"opts":{"rooms":["r1"],"except":[]},"rooms":["a"]}"#,
            Operation::Leave { to: to(&["r1"], &[]), rooms: names(&["a"]) },
        ),
        (
            r#"{"type":4,"opts":{"rooms":[],"except":[]},"close":false}"#,
            Operation::Disconnect { to: to(&[], &[]), close: false },
        ),
    ] {
        both(
            REQUESTS,
            json,
            &Message { from: None, namespace: "/".to_owned(), body: Body::Operation(operation) },
        );
    }
    let event = Operation::ServerEvent { event: array(r#"["q",1]"#, &[]) };
    both(
        REQUESTS,
        r#"{"uid":"emitter","type":6,"data":["q",1]}"#,
        &message("emitter", "/", Body::Operation(event)),
    );
}

#[test]
fn operations() {
    for (json, operation) in [
        (
            r#"{"uid":"fBAs1C","type":2,"opts":{"rooms":["r1"],"except":[]},"rooms":["a","b"]}"#,
            Operation::Join { to: to(&["r1"], &[]), rooms: names(&["a", "b"]) },
        ),
        (
            r#"{"uid":"fBAs1C","type":3,"opts":{"rooms":["r1"],"except":["z"]},"rooms":["a"]}"#,
            Operation::Leave { to: to(&["r1"], &["z"]), rooms: names(&["a"]) },
        ),
        (
            r#"{"uid":"fBAs1C","type":4,"opts":{"rooms":[],"except":[]},"close":true}"#,
            Operation::Disconnect { to: to(&[], &[]), close: true },
        ),
        (
            r#"{"uid":"fBAs1C","type":6,"data":["q",5]}"#,
            Operation::ServerEvent { event: array(r#"["q",5]"#, &[]) },
        ),
    ] {
        both(REQUESTS, json, &message("fBAs1C", "/", Body::Operation(operation)));
    }
}

fn question(id: &str, question: Question) -> Body {
    Body::Question { request: request(id), extended: false, question }
}

#[test]
fn questions() {
    let ask = Question::Broadcast {
        event: array(r#"["ask",1]"#, &[]),
        to: to(&[], &[]),
        volatile: false,
        timeout: Some(Duration::from_millis(300)),
        single: false,
    };
    both(
        REQUESTS,
        hex(
            "85a3756964a6664241733143a9726571756573744964a64f3457763232a47479706507a67061636b657483a47479706502a46461746192a361736b01a36e7370a12fa46f70747383a5726f6f6d7390a665786365707490a5666c61677381a774696d656f7574cd012c",
        ),
        &message("fBAs1C", "/", question("O4Wv22", ask)),
    );
    for (json, asked) in [
        (
            r#"{"uid":"fBAs1C","requestId":"VhVxjJ","type":5,"opts":{"rooms":[],"except":[]}}"#,
            question("VhVxjJ", Question::Sockets { to: to(&[], &[]) }),
        ),
        (
            r#"{"uid":"fBAs1C","requestId":"jJX1ij","type":6,"data":["q",5]}"#,
            question("jJX1ij", Question::ServerEvent { event: array(r#"["q",5]"#, &[]) }),
        ),
        (r#"{"uid":"fBAs1C","requestId":"y74Dhi","type":1}"#, question("y74Dhi", Question::Rooms)),
        (
            r#"{"uid":"fBAs1C","requestId":"y74Dhi","type":0,"rooms":["a"]}"#,
            question("y74Dhi", Question::SocketIds { rooms: names(&["a"]) }),
        ),
    ] {
        both(REQUESTS, json, &message("fBAs1C", "/", asked));
    }
}

#[test]
fn answers_of_node_have_no_sender() {
    let facts = SocketFacts::new(
        "9lyS19N64Hz1vQHuAAAA".to_owned(),
        names(&["9lyS19N64Hz1vQHuAAAA", "r1"]),
        RawJson::parse(r#"{"headers":{},"secure":false}"#).unwrap(),
        RawJson::parse(r#"{"u":1}"#).unwrap(),
    );
    for (payload, id, answer) in [
        (r#"{"type":8,"requestId":"O4Wv22","clientCount":1}"#.into(), "O4Wv22", Answer::Clients(1)),
        (
            hex("83a47479706509a9726571756573744964a64f3457763232a67061636b657402"),
            "O4Wv22",
            Answer::Ack(array("[2]", &[])),
        ),
        (
            hex("83a47479706509a9726571756573744964a66f6968773079a67061636b6574c40109"),
            "oihw0y",
            Answer::Ack(array(&format!("[{PLACEHOLDER}]"), &[&[9]])),
        ),
        (hex("82a47479706509a9726571756573744964a6366d485f526c"), "6mH_Rl", Answer::Ack(array("[]", &[]))),
        (
            r#"{"requestId":"VhVxjJ","sockets":[{"id":"9lyS19N64Hz1vQHuAAAA","handshake":{"headers":{},"secure":false},"rooms":["9lyS19N64Hz1vQHuAAAA","r1"],"data":{"u":1}}]}"#.into(),
            "VhVxjJ",
            Answer::Sockets(vec![facts]),
        ),
        (r#"{"requestId":"VhVxjJ","sockets":[]}"#.into(), "VhVxjJ", Answer::Sockets(Vec::new())),
        (r#"{"type":6,"requestId":"jJX1ij","data":"r5"}"#.into(), "jJX1ij", Answer::ServerEvent(array(r#"["r5"]"#, &[]))),
        (r#"{"type":6,"requestId":"jJX1ij"}"#.into(), "jJX1ij", Answer::ServerEvent(array("[]", &[]))),
        (
            r#"{"type":6,"requestId":"PnqyXE","data":{"type":"Buffer","data":[7]}}"#.into(),
            "PnqyXE",
            Answer::ServerEvent(array(r#"[{"type":"Buffer","data":[7]}]"#, &[])),
        ),
        (r#"{"requestId":"y74Dhi","rooms":["r1","b"]}"#.into(), "y74Dhi", Answer::Rooms(names(&["r1", "b"]))),
        (r#"{"requestId":"y74Dhi","sockets":["a","b"]}"#.into(), "y74Dhi", Answer::SocketIds(names(&["a", "b"]))),
    ] as [(Bytes, _, _); 11]
    {
        let body = Body::Answer { request: request(id), answer };
        let expected = Message { from: None, namespace: "/".to_owned(), body };
        for channel in [ANSWERS, "socket.io-response#/#fBAs1C#"] {
            reads(&classic(), channel, payload.clone(), &expected);
        }
    }
}

/// The parts of our messages that Node's adapter reads are where it expects them, and none is missing.
#[test]
fn our_extensions_are_additional_members() {
    let json = |to: &Address, body: Body| {
        let sent = classic().encode(to, &message("me", "/", body)).unwrap();
        (
            String::from_utf8(sent.channel.to_vec()).unwrap(),
            String::from_utf8_lossy(&sent.payload).into_owned(),
        )
    };
    let private = Address::Node(node("you"));
    let own = "socket.io-response#/#you#";
    let answer = |answer| Body::Answer { request: request("q"), answer };
    for (to, body, channel, text) in [
        (
            &private,
            answer(Answer::Clients(3)),
            own,
            r#"{"uid":"me","requestId":"q","type":8,"clientCount":3}"#,
        ),
        (
            &Address::Everyone,
            answer(Answer::ServerEvent(array("[1,2]", &[]))),
            ANSWERS,
            r#"{"uid":"me","requestId":"q","type":6,"data":1,"args":[1,2]}"#,
        ),
        (
            &private,
            answer(Answer::Sockets(Vec::new())),
            own,
            r#"{"uid":"me","requestId":"q","type":5,"sockets":[]}"#,
        ),
        (
            &Address::Everyone,
            answer(Answer::SocketIds(names(&["a"]))),
            ANSWERS,
            r#"{"uid":"me","requestId":"q","type":0,"sockets":["a"]}"#,
        ),
        (
            &Address::Everyone,
            answer(Answer::Rooms(names(&["a"]))),
            ANSWERS,
            r#"{"uid":"me","requestId":"q","type":1,"rooms":["a"]}"#,
        ),
        (
            &Address::Everyone,
            Body::Question { request: request("q"), extended: true, question: Question::Rooms },
            REQUESTS,
            r#"{"uid":"me","requestId":"q","type":1,"ext":1}"#,
        ),
        (&Address::Everyone, Body::Presence(Presence::Hello), REQUESTS, r#"{"uid":"me","type":101}"#),
        (&private, Body::Presence(Presence::Alive), own, r#"{"uid":"me","type":102}"#),
        (&Address::Everyone, Body::Presence(Presence::Goodbye), REQUESTS, r#"{"uid":"me","type":113}"#),
    ] {
        assert_eq!(json(to, body), (channel.to_owned(), text.to_owned()));
    }
    let unanswered = answer(Answer::Unanswered(NoAck::NotSent));
    let sent = classic().encode(&private, &message("me", "/", unanswered)).unwrap();
    assert_eq!(
        &sent.payload[..],
        b"\x84\xa3uid\xa2me\xa9requestId\xa1q\xa4type\x09\xaaunanswered\xa8not-sent"
    );
    let acks = answer(Answer::Ack(array("[1,2]", &[])));
    let sent = classic().encode(&private, &message("me", "/", acks)).unwrap();
    assert_eq!(
        &sent.payload[..],
        b"\x85\xa3uid\xa2me\xa9requestId\xa1q\xa4type\x09\xa6packet\x01\xa4args\x92\x01\x02"
    );
}

/// JSON has no binary, so these are MessagePack, which Node's adapter reads as well.
#[test]
fn server_events_may_have_binary() {
    let event = array(&format!(r#"["q",{PLACEHOLDER}]"#), &[&[5]]);
    let asked = message("me", "/", question("q", Question::ServerEvent { event }));
    let sent = classic().encode(&Address::Everyone, &asked).unwrap();
    assert_eq!(
        &sent.payload[..],
        b"\x84\xa3uid\xa2me\xa9requestId\xa1q\xa4type\x06\xa4data\x92\xa1q\xc4\x01\x05"
    );
    reads(&classic(), REQUESTS, sent.payload, &asked);
}

#[test]
fn the_namespace_of_a_broadcast_is_in_the_packet() {
    let text = |namespace: &str| {
        let packet = Encoder::default().event(namespace, "x", &1, None).unwrap();
        classic().broadcast(&node("a"), namespace, &packet, &Target::everyone(), false).unwrap().payload
    };
    let decoded = |channel: &str, payload: &Bytes| {
        classic().decode(channel.as_bytes(), payload).map(|message| message.namespace)
    };
    assert_eq!(decoded("socket.io#/a#b#", &text("/a")).as_deref(), Ok("/a"));
    assert_eq!(decoded("socket.io#/a#b#", &text("/a#b")).as_deref(), Ok("/a#b"));
    for channel in ["socket.io#/#", "socket.io#/ab#", "socket.io#/a", "other#/a#", "socket.io"] {
        assert!(matches!(decoded(channel, &text("/a")), Err(ReadError::Malformed(_))), "{channel}");
    }
}

#[test]
fn the_namespace_of_other_messages_is_in_the_channel() {
    let namespace = |channel: &str, payload: &'static str| {
        classic().decode(channel.as_bytes(), &payload.into()).unwrap().namespace
    };
    let rooms = r#"{"uid":"a","requestId":"q","type":1}"#;
    assert_eq!(namespace("socket.io-request#/a#b#", rooms), "/a#b");
    let answer = r#"{"requestId":"q","rooms":[]}"#;
    assert_eq!(namespace("socket.io-response#/a/b#", answer), "/a/b");
    assert_eq!(namespace("socket.io-response#/a/b#uid#", answer), "/a/b");
    assert_eq!(namespace("socket.io-response#/a#/b#", answer), "/a#/b");
}

#[test]
fn only_events_are_broadcast() {
    let packet = Encoder::default().disconnect("/");
    let sent = classic().broadcast(&node("a"), "/", &packet, &Target::everyone(), false);
    assert_eq!(sent, Err(WriteError::Unsupported));
}

#[test]
fn channels_of_a_node() {
    let subscriptions = classic().of_namespace(&node("me"), "/a");
    let expected = ["socket.io-request#/a#", "socket.io-response#/a#", "socket.io-response#/a#me#"];
    assert_eq!(subscriptions, expected.map(|name| Subscription::Channel(name.into())));
    assert_eq!(classic().questions("/a"), "socket.io-request#/a#");
}
