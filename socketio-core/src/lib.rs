//! The Socket.IO protocol as a pure state machine.
//!
//! This crate performs no I/O: it reads no clock, opens no socket, spawns no task and generates no random numbers.
//! Its input is bytes, the current time and ids; its output is bytes, events and deadlines. It behaves the same in a
//! test, in a fuzzer and on a plain thread. `socketio-tower` drives it with hyper and tokio.
//!
//! It implements the server side of Engine.IO 4 with Socket.IO 5, and with the feature `client` the client side as
//! well.
//!
//! | to | see |
//! |---|---|
//! | drive one client | [`Connection`], whose documentation has the drain rule and an example |
//! | read an HTTP request | [`engine::Request`] |
//! | use Engine.IO without Socket.IO | [`engine::Session`], [`Encoded::message`] |
//! | read and write packets | [`packet::decode`], [`packet::Encoder`], [`Encoded`] |
//! | resolve namespaces, keep rooms | [`namespace::Dispatcher`], [`namespace::Rooms`] |
//! | set bounds and intervals | [`Config`] |
#![cfg_attr(feature = "client", doc = "| implement a client | [`client`] |")]

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
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod engine;
pub mod namespace;
pub mod packet;
