use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use socketio_core::cluster::{
    Address, Answer, Body, Destination, Message, NoAck, Operation as RemoteOperation, Question, RawArray,
    ReadError,
};
use socketio_core::packet::{AckId, Event};
use socketio_core::{Encoded, SocketId};

use super::acks::{Asked, answer_with_acks};
use super::jobs::{Jobs, ServerEvent};
use crate::broadcast::{Operation, Selection, SocketInfo};
use crate::bus::{Joined, NodeAnswer, Receive};
use crate::collection::Collection;
use crate::namespace::{Namespace, NamespaceSet};
use crate::panics::contained;
use crate::socket::with_encoder;

/// Applies the messages of other nodes to the sockets of this process.
pub(super) struct Inbound {
    joined: Arc<Joined>,
    /// Not kept alive: a server without handles leaves its cluster.
    namespaces: Weak<NamespaceSet>,
    jobs: Arc<Jobs>,
}

impl Receive for Inbound {
    fn receive(&self, channel: &[u8], payload: &Bytes) {
        let counters = self.joined.counters();
        counters.received.add(1);
        let Some(namespaces) = self.namespaces.upgrade() else { return };
        // Contained, because listeners of the application run, and because the connection must survive.
        if contained(|| self.apply(&namespaces, channel, payload)).is_none() {
            counters.malformed.add(1);
        }
    }
}

impl Inbound {
    pub(super) fn new(joined: Arc<Joined>, namespaces: Weak<NamespaceSet>, jobs: Arc<Jobs>) -> Self {
        Self { joined, namespaces, jobs }
    }

    fn apply(&self, namespaces: &Arc<NamespaceSet>, channel: &[u8], payload: &Bytes) {
        let (wire, counters) = (self.joined.wire(), self.joined.counters());
        let Some(peek) = wire.peek(channel, payload) else {
            counters.unknown.add(1);
            return;
        };
        if peek.from == Some(self.joined.id().as_str()) {
            counters.echoes.add(1);
            return;
        }
        let mut is_broadcast = false;
        let mut concerns_us = |(n, (namespace, room)): (usize, (&str, Option<&str>))| {
            is_broadcast = true;
            n >= MAX_PAIRS
                || namespaces.find(namespace).is_some_and(|namespace| match room {
                    None => !namespace.rooms().is_empty(),
                    Some(room) => namespace.has_room(room),
                })
        };
        if !peek.broadcasts().enumerate().any(&mut concerns_us) && is_broadcast {
            counters.skipped.add(1);
            return;
        }
        match wire.decode(channel, payload) {
            Ok(message) if message.from.as_ref() == Some(self.joined.id()) => counters.echoes.add(1),
            Ok(message) => self.handle(namespaces, message, payload.len()),
            Err(ReadError::Unknown) => counters.unknown.add(1),
            Err(error) => {
                counters.malformed.add(1);
                self.joined.report_malformed(error);
            }
        }
    }

    fn handle(&self, namespaces: &Arc<NamespaceSet>, message: Message, size: usize) {
        let Message { from, namespace: name, body, .. } = message;
        match body {
            Body::Presence(presence) => {
                if let Some(from) = &from {
                    self.joined.handle_presence(from, presence);
                }
            }
            Body::Answer { request, answer } => self.joined.handle_answer(from.as_ref(), &request, answer),
            Body::Operation(operation) => {
                if let Some(namespace) = namespaces.find(&name) {
                    self.perform(&namespace, operation, size);
                }
            }
            Body::Question { request, extended, question } => {
                // Only the form of an extended question says that its sender listens for private answers.
                let to = match from {
                    Some(from) if extended => Address::Node(from),
                    _ => Address::Everyone,
                };
                let asked = Asked { to, extended, request };
                match namespaces.find(&name) {
                    Some(namespace) => self.answer(&namespace, question, asked, size),
                    // The namespace has just ended: the node still counts as one that has it.
                    None => self.answer_without_namespace(&name, &question, asked),
                }
            }
            _ => self.joined.counters().unknown.add(1),
        }
    }

    fn perform(&self, namespace: &Arc<Namespace>, operation: RemoteOperation, size: usize) {
        match operation {
            RemoteOperation::Broadcast { event, to, volatile } => {
                if let Some(packet) = self.encode(namespace, &event, None) {
                    namespace.perform(&to.into(), Operation::Emit { packet, volatile });
                }
            }
            RemoteOperation::Join { to, rooms } => {
                let selection = to.into();
                for room in rooms {
                    namespace.perform(&selection, Operation::Join { room });
                }
            }
            RemoteOperation::Leave { to, rooms } => {
                let selection = to.into();
                for room in rooms {
                    namespace.perform(&selection, Operation::Leave { room });
                }
            }
            RemoteOperation::Disconnect { to, close } => {
                namespace.perform(&to.into(), Operation::Disconnect { close });
            }
            RemoteOperation::ServerEvent { event } => self.call(namespace, event, size, None),
            _ => self.joined.counters().unknown.add(1),
        }
    }

