use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use socketio_core::cluster::{Outgoing, Subscription};

use crate::sim::Random;

/// The number of a node.
pub type NodeIndex = usize;

/// A broker: it delivers the messages of each sender in order, each after a random delay, at most once.
#[derive(Debug)]
pub struct Bus {
    connections: BTreeMap<NodeIndex, Connection>,
    deliveries: BTreeMap<(Instant, u64), Delivery>,
    /// The time of the last delivery from one node to another, before which no later one arrives.
    last: BTreeMap<(NodeIndex, NodeIndex), Instant>,
    sequence: u64,
    max_delay: Duration,
    /// Subscribers that no node is behind, such as monitors: they inflate counts.
    pub ghosts: usize,
}

#[derive(Debug)]
struct Connection {
    /// A new number for each connection: what was sent to an earlier one is lost.
    epoch: u64,
    subscriptions: BTreeSet<Subscription>,
    /// Whether the broker believes that it delivers, but nothing arrives.
    is_deaf: bool,
}

/// A message on its way.
#[derive(Debug)]
pub struct Delivery {
    /// The receiver.
    pub to: NodeIndex,
    /// The channel.
    pub channel: Bytes,
    /// The message.
    pub payload: Bytes,
    epoch: u64,
}

impl Bus {
    /// Creates a broker.
    pub fn new(max_delay: Duration) -> Self {
        Self {
            connections: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            last: BTreeMap::new(),
            sequence: 0,
            max_delay,
            ghosts: 0,
        }
    }

    /// Connects a node with its subscriptions. An earlier connection of the node ends.
    pub fn connect(&mut self, node: NodeIndex, subscriptions: impl IntoIterator<Item = Subscription>) {
        self.sequence += 1;
        let subscriptions = subscriptions.into_iter().collect();
        self.connections.insert(node, Connection { epoch: self.sequence, subscriptions, is_deaf: false });
    }

    /// Ends the connection of a node.
    pub fn disconnect(&mut self, node: NodeIndex) {
        self.connections.remove(&node);
    }

    /// Lets nothing arrive at a node any longer, without ending its connection.
    pub fn deafen(&mut self, node: NodeIndex) {
        if let Some(connection) = self.connections.get_mut(&node) {
            connection.is_deaf = true;
        }
    }

    /// Returns `true` if messages arrive at a node.
    pub fn hears(&self, node: NodeIndex) -> bool {
        self.connections.get(&node).is_some_and(|connection| !connection.is_deaf)
    }

    /// Returns the number of subscriptions of all nodes.
    pub fn subscriptions(&self) -> usize {
        self.connections.values().map(|connection| connection.subscriptions.len()).sum()
    }

    /// Publishes a message; returns the number of receivers that the broker reports.
    pub fn publish(
        &mut self,
        from: NodeIndex,
        message: &Outgoing,
        now: Instant,
        random: &mut Random,
    ) -> usize {
        let mut receivers = self.ghosts;
        for (&to, connection) in &self.connections {
            if !connection.subscriptions.iter().any(|subscription| covers(subscription, &message.channel)) {
                continue;
            }
            receivers += 1;
            if connection.is_deaf {
                continue;
            }
            let delay = self.max_delay.mul_f64(random.below(1000) as f64 / 1000.0);
            let last = self.last.entry((from, to)).or_insert(now);
            *last = (*last).max(now + delay);
            self.sequence += 1;
            let (channel, payload) = (message.channel.clone(), message.payload.clone());
            let delivery = Delivery { to, channel, payload, epoch: connection.epoch };
            self.deliveries.insert((*last, self.sequence), delivery);
        }
        receivers
    }

    /// Returns the number of subscribers of a channel, without those of patterns.
    pub fn count(&self, channel: &Bytes) -> usize {
        let subscription = Subscription::Channel(channel.clone());
        let subscribers =
            self.connections.values().filter(|connection| connection.subscriptions.contains(&subscription));
        subscribers.count() + self.ghosts
    }

    /// Returns the time of the next delivery.
    pub fn next(&self) -> Option<Instant> {
        self.deliveries.keys().next().map(|(at, _)| *at)
    }

    /// Returns the next message that has arrived, unless its connection has ended.
    pub fn deliver(&mut self, now: Instant) -> Option<Delivery> {
        while self.next().is_some_and(|at| at <= now) {
            let (_, delivery) = self.deliveries.pop_first()?;
            let is_current =
                |connection: &Connection| connection.epoch == delivery.epoch && !connection.is_deaf;
            if self.connections.get(&delivery.to).is_some_and(is_current) {
                return Some(delivery);
            }
        }
        None
    }
}

/// Returns `true` if a subscription covers a channel. Patterns are a literal prefix, with escapes, and `*`.
fn covers(subscription: &Subscription, channel: &Bytes) -> bool {
    match subscription {
        Subscription::Channel(name) => name == channel,
        Subscription::Pattern(pattern) => {
            let literal: Vec<u8> = pattern.iter().copied().filter(|byte| *byte != b'\\').collect();
            literal.strip_suffix(b"*").is_some_and(|prefix| channel.starts_with(prefix))
        }
    }
}
