//! The bus that connects the nodes of a cluster: what goes out, what is subscribed, what is asked. Namespaces publish
//! through it; what comes in is applied in `cluster/`.

mod backend;
pub(crate) use backend::Receive;
pub use backend::{Backend, BackendError, Bus, Inbox, Order, Receipt};

mod joined;
pub(crate) use joined::{Joined, NotTold, Pending, Slot};

mod outbound;
use outbound::Outbound;

mod requests;
use requests::Requests;
pub(crate) use requests::{Reply, Waiter};

mod state;
pub(crate) use state::ClusterHook;
pub use state::{ClusterEvent, ClusterState, ClusterStats};

mod subscriptions;
use subscriptions::Subscriptions;
