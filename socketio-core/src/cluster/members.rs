use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::NodeId;
use crate::time::{after, earlier};

/// The maximum number of peers that are known by name: a hundred times a large cluster. Others are counted by the bus
/// and may answer, but their signs of life are [ignored](super::Node::ignored).
pub const MAX_PEERS: usize = 4096;

/// The peers that give signs of life.
///
/// ```text
///                ┌──sign of life──┐
///                ▼                │
///   unknown ──Hello, Alive──▶ present ──Goodbye, or silence──▶ unknown
/// ```
#[derive(Debug)]
pub(super) struct Members {
    timeout: Duration,
    peers: BTreeMap<NodeId, Peer>,
    /// A time before which no peer is silent for too long, if there is a peer. A sign of life does not change it, so
    /// it costs no search; the peers are searched once in about `timeout`.
    check: Option<Instant>,
    /// The number of signs of life that were ignored, because there are `MAX_PEERS` others.
    ignored: u64,
}

#[derive(Debug, Clone, Copy)]
struct Peer {
    joined: Instant,
    /// The last sign of life, or a later time from which silence counts.
    heard: Instant,
}

impl Members {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { timeout, peers: BTreeMap::new(), check: None, ignored: 0 }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &NodeId> {
        self.peers.keys()
    }

    /// Returns the peers that were there at a time and have been since.
    pub(super) fn since(&self, time: Instant) -> impl Iterator<Item = &NodeId> {
        self.peers.iter().filter(move |(_, peer)| peer.joined <= time).map(|(name, _)| name)
    }

    pub(super) fn ignored(&self) -> u64 {
        self.ignored
    }

    /// Records that a node is there. Returns `true` if it is a new peer.
    pub(super) fn greet(&mut self, name: &NodeId, now: Instant) -> bool {
        if self.hear(name, now) {
            return false;
        }
        if self.peers.len() >= MAX_PEERS {
            self.ignored += 1;
            return false;
        }
        self.peers.insert(name.clone(), Peer { joined: now, heard: now });
        self.check = earlier(self.check, Some(after(now, self.timeout)));
        true
    }

    /// Records a sign of life of a peer. Returns `false` if the node is not a peer.
    pub(super) fn hear(&mut self, name: &NodeId, now: Instant) -> bool {
        let Some(peer) = self.peers.get_mut(name) else { return false };
        peer.heard = now;
        true
    }

    /// Removes a peer. Returns `false` if the node is not a peer.
    pub(super) fn remove(&mut self, name: &NodeId) -> bool {
        self.peers.remove(name).is_some()
    }

    pub(super) fn clear(&mut self) {
        self.peers.clear();
        self.check = None;
    }

    /// Counts the silence of each peer from now.
    pub(super) fn excuse(&mut self, now: Instant) {
        self.peers.values_mut().for_each(|peer| peer.heard = now);
        self.check = self.next_check();
    }

    /// Removes the peers that have been silent for too long, and returns their names in order.
    pub(super) fn take_silent(&mut self, now: Instant) -> Vec<NodeId> {
        if self.check.is_none_or(|check| check > now) {
            return Vec::new();
        }
        let timeout = self.timeout;
        let mut silent = Vec::new();
        self.peers.retain(|name, peer| {
            let is_heard = after(peer.heard, timeout) > now;
            if !is_heard {
                silent.push(name.clone());
            }
            is_heard
        });
        self.check = self.next_check();
        silent
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        self.check
    }

    fn next_check(&self) -> Option<Instant> {
        self.peers.values().map(|peer| peer.heard).min().map(|heard| after(heard, self.timeout))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::start;

    const SECOND: Duration = Duration::from_secs(1);

    fn name(n: u64) -> NodeId {
        NodeId::from_entropy(n.to_be_bytes())
    }

    #[test]
    fn silence_ends_a_peer() {
        let (mut members, now) = (Members::new(10 * SECOND), start());
        assert_eq!(members.timeout(), None);
        assert!(members.greet(&name(1), now) && members.greet(&name(2), now));
        assert!(!members.greet(&name(1), now + 4 * SECOND), "it is there already");
        assert!(members.hear(&name(1), now + 5 * SECOND));
        assert!(!members.hear(&name(3), now), "an answer does not make a peer");
        assert_eq!(members.timeout(), Some(now + 10 * SECOND));
        assert_eq!(members.take_silent(now + 9 * SECOND), []);
        assert_eq!(members.take_silent(now + 10 * SECOND), [name(2)]);
        assert_eq!(members.timeout(), Some(now + 15 * SECOND));
        assert_eq!(members.take_silent(now + 15 * SECOND), [name(1)]);
        assert_eq!(members.timeout(), None);
    }

    #[test]
    fn the_time_of_the_search_is_never_late() {
        let (mut members, now) = (Members::new(10 * SECOND), start());
        members.greet(&name(1), now);
        members.remove(&name(1));
        members.greet(&name(2), now + 3 * SECOND);
        let check = members.timeout().unwrap();
        assert!(check <= now + 13 * SECOND);
        assert_eq!(members.take_silent(check), []);
        assert_eq!(members.timeout(), Some(now + 13 * SECOND), "a search moves it on");
    }

    #[test]
    fn excused_peers_have_the_whole_time_again() {
        let (mut members, now) = (Members::new(10 * SECOND), start());
        members.greet(&name(1), now);
        members.excuse(now + 60 * SECOND);
        assert_eq!(members.take_silent(now + 69 * SECOND), []);
        assert_eq!(members.take_silent(now + 70 * SECOND), [name(1)]);
    }

    #[test]
    fn their_number_is_bounded() {
        let (mut members, now) = (Members::new(10 * SECOND), start());
        for n in 0..MAX_PEERS as u64 + 3 {
            assert_eq!(members.greet(&name(n), now), n < MAX_PEERS as u64);
        }
        assert!(!members.greet(&name(0), now), "a known one is not ignored");
        assert_eq!((members.names().count(), members.ignored()), (MAX_PEERS, 3));
        assert!(members.remove(&name(0)) && members.greet(&name(MAX_PEERS as u64), now));
        members.clear();
        assert_eq!((members.names().count(), members.timeout()), (0, None));
    }

    #[test]
    fn peers_know_since_when() {
        let (mut members, now) = (Members::new(10 * SECOND), start());
        members.greet(&name(1), now);
        members.greet(&name(2), now + SECOND);
        members.hear(&name(1), now + SECOND);
        assert!(members.since(now).eq([&name(1)]));
        assert!(members.since(now + SECOND).eq([&name(1), &name(2)]));
    }
}
