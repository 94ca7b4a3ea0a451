//! The behaviour of `socketio-core`, one file for each subject, in virtual time and on its public API
//! alone. Names such as "pitfalls 4" in comments are faults that other servers had.

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
