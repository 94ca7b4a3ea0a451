use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::map::ArrayRef;
use super::patterns::of_definitions;
use super::peek::sender;
use super::{Address, Outgoing, Peek, ReadError, Subscription, WriteError};
use crate::Encoded;
use crate::cluster::{Message, NodeId};
use crate::namespace::{NamespacePath, Target};

mod reading;
mod writing;

/// The form of Node's `@socket.io/redis-adapter` 8, which emitters in many languages write as well.
///
/// | channel | message | form |
/// |---|---|---|
/// | `PREFIX#NAMESPACE#`, `PREFIX#NAMESPACE#ROOM#` | a broadcast; the second for a single room | MessagePack: `[sender, packet, options]` |
/// | `PREFIX-request#NAMESPACE#` | other operations, questions, presence | JSON; MessagePack with binary and for a broadcast with acks |
/// | `PREFIX-response#NAMESPACE#` | answers | the same |
/// | `PREFIX-response#NAMESPACE#NODE#` | answers and presence for a single node | the same |
///
/// Extensions of this implementation, which Node ignores: presence, the sender of an answer, all arguments of an ack instead
/// of the first, and [`Answer::Unanswered`](crate::cluster::Answer::Unanswered).
///
/// Answers and presence do not name their namespace. If the name of a namespace contains `#`, the namespace of such a
/// message may be cut at the last one.
///
/// ```
/// use bytes::Bytes;
/// use socketio_core::cluster::{Body, Classic, Operation, Wire};
///
/// let wire = Wire::Classic(Classic::new("socket.io"));
/// let request = Bytes::from_static(br#"{"type":4,"opts":{"rooms":["lobby"]},"close":true}"#);
/// let message = wire.decode(b"socket.io-request#/chat#", &request).unwrap();
/// assert_eq!((message.from, message.namespace.as_str()), (None, "/chat"));
/// let Body::Operation(Operation::Disconnect { to, close: true }) = message.body else { panic!("an operation") };
/// assert_eq!(to.rooms, ["lobby"]);
/// ```
#[derive(Debug, Clone)]
pub struct Classic {
    prefix: Arc<str>,
}

/// The kinds of channels, with the parts of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Channel<'a> {
    /// Contains the namespace, and may contain a room.
    Broadcasts {
        topic: &'a str,
    },
    Requests {
        namespace: &'a str,
    },
    /// Contains the namespace, and may contain the id of a node.
    Answers {
        topic: &'a str,
    },
}

impl Classic {
    /// Creates the form. `prefix` is the option `key` of Node's adapter and emitter: `socket.io` by default.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.into() }
    }

    pub(super) fn broadcast<R: AsRef<str>, X: AsRef<str>>(
        &self,
        from: &NodeId,
        namespace: &str,
        packet: &Encoded,
        to: &Target<'_, R, X>,
        volatile: bool,
    ) -> Result<Outgoing, WriteError> {
        let event = ArrayRef::of_packet(packet)?;
        writing::broadcast(&self.prefix, Some(from), namespace, event, to, volatile)
    }

    pub(super) fn encode(&self, to: &Address, message: &Message) -> Result<Outgoing, WriteError> {
        writing::encode(&self.prefix, to, message)
    }

    pub(super) fn peek<'a>(&self, channel: &'a [u8], payload: &'a [u8]) -> Option<Peek<'a>> {
        let topic = match self.channel(channel)? {
            Channel::Broadcasts { topic } => Some(topic),
            Channel::Requests { .. } | Channel::Answers { .. } => None,
        };
        Some(Peek { from: sender(payload), topic })
    }

    pub(super) fn decode(&self, channel: &[u8], payload: &Bytes) -> Result<Message, ReadError> {
        let channel = self.channel(channel).ok_or(ReadError::Malformed("unknown channel"))?;
        match channel {
            Channel::Broadcasts { topic } => reading::broadcast(topic, payload),
            Channel::Requests { namespace } => reading::request(namespace, payload),
            Channel::Answers { topic } => reading::answer(topic, payload),
        }
    }

    pub(super) fn of_definitions<'a, I>(&self, definitions: I) -> BTreeSet<Subscription>
    where
        I: IntoIterator<Item = &'a NamespacePath>,
    {
        of_definitions(&self.prefix, definitions)
    }

    pub(super) fn of_namespace(&self, node: &NodeId, namespace: &str) -> Vec<Subscription> {
        let answers = format!("{}-response#{namespace}#", self.prefix);
        let own = format!("{answers}{node}#");
        [self.questions(namespace), answers.into(), own.into()].map(Subscription::Channel).into()
    }

    pub(super) fn questions(&self, namespace: &str) -> Bytes {
        format!("{}-request#{namespace}#", self.prefix).into()
    }

    fn channel<'a>(&self, name: &'a [u8]) -> Option<Channel<'a>> {
        let name = std::str::from_utf8(name).ok()?.strip_prefix(&*self.prefix)?.strip_suffix('#')?;
        if let Some(topic) = name.strip_prefix('#') {
            Some(Channel::Broadcasts { topic })
        } else if let Some(namespace) = name.strip_prefix("-request#") {
            Some(Channel::Requests { namespace })
        } else {
            name.strip_prefix("-response#").map(|topic| Channel::Answers { topic })
        }
    }
}

/// The numbers of the kinds of messages in Node's adapter, and those of this implementation above 100.
mod kind {
    pub(super) const SOCKET_IDS: u64 = 0;
    pub(super) const ROOMS: u64 = 1;
    pub(super) const JOIN: u64 = 2;
    pub(super) const LEAVE: u64 = 3;
    pub(super) const DISCONNECT: u64 = 4;
    pub(super) const SOCKETS: u64 = 5;
    pub(super) const SERVER_EVENT: u64 = 6;
    pub(super) const BROADCAST: u64 = 7;
    pub(super) const CLIENTS: u64 = 8;
    pub(super) const ACK: u64 = 9;
    pub(super) const HELLO: u64 = 101;
    pub(super) const ALIVE: u64 = 102;
    pub(super) const GOODBYE: u64 = 113;
}
