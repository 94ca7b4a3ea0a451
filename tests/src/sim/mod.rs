//! A simulated network and clock.
//!
//! Everything here drives `socketio-core` through its public API only, in virtual time: a test advances the clock
//! explicitly, and nothing sleeps.
//!
//! - [`Server`] is a [`Connection`](socketio_core::Connection) with its driver. Each method is one input from the network
//!   or the application, followed by the drain rule. The output is recorded, and every drain checks the invariants (see
//!   [`Ledger`] and [`App`]).
//! - [`Client`] is a peer that behaves like the official clients. [`Pair`] connects it to a server by a [`Network`] that
//!   delays, reorders, duplicates and loses messages depending on a seed.
//! - [`Transcript`] replays a conversation from a text file.
//! - [`cluster`] has the nodes of a cluster, and the bus between them.
//! - [`Messages`] generates the messages between the nodes of a cluster.
//! - [`Operation`] is one random input; [`fuzzing`] contains the bodies of the fuzz targets.

mod app;
pub use app::{App, Token, Welcome};

mod client;
pub use client::Client;

mod ledger;
pub use ledger::{Ledger, Record};

mod messages;
pub use messages::Messages;

mod network;
pub use network::{Network, Weather};

mod operation;
pub use operation::Operation;

mod pair;
pub use pair::Pair;

mod random;
pub use random::Random;

mod server;
pub use server::Server;

mod transcript;
pub use transcript::Transcript;

pub mod cluster;
pub mod fuzzing;
