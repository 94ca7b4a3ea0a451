//! The layer over real sockets: every test runs a server on a port of its own and speaks to it by hand.

mod client;

mod admission;
mod around;
mod attach;
mod broadcast_ack;
mod client_files;
mod clients;
mod close;
mod dynamic_namespaces;
mod emit;
mod errors;
mod filters;
mod handshake;
mod hooks;
mod http2;
mod leak;
mod life;
mod listeners;
mod mounting;
mod namespaces_as_types;
mod order;
mod remote_sockets;
mod removal;
mod requests;
mod room_events;
mod routing;
mod send;
mod setup;
mod spawn;
mod stalled;
mod state;
mod tasks;
mod testing;
mod upgrades;
mod volatile;
