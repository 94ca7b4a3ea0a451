//! The messages between the nodes of a cluster, and the state that a node keeps of the others, without IO.
//!
//! A cluster is a set of servers, called nodes, that share their namespaces: a broadcast of one node reaches the
//! sockets of all. The nodes are connected by a bus, such as Redis, that delivers a message to each node that is
//! subscribed at the time, at most once, and in order from one node to another. Nodes keep no copy of each other's
//! sockets or rooms. Each applies what it receives to its own.
//!
//! | to | see |
//! |---|---|
//! | know the peers, and ask them | [`Node`] |
//! | send and receive anything | [`Message`] |
//! | write and read it, name channels | [`Wire`] |
//!
//! # The drain rule
//!
//! After any call that takes `&mut self`, the driver of a [`Node`] calls [`poll`](Node::poll) until it returns `None`,
//! then [`poll_transmit`](Node::poll_transmit) until it returns `None`, then [`poll_timeout`](Node::poll_timeout),
//! whose result replaces the previous one. Reporting a count at once is another such call. The current time is an
//! argument and must not go backwards.
//!
//! The rule bounds both queues: one call adds at most one action and one event for each pending question and each peer.
//!
//! # Questions
//!
//! A question goes to every node that has its namespace. Their number is all that is known about them: the bus counts
//! the subscribers of the namespace before the question is published, and the receivers when it is. Both counts include
//! the node itself, and the least one is right, because subscribers that are not nodes, such as monitors, only raise
//! it.
//!
//! ```text
//!   Counting ──first count──▶ Waiting ──all have answered──▶ Finished: Complete
//!      │                         │
//!      ├──half of the time, or a peer has left: count again; a lower number replaces the expected one
//!      ├──deadline──▶ Finished: Incomplete
//!      ├──the bus is down──▶ Finished: Unreachable
//!      └──the answers are too large──▶ Finished: TooLarge
//! ```
//!
//! - The question is complete when the number of nodes that have answered reaches the least count, without the node
//!   itself. Until then, further answers are taken too, such as that of a node that came between the two counts.
//! - If no count succeeds, only the deadline ends the question.
//! - A node that dies without an answer lowers the count at half of the time, so the others are not held up until the
//!   deadline. If a node dies after its answer, and nothing is known of its death, this completes a question although
//!   another node is still to answer. A node that says goodbye after its answer is known not to be in later counts.
//! - Each node answers a [`Question::Broadcast`] with [`Answer::Clients`], then for each of these sockets with
//!   [`Answer::Ack`] or [`Answer::Unanswered`]. The question is complete when all nodes and all sockets have answered.
//!
//! # Peers
//!
//! Nodes of this implementation give signs of life, [`Presence`], in the namespace `/`. From them, a node knows its
//! peers by name. This serves observers and error messages, and counts again in time when a peer leaves; the number of
//! expected answers does not depend on it, so nodes without signs of life can take part.
//!
//! ```text
//!                     ┌──any presence or answer──┐
//!                     ▼                          │
//!   unknown ──Hello or Alive──▶ present ──Goodbye──▶ unknown (left: Goodbye)
//!                                  └────silent for heartbeat_timeout──▶ unknown (left: Silent)
//! ```
//!
//! A node says [`Hello`](Presence::Hello) to all when its connection is up, and the others answer it with
//! [`Alive`](Presence::Alive). It says [`Alive`](Presence::Alive) to all at each interval, and
//! [`Goodbye`](Presence::Goodbye) when it leaves. Silence counts only while the node itself is connected and running:
//! an outage of the bus does not make the peers leave. It counts from zero after each outage, so a peer that is gone
//! remains in the list until the connection has been up for `heartbeat_timeout`.

mod id;
pub use id::{InvalidId, NodeId, RequestId, RequestKey};

mod array;
pub use array::RawArray;

mod message;
pub use message::{Answer, Body, Destination, Message, NoAck, Operation, Presence, Question, SocketFacts};

mod config;
pub use config::NodeConfig;

mod event;
pub use event::{Finished, NodeEvent, PeerLeft, Transmit};

mod members;
pub use members::MAX_PEERS;

mod request;

mod requests;
pub use requests::MAX_QUESTIONS;

mod node;
pub use node::Node;

mod wire;
pub use wire::{
    Address, Channels, Classic, MAX_ATTACHMENTS, MAX_DEPTH, MAX_MESSAGE, MAX_ROOMS, MAX_SOCKETS, Outgoing,
    Peek, ReadError, Subscription, Wire, WriteError,
};
