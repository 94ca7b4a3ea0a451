//! What holds for all messages.

use proptest::prelude::*;
use serde_json::json;

use super::messages::{any_message, destination, event, namespace};
use super::*;
use crate::SocketId;
use crate::cluster::{Address, Answer, Operation, Question, WriteError};
use crate::namespace::Target;
use crate::packet::Encoder;

/// Writes a message and returns it as it is read, or `None` if the form has no such message.
fn read_back(wire: &Wire, to: &Address, message: &Message) -> Option<Message> {
    let sent = match wire.encode(to, message) {
        Err(WriteError::Unsupported) => return None,
        sent => sent.unwrap(),
    };
    let peek = wire.peek(&sent.channel, &sent.payload).expect("our own channel");
    // The id is found without decoding, unless it is written with escapes.
    let is_plain = |id: &&str| !id.contains(['"', '\\']);
    let from = message.from.as_ref().map(NodeId::as_str);
    assert_eq!(peek.from.filter(is_plain), from.filter(is_plain));
    if let (Wire::Classic(_), Body::Operation(Operation::Broadcast { to, .. })) = (wire, &message.body) {
        let room = match &*to.rooms {
            [room] => Some(&**room),
            _ => None,
        };
        assert!(peek.broadcasts().any(|pair| pair == (&*message.namespace, room)));
    } else {
        assert_eq!(peek.broadcasts().count(), 0);
    }
    Some(wire.decode(&sent.channel, &sent.payload).unwrap())
}

proptest! {
    #[test]
    fn what_is_written_is_read(message in any_message(), private in any::<bool>()) {
        let to = if private { Address::Node(node("you")) } else { Address::Everyone };
        prop_assert_eq!(read_back(&classic(), &to, &message), Some(message.clone()));
        match read_back(&newer(), &to, &message) {
            Some(read) => prop_assert_eq!(read, message),
            None => {
                let is_legacy = matches!(
                    message.body,
                    Body::Question { question: Question::SocketIds { .. } | Question::Rooms, .. }
                        | Body::Answer { answer: Answer::SocketIds(_) | Answer::Rooms(_), .. }
                );
                prop_assert!(is_legacy);
            }
        }
    }

    #[test]
    fn a_broadcast_is_the_message_of_it(
        packet in event(),
        namespace in namespace(),
        to in destination(),
        without in any::<Option<[u8; 15]>>(),
        volatile in any::<bool>(),
    ) {
        let mut target = to.target();
        let mut written = to.clone();
        if let Some(id) = without.map(SocketId::from_entropy) {
            target = target.without(id);
            written.except.push(id.to_string());
        }
        let operation =
            Operation::Broadcast { event: RawArray::of_packet(&packet).unwrap(), to: written, volatile };
        let message = message("me", &namespace, Body::Operation(operation));
        for wire in [classic(), newer()] {
            let sent = wire.broadcast(&node("me"), &namespace, &packet, &target, volatile).unwrap();
            let encoded = wire.encode(&Address::Everyone, &message).unwrap();
            prop_assert_eq!(&encoded, &sent);
            prop_assert_eq!(wire.decode(&sent.channel, &sent.payload), Ok(message.clone()));
        }
    }

    #[test]
    fn what_is_read_can_be_sent_to_clients(message in any_message()) {
        let Body::Operation(Operation::Broadcast { event, .. }) = &message.body else { return Ok(()) };
        let packet = Encoder::default().raw_event("/", event.json(), event.attachments(), None).unwrap();
        prop_assert_eq!(RawArray::of_packet(&packet), Some(event.clone()));
    }

    #[test]
    fn no_input_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..60),
        channel in "socket\\.io(-request|-response)?#[/#a]{0,3}#|.{0,9}",
    ) {
        decode_everywhere(&channel, bytes);
    }

    #[test]
    fn no_mutation_of_a_message_panics(
        message in any_message(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4), 1..4),
    ) {
        for wire in [classic(), newer()] {
            let Ok(sent) = wire.encode(&Address::Everyone, &message) else { continue };
            let mut bytes = sent.payload.to_vec();
            for (index, byte, kind) in &changes {
                let at = index.index(bytes.len().max(1));
                match kind {
                    0 => bytes.truncate(at),
                    1 => bytes.insert(at, *byte),
                    _ if at < bytes.len() => bytes[at] = *byte,
                    _ => {}
                }
            }
            decode_everywhere(std::str::from_utf8(&sent.channel).unwrap(), bytes);
        }
    }
}

