//! Several servers as one: their clients are in the same rooms, whichever server they are connected to.
//!
//! A server joins with [`SocketIo::join_cluster`](crate::SocketIo::join_cluster). From then on, broadcasts reach the
//! sockets of all nodes, [`fetch_sockets`](crate::BroadcastOperator::fetch_sockets) returns those of all nodes, and so do
//! the other operations on many sockets; [`local`](crate::BroadcastOperator::local) restricts them to this process. The
//! nodes exchange messages over a [`Backend`].

mod acks;
mod driver;
pub(crate) use driver::time_to_leave;

mod emitter;
pub use emitter::{Emitter, EmitterOperator};

mod handle;
pub use handle::Cluster;

mod inbound;
mod jobs;

mod join;
pub use join::{JoinCluster, JoinError};

#[cfg(feature = "testing")]
mod local;
#[cfg(feature = "testing")]
pub use local::Local;

#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use redis::{Redis, RedisConfigError};

mod server;
mod server_side;

pub use crate::broadcast::Incomplete;
pub use crate::bus::{
    Backend, BackendError, Bus, ClusterEvent, ClusterState, ClusterStats, Inbox, Order, Receipt,
};
pub use socketio_core::cluster::{Channels, Classic, NodeId, Outgoing, ReadError, Subscription, Wire};
