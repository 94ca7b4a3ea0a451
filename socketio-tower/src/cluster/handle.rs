use std::fmt;
use std::sync::Arc;

use socketio_core::cluster::NodeId;

use crate::bus::{ClusterState, Joined};

/// The cluster of a server, from [`SocketIo::cluster`](crate::SocketIo::cluster).
///
/// ```
/// use socketio_tower::SocketIo;
///
/// let io = SocketIo::new();
/// assert!(io.cluster().is_none(), "it has not joined one");
/// ```
#[derive(Clone)]
pub struct Cluster(Arc<Joined>);

impl Cluster {
    pub(crate) fn new(joined: Arc<Joined>) -> Self {
        Self(joined)
    }

    /// Returns the id of this node.
    pub fn node(&self) -> &NodeId {
        self.0.id()
    }

    /// Returns the state of the connection.
    pub fn state(&self) -> ClusterState {
        self.0.state()
    }

    /// Returns the ids of the other nodes of this implementation, in no particular order. Node servers do not report
    /// themselves.
    pub fn peers(&self) -> Vec<NodeId> {
        self.0.peers()
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("node", self.node()).field("state", &self.state()).finish()
    }
}
