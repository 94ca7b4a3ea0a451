//! The layer over real sockets: every test runs a server on a port of its own and speaks to it by hand.

mod client;

mod attach;
mod close;
mod emit;
mod errors;
mod filters;
mod handshake;
mod http2;
mod leak;
mod life;
mod listeners;
mod mounting;
mod order;
mod requests;
mod routing;
mod send;
mod setup;
mod spawn;
mod stalled;
mod state;
mod tasks;
mod testing;
mod upgrades;
