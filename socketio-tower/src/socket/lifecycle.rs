use std::sync::atomic::Ordering;

use crate::sync::AtomicU8;

/// How far a socket has come, and whether somebody listens to what is sent to it: one load tells both, because it is
/// asked for each packet of a broadcast.
#[derive(Debug)]
pub(super) struct Lifecycle(AtomicU8);

const CONNECTED: u8 = 1;
const GONE: u8 = 2;
const LISTENED: u8 = 4;
const RETIRED: u8 = 8;

impl Lifecycle {
    /// Its middlewares run.
    pub(super) fn new(listened: bool) -> Self {
        Self(AtomicU8::new(if listened { LISTENED } else { 0 }))
    }

    /// Connected, and nobody listens.
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

    /// It is gone from now on. True if it was before.
    pub(super) fn end(&self) -> bool {
        self.0.fetch_or(GONE, Ordering::AcqRel) & GONE != 0
    }

    /// Its disconnect handler has ended, too.
    pub(super) fn retire(&self) {
        self.0.fetch_or(GONE | RETIRED, Ordering::AcqRel);
    }

    /// Writes nothing, but is no load, which might see what was before. So of two threads one knows of the other: this one
    /// sees that the socket is connected or retired, or the one that does it next sees what this one has written before.
    pub(super) fn is_retired(&self) -> bool {
        self.0.fetch_or(0, Ordering::AcqRel) & RETIRED != 0
    }

    pub(super) fn listen(&self) {
        self.0.fetch_or(LISTENED, Ordering::AcqRel);
    }
}
