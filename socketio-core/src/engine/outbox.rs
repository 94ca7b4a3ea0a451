use std::collections::VecDeque;

use crate::Encoded;

/// The packets that a session has yet to send, and their total size.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<Encoded>,
    size: usize,
}

impl Outbox {
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
        Some(packet)
    }

    /// Frees the list if it is empty and has room for more than `kept` packets.
    pub(crate) fn shrink(&mut self, kept: usize) {
        if self.queue.is_empty() && self.queue.capacity() > kept {
            self.queue = VecDeque::new();
        }
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
