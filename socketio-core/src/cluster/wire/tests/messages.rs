//! Random messages.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::cluster::{Answer, NoAck, Operation, Presence, Question, SocketFacts};
use crate::namespace::is_reserved;
use crate::packet::{AckId, Args, Encoder, RawJson, Value};

/// Any value that JSON or an attachment can represent, in the notation of the encoder.
pub(super) fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-200_i64..70_000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-1000_i32..1000).prop_map(|number| Value::from(f64::from(number) / 4.0)),
        ".{0,6}".prop_map(Value::from),
        "[a-z]{20,300}".prop_map(Value::from),
        r#"[\x00-\x1f"\\/é€😀]{0,9}"#.prop_map(Value::from),
        vec(any::<u8>(), 0..300).prop_map(|bytes| Value::from(Bytes::from(bytes))),
    ];
    scalar.prop_recursive(4, 40, 20, |value| {
        prop_oneof![
            vec(value.clone(), 0..20).prop_map(Value::from),
            vec((".{0,3}|[a-z]{0,9}", value), 0..20).prop_map(Value::from_iter),
        ]
    })
}

/// Leaves out binary, for the types that do not have it and so that there is not too much of it.
pub(super) fn without_binary(value: Value, left: &mut usize) -> Value {
    match value {
        Value::Binary(_) if *left == 0 => Value::Null,
        Value::Binary(bytes) => {
            *left -= 1;
            Value::Binary(bytes)
        }
        Value::Array(values) => {
            Value::Array(values.into_iter().map(|value| without_binary(value, left)).collect())
        }
        Value::Object(members) => Value::Object(
            members.into_iter().map(|(name, value)| (name, without_binary(value, left))).collect(),
        ),
        value => value,
    }
}

fn args() -> impl Strategy<Value = Vec<Value>> {
    vec(value(), 0..4).prop_map(|values| {
        let mut left = Encoder::MAX_ATTACHMENTS as usize;
        values.into_iter().map(|value| without_binary(value, &mut left)).collect()
    })
}

pub(super) fn event() -> impl Strategy<Value = crate::Encoded> {
    let name = ".{1,9}".prop_filter("a reserved name", |name| !is_reserved(name));
    (name, args()).prop_map(|(name, args)| Encoder::default().event("/", &name, &Args(args), None).unwrap())
}

fn raw_event() -> impl Strategy<Value = RawArray> {
    event().prop_map(|packet| RawArray::of_packet(&packet).unwrap())
}

fn raw_args() -> impl Strategy<Value = RawArray> {
    args().prop_map(|args| {
        let packet = Encoder::default().ack("/", AckId(0), &Args(args)).unwrap();
        RawArray::of_packet(&packet).unwrap()
    })
}

fn rooms() -> impl Strategy<Value = Vec<String>> {
    vec(".{0,9}|[a-z0-9]{1,20}", 0..4)
}

pub(super) fn destination() -> impl Strategy<Value = Destination> {
    (rooms(), rooms()).prop_map(|(rooms, except)| Destination { rooms, except })
}

fn timeout() -> impl Strategy<Value = Option<Duration>> {
    option::of(any::<u32>().prop_map(|time| Duration::from_millis(u64::from(time))))
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        (raw_event(), destination(), any::<bool>()).prop_map(|(event, to, volatile)| Operation::Broadcast {
            event,
            to,
            volatile
        }),
        (destination(), rooms()).prop_map(|(to, rooms)| Operation::Join { to, rooms }),
        (destination(), rooms()).prop_map(|(to, rooms)| Operation::Leave { to, rooms }),
        (destination(), any::<bool>()).prop_map(|(to, close)| Operation::Disconnect { to, close }),
        raw_event().prop_map(|event| Operation::ServerEvent { event }),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    prop_oneof![
        (raw_event(), destination(), any::<bool>(), timeout(), any::<bool>()).prop_map(
            |(event, to, volatile, timeout, single)| Question::Broadcast {
                event,
                to,
                volatile,
                timeout,
                single
            }
        ),
        destination().prop_map(|to| Question::Sockets { to }),
        raw_event().prop_map(|event| Question::ServerEvent { event }),
        rooms().prop_map(|rooms| Question::SocketIds { rooms }),
        Just(Question::Rooms),
    ]
}

fn facts() -> impl Strategy<Value = SocketFacts> {
    let json = || value().prop_map(|value| RawJson::of(&without_binary(value, &mut 0)).unwrap());
    (".{1,20}", rooms(), json(), json())
        .prop_map(|(id, rooms, handshake, data)| SocketFacts::new(id, rooms, handshake, data))
}

fn answer() -> impl Strategy<Value = Answer> {
    let no_ack = prop::sample::select(vec![
        NoAck::Disconnected,
        NoAck::TimedOut,
        NoAck::NotSent,
        NoAck::NoHandler,
        NoAck::TooLarge,
    ]);
    prop_oneof![
        any::<u32>().prop_map(Answer::Clients),
        raw_args().prop_map(Answer::Ack),
        no_ack.prop_map(Answer::Unanswered),
        vec(facts(), 0..3).prop_map(Answer::Sockets),
        raw_args().prop_map(Answer::ServerEvent),
        rooms().prop_map(Answer::SocketIds),
        rooms().prop_map(Answer::Rooms),
    ]
}

fn body() -> impl Strategy<Value = Body> {
    let id = || "[ -~é]{1,20}".prop_map(|id| request(&id));
    let presence = prop::sample::select(vec![Presence::Hello, Presence::Alive, Presence::Goodbye]);
    prop_oneof![
        1 => presence.prop_map(Body::Presence),
        4 => operation().prop_map(Body::Operation),
        4 => (id(), any::<bool>(), question())
            .prop_map(|(request, extended, question)| Body::Question { request, extended, question }),
        4 => (id(), answer()).prop_map(|(request, answer)| Body::Answer { request, answer }),
    ]
}

pub(super) fn namespace() -> impl Strategy<Value = String> {
    "/[a-z0-9/é ]{0,9}"
}

pub(super) fn any_message() -> impl Strategy<Value = Message> {
    let from = option::of("[!-~]{1,20}|[ -~é]{1,30}".prop_map(|id| node(&id)));
    (from, namespace(), body()).prop_map(|(from, namespace, body)| Message { from, namespace, body })
}
