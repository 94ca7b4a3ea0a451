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
mod patterns;
mod value;

/// How the messages of a cluster are written, and the channels that carry them. Immutable and cheap to clone.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Wire {
    /// The form of Node's `@socket.io/redis-adapter` over Redis pub/sub, which emitters in many languages write too.
    Classic(Classic),
    /// Node's newer form, of its sharded adapter: a channel for each namespace, and one more for each of its nodes.
    Channels(Channels),
}

/// A message that is ready to be published.
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

/// The maximum size of a message in bytes: enough for an event at the default `max_payload` with a hundred rooms, and
/// far below the 32 MiB at which Redis disconnects a slow subscriber.
pub const MAX_MESSAGE: usize = 8 * 1024 * 1024;

/// The maximum depth of nested arrays and objects in a message. Neither reading nor writing is recursive, but the
/// readers of other implementations are.
pub const MAX_DEPTH: usize = 1024;

/// The maximum number of names in a list of rooms.
pub const MAX_ROOMS: usize = 10_000;

/// The maximum number of sockets, of ids or of names of rooms in an answer.
pub const MAX_SOCKETS: usize = 100_000;

/// The maximum number of attachments in a message. Events for clients have
/// [at most 10](crate::packet::Encoder::MAX_ATTACHMENTS), events for nodes may have more.
pub const MAX_ATTACHMENTS: usize = 1000;

impl Wire {
    /// Writes the broadcast of an event without acks, for the sockets of all other nodes. `packet` is an event of this
    /// namespace.
    ///
    /// This is what [`encode`](Self::encode) writes for an [`Operation::Broadcast`](super::Operation::Broadcast), with
    /// fewer copies.
    ///
    /// # Errors
    ///
    /// Returns an error if the message is larger than [`MAX_MESSAGE`] or an argument is deeper than [`MAX_DEPTH`].
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
    /// # Errors
    ///
    /// Returns an error if the message is larger than [`MAX_MESSAGE`] or an argument is deeper than [`MAX_DEPTH`].
    pub fn encode(&self, to: &Address, message: &Message) -> Result<Outgoing, WriteError> {
        match self {
            Self::Classic(wire) => wire.encode(to, message),
            Self::Channels(wire) => wire.encode(to, message),
        }
    }

    /// Reads what can be found out about a message without decoding it. Returns `None` if the channel is not one of this
    /// wire.
    pub fn peek<'a>(&self, channel: &'a [u8], payload: &'a [u8]) -> Option<Peek<'a>> {
        match self {
            Self::Classic(wire) => wire.peek(channel, payload),
            Self::Channels(wire) => wire.peek(channel, payload),
        }
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// Returns an error if the message is malformed, exceeds a limit, or is of a kind that this implementation does not
    /// know.
    pub fn decode(&self, channel: &[u8], payload: &Bytes) -> Result<Message, ReadError> {
        match self {
            Self::Classic(wire) => wire.decode(channel, payload),
            Self::Channels(wire) => wire.decode(channel, payload),
        }
    }

    /// Returns the subscriptions for a set of defined namespaces and patterns of namespaces. No channel matches two of
    /// them, so that no message arrives twice.
    pub fn of_definitions<'a, I>(&self, definitions: I) -> BTreeSet<Subscription>
    where
        I: IntoIterator<Item = &'a NamespacePath>,
    {
        match self {
            Self::Classic(wire) => wire.of_definitions(definitions),
            Self::Channels(_) => BTreeSet::new(),
        }
    }

    /// Returns the subscriptions of a node for a namespace that has sockets or may have some at any time.
    pub fn of_namespace(&self, node: &NodeId, namespace: &str) -> Vec<Subscription> {
        match self {
            Self::Classic(wire) => wire.of_namespace(node, namespace),
            Self::Channels(wire) => wire.of_namespace(node, namespace),
        }
    }

    /// Returns the channel on which every node that has the namespace receives questions. The number of its subscribers
    /// is the number of these nodes.
    pub fn questions(&self, namespace: &str) -> Bytes {
        match self {
            Self::Classic(wire) => wire.questions(namespace),
            Self::Channels(wire) => wire.questions(namespace),
        }
    }
}
