//! Nodes of a cluster on a simulated bus, in virtual time.
//!
//! - [`Cluster`] drives any number of [`Node`](socketio_core::cluster::Node)s with members in rooms, encodes every message
//!   in one of the forms and decodes it where it arrives, and checks the invariants after each step.
//! - [`Bus`] delays messages, keeps the order of each sender, and loses what is sent to a node that is down or deaf.

mod bus;
pub use bus::{Bus, Delivery, NodeIndex};

mod ledger;
pub use ledger::Ledger;

mod world;
pub use world::{Cluster, Totals};
