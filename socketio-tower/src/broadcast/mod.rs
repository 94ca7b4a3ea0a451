//! Operations on many sockets at once: emits, acks, rooms, disconnects, snapshots.

mod operator;
pub use operator::BroadcastOperator;

mod handle;
pub use handle::NamespaceHandle;

mod socket;

mod info;
#[cfg(feature = "cluster")]
pub(crate) use info::SocketInfo;

mod operation;
pub(crate) use operation::{Operation, Selection};

#[cfg(feature = "cluster")]
mod others;
#[cfg(feature = "cluster")]
pub(crate) use others::{REQUEST_TIMEOUT, pass_on};

mod answers;
pub use answers::{AllAcks, BroadcastAck};

mod remote;
#[cfg(feature = "cluster")]
pub use remote::Incomplete;
pub use remote::RemoteSocket;
