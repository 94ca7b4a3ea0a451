//! The bounds of messages, in both directions.

use super::*;
use crate::cluster::{
    Address, Answer, MAX_ATTACHMENTS, MAX_DEPTH, MAX_MESSAGE, MAX_ROOMS, MAX_SOCKETS, Operation, ReadError,
    WriteError,
};
use crate::namespace::Target;
use crate::packet::Encoder;

fn server_event(json: &str) -> Message {
    message("me", "/", Body::Operation(Operation::ServerEvent { event: array(json, &[]) }))
}

fn broadcast(event: RawArray) -> Message {
    let to = Destination::default();
    message("me", "/", Body::Operation(Operation::Broadcast { event, to, volatile: false }))
}

fn encode(wire: &Wire, message: &Message) -> Result<Bytes, WriteError> {
    wire.encode(&Address::Everyone, message).map(|sent| sent.payload)
}

#[test]
fn size() {
    let large = format!(r#"["e","{}"]"#, "x".repeat(MAX_MESSAGE));
    for wire in [classic(), newer()] {
        for message in [server_event(&large), broadcast(array(&large, &[]))] {
            assert_eq!(encode(&wire, &message), Err(WriteError::TooLarge));
        }
        let huge = server_event(&format!(r#"["e","{}"]"#, "x".repeat(9 * MAX_MESSAGE)));
        assert_eq!(encode(&wire, &huge), Err(WriteError::TooLarge));
        let payload = Bytes::from(vec![b'{'; MAX_MESSAGE + 1]);
        for channel in ["socket.io#/#", "socket.io-request#/#"] {
            let decoded = wire.decode(channel.as_bytes(), &payload);
            assert!(decoded.is_err());
        }
        assert_eq!(wire.decode(b"socket.io#/#", &payload), Err(ReadError::TooLarge("message")));
    }
    // Shorter as MessagePack than as JSON.
    let escaped = broadcast(array(&format!(r#"["e","{}"]"#, r"\u0001".repeat(MAX_MESSAGE / 4)), &[]));
    assert!(encode(&classic(), &escaped).is_ok());
    assert_eq!(encode(&newer(), &escaped), Err(WriteError::TooLarge));
}

#[test]
fn depth() {
    let deep = |depth: usize| format!(r#"["e",{}{}]"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    for wire in [classic(), newer()] {
        for message in [server_event(&deep(MAX_DEPTH)), broadcast(array(&deep(MAX_DEPTH), &[]))] {
            let sent = wire.encode(&Address::Everyone, &message).unwrap();
            assert_eq!(wire.decode(&sent.channel, &sent.payload).as_ref(), Ok(&message));
        }
        for message in [server_event(&deep(MAX_DEPTH + 1)), broadcast(array(&deep(MAX_DEPTH + 1), &[]))] {
            assert_eq!(encode(&wire, &message), Err(WriteError::TooDeep));
        }
    }
    let json = format!(r#"{{"uid":"a","type":6,"data":{}}}"#, deep(MAX_DEPTH + 1));
    assert_eq!(classic().decode(b"socket.io-request#/#", &json.into()), Err(ReadError::TooLarge("depth")));
    let nested = |depth: usize| {
        [&b"\x93\xa1a\x82\xa4type\x02\xa4data\x92\xa1e"[..], &vec![0x91; depth], b"\x90\x80"].concat()
    };
    let decoded = |depth: usize| classic().decode(b"socket.io#/#", &nested(depth).into()).map(drop);
    assert_eq!(decoded(MAX_DEPTH - 2), Ok(()));
    assert_eq!(decoded(MAX_DEPTH - 1), Err(ReadError::TooLarge("depth")));
}

#[test]
fn rooms() {
    let many = vec!["r".to_owned(); MAX_ROOMS + 1];
    let packet = Encoder::default().event("/", "e", &1, None).unwrap();
    for wire in [classic(), newer()] {
        let all = |rooms: &[String], except: &[String]| {
            let target = Target::rooms(rooms).except(except);
            wire.broadcast(&node("me"), "/", &packet, &target, false)
        };
        let sent = all(&many[1..], &many[1..]).unwrap();
        assert!(wire.decode(&sent.channel, &sent.payload).is_ok());
        assert_eq!(all(&many, &[]), Err(WriteError::TooMany("rooms")));
        assert_eq!(all(&[], &many), Err(WriteError::TooMany("rooms")));
    }
    let json = format!(r#"{{"type":2,"opts":{{}},"rooms":[{}1]}}"#, "1,".repeat(MAX_ROOMS));
    let decoded = classic().decode(b"socket.io-request#/#", &json.into());
    assert_eq!(decoded, Err(ReadError::TooLarge("list of names")));
}

#[test]
fn sockets() {
    let answer = |answer| message("me", "/", Body::Answer { request: request("q"), answer });
    let ids = vec!["x".to_owned(); MAX_SOCKETS + 1];
    assert!(encode(&classic(), &answer(Answer::SocketIds(ids[1..].to_vec()))).is_ok());
    assert_eq!(encode(&classic(), &answer(Answer::SocketIds(ids))), Err(WriteError::TooMany("names")));
    let json =
        format!(r#"{{"requestId":"q","sockets":[{}{{"id":"x"}}]}}"#, r#"{"id":"x"},"#.repeat(MAX_SOCKETS));
    let decoded = classic().decode(b"socket.io-response#/#", &json.into());
    assert_eq!(decoded, Err(ReadError::TooLarge("sockets")));
    let long = format!(r#"{{"requestId":"q","sockets":[{{"id":"{}"}}]}}"#, "x".repeat(257));
    let decoded = classic().decode(b"socket.io-response#/#", &long.into());
    assert!(matches!(decoded, Err(ReadError::Malformed(_))));
}

#[test]
fn attachments() {
    let event = |count: usize| {
        let list: Vec<_> = (0..count).map(|n| format!(r#"{{"_placeholder":true,"num":{n}}}"#)).collect();
        array(&format!(r#"["e",{}]"#, list.join(",")), &vec![&b"x"[..]; count])
    };
    let sent = classic().encode(&Address::Everyone, &broadcast(event(MAX_ATTACHMENTS))).unwrap();
    assert_eq!(classic().decode(&sent.channel, &sent.payload), Ok(broadcast(event(MAX_ATTACHMENTS))));
    let too_many = encode(&classic(), &broadcast(event(MAX_ATTACHMENTS + 1)));
    assert_eq!(too_many, Err(WriteError::TooMany("attachments")));
    let header = b"\x93\xa1a\x82\xa4type\x02\xa4data\x92\xa1e\xdc\x03\xe9".to_vec();
    let payload = [header, b"\xc4\x00".repeat(1001), b"\x80".to_vec()].concat();
    assert_eq!(classic().decode(b"socket.io#/#", &payload.into()), Err(ReadError::TooLarge("attachments")));
}

/// Attachments share the memory of the message.
#[test]
fn attachments_are_not_copied() {
    let event = array(&format!(r#"["e",{PLACEHOLDER}]"#), &[&[7; 100]]);
    let sent = classic().encode(&Address::Everyone, &broadcast(event)).unwrap();
    let read = classic().decode(&sent.channel, &sent.payload).unwrap();
    let Body::Operation(Operation::Broadcast { event, .. }) = read.body else { panic!("a broadcast") };
    let memory = sent.payload.as_ptr_range();
    assert!(memory.contains(&event.attachments()[0].as_ptr()));
}

/// One byte must not keep a message of megabytes in memory: limits count the attachments.
#[test]
fn a_small_attachment_of_a_large_message_is_copied() {
    let text = "x".repeat(1000);
    let event = array(&format!(r#"["e",{PLACEHOLDER},"{text}"]"#), &[&[7; 100]]);
    let sent = classic().encode(&Address::Everyone, &broadcast(event)).unwrap();
    let read = classic().decode(&sent.channel, &sent.payload).unwrap();
    let Body::Operation(Operation::Broadcast { event, .. }) = read.body else { panic!("a broadcast") };
    let attachment = &event.attachments()[0];
    assert!(!sent.payload.as_ptr_range().contains(&attachment.as_ptr()));
    assert_eq!(attachment[..], [7; 100]);
}

#[test]
fn data_is_not_taken_for_an_attachment() {
    let broadcast = |data: &[u8]| {
        let payload = [b"\x93\xa1a\x82\xa4type\x02\xa4data\x93\xa1e", data, b"\x80"].concat();
        classic().decode(b"socket.io#/#", &payload.into()).map(drop)
    };
    let object = |number: u8| [b"\x82\xac_placeholder\xc3\xa3num", &[number][..]].concat();
    for number in [0, 1, 9] {
        let with_binary = [&b"\xc4\x01x"[..], &object(number)].concat();
        assert!(matches!(broadcast(&with_binary), Err(ReadError::Malformed(_))), "{number}");
        let without = [&b"\x01"[..], &object(number)].concat();
        assert_eq!(broadcast(&without), Ok(()), "{number}");
    }
    let marked = b"\xc4\x01x\x81\xac_placeholder\xc3";
    assert!(matches!(broadcast(marked), Err(ReadError::Malformed(_))));
    let harmless = b"\xc4\x01x\x81\xac_placeholder\xc2";
    assert_eq!(broadcast(harmless), Ok(()));
}
