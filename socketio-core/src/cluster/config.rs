use std::time::Duration;

/// The settings of a [`Node`](super::Node).
///
/// ```
/// use std::time::Duration;
/// use socketio_core::cluster::NodeConfig;
///
/// let mut config = NodeConfig::default();
/// config.heartbeat_interval = Duration::from_secs(2);
/// config.heartbeat_timeout = Duration::from_secs(6);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeConfig {
    /// The time between two signs of life of this node. Default: 5 s, that of Node's adapters. At least 1 ms; a
    /// smaller value counts as 1 ms.
    pub heartbeat_interval: Duration,
    /// The silence after which a peer counts as gone. Default: 10 s, that of Node's adapters. It should be at least
    /// twice the `heartbeat_interval` of all nodes, so that one lost sign of life has no effect.
    pub heartbeat_timeout: Duration,
    /// The maximum size of all answers to one question, in bytes. Each answer counts
    /// [its size](super::Answer::size) and 32 bytes, and so does each socket whose ack is announced. Default: 64 MiB,
    /// which is enough for a hundred thousand snapshots of sockets or a million acks.
    pub max_answers: usize,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            heartbeat_interval: Duration::from_secs(5),
            heartbeat_timeout: Duration::from_secs(10),
            max_answers: 64 * 1024 * 1024,
        }
    }
}
