use std::time::Duration;

use super::{NodeId, RawArray, RequestId};
use crate::namespace::Target;
use crate::packet::RawJson;

/// A message between the nodes of a cluster, independent of the bus that carries it.
///
/// ```
/// use socketio_core::cluster::{Address, Body, Channels, Destination, Message, NodeId, Operation, Wire};
///
/// let to = Destination { rooms: vec!["lobby".to_owned()], ..Destination::default() };
/// let join = Operation::Join { to, rooms: vec!["hall".to_owned()] };
/// let message = Message::new(NodeId::from_entropy([1; 8]), "/chat", Body::Operation(join));
///
/// let wire = Wire::Channels(Channels::new("socket.io"));
/// let sent = wire.encode(&Address::Everyone, &message).unwrap();
/// assert_eq!(wire.decode(&sent.channel, &sent.payload), Ok(message));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// The sender. `None` for answers of Node's classic adapter and operations of some emitters, which do not name it.
    pub from: Option<NodeId>,
    /// The path of the namespace.
    pub namespace: String,
    /// The contents.
    pub body: Body,
}

impl Message {
    /// Creates a message.
    ///
    /// ```
    /// use socketio_core::cluster::{Body, Message, NodeId, Presence};
    ///
    /// let message = Message::new(NodeId::from_entropy([1; 8]), "/", Body::Presence(Presence::Hello));
    /// assert_eq!(message.namespace, "/");
    /// ```
    pub fn new(from: NodeId, namespace: impl Into<String>, body: Body) -> Self {
        Self { from: Some(from), namespace: namespace.into(), body }
    }
}

/// The contents of a [`Message`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Body {
    /// A sign of life of a node. Not every implementation sends them.
    Presence(Presence),
    /// A command for the sockets of the receivers, without an answer.
    Operation(Operation),
    /// A request that each node answers.
    Question {
        /// The id that answers repeat.
        request: RequestId,
        /// Set if the asking node understands the extensions of this implementation: private answers,
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

impl Body {
    /// Returns `true` if there is binary in the message.
    pub(super) fn has_attachments(&self) -> bool {
        self.array().is_some_and(|array| !array.attachments().is_empty())
    }

    /// Returns the size in bytes of the contents that may be large.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Answer { answer, .. } => answer.size(),
            _ => self.array().map_or(0, RawArray::size),
        }
    }

    /// Returns the array of an event or an ack, if there is one.
    fn array(&self) -> Option<&RawArray> {
        match self {
            Self::Operation(Operation::Broadcast { event, .. } | Operation::ServerEvent { event })
            | Self::Question {
                question: Question::Broadcast { event, .. } | Question::ServerEvent { event },
                ..
            } => Some(event),
            Self::Answer { answer: Answer::Ack(args) | Answer::ServerEvent(args), .. } => Some(args),
            _ => None,
        }
    }
}

/// A sign of life of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The node has joined. The others answer with [`Alive`](Self::Alive).
    Hello,
    /// The node is running.
    Alive,
    /// The node is leaving.
    Goodbye,
}

/// A command that each node executes for its own sockets.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// Send an event to the sockets.
    Broadcast {
        /// The name of the event and its arguments.
        event: RawArray,
        /// The sockets.
        to: Destination,
        /// Set if the event is discarded where it cannot be sent immediately.
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
        /// Set if the connections of their clients are closed.
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
        /// Set if the event is discarded where it cannot be sent immediately.
        volatile: bool,
        /// The time that the asking node waits for acks, if it is known. Whole milliseconds are sent, at most `u32::MAX`.
        timeout: Option<Duration>,
        /// Set if one ack is enough, because the event is for a single socket.
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
    /// Answer with the ids of the sockets in any of these rooms, or of all sockets if there are no rooms. Old versions of
    /// Node's classic adapter ask this; the newer form has no such question.
    SocketIds {
        /// The rooms.
        rooms: Vec<String>,
    },
    /// Answer with the names of all rooms. Node's classic adapter asks this in `allRooms()`; the newer form has no such
    /// question.
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
    /// A socket will not acknowledge the event, or the node will not answer the server event. This is an extension: Node
    /// lets the asking node wait for its timeout.
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
    /// The answer exceeds a limit of its node. Other questions than broadcasts and server events have this answer, too.
    TooLarge,
}

/// A selection of sockets by name, as in [`Target`].
///
/// ```
/// use socketio_core::cluster::Destination;
///
/// let everyone = Destination::default();
/// assert!(everyone.rooms.is_empty() && everyone.except.is_empty());
/// assert_eq!(format!("{:?}", everyone.target()), "Target { rooms: [], except: [], without: None }");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Destination {
    /// The rooms whose sockets are selected. If there are none, all sockets are selected.
    pub rooms: Vec<String>,
    /// The rooms whose sockets are excluded.
    pub except: Vec<String>,
}

impl Destination {
    /// Returns the selection as a target.
    pub fn target(&self) -> Target<'_, String, String> {
        Target::rooms(&self.rooms).except(&self.except)
    }
}

/// A snapshot of a socket, as nodes send it to each other.
///
/// ```
/// use socketio_core::cluster::SocketFacts;
/// use socketio_core::packet::RawJson;
///
/// let empty = RawJson::parse("{}").unwrap();
/// let facts = SocketFacts::new("9aFAjv8vl6tN1Vy2AAAC".to_owned(), vec!["lobby".to_owned()], empty.clone(), empty);
/// assert_eq!(facts.rooms, ["lobby"]);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SocketFacts {
    /// The id: 1 to 256 bytes. Node has ids of other forms than [`SocketId`](crate::SocketId) for clients of older protocol
    /// revisions.
    pub id: String,
    /// The rooms that the socket is in.
    pub rooms: Vec<String>,
    /// The request that opened the client's session, as Node writes it: a JSON object with `headers`, `query`, `auth` and
    /// others.
    pub handshake: RawJson,
    /// The data that the application has attached to the socket. Binary in the data of a Node socket is a list of numbers.
    pub data: RawJson,
}

impl Answer {
    /// Returns the approximate size in bytes: of the texts and attachments, and of each snapshot.
    ///
    /// ```
    /// use socketio_core::cluster::Answer;
    ///
    /// assert!(Answer::Rooms(vec!["lobby".to_owned(), "hall".to_owned()]).size() >= 9);
    /// assert_eq!(Answer::Clients(3).size(), 0);
    /// ```
    pub fn size(&self) -> usize {
        match self {
            Self::Sockets(sockets) => sockets.iter().map(SocketFacts::size).sum(),
            Self::SocketIds(names) | Self::Rooms(names) => names.iter().map(|name| name.len() + 3).sum(),
            Self::Ack(args) | Self::ServerEvent(args) => args.size(),
            Self::Clients(_) | Self::Unanswered(_) => 0,
        }
    }
}

impl SocketFacts {
    /// Creates a snapshot.
    pub fn new(id: String, rooms: Vec<String>, handshake: RawJson, data: RawJson) -> Self {
        Self { id, rooms, handshake, data }
    }

    /// Returns the approximate size in bytes.
    fn size(&self) -> usize {
        let rooms = self.rooms.iter().map(|room| room.len() + 3).sum::<usize>();
        64 + self.id.len() + rooms + self.handshake.as_str().len() + self.data.as_str().len()
    }
}
