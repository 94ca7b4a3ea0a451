//! The behaviour of `socketio-core`, one file for each subject, in virtual time and on its public API
//! alone. Names such as "pitfalls 4" in comments are faults that other servers had.

mod heartbeat;
mod operations;
mod polling;
mod upgrade;
mod websocket;
