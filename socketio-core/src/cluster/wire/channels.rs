use std::sync::Arc;

use bytes::Bytes;

use super::map::ArrayRef;
use super::peek::sender;
use super::{Address, Outgoing, Peek, ReadError, Subscription, WriteError};
use crate::Encoded;
use crate::cluster::{Message, NodeId};
use crate::namespace::Target;

mod reading;
mod writing;

/// The form of Node's newer adapters, as its sharded Redis adapter with `subscriptionMode: "static"` sends it.
///
/// A message is a map with a number as `type`, its contents as `data`, the sender as `uid` and the namespace as `nsp`. It
/// is JSON, or MessagePack if there is binary in it.
///
/// | channel | messages |
/// |---|---|
/// | `PREFIX#NAMESPACE#` | for all nodes that have the namespace |
/// | `PREFIX#NAMESPACE#NODE#` | for a single node |
///
/// Extensions of this implementation, which Node ignores: presence, all arguments of an ack instead of the first, and
/// [`Answer::Unanswered`](crate::cluster::Answer::Unanswered).
///
/// ```
/// use bytes::Bytes;
/// use socketio_core::cluster::{Body, Channels, Operation, Wire};
///
/// let wire = Wire::Channels(Channels::new("socket.io"));
/// let text = r#"{"type":3,"data":{"packet":{"type":2,"data":["hi",1]},"opts":{"rooms":[]}},"uid":"a","nsp":"/chat"}"#;
/// let message = wire.decode(b"socket.io#/chat#", &Bytes::from_static(text.as_bytes())).unwrap();
/// let Body::Operation(Operation::Broadcast { event, .. }) = message.body else { panic!("a broadcast") };
/// assert_eq!(event.json(), r#"["hi",1]"#);
/// ```
#[derive(Debug, Clone)]
pub struct Channels {
    prefix: Arc<str>,
}

impl Channels {
    /// Creates the form. `prefix` is the option `channelPrefix` of Node's adapter: `socket.io` by default.
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
        writing::broadcast(&self.prefix, &Address::Everyone, Some(from), namespace, event, to, volatile)
    }

    pub(super) fn encode(&self, to: &Address, message: &Message) -> Result<Outgoing, WriteError> {
        writing::encode(&self.prefix, to, message)
    }

    pub(super) fn peek<'a>(&self, channel: &'a [u8], payload: &'a [u8]) -> Option<Peek<'a>> {
        self.topic(channel)?;
        // A broadcast cannot be told from other messages.
        Some(Peek { from: sender(payload), topic: None })
    }

    pub(super) fn decode(&self, channel: &[u8], payload: &Bytes) -> Result<Message, ReadError> {
        reading::decode(self.topic(channel).ok_or(ReadError::Malformed("unknown channel"))?, payload)
    }

    pub(super) fn of_namespace(&self, node: &NodeId, namespace: &str) -> Vec<Subscription> {
        let own = format!("{}#{namespace}#{node}#", self.prefix);
        [self.questions(namespace), own.into()].map(Subscription::Channel).into()
    }

    pub(super) fn questions(&self, namespace: &str) -> Bytes {
        format!("{}#{namespace}#", self.prefix).into()
    }

    /// Returns the part of a channel's name that begins with the namespace, without the last `#`.
    fn topic<'a>(&self, channel: &'a [u8]) -> Option<&'a str> {
        let name = std::str::from_utf8(channel).ok()?.strip_prefix(&*self.prefix)?;
        name.strip_prefix('#')?.strip_suffix('#')
    }
}

/// The numbers of the kinds of messages in Node's adapters.
mod kind {
    pub(super) const HELLO: u64 = 1;
    pub(super) const ALIVE: u64 = 2;
    pub(super) const BROADCAST: u64 = 3;
    pub(super) const JOIN: u64 = 4;
    pub(super) const LEAVE: u64 = 5;
    pub(super) const DISCONNECT: u64 = 6;
    pub(super) const SOCKETS: u64 = 7;
    pub(super) const SOCKETS_ANSWER: u64 = 8;
    pub(super) const SERVER_EVENT: u64 = 9;
    pub(super) const SERVER_EVENT_ANSWER: u64 = 10;
    pub(super) const CLIENTS: u64 = 11;
    pub(super) const ACK: u64 = 12;
    pub(super) const GOODBYE: u64 = 13;
}
