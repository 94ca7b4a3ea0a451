//! The messages between the nodes of a cluster, without IO.

mod id;
pub use id::{InvalidId, NodeId, RequestId, RequestKey};

mod array;
pub use array::RawArray;

mod message;
pub use message::{Answer, Body, Destination, Message, NoAck, Operation, Presence, Question, SocketFacts};

mod members;
mod request;

mod node;
pub use node::{Finished, Node, NodeConfig, NodeEvent, PeerLeft, Transmit};

mod wire;
pub use wire::{
    Address, Channels, Classic, MAX_ATTACHMENTS, MAX_DEPTH, MAX_MESSAGE, MAX_ROOMS, MAX_SOCKETS, Outgoing,
    Peek, ReadError, Subscription, Wire, WriteError,
};
