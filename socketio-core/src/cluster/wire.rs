use std::collections::BTreeSet;

use bytes::Bytes;

use super::{Message, NodeId};
use crate::Encoded;
use crate::namespace::{NamespacePath, Target};

mod channels;
pub use channels::Channels;

mod classic;
pub use classic::Classic;

mod peek;
pub use peek::Peek;

mod error;
pub use error::{ReadError, WriteError};

mod fields;
mod json;
mod levels;
mod map;
mod msgpack;
mod output;
mod packet;
mod patterns;
mod source;
mod value;

/// The form of the messages of a cluster, and the names of the channels that carry them. Immutable and cheap to clone.
///
/// A message that is not valid, exceeds a limit or is of an unknown kind is a [`ReadError`] and has no other effect. Reading
/// takes linear time, is not recursive, and allocates at most in proportion to the message, whatever its headers promise.
/// Attachments share the memory of the message, unless they are less than a quarter of it.
///
/// ```
/// use socketio_core::cluster::{Body, Classic, NodeId, Operation, Wire};
/// use socketio_core::namespace::Target;
/// use socketio_core::packet::Encoder;
///
/// let wire = Wire::Classic(Classic::new("socket.io"));
/// let mut encoder = Encoder::default();
/// let packet = encoder.event("/chat", "message", "hi", None).unwrap();
/// let sent = wire.broadcast(&NodeId::from_entropy([1; 8]), "/chat", &packet, &Target::rooms(&["lobby"]), false).unwrap();
/// assert_eq!(sent.channel, "socket.io#/chat#lobby#");
///
/// // On another node:
/// let message = wire.decode(&sent.channel, &sent.payload).unwrap();
/// let Body::Operation(Operation::Broadcast { event, to, .. }) = message.body else { panic!("a broadcast") };
/// assert_eq!((event.json(), &to.rooms[..]), (r#"["message","hi"]"#, &["lobby".to_owned()][..]));
/// let received = encoder.raw_event("/chat", event.json(), event.attachments(), None).unwrap();
/// assert_eq!(received.websocket(), packet.websocket());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Wire {
    /// The form of Node's `@socket.io/redis-adapter` over Redis pub/sub, which emitters in many languages write too.
    Classic(Classic),
    /// Node's newer form, as its sharded adapter sends it: a channel for each namespace, and one more for each of its nodes.
    Channels(Channels),
}

/// A message that is ready to be published. Both parts share one allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The name of the channel.
    pub channel: Bytes,
    /// The message.
    pub payload: Bytes,
}

/// The channels that a node subscribes to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subscription {
    /// The channel with this name.
    Channel(Bytes),
    /// All channels whose names match a pattern, in the notation of Redis.
    Pattern(Bytes),
}

/// The nodes that a message is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// All nodes that have the namespace.
    Everyone,
    /// One node.
    Node(NodeId),
}

/// The maximum size of a message: 8 MiB. This is enough for an event at the default `max_payload` with a hundred rooms, and
/// far below the 32 MiB at which Redis disconnects a slow subscriber.
pub const MAX_MESSAGE: usize = 8 * 1024 * 1024;

/// The maximum depth of nested arrays and objects in the arguments of an event or an ack, including their own array. Neither
/// reading nor writing is recursive, but the readers of other implementations are.
pub const MAX_DEPTH: usize = 1024;

/// The maximum number of names in a list of rooms.
pub const MAX_ROOMS: usize = 10_000;

/// The maximum number of sockets, of ids or of names of rooms in an answer. A Node server writes at least 80 bytes for a
/// socket, so that as many do not fit into a message.
pub const MAX_SOCKETS: usize = 100_000;

/// The maximum number of attachments in a message. Events for clients have
/// [at most 10](crate::packet::Encoder::MAX_ATTACHMENTS); server events may have more.
pub const MAX_ATTACHMENTS: usize = 1000;

