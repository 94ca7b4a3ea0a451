//! The behaviour of `socketio-core`, one file per subject, in virtual time and through its public API alone. A comment
//! "fault 4: …" names number 4 of `docs/faults.md`.

mod acks;
mod attachments;
mod cluster;
mod heartbeat;
mod namespaces;
mod network;
mod operations;
mod parking;
mod payload_limits;
mod polling;
mod reasons;
mod shortcuts;
mod transcripts;
mod twins;
mod upgrade;
mod websocket;
