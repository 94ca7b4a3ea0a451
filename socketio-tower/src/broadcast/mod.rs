//! Operations on many sockets at once: emits, acks, rooms, disconnects, snapshots.

mod operator;
pub use operator::BroadcastOperator;

mod handle;
pub use handle::NamespaceHandle;

mod socket;

mod info;

mod operation;
pub(crate) use operation::{Operation, Selection};

mod answers;
pub use answers::{AllAcks, BroadcastAck};

mod remote;
pub use remote::RemoteSocket;