impl Wire {
    /// Writes the broadcast of an event without acks, for the sockets of all other nodes. `packet` is an event of this
    /// namespace.
    ///
    /// This is equivalent to [`encode`](Self::encode) with an [`Operation::Broadcast`](super::Operation::Broadcast), but does
    /// not copy the event before writing it.
    ///
    /// # Errors
    ///
    /// Returns an error if the message exceeds a limit, or if the packet is not an event.
    ///
    /// ```
    /// use socketio_core::SocketId;
    /// use socketio_core::cluster::{Channels, NodeId, Wire};
    /// use socketio_core::namespace::Target;
    /// use socketio_core::packet::Encoder;
    ///
    /// let wire = Wire::Channels(Channels::new("socket.io"));
    /// let packet = Encoder::default().event("/chat", "message", "hi", None).unwrap();
    /// let everyone_else = Target::everyone().without(SocketId::from_entropy([1; 15]));
    /// let sent = wire.broadcast(&NodeId::from_entropy([1; 8]), "/chat", &packet, &everyone_else, true).unwrap();
    /// assert_eq!(sent.channel, "socket.io#/chat#");
    /// ```
    pub fn broadcast<R: AsRef<str>, X: AsRef<str>>(
        &self,
        from: &NodeId,
        namespace: &str,
        packet: &Encoded,
        to: &Target<'_, R, X>,
        volatile: bool,
    ) -> Result<Outgoing, WriteError> {
        match self {
            Self::Classic(wire) => wire.broadcast(from, namespace, packet, to, volatile),
            Self::Channels(wire) => wire.broadcast(from, namespace, packet, to, volatile),
        }
    }

    /// Writes a message.
    ///
    /// In the classic form, only answers and presence can be sent to a single node. Other messages reach all nodes.
    ///
    /// # Errors
    ///
    /// Returns an error if the message exceeds a limit, or if the form has no such message.
    ///
    /// ```
    /// use socketio_core::cluster::{Address, Answer, Body, Classic, Message, NodeId, RequestId, Wire};
    ///
    /// let wire = Wire::Classic(Classic::new("socket.io"));
    /// let (me, you) = (NodeId::from_entropy([1; 8]), NodeId::from_entropy([2; 8]));
    /// let body = Body::Answer { request: RequestId::parse("QT75gt").unwrap(), answer: Answer::Clients(3) };
    /// let sent = wire.encode(&Address::Node(you), &Message::new(me, "/chat", body)).unwrap();
    /// assert_eq!(sent.channel, "socket.io-response#/chat#0202020202020202#");
    /// assert_eq!(sent.payload, r#"{"uid":"0101010101010101","requestId":"QT75gt","type":8,"clientCount":3}"#);
    /// ```
    pub fn encode(&self, to: &Address, message: &Message) -> Result<Outgoing, WriteError> {
        match self {
            Self::Classic(wire) => wire.encode(to, message),
            Self::Channels(wire) => wire.encode(to, message),
        }
    }

    /// Returns the facts about a message that are known without decoding it, or `None` if the channel is not one of this
    /// form. Does not allocate. Use this to drop own messages, and those for rooms without sockets.
    pub fn peek<'a>(&self, channel: &'a [u8], payload: &'a [u8]) -> Option<Peek<'a>> {
        match self {
            Self::Classic(wire) => wire.peek(channel, payload),
            Self::Channels(wire) => wire.peek(channel, payload),
        }
    }

