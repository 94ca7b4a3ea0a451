use std::collections::BTreeMap;
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
    /// Whether the backend had each of these before they changed. Empty while there is no connection.
    changed: BTreeMap<Subscription, bool>,
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
                if inner.connected {
                    inner.changed.entry(subscription).or_insert(true);
                }
            }
        }
        for subscription in add {
            let reasons = inner.wanted.entry(subscription.clone()).or_insert(0);
            *reasons += 1;
            if *reasons == 1 && inner.connected {
                inner.changed.entry(subscription).or_insert(false);
            }
        }
        !inner.changed.is_empty()
    }

    /// Returns all subscriptions, for a new connection.
    pub(super) fn begin(&self) -> Vec<Subscription> {
        let mut inner = self.lock();
        inner.connected = true;
        inner.changed.clear();
        inner.wanted.keys().cloned().collect()
    }

    /// Ends the connection.
    pub(super) fn end(&self) {
        let mut inner = self.lock();
        inner.connected = false;
        inner.changed.clear();
    }

    /// Appends orders for at most `most` changes. Subscriptions end before others begin, so that no channel is covered by
    /// two of them.
    pub(super) fn take(&self, most: usize, into: &mut Vec<Order>) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let mut begun = Vec::new();
        for _ in 0..most {
            let Some((subscription, was_told)) = inner.changed.pop_first() else { break };
            match (was_told, inner.wanted.contains_key(&subscription)) {
                (false, true) => begun.push(Order::Subscribe(subscription)),
                (true, false) => into.push(Order::Unsubscribe(subscription)),
                (true, true) | (false, false) => {}
            }
        }
        into.append(&mut begun);
    }

    /// Ends all subscriptions.
    pub(super) fn clear(&self) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        for subscription in std::mem::take(&mut inner.wanted).into_keys() {
            if inner.connected {
                inner.changed.entry(subscription).or_insert(true);
            }
        }
    }

    /// Returns `true` if there are no changes for the backend.
    pub(super) fn is_told(&self) -> bool {
        self.lock().changed.is_empty()
    }

    /// Returns the number of subscriptions.
    pub(super) fn len(&self) -> usize {
        self.lock().wanted.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        subscriptions.take(10, &mut orders);
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
        for expected in [4, 8, 10, 10] {
            subscriptions.take(4, &mut orders);
            assert_eq!(orders.len(), expected);
        }
    }
}
