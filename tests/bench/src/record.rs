use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The result of one run of one workload against one server: a line of the results file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The server's name on the runner's command line.
    pub server: String,
    /// The name of the [`Workload`](crate::Workload).
    pub workload: String,
    /// The round. All its runs are close in time; ratios are taken within a round.
    pub round: u32,
    /// The number of messages, deliveries or connects completed during the measurement.
    pub operations: u64,
    /// The duration of the measurement, in seconds.
    pub seconds: f64,
    /// The duration that was asked for, in seconds.
    pub length: f64,
    /// The CPU time of the server's process, user and system, in seconds; of both in a cluster of two.
    pub server_cpu: f64,
    /// The CPU time of the load generator: near `seconds`, it was the bottleneck.
    pub load_cpu: f64,
    /// The number of cores that everything else on the machine used meanwhile.
    pub other_cores: f64,
    /// The number of replies that violate the contract; anything but 0 invalidates the record.
    pub wrong: u64,
    /// In microseconds; `None` if the workload has no request to time.
    pub latency: Option<Latency>,
    /// The other figures of the workload, by name, such as `rss_per_session` in bytes.
    pub figures: BTreeMap<String, f64>,
}

/// The time from the moment a request was due (open loop) or sent (closed loop) to its reply, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

impl Record {
    /// Returns the operations per second of server CPU: the figure that is robust on a noisy machine.
    pub fn per_cpu_second(&self) -> f64 {
        self.operations as f64 / self.server_cpu
    }
}
