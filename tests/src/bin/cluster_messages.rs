//! Prints random messages of a cluster in MessagePack, with their values, for readers that are not ours:
//!
//! ```sh
//! cargo run -p socketio-tests --bin cluster_messages -- 100000 | node tests/cluster/readers.mjs
//! ```
//!
//! Each line is `{"hex":"93…","json":[…]}`, with binary as `{"$binary":"base64"}`.

use std::io::{BufWriter, Write as _, stdout};

use data_encoding::{BASE64, HEXLOWER};
use serde_json::json;
use serde_json::value::RawValue;
use socketio_core::cluster::{
    Address, Answer, Body, Classic, Destination, Message, Operation, Question, RawArray, Wire,
};
use socketio_tests::sim::Messages;

fn main() -> std::io::Result<()> {
    let count: usize = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1000);
    let wire = Wire::Classic(Classic::new("socket.io"));
    let (mut messages, mut output) = (Messages::new(1), BufWriter::new(stdout().lock()));
    for _ in 0..count {
        let message = messages.with_event();
        let sent = wire.encode(&Address::Everyone, &message).expect("a small message");
        writeln!(output, r#"{{"hex":"{}","json":{}}}"#, HEXLOWER.encode(&sent.payload), value(&message))?;
    }
    output.flush()
}

/// Returns the value that Node's adapter would write for a message.
fn value(message: &Message) -> String {
    let from = json!(message.from.as_ref().map(ToString::to_string));
    let packet = |event: &RawArray| {
        format!(r#"{{"type":2,"data":{},"nsp":{}}}"#, shown(event), json!(message.namespace))
    };
    match &message.body {
        Body::Operation(Operation::Broadcast { event, to, volatile }) => {
            let flags = if *volatile { json!({ "volatile": true }) } else { json!({}) };
            format!("[{from},{},{}]", packet(event), options(to, &flags))
        }
        Body::Question {
            request,
            question: Question::Broadcast { event, to, volatile, timeout, single },
            ..
        } => {
            let mut flags = Vec::new();
            if *volatile {
                flags.push(r#""volatile":true"#.to_owned());
            }
            flags.extend(timeout.map(|timeout| format!(r#""timeout":{}"#, timeout.as_millis())));
            if *single {
                flags.push(r#""expectSingleResponse":true"#.to_owned());
            }
            let flags = format!("{{{}}}", flags.join(","));
            format!(
                r#"{{"uid":{from},"requestId":"{}","type":7,"packet":{},"opts":{}}}"#,
                request.as_str(),
                packet(event),
                options(to, &flags)
            )
        }
        Body::Answer { request, answer: Answer::Ack(args) } => {
            let elements: Vec<Box<RawValue>> = serde_json::from_str(&shown(args)).expect("valid JSON");
            let first = elements.first().map(|first| format!(r#","packet":{first}"#)).unwrap_or_default();
            let all = if elements.len() > 1 { format!(r#","args":{}"#, shown(args)) } else { String::new() };
            format!(r#"{{"uid":{from},"requestId":"{}","type":9{first}{all}}}"#, request.as_str())
        }
        other => unreachable!("{other:?} is not written as MessagePack"),
    }
}

fn options(to: &Destination, flags: &impl std::fmt::Display) -> String {
    format!(r#"{{"rooms":{},"except":{},"flags":{flags}}}"#, json!(to.rooms), json!(to.except))
}

/// Returns the text of an array with its attachments in it.
fn shown(array: &RawArray) -> String {
    let mut json = array.json().to_owned();
    for (number, attachment) in array.attachments().iter().enumerate() {
        let placeholder = format!(r#"{{"_placeholder":true,"num":{number}}}"#);
        json = json.replacen(&placeholder, &format!(r#"{{"$binary":"{}"}}"#, BASE64.encode(attachment)), 1);
    }
    json
}
