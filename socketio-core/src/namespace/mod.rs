//! Namespaces: their paths, the names of their events, their rooms.
