//! Messages as Node writes them, and the laws of both forms.

mod channels;
mod classic;
mod laws;
mod limits;
mod messages;
mod refusals;

use bytes::Bytes;

use super::{Channels, Classic, Wire};
use crate::cluster::{Body, Destination, Message, NodeId, RawArray, RequestId};

fn classic() -> Wire {
    Wire::Classic(Classic::new("socket.io"))
}

fn newer() -> Wire {
    Wire::Channels(Channels::new("socket.io"))
}

fn node(id: &str) -> NodeId {
    NodeId::parse(id).unwrap()
}

fn request(id: &str) -> RequestId {
    RequestId::parse(id).unwrap()
}

fn message(from: &str, namespace: &str, body: Body) -> Message {
    Message::new(node(from), namespace, body)
}

/// Returns an array whose placeholders are numbered in order.
fn array(json: &str, attachments: &[&'static [u8]]) -> RawArray {
    let attachments = attachments.iter().map(|bytes| Bytes::from_static(bytes)).collect();
    RawArray::new(json.to_owned(), attachments)
}

fn to(rooms: &[&str], except: &[&str]) -> Destination {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Destination { rooms: owned(rooms), except: owned(except) }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn hex(digits: &str) -> Bytes {
    let nibble = |digit: u8| char::from(digit).to_digit(16).unwrap() as u8;
    digits.as_bytes().chunks(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])).collect()
}

/// Checks that a message of another implementation is read.
#[track_caller]
fn reads(wire: &Wire, channel: &str, payload: impl Into<Bytes>, expected: &Message) {
    assert_eq!(wire.decode(channel.as_bytes(), &payload.into()).as_ref(), Ok(expected));
}

const PLACEHOLDER: &str = r#"{"_placeholder":true,"num":0}"#;
