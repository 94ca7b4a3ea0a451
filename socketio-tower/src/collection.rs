use std::collections::VecDeque;
use std::task::{Context, Poll, ready};

use tokio::sync::mpsc;

/// The sending end of a [`Collection`], which ends when all of them are dropped.
#[derive(Debug)]
pub(crate) struct Collector<T>(mpsc::UnboundedSender<Message<T>>);

/// Items that come from many sides, some of which do not know from the beginning how many they will have.
#[derive(Debug)]
pub(crate) struct Collection<T> {
    receiver: mpsc::UnboundedReceiver<Message<T>>,
    /// Those that have come and were not taken.
    there: VecDeque<T>,
    /// The number still to come, as far as that was announced.
    expected: usize,
}

#[derive(Debug)]
enum Message<T> {
    Expect(usize),
    Item(T),
}

/// An item of a collection, or the lack of one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Collected<T> {
    Item(T),
    /// One that was announced will not come: whoever announced it is gone.
    Missing,
}

impl<T> Collector<T> {
    /// Announces more items, each before it is sent.
    pub(crate) fn expect(&self, items: usize) {
        // Whoever collects may have given up, here and below.
        self.0.send(Message::Expect(items)).ok();
    }

    /// Sends an item that was announced.
    pub(crate) fn send(&self, item: T) {
        self.0.send(Message::Item(item)).ok();
    }
}

impl<T> Collection<T> {
    pub(crate) fn new() -> (Collector<T>, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Collector(sender), Self { receiver, there: VecDeque::new(), expected: 0 })
    }

    /// Takes what has come and what was announced by now.
    pub(crate) fn gather(&mut self) {
        while let Ok(message) = self.receiver.try_recv() {
            self.take(message);
        }
    }

    /// Returns the number of items still to come, as far as that is known.
    pub(crate) fn remaining(&self) -> usize {
        self.expected + self.there.len()
    }

    /// The items that are there, without waiting.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = T> {
        self.gather();
        self.there.drain(..)
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Collected<T>>> {
        loop {
            if let Some(item) = self.there.pop_front() {
                return Poll::Ready(Some(Collected::Item(item)));
            }
            match ready!(self.receiver.poll_recv(cx)) {
                Some(message) => self.take(message),
                None if self.expected == 0 => return Poll::Ready(None),
                None => {
                    self.expected -= 1;
                    return Poll::Ready(Some(Collected::Missing));
                }
            }
        }
    }

    fn take(&mut self, message: Message<T>) {
        match message {
            Message::Expect(items) => self.expected += items,
            Message::Item(item) => {
                self.expected = self.expected.saturating_sub(1);
                self.there.push_back(item);
            }
        }
    }
}

// Not derived, which would ask the same of the items.
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

    /// Another node says late how many it has, and then more.
    #[tokio::test]
    async fn what_is_expected_grows() {
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
