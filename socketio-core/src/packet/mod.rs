//! Socket.IO packets: what they say, how they are read and written.