/// Decodes anything as any kind of message. What is read is not much larger than the message, and clients can read it.
fn decode_everywhere(channel: &str, bytes: Vec<u8>) {
    let payload = Bytes::from(bytes);
    for channel in [channel, "socket.io#/#", "socket.io-request#/#", "socket.io-response#/#"] {
        for wire in [classic(), newer()] {
            wire.peek(channel.as_bytes(), &payload);
            let Ok(message) = wire.decode(channel.as_bytes(), &payload) else { continue };
            let (arrays, others) = parts(&message);
            for array in &arrays {
                let values: Vec<serde_json::Value> = serde_json::from_str(array.json()).expect("valid JSON");
                assert!(array.json().len() <= 6 * payload.len() + 50 * array.attachments().len() + 2);
                assert!(array.attachments().iter().map(Bytes::len).sum::<usize>() <= payload.len());
                if array.attachments().len() <= 10 && values.first().is_some_and(|name| name == "e") {
                    Encoder::default().raw_event("/", array.json(), array.attachments(), None).unwrap();
                }
            }
            assert!(others <= 6 * payload.len() + 100, "{others} of {}", payload.len());
        }
    }
}

/// Returns the arrays of a message, and the size of its other texts.
fn parts(message: &Message) -> (Vec<&RawArray>, usize) {
    let size = |names: &[String]| names.iter().map(String::len).sum::<usize>();
    let of = |to: &Destination| size(&to.rooms) + size(&to.except);
    match &message.body {
        Body::Operation(Operation::Broadcast { event, to, .. })
        | Body::Question { question: Question::Broadcast { event, to, .. }, .. } => (vec![event], of(to)),
        Body::Operation(Operation::ServerEvent { event })
        | Body::Question { question: Question::ServerEvent { event }, .. } => (vec![event], 0),
        Body::Operation(Operation::Join { to, rooms } | Operation::Leave { to, rooms }) => {
            (Vec::new(), of(to) + size(rooms))
        }
        Body::Operation(Operation::Disconnect { to, .. })
        | Body::Question { question: Question::Sockets { to }, .. } => (Vec::new(), of(to)),
        Body::Answer { answer: Answer::Ack(args) | Answer::ServerEvent(args), .. } => (vec![args], 0),
        Body::Answer { answer: Answer::SocketIds(names) | Answer::Rooms(names), .. } => {
            (Vec::new(), size(names))
        }
        _ => (Vec::new(), 0),
    }
}

/// Numbers and strings keep their value in MessagePack, however they are written in JSON.
#[test]
fn other_notations_keep_their_value() {
    for (json, expected) in [
        (r#"[ "e" , 1e2 , -0 , 1.0, 5e-1 ]"#, json!(["e", 100.0, -0.0, 1.0, 0.5])),
        (r#"["\u0065","\ud83d\ude00\/","a\ud83d"]"#, json!(["e", "😀/", "a\u{fffd}"])),
        (
            r#"["e",18446744073709551616,-9223372036854775809]"#,
            json!(["e", 18_446_744_073_709_551_616.0, -9_223_372_036_854_775_809.0]),
        ),
        (r#"["e",1e999,{"a":[ ],"a":{ }}]"#, json!(["e", null, {"a": {}}])),
    ] {
        let event = Operation::ServerEvent { event: array(json, &[]) };
        let sent = message("me", "/", Body::Operation(event));
        let Body::Operation(Operation::ServerEvent { event }) =
            read_back(&newer(), &Address::Everyone, &sent).unwrap().body
        else {
            panic!("a server event")
        };
        assert_eq!(event.json(), json, "JSON is not changed");
        let broadcast = Operation::Broadcast { event, to: Destination::default(), volatile: false };
        let sent = message("me", "/", Body::Operation(broadcast));
        let Body::Operation(Operation::Broadcast { event, .. }) =
            read_back(&classic(), &Address::Everyone, &sent).unwrap().body
        else {
            panic!("a broadcast")
        };
        let value: serde_json::Value = serde_json::from_str(event.json()).unwrap();
        assert_eq!(value, expected, "{json}");
    }
}

#[test]
fn the_sender_can_be_left_out_of_the_targets() {
    let packet = Encoder::default().event("/", "e", &1, None).unwrap();
    let id = SocketId::from_entropy([1; 15]);
    let target = Target::rooms(&["a"]).except(&["b"]).without(id);
    let sent = classic().broadcast(&node("me"), "/", &packet, &target, false).unwrap();
    let Body::Operation(Operation::Broadcast { to: read, .. }) =
        classic().decode(&sent.channel, &sent.payload).unwrap().body
    else {
        panic!("a broadcast")
    };
    assert_eq!(read, to(&["a"], &["b", id.as_str()]));
}
