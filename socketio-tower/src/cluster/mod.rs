//! Several servers as one.

pub use crate::bus::{
    Backend, BackendError, Bus, ClusterEvent, ClusterState, ClusterStats, Inbox, Order, Receipt,
};
pub use socketio_core::cluster::{Channels, Classic, NodeId, Outgoing, Subscription, Wire};

#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use redis::{Redis, RedisConfigError};
