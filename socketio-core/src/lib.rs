//! The Socket.IO protocol as a pure state machine.
//!
//! This crate reads no clock, opens no socket, spawns no task and draws no random number: bytes, time and ids go in; bytes,
//! events and deadlines come out. It runs the same in a test, in a fuzzer and on a plain thread. `socketio-tower` drives it
//! from hyper and tokio.
//!
//! It speaks Engine.IO 4 with Socket.IO 5, from the server's side; with the feature `client` from the client's, too.
//!
//! | to | see |
//! |---|---|
//! | drive one client | [`Connection`], whose documentation has the drain rule and an example |
//! | read an HTTP request | [`engine::Request`] |
//! | use Engine.IO without Socket.IO | [`engine::Session`], [`Encoded::message`] |
//! | read and write packets | [`packet::decode`], [`packet::Encoder`], [`Encoded`] |
//! | resolve namespaces, keep rooms | [`namespace::Dispatcher`], [`namespace::Rooms`] |
//! | set bounds and intervals | [`Config`] |
#![cfg_attr(feature = "client", doc = "| be a client | [`client`] |")]

mod config;
pub use config::Config;

mod id;
pub use id::{ParseIdError, Sid, SocketId};

mod transport;
pub use transport::{LinkError, LinkId, Message, Transport, Transports};

mod time;

mod reason;
pub use reason::DisconnectReason;

mod revision;
pub use revision::Revision;

mod connection;
pub use connection::{
    Accept, AckFailure, AckRequest, Connection, ConnectionEvent, Pending, ProtocolViolation, SocketKey,
};

mod codec;

mod encoded;
pub use encoded::{Attachments, Encoded};

#[cfg(feature = "client")]
pub mod client;
pub mod engine;
pub mod namespace;
pub mod packet;
