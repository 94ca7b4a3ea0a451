//! Several servers as one, over a bus in memory.

mod acks;
mod broadcasts;
mod garbage;
mod leaving;
mod life;
mod nodes;
mod outage;
mod recorder;
mod server_events;
mod sockets;
mod subscriptions;
