//! A network and its clock, in memory.
//!
//! Everything here drives `socketio-core` through its public API alone, in virtual time: a test moves the
//! clock by hand, and nothing waits.
//!
//! - [`Server`] is a [`Connection`](socketio_core::Connection) with its driver: each method is one input
//!   from the network or the application, followed by the drain rule; what comes out is recorded, and
//!   every drain checks what must hold at all times (see [`Ledger`] and [`App`]).
//! - [`Client`] is a peer that behaves as the stock clients do, and [`Pair`] joins it with a server by a
//!   [`Network`] that delays, reorders, duplicates and loses by a seed.
//! - [`Transcript`] replays a conversation from a text file.
//! - [`Operation`] is one random input; [`fuzzing`] holds the bodies of the fuzz targets.

mod app;
pub use app::{App, Token, Welcome};

mod client;
pub use client::Client;

mod ledger;
pub use ledger::{Ledger, Record};

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

pub mod fuzzing;
