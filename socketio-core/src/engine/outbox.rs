use std::collections::VecDeque;

use crate::Encoded;

/// What a session has still to send, and how much it weighs.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    queue: VecDeque<Encoded>,
    weight: usize,
}

impl Outbox {
    /// Room for more packets than this is given back once the queue is empty.
    const KEPT: usize = 32;

    pub(super) fn push(&mut self, packet: Encoded) {
        self.weight += packet.weight();
        self.queue.push_back(packet);
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Encoded> {
        self.queue.iter()
    }

    pub(super) fn pop(&mut self) -> Option<Encoded> {
        let packet = self.queue.pop_front()?;
        self.weight -= packet.weight();
        if self.queue.is_empty() && self.queue.capacity() > Self::KEPT {
            self.queue = VecDeque::new();
        }
        Some(packet)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn weight(&self) -> usize {
        self.weight
    }
}
