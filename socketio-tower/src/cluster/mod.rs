//! Several servers as one.

pub use crate::bus::{
    Backend, BackendError, Bus, ClusterEvent, ClusterState, ClusterStats, Inbox, Order, Receipt,
};
pub use socketio_core::cluster::{Channels, Classic, NodeId, Outgoing, Subscription, Wire};
