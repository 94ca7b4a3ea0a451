use std::collections::VecDeque;
use std::task::{Context, Poll, ready};

use tokio::sync::mpsc;

/// The sending end of a [`Collection`], which ends when all its senders are dropped.
#[derive(Debug)]
pub(crate) struct Collector<T>(mpsc::UnboundedSender<Message<T>>);

/// Items from several senders, which may announce the number of their items late.
#[derive(Debug)]
pub(crate) struct Collection<T> {
    receiver: mpsc::UnboundedReceiver<Message<T>>,
    /// The items that were received and not returned yet.
    received: VecDeque<T>,
    /// The number of announced items that were not received yet.
    expected: usize,
}

#[derive(Debug)]
enum Message<T> {
    Expect(usize),
    Item(T),
}

/// An item of a collection, or the absence of an announced one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Collected<T> {
    Item(T),
    /// An announced item that will not arrive, because its sender was dropped.
    Missing,
}

impl<T> Collector<T> {
    /// Announces items. Every item must be announced before it is sent.
    pub(crate) fn expect(&self, items: usize) {
        // The collection may have been dropped, here and below.
        self.0.send(Message::Expect(items)).ok();
    }

    /// Sends an announced item.
    pub(crate) fn send(&self, item: T) {
        self.0.send(Message::Item(item)).ok();
    }
}

impl<T> Collection<T> {
    pub(crate) fn new() -> (Collector<T>, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Collector(sender), Self { receiver, received: VecDeque::new(), expected: 0 })
    }

    /// Receives all pending messages without waiting.
    pub(crate) fn gather(&mut self) {
        while let Ok(message) = self.receiver.try_recv() {
            self.receive(message);
        }
    }

    /// Returns the number of items that are still to be returned, as far as known.
    pub(crate) fn remaining(&self) -> usize {
        self.expected + self.received.len()
    }

    /// Returns the items received so far, without waiting.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = T> {
        self.gather();
        self.received.drain(..)
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Collected<T>>> {
        loop {
            if let Some(item) = self.received.pop_front() {
                return Poll::Ready(Some(Collected::Item(item)));
            }
            match ready!(self.receiver.poll_recv(cx)) {
                Some(message) => self.receive(message),
                None if self.expected == 0 => return Poll::Ready(None),
                None => {
                    self.expected -= 1;
                    return Poll::Ready(Some(Collected::Missing));
                }
            }
        }
    }

    fn receive(&mut self, message: Message<T>) {
        match message {
            Message::Expect(items) => self.expected += items,
            Message::Item(item) => {
                self.expected = self.expected.saturating_sub(1);
                self.received.push_back(item);
            }
        }
    }
}

// Not derived: `T` need not be `Clone`.
impl<T> Clone for Collector<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn next<T>(collection: &mut Collection<T>) -> Option<Collected<T>> {
        poll_fn(|cx| collection.poll_next(cx)).await
    }

    /// A second sender announces its items late, and then more.
    #[tokio::test]
    async fn the_expected_number_grows() {
        let (here, mut collection) = Collection::new();
        let there = here.clone();
        here.expect(1);
        here.send("here");
        drop(here);
        collection.gather();
        assert_eq!(collection.remaining(), 1);
        assert_eq!(next(&mut collection).await, Some(Collected::Item("here")));
        assert!(futures_util::poll!(std::pin::pin!(next(&mut collection))).is_pending(), "another may come");
        there.expect(2);
        there.send("there");
        there.expect(1);
        collection.gather();
        assert_eq!(collection.remaining(), 3);
        assert_eq!(next(&mut collection).await, Some(Collected::Item("there")));
        drop(there);
        assert_eq!(next(&mut collection).await, Some(Collected::Missing));
        assert_eq!(next(&mut collection).await, Some(Collected::Missing));
        assert_eq!(next(&mut collection).await, None);
        assert_eq!(collection.remaining(), 0);
    }
}
