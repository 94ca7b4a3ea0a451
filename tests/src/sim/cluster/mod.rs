//! Clusters of nodes on a simulated bus, in virtual time.
//!
//! - [`Cluster`] is the world: processes, the bus between them, and the clock. It does what the driver of a
//!   [`Node`](socketio_core::cluster::Node) does, and checks the promises of the node after each input.
//! - [`Broker`] carries messages and counts subscribers. It delays, loses and miscounts.
//! - [`Process`] is one node with its sockets. A process of another implementation has sockets and answers questions, but
//!   gives no signs of life.
//! - [`Ledger`] knows what must arrive, be answered and end.
//! - [`Operation`] is one random event in the life of a cluster.
//! - [`Totals`] counts the work of a run.

mod broker;
pub use broker::{Broker, Contents, Counting, Hearing, Parcel};

mod checks;

mod faults;

mod ledger;
pub use ledger::{Asked, Ledger};

mod operation;
pub use operation::Operation;

mod process;
pub use process::Process;

mod questions;
pub use questions::Inquiry;

mod sockets;
pub use sockets::{Plan, Sockets};

mod totals;
pub use totals::{Totals, Work};

mod world;
pub use world::{Cluster, ProcessKey};
