//! What the load generator (`load`) and the runner (`bench`) share.

pub mod figure;
mod record;
mod workload;

pub use record::{Latency, Record};
pub use workload::{Event, Exchange, Kind, Mode, Workload};
