use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socketio_core::cluster::Outgoing;
use tokio::time::Instant;

use super::Order;

/// The queue of orders for the backend, bounded in bytes and age.
#[derive(Debug)]
pub(super) struct Outbound(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    orders: VecDeque<(Instant, Order)>,
    bytes: usize,
    lost: Lost,
    is_closed: bool,
}

/// The messages that were not published.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) messages: u64,
    pub(super) bytes: u64,
}

/// The maximum number of bytes that wait: two of the largest messages, or a second of broadcasts of 1 KiB at the rate of
/// one Redis.
pub(super) const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The age at which a waiting message is dropped. Longer than a restart of a broker on the same machine; a broadcast that
/// comes later surprises more than one that is missing.
pub(super) const MAX_AGE: Duration = Duration::from_secs(5);

/// The maximum number of orders, and of bytes, that are taken at once.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 256 * 1024;

/// The memory that a queued order takes beyond its bytes: its entry, and the blocks of its channel and payload.
const OVERHEAD: usize = 160;

impl Outbound {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// Appends an order. Returns it if the queue is full or closed. An empty queue takes any order.
    pub(super) fn push(&self, order: Order) -> Result<(), Order> {
        let (now, size) = (Instant::now(), size(&order));
        // Orders are dropped outside the lock: dropping a receipt answers it, which may push another order.
        let old;
        let mut inner = self.lock();
        if inner.is_closed {
            inner.lose(&order);
            return Err(order);
        }
        if inner.is_full(size) {
            // The oldest may be too old to be sent, and take the place of those that are not.
            old = inner.remove_old(now);
            if inner.is_full(size) {
                inner.lose(&order);
                drop(inner);
                drop(old);
                return Err(order);
            }
        }
        inner.bytes += size;
        inner.orders.push_back((now, order));
        Ok(())
    }

    /// Appends orders to a list. Returns those that are too old, to be dropped outside of locks.
    #[must_use]
    pub(super) fn take(&self, into: &mut Vec<Order>) -> Vec<Order> {
        let mut inner = self.lock();
        let old = inner.remove_old(Instant::now());
        let mut bytes = 0;
        while into.len() < BATCH && bytes < BATCH_BYTES {
            let Some((_, order)) = inner.orders.pop_front() else { break };
            let size = size(&order);
            inner.bytes -= size;
            bytes += size;
            into.push(order);
        }
        if inner.orders.is_empty() && inner.orders.capacity() > BATCH {
            inner.orders = VecDeque::new();
        }
        old
    }

    /// Takes no further orders. Returns those that wait, which are lost, to be dropped outside of locks.
    #[must_use]
    pub(super) fn close(&self) -> Vec<Order> {
        let mut inner = self.lock();
        inner.is_closed = true;
        inner.bytes = 0;
        let orders: Vec<_> = std::mem::take(&mut inner.orders).into_iter().map(|(_, order)| order).collect();
        orders.iter().for_each(|order| inner.lose(order));
        orders
    }

    /// Drops orders that are too old, while nothing is taken.
    pub(super) fn expire(&self) {
        let old = self.lock().remove_old(Instant::now());
        drop(old);
    }

    /// Returns the number of bytes that wait.
    pub(super) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Returns what has not been published since the beginning.
    pub(super) fn lost(&self) -> Lost {
        self.lock().lost
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Returns `true` if the queue has no room for this many bytes. An empty one always has.
    fn is_full(&self, size: usize) -> bool {
        !self.orders.is_empty() && self.bytes + size > MAX_BYTES
    }

    fn remove_old(&mut self, now: Instant) -> Vec<Order> {
        let mut old = Vec::new();
        while let Some((since, _)) = self.orders.front()
            && now.duration_since(*since) > MAX_AGE
            && let Some((_, order)) = self.orders.pop_front()
        {
            self.bytes -= size(&order);
            self.lose(&order);
            old.push(order);
        }
        old
    }

    fn lose(&mut self, order: &Order) {
        if let Order::Publish { message, .. } = order {
            self.lost.messages += 1;
            self.lost.bytes += message.payload.len() as u64;
        }
    }
}

fn size(order: &Order) -> usize {
    OVERHEAD
        + match order {
            Order::Publish { message: Outgoing { channel, payload }, .. } => channel.len() + payload.len(),
            Order::Count { channel, .. } => channel.len(),
            Order::Subscribe(_) | Order::Unsubscribe(_) => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(bytes: usize) -> Order {
        let message = Outgoing { channel: "c".into(), payload: vec![0; bytes].into() };
        Order::Publish { message, receipt: None }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_old_or_too_much_is_lost_and_counted() {
        let outbound = Outbound::new();
        assert!(outbound.push(publish(2 * MAX_BYTES)).is_ok(), "an empty queue takes any");
        assert!(outbound.push(publish(1)).is_err());
        assert_eq!(outbound.lost(), Lost { messages: 1, bytes: 1 });
        tokio::time::advance(MAX_AGE).await;
        outbound.expire();
        assert_eq!(outbound.lost().messages, 1, "just as old as it may be");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(outbound.push(publish(3)).is_ok(), "the old one makes room");
        assert_eq!(outbound.lost(), Lost { messages: 2, bytes: 1 + 2 * MAX_BYTES as u64 });
        let mut orders = Vec::new();
        assert!(outbound.take(&mut orders).is_empty());
        assert!(matches!(&orders[..], [Order::Publish { message, .. }] if message.payload.len() == 3));
        assert_eq!(outbound.bytes(), 0);
    }

    #[tokio::test]
    async fn a_closed_queue_has_lost_what_it_had() {
        let outbound = Outbound::new();
        outbound.push(publish(1)).unwrap();
        drop(outbound.close());
        assert!(outbound.push(publish(2)).is_err());
        assert_eq!((outbound.bytes(), outbound.lost()), (0, Lost { messages: 2, bytes: 3 }));
    }

    #[tokio::test]
    async fn they_are_taken_in_pieces() {
        let outbound = Outbound::new();
        for _ in 0..600 {
            outbound.push(publish(1)).unwrap();
        }
        let taken = || {
            let mut orders = Vec::new();
            assert!(outbound.take(&mut orders).is_empty());
            orders.len()
        };
        assert_eq!([taken(), taken(), taken(), taken()], [256, 256, 88, 0]);
        for _ in 0..3 {
            outbound.push(publish(BATCH_BYTES / 2)).unwrap();
        }
        assert_eq!([taken(), taken(), outbound.bytes()], [2, 1, 0]);
    }
}
