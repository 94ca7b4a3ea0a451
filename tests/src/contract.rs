//! The server that stock clients are tested against.
