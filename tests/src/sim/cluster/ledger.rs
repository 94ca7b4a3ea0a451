use std::collections::BTreeMap;

use super::NodeIndex;

/// Which members have received which broadcasts.
#[derive(Debug, Default)]
pub struct Ledger {
    received: BTreeMap<(u32, NodeIndex, usize), u32>,
}

impl Ledger {
    /// Records that a member has received a broadcast.
    ///
    /// # Panics
    ///
    /// Panics if the member has received it before.
    pub fn record(&mut self, broadcast: u32, node: NodeIndex, member: usize) {
        let times = self.received.entry((broadcast, node, member)).or_default();
        *times += 1;
        assert_eq!(*times, 1, "member {member} of node {node} received broadcast {broadcast} again");
    }

    /// Returns `true` if a member has received a broadcast.
    pub fn has(&self, broadcast: u32, node: NodeIndex, member: usize) -> bool {
        self.received.contains_key(&(broadcast, node, member))
    }

    /// Forgets all broadcasts.
    pub fn clear(&mut self) {
        self.received.clear();
    }
}
