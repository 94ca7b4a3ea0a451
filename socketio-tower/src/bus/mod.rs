//! The bus that connects the nodes of a cluster: what goes out, what is subscribed, what is asked. Namespaces publish
//! through it; what comes in is applied in `cluster/`.

mod answer;
pub(crate) use answer::NodeAnswer;

mod backend;
pub(crate) use backend::Receive;
pub use backend::{Backend, Bus, Inbox};

mod error;
pub use error::BackendError;

mod joined;
pub(crate) use joined::sending::{NotTold, Pending};
pub(crate) use joined::{Answering, Joined};

mod order;
pub use order::{Order, Receipt};

mod outbound;
use outbound::Outbound;

mod requests;
use requests::Requests;
pub(crate) use requests::{Reply, Waiter};

mod slot;
pub(crate) use slot::Slot;

mod state;
pub(crate) use state::ClusterHook;
pub use state::{ClusterEvent, ClusterState, ClusterStats};

mod subscriptions;
use subscriptions::Subscriptions;
