//! A Socket.IO server as a tower layer.
