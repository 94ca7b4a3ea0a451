use std::collections::VecDeque;

use crate::Encoded;

/// The packets that a session has yet to send, and their total size.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<Encoded>,
    size: usize,
}

impl Outbox {
    /// The queue is freed when it is empty if its capacity exceeds this.
    const MAX_IDLE_CAPACITY: usize = 32;

    pub(crate) fn push(&mut self, packet: Encoded) {
        self.size += packet.size();
        self.queue.push_back(packet);
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Encoded> {
        self.queue.iter()
    }

    pub(crate) fn pop(&mut self) -> Option<Encoded> {
        let packet = self.queue.pop_front()?;
        self.size -= packet.size();
        if self.queue.is_empty() && self.queue.capacity() > Self::MAX_IDLE_CAPACITY {
            self.queue = VecDeque::new();
        }
        Some(packet)
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }
}
