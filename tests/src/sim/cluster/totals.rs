use std::collections::BTreeMap;

use socketio_core::cluster::{Address, Body, Message, Operation, Presence};

/// The work of a run, by kind of message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    work: BTreeMap<&'static str, Work>,
    /// The deliveries of events to sockets.
    pub deliveries: u64,
    /// The broadcasts that have arrived at a process without a socket for it.
    pub idle: u64,
    /// The counts of subscribers or receivers that the broker has reported.
    pub counts: u64,
    /// The questions that were completely answered.
    pub complete: u64,
    /// The questions that have ended otherwise.
    pub incomplete: u64,
}

/// The messages of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// The number of messages that were published.
    pub published: u64,
    /// Their size in bytes.
    pub published_bytes: u64,
    /// The number of copies that the broker has sent.
    pub copies: u64,
    /// Their size in bytes.
    pub copied_bytes: u64,
}

impl Totals {
    /// Counts a message that was published, and its copies.
    pub fn add(&mut self, to: &Address, message: &Message, size: usize, copies: usize) {
        let work = self.work.entry(kind(to, message)).or_default();
        let (size, copies) = (size as u64, copies as u64);
        work.published += 1;
        work.published_bytes += size;
        work.copies += copies;
        work.copied_bytes += size * copies;
    }

    /// Returns the work without signs of life.
    pub fn without_presence(mut self) -> Self {
        for kind in ["hello", "alive", "alive to one", "goodbye"] {
            self.work.remove(kind);
        }
        self
    }

    /// Returns the work for one kind of message.
    pub fn of(&self, kind: &str) -> Work {
        self.work.get(kind).copied().unwrap_or_default()
    }

    /// Returns the work for all kinds.
    pub fn sum(&self) -> Work {
        self.work.values().fold(Work::default(), |sum, work| Work {
            published: sum.published + work.published,
            published_bytes: sum.published_bytes + work.published_bytes,
            copies: sum.copies + work.copies,
            copied_bytes: sum.copied_bytes + work.copied_bytes,
        })
    }
}

/// Returns the kind of a message for [`Totals::of`].
fn kind(to: &Address, message: &Message) -> &'static str {
    match (&message.body, to) {
        (Body::Presence(Presence::Hello), _) => "hello",
        (Body::Presence(Presence::Alive), Address::Everyone) => "alive",
        (Body::Presence(Presence::Alive), Address::Node(_)) => "alive to one",
        (Body::Presence(Presence::Goodbye), _) => "goodbye",
        (Body::Operation(Operation::Broadcast { .. }), _) => "broadcast",
        (Body::Operation(_), _) => "operation",
        (Body::Question { .. }, _) => "question",
        (Body::Answer { .. }, _) => "answer",
        _ => "other",
    }
}
