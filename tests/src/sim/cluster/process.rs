use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use socketio_core::cluster::{Address, Message, Node, NodeId};

use super::sockets::Namespaces;
use super::{Parcel, ProcessKey};

/// One process of a cluster, with the state of its driver.
///
/// ```text
///   linked ──the driver notices that the connection is lost──▶ reconnecting ──▶ linked
///
///   running ──stop──▶ stopped: what arrives waits, timers are late ──resume──▶ running
/// ```
#[derive(Debug)]
pub struct Process {
    /// The key of the process.
    pub key: ProcessKey,
    /// The id of the node.
    pub id: NodeId,
    /// The machine, or `None` if the process is one of another implementation.
    pub node: Option<Node>,
    /// The sockets.
    pub namespaces: Namespaces,
    /// Set while the driver believes that it is connected.
    pub linked: bool,
    /// The time at which the driver notices that its connection is lost.
    pub notices: Option<Instant>,
    /// The time at which the driver connects again.
    pub reconnects: Option<Instant>,
    /// Set while the process is stopped.
    pub stopped: bool,
    /// What has arrived while it was stopped.
    pub inbox: VecDeque<Parcel>,
    /// The answers that it has yet to send.
    pub replies: BTreeMap<(Instant, u64), (Address, Message)>,
    /// Set if messages to the process may have been lost since the last look.
    pub missed: bool,
    /// The peers by the events of the node.
    pub peers: BTreeSet<NodeId>,
    /// The number of peers that have left by the events of the node.
    pub departures: u64,
    /// The time for which the process is in the list of timers.
    pub(super) wake: Option<Instant>,
}

impl Process {
    /// Creates a process that is about to connect. `entropy` is that of its node, if it has one.
    pub fn new(key: ProcessKey, node: Option<Node>, id: NodeId, namespaces: Namespaces) -> Self {
        Self {
            key,
            id,
            node,
            namespaces,
            linked: false,
            notices: None,
            reconnects: None,
            stopped: false,
            inbox: VecDeque::new(),
            replies: BTreeMap::new(),
            missed: false,
            peers: BTreeSet::new(),
            departures: 0,
            wake: None,
        }
    }

    /// Returns `true` if the process is of this implementation.
    pub fn is_ours(&self) -> bool {
        self.node.is_some()
    }

    /// Returns the time of the next timer.
    pub fn timeout(&self) -> Option<Instant> {
        let machine = self.node.as_ref().and_then(Node::poll_timeout);
        let reply = self.replies.keys().next().map(|(at, _)| *at);
        let timers = [machine, reply, self.notices, self.reconnects];
        timers.into_iter().flatten().min().filter(|_| !self.stopped)
    }
}
