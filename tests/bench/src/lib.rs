//! Shared by the load generator (`load`) and the runner (`bench`).

pub mod figure;
mod limit;
mod record;
mod workload;

pub use limit::raise_file_limit;
pub use record::{Latency, Record};
pub use workload::{Event, Exchange, Inbound, Kind, Mode, Workload};
