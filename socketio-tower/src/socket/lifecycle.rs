use std::sync::atomic::Ordering;

use crate::sync::AtomicU8;

/// The stage of a socket, and whether it has listeners for outgoing events. Both are read by one atomic load, because
/// every packet of a broadcast checks them.
#[derive(Debug)]
pub(super) struct Lifecycle(AtomicU8);

const CONNECTED: u8 = 1;
const GONE: u8 = 2;
const LISTENED: u8 = 4;
const RETIRED: u8 = 8;

impl Lifecycle {
    /// Creates the lifecycle of a socket that is not connected yet.
    pub(super) fn new(listened: bool) -> Self {
        Self(AtomicU8::new(if listened { LISTENED } else { 0 }))
    }

    /// Returns `true` if the socket is connected and has no outgoing listener.
    pub(super) fn is_plainly_connected(&self) -> bool {
        self.0.load(Ordering::Acquire) == CONNECTED
    }

    pub(super) fn is_connected(&self) -> bool {
        self.0.load(Ordering::Acquire) & (CONNECTED | GONE) == CONNECTED
    }

    pub(super) fn is_gone(&self) -> bool {
        self.0.load(Ordering::Acquire) & GONE != 0
    }

    pub(super) fn connect(&self) {
        self.0.fetch_or(CONNECTED, Ordering::AcqRel);
    }

    /// Marks the socket as gone. Returns `true` if it was gone before.
    pub(super) fn end(&self) -> bool {
        self.0.fetch_or(GONE, Ordering::AcqRel) & GONE != 0
    }

    /// Marks the socket as retired: its disconnect handler has finished, too.
    pub(super) fn retire(&self) {
        self.0.fetch_or(GONE | RETIRED, Ordering::AcqRel);
    }

    /// Returns `true` if the socket is retired. A read-modify-write instead of a load, which might return an old value.
    /// So of two threads at least one sees the other: this one sees that the socket is retired or connected, or the
    /// thread that marks it so afterwards sees everything that this thread wrote before.
    pub(super) fn is_retired(&self) -> bool {
        self.0.fetch_or(0, Ordering::AcqRel) & RETIRED != 0
    }

    pub(super) fn listen(&self) {
        self.0.fetch_or(LISTENED, Ordering::AcqRel);
    }
}
