use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::NodeId;
use crate::time::{after, earlier};

/// The peers that give signs of life, and when each has given the last one.
#[derive(Debug)]
pub(super) struct Members {
    seen: BTreeMap<NodeId, Instant>,
    timeout: Duration,
    /// When to look for silent peers: not later than the first of them, but maybe earlier, so that a sign of life costs
    /// no search.
    check: Option<Instant>,
}

/// The maximum number of peers that are known by name. More nodes may be in the cluster; they are counted, not known.
const MAX_PEERS: usize = 4096;

impl Members {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { seen: BTreeMap::new(), timeout, check: None }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &NodeId> {
        self.seen.keys()
    }

    /// Records a sign of life. Returns `true` if the peer is new.
    pub(super) fn greet(&mut self, peer: &NodeId, now: Instant) -> bool {
        if self.hear(peer, now) || self.seen.len() >= MAX_PEERS {
            return false;
        }
        self.check = earlier(self.check, Some(after(now, self.timeout)));
        self.seen.insert(peer.clone(), now).is_none()
    }

    /// Records a sign of life of a known peer. Returns `false` if it is unknown.
    pub(super) fn hear(&mut self, peer: &NodeId, now: Instant) -> bool {
        let Some(seen) = self.seen.get_mut(peer) else { return false };
        *seen = now;
        true
    }

    /// Removes a peer. Returns `true` if it was known.
    pub(super) fn remove(&mut self, peer: &NodeId) -> bool {
        self.seen.remove(peer).is_some()
    }

    /// Counts the silence of all peers from now on: nothing could be heard before.
    pub(super) fn restart(&mut self, now: Instant) {
        self.seen.values_mut().for_each(|seen| *seen = now);
        self.check = self.next();
    }

    /// Removes and returns the peers that have been silent for too long.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<NodeId> {
        if self.check.is_none_or(|check| check > now) {
            return Vec::new();
        }
        let timeout = self.timeout;
        let is_silent = |seen: &Instant| after(*seen, timeout) <= now;
        let silent: Vec<_> =
            self.seen.iter().filter(|(_, seen)| is_silent(seen)).map(|(peer, _)| peer.clone()).collect();
        self.seen.retain(|_, seen| !is_silent(seen));
        self.check = self.next();
        silent
    }

    /// Returns the time at which to look for silent peers.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.check
    }

    /// Returns the time at which the next peer will have been silent for too long.
    fn next(&self) -> Option<Instant> {
        let first = self.seen.values().fold(None, |first, seen| earlier(first, Some(*seen)));
        first.map(|seen| after(seen, self.timeout))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::start;

    #[test]
    fn their_number_is_bounded() {
        let (mut members, now) = (Members::new(Duration::from_secs(10)), start());
        for n in 0..2 * MAX_PEERS as u64 {
            members.greet(&NodeId::from_entropy(n.to_be_bytes()), now);
        }
        assert_eq!(members.ids().count(), MAX_PEERS);
        assert_eq!(members.expire(now + Duration::from_secs(10)).len(), MAX_PEERS);
        assert_eq!(members.poll_timeout(), None);
    }
}
