//! The names of what is in [`Record::figures`](crate::Record::figures).

/// How many connections there were: less than wanted where the limit on open files does not allow more.
pub const CONNECTIONS: &str = "connections";

/// Resident memory of a session that has just connected, in bytes.
pub const RSS_PER_SESSION: &str = "rss_per_session";
/// The same once every session has had one message each way.
pub const RSS_AFTER_ONE_MESSAGE: &str = "rss_after_one_message";
/// What all sessions together hold when half of them have left, in bytes.
pub const RSS_AFTER_HALF_LEFT: &str = "rss_after_half_left";
/// What is still held when all have left, in bytes.
pub const RSS_AFTER_ALL_LEFT: &str = "rss_after_all_left";
/// Resident memory of a session when as many as before have connected again, in bytes: as much as
/// [`RSS_PER_SESSION`] if what they left behind is used again.
pub const RSS_SECOND_WAVE: &str = "rss_second_wave";
/// What a session keeps of a large message each way, in bytes.
pub const RSS_RETAINED_PER_SESSION: &str = "rss_retained_per_session";
/// The most resident memory the server ever had, in bytes.
pub const RSS_PEAK: &str = "rss_peak";
/// What the heartbeats of all sessions cost.
pub const HEARTBEAT_CORES: &str = "heartbeat_cores";

/// Peers that read nothing.
pub const STALLED: &str = "stalled";
/// How many of them the server has closed.
pub const STALLED_CLOSED: &str = "stalled_closed";
/// How long after the measurement all were closed, or that was given up, in seconds.
pub const STALLED_SECONDS: &str = "stalled_seconds";

/// Server CPU of a join, in microseconds; of all its rooms if it names several.
pub const JOIN_US: &str = "join_us";
/// Server CPU of a leave, in microseconds.
pub const LEAVE_US: &str = "leave_us";
/// Server CPU of a disconnect of a session that is in these rooms, in microseconds.
pub const DISCONNECT_US: &str = "disconnect_us";

/// How long it took until all who were cut were back, in seconds, on average over [`STORMS`].
pub const SECONDS_UNTIL_ALL: &str = "seconds_until_all";
/// How often all were cut.
pub const STORMS: &str = "storms";

/// How long 99 % of the echoes took of a client beside another that sends as fast as it can, in microseconds.
pub const BESIDE_P99: &str = "beside_p99";
/// How long the longest of them took, in microseconds.
pub const BESIDE_LONGEST: &str = "beside_longest";

/// How much later than due the load generator has sent, in microseconds, for 99 % of messages. It is in the
/// latencies too.
pub const LATE_P99: &str = "late_p99";
