//! The behaviour of `socketio-core`, one file for each subject, in virtual time and on its public API
//! alone. "fault 4" in a comment is number 4 of `docs/faults.md`.

mod acks;
mod attachments;
mod heartbeat;
mod namespaces;
mod network;
mod operations;
mod parking;
mod payload_limits;
mod polling;
mod reasons;
mod transcripts;
mod upgrade;
mod websocket;