    fn answer(&self, namespace: &Arc<Namespace>, question: Question, asked: Asked, size: usize) {
        match question {
            Question::Broadcast { event, to, volatile, timeout, .. } => {
                let Some(permit) = self.jobs.permit() else {
                    // The clients get the event all the same.
                    let operation = RemoteOperation::Broadcast { event, to, volatile };
                    return self.perform(namespace, operation, size);
                };
                let timeout = timeout.map(|timeout| timeout.min(MAX_TIMEOUT));
                let id = namespace.new_ack_id();
                let Some(packet) = self.encode(namespace, &event, Some(id)) else {
                    return self.send(namespace.path(), asked, Answer::Clients(0));
                };
                let (answers, collection) = Collection::new();
                let operation = Operation::Ask { packet, volatile, id, timeout, answers };
                namespace.perform(&to.into(), operation);
                let answering =
                    answer_with_acks(Arc::clone(&self.joined), namespace.path(), asked, collection);
                self.jobs.run(permit, answering);
            }
            Question::Sockets { to } => {
                let facts = snapshots(namespace, &to.into()).iter().map(SocketInfo::to_facts).collect();
                self.send(namespace.path(), asked, Answer::Sockets(facts));
            }
            Question::ServerEvent { event } => {
                let Asked { to, extended, request } = asked;
                let joined = Arc::clone(&self.joined);
                let answer =
                    NodeAnswer { joined, to, namespace: namespace.path().to_owned(), request, extended };
                self.call(namespace, event, size, Some(answer));
            }
            Question::SocketIds { rooms } => {
                let selection = Selection { rooms, ..Selection::default() };
                let ids =
                    snapshots(namespace, &selection).into_iter().map(|info| info.id().to_owned()).collect();
                self.send(namespace.path(), asked, Answer::SocketIds(ids));
            }
            Question::Rooms => {
                let rooms = namespace.room_names();
                self.send(namespace.path(), asked, Answer::Rooms(rooms));
            }
            _ => self.joined.counters().unknown.add(1),
        }
    }

    fn answer_without_namespace(&self, name: &str, question: &Question, asked: Asked) {
        let answer = match question {
            Question::Broadcast { .. } => Answer::Clients(0),
            Question::Sockets { .. } => Answer::Sockets(Vec::new()),
            Question::SocketIds { .. } => Answer::SocketIds(Vec::new()),
            Question::Rooms => Answer::Rooms(Vec::new()),
            Question::ServerEvent { .. } if asked.extended => Answer::Unanswered(NoAck::NoHandler),
            // A Node server knows no answer of a node without a handler; only the deadline ends it.
            _ => return,
        };
        self.send(name, asked, answer);
    }

    fn send(&self, namespace: &str, asked: Asked, answer: Answer) {
        self.joined.answer(&asked.to, namespace, asked.request, answer);
    }

    /// Queues an event for the handlers of the application. `size` is that of its message, which its attachments keep in
    /// memory as a whole.
    fn call(&self, namespace: &Arc<Namespace>, event: RawArray, size: usize, answer: Option<NodeAnswer>) {
        let (json, attachments) = event.into_parts();
        let Some(event) = Event::from_array(ByteString::from(json), attachments) else {
            self.joined.counters().malformed.add(1);
            self.joined.report_malformed(ReadError::Malformed("a server event without a name"));
            return;
        };
        let namespace = Arc::clone(namespace);
        self.jobs.call(ServerEvent { namespace, event, answer }, size);
    }

    /// Encodes an event for the clients of this process. Counts an event that clients would not understand.
    fn encode(&self, namespace: &Namespace, event: &RawArray, id: Option<AckId>) -> Option<Encoded> {
        let encoded = with_encoder(|encoder| {
            encoder.raw_event(namespace.path(), event.json(), event.attachments(), id)
        });
        if encoded.is_err() {
            self.joined.counters().unsendable.add(1);
        }
        encoded.ok()
    }
}

/// The maximum number of pairs of namespace and room that are looked up for a broadcast. A name of a room with more `#` than
/// that is unusual; its broadcasts are decoded. Without the limit, a name of a megabyte of them would take minutes.
const MAX_PAIRS: usize = 8;

/// The maximum time for which the acks to a broadcast of another node are collected.
const MAX_TIMEOUT: Duration = Duration::from_secs(600);

fn snapshots(namespace: &Namespace, selection: &Selection) -> Vec<SocketInfo> {
    let (info, mut collection) = Collection::new();
    namespace.perform(selection, Operation::Fetch { info });
    collection.drain().collect()
}

impl From<Destination> for Selection {
    fn from(to: Destination) -> Self {
        Self { rooms: to.rooms, except: to.except, without: None, local: true }
    }
}

impl Namespace {
    /// Returns `true` if sockets of this process are in a room, or have it as their own.
    fn has_room(&self, room: &str) -> bool {
        let rooms = self.rooms();
        rooms.exists(room) || room.parse::<SocketId>().is_ok_and(|id| rooms.find(&id).is_some())
    }

    /// Returns the names of all rooms, including those of the ids of the sockets.
    fn room_names(&self) -> Vec<String> {
        let mut names = std::collections::BTreeSet::new();
        for info in snapshots(self, &Selection::default()) {
            names.extend(info.into_rooms());
        }
        names.into_iter().collect()
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbound")
    }
}
