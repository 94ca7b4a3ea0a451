//! The server through its public API. A test speaks to it by hand, through a network in memory, or with the test kit's client,
//! on a clock that is stopped.
//!
//! A test that needs TCP, several threads or a clock that runs says so in a line that begins with "On the wall clock";
//! `docs/testing.md` lists them all.

mod admission;
mod arguments;
mod around;
mod attach;
mod broadcast_ack;
mod client;
mod client_files;
mod clients;
mod close;
mod connecting;
mod dynamic_namespaces;
mod emit;
mod errors;
mod filters;
mod flood;
mod handshake;
mod hooks;
mod http2;
mod last_words;
mod layers;
mod leak;
mod leaving;
mod life;
mod limits;
mod listeners;
mod mounting;
mod namespace_attribute;
mod namespace_by_hand;
mod namespaces_as_types;
mod network;
mod observers;
mod order;
mod panics;
mod remote_sockets;
mod removal;
mod requests;
mod room_events;
mod routing;
mod send;
mod setup;
mod slow;
mod spawn;
mod stalled;
mod state;
mod tasks;
mod tcp;
mod testing;
mod trickle;
mod unfinished;
mod unread;
mod upgrades;
mod volatile;
