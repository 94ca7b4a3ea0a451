use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What one run of one workload against one server has shown: a line of the results file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The server's name on the runner's command line.
    pub server: String,
    /// The name of the [`Workload`](crate::Workload).
    pub workload: String,
    /// All runs of a round are neighbours in time; ratios are taken within a round.
    pub round: u32,
    /// Messages, deliveries or connects that were completed while measuring.
    pub operations: u64,
    /// How long the measurement took, in seconds.
    pub seconds: f64,
    /// What the server's process used of it, user and system time, in seconds.
    pub server_cpu: f64,
    /// What the load generator used of it: near `seconds`, it was the bottleneck.
    pub load_cpu: f64,
    /// How many cores everything else on the machine used meanwhile.
    pub other_cores: f64,
    /// Answers that were not what the contract says; anything but 0 spoils the record.
    pub wrong: u64,
    /// In microseconds; none where the workload has no request to time.
    pub latency: Option<Latency>,
    /// What else the workload measures, by name: `rss_per_session` in bytes, for one.
    pub figures: BTreeMap<String, f64>,
}

/// From the moment a request was due (open loop) or sent (closed loop) to its answer, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

impl Record {
    /// Operations per second of server CPU: the figure that survives a noisy machine.
    pub fn per_cpu_second(&self) -> f64 {
        self.operations as f64 / self.server_cpu
    }
}
