//! A Socket.IO server as a tower layer.

#[allow(dead_code, unused_imports)] // The session driver is its only user.
mod transport;
