//! The names of the entries of [`Record::figures`](crate::Record::figures).

/// The number of connections: less than wanted if the limit on open files does not allow more.
pub const CONNECTIONS: &str = "connections";

/// The bytes that the server wrote for an operation, with the heads of frames or of HTTP, without those of TCP.
pub const BYTES: &str = "bytes";

/// Resident memory of a session that has just connected, in bytes.
pub const RSS_PER_SESSION: &str = "rss_per_session";
/// The same once every session has had one message each way.
pub const RSS_AFTER_ONE_MESSAGE: &str = "rss_after_one_message";
/// The memory held by all sessions together when half of them have left, in bytes.
pub const RSS_AFTER_HALF_LEFT: &str = "rss_after_half_left";
/// The memory still held when all have left, in bytes.
pub const RSS_AFTER_ALL_LEFT: &str = "rss_after_all_left";
/// Resident memory of a session when as many as before have connected again, in bytes: the same as [`RSS_PER_SESSION`]
/// if the freed memory is used again.
pub const RSS_SECOND_WAVE: &str = "rss_second_wave";
/// The memory that a session holds after a large message each way, in bytes.
pub const RSS_RETAINED_PER_SESSION: &str = "rss_retained_per_session";
/// The peak resident memory of the server, in bytes.
pub const RSS_PEAK: &str = "rss_peak";
/// The CPU cost of the heartbeats of all sessions, in cores.
pub const HEARTBEAT_CORES: &str = "heartbeat_cores";

/// The number of peers that read nothing.
pub const STALLED: &str = "stalled";
/// The number of these that the server has closed.
pub const STALLED_CLOSED: &str = "stalled_closed";
/// The time after the measurement until all were closed, or until the load generator stopped waiting, in seconds.
pub const STALLED_SECONDS: &str = "stalled_seconds";

/// Server CPU of a join, in microseconds; of all its rooms if it names several.
pub const JOIN_US: &str = "join_us";
/// Server CPU of a leave, in microseconds.
pub const LEAVE_US: &str = "leave_us";
/// Server CPU of a disconnect of a session that is in these rooms, in microseconds.
pub const DISCONNECT_US: &str = "disconnect_us";

/// The time until all clients that were cut were back, in seconds, averaged over [`STORMS`].
pub const SECONDS_UNTIL_ALL: &str = "seconds_until_all";
/// The number of times that all clients were cut.
pub const STORMS: &str = "storms";

/// The 99th percentile of the echoes of a client beside another that sends as fast as it can, in microseconds.
pub const BESIDE_P99: &str = "beside_p99";
/// The longest of these times, in microseconds.
pub const BESIDE_LONGEST: &str = "beside_longest";

/// The delay of the load generator after the time a message was due, in microseconds, for 99 % of messages. The
/// latencies include it.
pub const LATE_P99: &str = "late_p99";

/// CPU of the server of the client that sends, for an operation, in microseconds.
pub const FIRST_US: &str = "first_us";
/// CPU of the other server of the cluster, for an operation, in microseconds.
pub const SECOND_US: &str = "second_us";
/// CPU of Redis, for an operation, in microseconds.
pub const REDIS_US: &str = "redis_us";
/// The median time from a PUBLISH to its receipt by a subscriber, in microseconds.
pub const REDIS_P50: &str = "redis_p50";
