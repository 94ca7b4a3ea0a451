use std::time::Duration;

use bytes::Bytes;

use super::{NodeId, RequestId};
use crate::Encoded;
use crate::namespace::Target;
use crate::packet::{RawArgs, RawJson};

/// A message between the nodes of a cluster, independent of the bus that carries it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// The sender. Absent in answers and in some operations of the classic form, which do not name it.
    pub from: Option<NodeId>,
    /// The path of the namespace.
    pub namespace: String,
    /// The contents.
    pub body: Body,
}

impl Message {
    /// Creates a message.
    pub fn new(from: NodeId, namespace: impl Into<String>, body: Body) -> Self {
        Self { from: Some(from), namespace: namespace.into(), body }
    }
}

/// The contents of a [`Message`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Body {
    /// A sign of life of a node. Not sent by every implementation.
    Presence(Presence),
    /// Something to do with sockets of the receiver, without an answer.
    Operation(Operation),
    /// A request that each node answers.
    Question {
        /// The id that answers repeat.
        request: RequestId,
        /// `true` if the asking node understands the extensions of this implementation: private answers,
        /// [`Answer::Unanswered`] and more than one argument of an ack.
        extended: bool,
        /// The request.
        question: Question,
    },
    /// An answer to a question.
    Answer {
        /// The id of the question.
        request: RequestId,
        /// The answer.
        answer: Answer,
    },
}

/// A sign of life of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The node has come; the others answer with [`Alive`](Self::Alive).
    Hello,
    /// The node is there.
    Alive,
    /// The node is leaving.
    Goodbye,
}

/// Something that each node does with its own sockets.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// Send an event to the sockets.
    Broadcast {
        /// The name of the event and its arguments.
        event: RawArray,
        /// The sockets.
        to: Destination,
        /// Whether to discard the event where it cannot be sent immediately.
        volatile: bool,
    },
    /// Make the sockets join rooms.
    Join {
        /// The sockets.
        to: Destination,
        /// The rooms to join.
        rooms: Vec<String>,
    },
    /// Make the sockets leave rooms.
    Leave {
        /// The sockets.
        to: Destination,
        /// The rooms to leave.
        rooms: Vec<String>,
    },
    /// Disconnect the sockets.
    Disconnect {
        /// The sockets.
        to: Destination,
        /// Whether to close the connections of their clients.
        close: bool,
    },
    /// Call the handlers of a server event.
    ServerEvent {
        /// The name of the event and its arguments.
        event: RawArray,
    },
}

/// A request that each node answers.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Question {
    /// Send an event to the sockets and answer with their number, then with the ack of each.
    Broadcast {
        /// The name of the event and its arguments.
        event: RawArray,
        /// The sockets.
        to: Destination,
        /// Whether to discard the event where it cannot be sent immediately.
        volatile: bool,
        /// How long the asking node waits for acks, if it says so.
        timeout: Option<Duration>,
        /// Whether one ack is enough, because the event is for a single socket.
        single: bool,
    },
    /// Answer with a snapshot of the sockets.
    Sockets {
        /// The sockets.
        to: Destination,
    },
    /// Call the handler of a server event and answer with its return value.
    ServerEvent {
        /// The name of the event and its arguments.
        event: RawArray,
    },
    /// Answer with the ids of the sockets in any of these rooms, or of all sockets. Sent by Node's `sockets()`.
    SocketIds {
        /// The rooms.
        rooms: Vec<String>,
    },
    /// Answer with the names of all rooms. Sent by Node's `allRooms()`.
    Rooms,
}

/// An answer to a [`Question`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Answer {
    /// The number of sockets that an event was sent to; their acks follow.
    Clients(u32),
    /// The ack of one socket.
    Ack(RawArray),
    /// A socket will not acknowledge the event. An extension: Node lets the asking node wait for its timeout.
    Unanswered(NoAck),
    /// A snapshot of sockets.
    Sockets(Vec<SocketFacts>),
    /// The return value of the handler of a server event.
    ServerEvent(RawArray),
    /// Ids of sockets.
    SocketIds(Vec<String>),
    /// Names of rooms.
    Rooms(Vec<String>),
}

/// The reason that a socket does not acknowledge an event, or that no handler answers a server event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoAck {
    /// The socket was disconnected.
    Disconnected,
    /// The client did not answer in time.
    TimedOut,
    /// The event was not sent, because the client's queue was full or the event was volatile.
    NotSent,
    /// There is no handler for the server event, or it failed.
    NoHandler,
}

/// A selection of sockets by name, as in [`Target`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Destination {
    /// Selects the sockets in any of these rooms, or all sockets if there is none.
    pub rooms: Vec<String>,
    /// Excludes the sockets in any of these rooms.
    pub except: Vec<String>,
}

impl Destination {
    /// Returns the selection as a target.
    pub fn target(&self) -> Target<'_, String, String> {
        Target::rooms(&self.rooms).except(&self.except)
    }
}

/// A JSON array and its binary attachments: the name and arguments of an event, or the arguments of an ack.
///
/// The text is valid JSON and an array. Binary is represented by placeholders, `{"_placeholder":true,"num":0}`, as in
/// [`Encoded::array`](crate::Encoded::array). Equality compares the text byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawArray {
    json: String,
    attachments: Vec<Bytes>,
}

impl RawArray {
    /// Creates an array from a text that is known to be valid.
    pub(crate) fn new(json: String, attachments: Vec<Bytes>) -> Self {
        debug_assert!(json.starts_with('[') && json.ends_with(']'), "{json}");
        Self { json, attachments }
    }

    pub fn of_packet(packet: &Encoded) -> Option<Self> {
        let json = packet.array()?.to_owned();
        Some(Self::new(json, packet.attachments().map(Bytes::copy_from_slice).collect()))
    }

    pub fn of_args(args: &RawArgs) -> Self {
        Self::new(format!("[{}]", args.json()), args.attachments().to_vec())
    }

    pub fn into_parts(self) -> (String, Vec<Bytes>) {
        (self.json, self.attachments)
    }

    /// Returns the text.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Returns the binary attachments, in the order of their numbers.
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// Returns the size in bytes of the text and the attachments.
    pub fn size(&self) -> usize {
        self.json.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }
}

impl From<RawArray> for RawArgs {
    fn from(array: RawArray) -> Self {
        let text = bytestring::ByteString::from(array.json);
        RawArgs::of_ack(&text, &text).with_attachments(array.attachments)
    }
}

/// A snapshot of a socket, as nodes send it to each other.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SocketFacts {
    /// The id: 1 to 256 bytes. A Node server has ids of other forms than [`SocketId`](crate::SocketId) for clients of
    /// older protocol revisions.
    pub id: String,
    /// The rooms the socket is in.
    pub rooms: Vec<String>,
    /// The request that opened the client's session, as a JSON object in Node's form.
    pub handshake: RawJson,
    /// The data that the application has attached to the socket.
    pub data: RawJson,
}

impl SocketFacts {
    /// Creates a snapshot.
    pub fn new(id: String, rooms: Vec<String>, handshake: RawJson, data: RawJson) -> Self {
        Self { id, rooms, handshake, data }
    }
}
