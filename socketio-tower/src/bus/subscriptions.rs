use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use socketio_core::cluster::Subscription;

use super::Order;

/// The subscriptions of the node, and those that the backend does not know yet. Bounded by the numbers of namespaces and of
/// questions.
#[derive(Debug, Default)]
pub(super) struct Subscriptions(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Each with the number of its reasons: a namespace and a question may need the same channel.
    wanted: BTreeMap<Subscription, usize>,
    /// The changes that the backend does not know yet: what it has and must end, and what it must begin. Empty while there
    /// is no connection.
    ends: BTreeSet<Subscription>,
    begins: BTreeSet<Subscription>,
    connected: bool,
}

impl Subscriptions {
    /// Adds reasons to subscribe and removes others. Returns `true` if there are changes for the backend.
    pub(super) fn change(
        &self,
        add: impl IntoIterator<Item = Subscription>,
        remove: impl IntoIterator<Item = Subscription>,
    ) -> bool {
        let mut inner = self.lock();
        let inner = &mut *inner;
        for subscription in remove {
            let Some(reasons) = inner.wanted.get_mut(&subscription) else { continue };
            *reasons -= 1;
            if *reasons == 0 {
                inner.wanted.remove(&subscription);
                inner.end(subscription);
            }
        }
        for subscription in add {
            let reasons = inner.wanted.entry(subscription.clone()).or_insert(0);
            *reasons += 1;
            if *reasons == 1 && inner.connected && !inner.ends.remove(&subscription) {
                inner.begins.insert(subscription);
            }
        }
        !inner.is_told()
    }

    /// Returns all subscriptions, for a new connection.
    pub(super) fn begin(&self) -> Vec<Subscription> {
        let mut inner = self.lock();
        inner.connected = true;
        inner.forget_changes();
        inner.wanted.keys().cloned().collect()
    }

    /// Ends the connection.
    pub(super) fn end(&self) {
        let mut inner = self.lock();
        inner.connected = false;
        inner.forget_changes();
    }

    /// Appends orders for at most `most` changes. All subscriptions end before others begin, so that no channel is covered
    /// by two of them. If no change is left, calls `then` under the lock, and returns its result: a message that was queued
    /// after a change leaves after it.
    pub(super) fn take<R>(
        &self,
        most: usize,
        into: &mut Vec<Order>,
        then: impl FnOnce(&mut Vec<Order>) -> R,
    ) -> Option<R> {
        let mut inner = self.lock();
        for _ in 0..most {
            let ends = inner.ends.pop_first().map(Order::Unsubscribe);
            let Some(order) = ends.or_else(|| inner.begins.pop_first().map(Order::Subscribe)) else { break };
            into.push(order);
        }
        inner.is_told().then(|| then(into))
    }

    /// Ends all subscriptions.
    pub(super) fn clear(&self) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        for subscription in std::mem::take(&mut inner.wanted).into_keys() {
            inner.end(subscription);
        }
    }

    /// Returns `true` if there are no changes for the backend.
    pub(super) fn is_told(&self) -> bool {
        self.lock().is_told()
    }

    /// Returns the number of subscriptions.
    pub(super) fn len(&self) -> usize {
        self.lock().wanted.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Has the backend end a subscription, if it has it.
    fn end(&mut self, subscription: Subscription) {
        if self.connected && !self.begins.remove(&subscription) {
            self.ends.insert(subscription);
        }
    }

    fn forget_changes(&mut self) {
        self.ends.clear();
        self.begins.clear();
    }

    fn is_told(&self) -> bool {
        self.ends.is_empty() && self.begins.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(name: &'static str) -> Subscription {
        Subscription::Channel(name.as_bytes().into())
    }

    fn orders(subscriptions: &Subscriptions) -> Vec<String> {
        let mut orders = Vec::new();
        assert_eq!(subscriptions.take(10, &mut orders, |_| ()), Some(()));
        orders.iter().map(|order| format!("{order:?}").replace("Channel(b", "(")).collect()
    }

    #[test]
    fn only_changes_are_told() {
        let subscriptions = Subscriptions::default();
        assert!(!subscriptions.change([channel("a"), channel("b")], []), "there is no connection");
        assert_eq!(subscriptions.begin(), [channel("a"), channel("b")]);
        assert!(subscriptions.change([channel("c")], [channel("a")]));
        assert!(subscriptions.change([channel("b")], [channel("c"), channel("x")]));
        assert!(subscriptions.change([], [channel("b")]), "one of two reasons");
        assert!(subscriptions.change([channel("d")], []));
        assert_eq!(orders(&subscriptions), [r#"Unsubscribe(("a"))"#, r#"Subscribe(("d"))"#]);
        assert_eq!(orders(&subscriptions), [""; 0]);
        subscriptions.change([channel("a")], [channel("a")]);
        subscriptions.change([], [channel("a")]);
        assert_eq!(orders(&subscriptions), [""; 0], "came and went");
        subscriptions.end();
        assert!(!subscriptions.change([], [channel("b")]));
        assert_eq!((subscriptions.begin(), subscriptions.len()), (vec![channel("d")], 1));
    }

    #[test]
    fn changes_are_told_in_pieces() {
        let subscriptions = Subscriptions::default();
        subscriptions.begin();
        subscriptions.change((0..10).map(|n| Subscription::Channel(vec![n].into())), []);
        let mut orders = Vec::new();
        for (expected, is_all) in [(4, None), (8, None), (10, Some(())), (10, Some(()))] {
            assert_eq!(subscriptions.take(4, &mut orders, |_| ()), is_all);
            assert_eq!(orders.len(), expected);
        }
    }

    #[test]
    fn all_end_before_others_begin() {
        let subscriptions = Subscriptions::default();
        let names = |range: std::ops::Range<u8>| range.map(|n| Subscription::Channel(vec![n].into()));
        subscriptions.change(names(10..20), []);
        subscriptions.begin();
        subscriptions.change(names(0..5), names(10..20));
        let mut orders = Vec::new();
        while subscriptions.take(4, &mut orders, |_| ()).is_none() {}
        let begins = |order: &Order| matches!(order, Order::Subscribe(_));
        assert_eq!(orders.iter().position(begins), Some(10));
        assert!(orders.len() == 15 && orders[10..].iter().all(begins));
    }
}