    /// Reads a message.
    ///
    /// Values are those that a client of a Node server would receive: dates become text, `undefined` and numbers that JSON
    /// cannot represent become `null`, text that is not valid UTF-8 is repaired, an `ArrayBuffer` becomes an attachment.
    /// Unknown members are ignored. The event may have a reserved name, or more attachments than clients accept;
    /// [`Encoder::raw_event`](crate::packet::Encoder::raw_event) checks this.
    ///
    /// # Errors
    ///
    /// Returns an error if the message is malformed, exceeds a limit, or is of a kind that this implementation does not
    /// know. A message with both binary and data that looks like a placeholder is malformed: clients would take the data for
    /// binary.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use socketio_core::cluster::{Body, Classic, Question, ReadError, Wire};
    ///
    /// let wire = Wire::Classic(Classic::new("socket.io"));
    /// let request = Bytes::from_static(br#"{"uid":"fBAs1C","requestId":"VhVxjJ","type":5,"opts":{"rooms":[7]}}"#);
    /// let message = wire.decode(b"socket.io-request#/#", &request).unwrap();
    /// let Body::Question { question: Question::Sockets { to }, .. } = message.body else { panic!("a question") };
    /// assert_eq!(to.rooms, ["7"]);
    /// assert!(matches!(wire.decode(b"socket.io-request#/#", &Bytes::new()), Err(ReadError::Malformed(_))));
    /// ```
    pub fn decode(&self, channel: &[u8], payload: &Bytes) -> Result<Message, ReadError> {
        if payload.len() > MAX_MESSAGE {
            return Err(ReadError::TooLarge("message"));
        }
        match self {
            Self::Classic(wire) => wire.decode(channel, payload),
            Self::Channels(wire) => wire.decode(channel, payload),
        }
    }

    /// Returns the subscriptions for a set of defined namespaces and patterns of namespaces. No channel matches two of
    /// them, so that no message arrives twice. Their number is bounded by the definitions, not by the clients. The newer form
    /// has none.
    ///
    /// ```
    /// use socketio_core::cluster::{Classic, Subscription, Wire};
    /// use socketio_core::namespace::NamespacePath;
    ///
    /// let wire = Wire::Classic(Classic::new("socket.io"));
    /// let paths = ["/", "/orders/{id}", "/orders/{id}/items"].map(|path| path.parse::<NamespacePath>().unwrap());
    /// let patterns = ["socket.io#/#*", "socket.io#/orders/*"].map(|pattern| Subscription::Pattern(pattern.into()));
    /// assert!(wire.of_definitions(&paths).into_iter().eq(patterns));
    /// ```
    pub fn of_definitions<'a, I>(&self, definitions: I) -> BTreeSet<Subscription>
    where
        I: IntoIterator<Item = &'a NamespacePath>,
    {
        match self {
            Self::Classic(wire) => wire.of_definitions(definitions),
            Self::Channels(_) => BTreeSet::new(),
        }
    }

    /// Returns the subscriptions of a node for a namespace that has sockets or may have some at any time: the channels of
    /// questions and answers.
    ///
    /// ```
    /// use socketio_core::cluster::{Channels, NodeId, Subscription, Wire};
    ///
    /// let wire = Wire::Channels(Channels::new("socket.io"));
    /// let channels = ["socket.io#/chat#", "socket.io#/chat#0101010101010101#"];
    /// let subscriptions = wire.of_namespace(&NodeId::from_entropy([1; 8]), "/chat");
    /// assert_eq!(subscriptions, channels.map(|channel| Subscription::Channel(channel.into())));
    /// ```
    pub fn of_namespace(&self, node: &NodeId, namespace: &str) -> Vec<Subscription> {
        match self {
            Self::Classic(wire) => wire.of_namespace(node, namespace),
            Self::Channels(wire) => wire.of_namespace(node, namespace),
        }
    }

    /// Returns the channel on which every node that has the namespace receives questions. The number of its subscribers
    /// is the number of these nodes.
    ///
    /// ```
    /// use socketio_core::cluster::{Classic, Wire};
    ///
    /// let wire = Wire::Classic(Classic::new("socket.io"));
    /// assert_eq!(wire.questions("/chat"), "socket.io-request#/chat#");
    /// ```
    pub fn questions(&self, namespace: &str) -> Bytes {
        match self {
            Self::Classic(wire) => wire.questions(namespace),
            Self::Channels(wire) => wire.questions(namespace),
        }
    }
}

#[cfg(test)]
mod tests;
