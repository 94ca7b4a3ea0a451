use socketio_bench::{Kind, Record, Workload, figure};

use crate::run::PING_INTERVAL;

/// One number of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metric {
    PerCpuSecond,
    P50,
    P99,
    P999,
    /// The share of a core that the load generator used.
    Load,
    /// A figure, by its name in [`Record::figures`].
    Figure(&'static str, Unit),
}

/// The unit of a number, which determines its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Operations,
    Microseconds,
    /// Memory.
    Bytes,
    /// Bytes on the wire.
    Octets,
    /// A number of cores, shown as percent of one.
    Cores,
    Seconds,
    /// A fraction of a whole.
    Share,
    Count,
}

pub(crate) const BYTES: Metric = Metric::Figure(figure::BYTES, Unit::Octets);
pub(crate) const RSS_PER_SESSION: Metric = Metric::Figure(figure::RSS_PER_SESSION, Unit::Bytes);
pub(crate) const RSS_SECOND_WAVE: Metric = Metric::Figure(figure::RSS_SECOND_WAVE, Unit::Bytes);
pub(crate) const RSS_AFTER_ONE_MESSAGE: Metric = Metric::Figure(figure::RSS_AFTER_ONE_MESSAGE, Unit::Bytes);
pub(crate) const RSS_AFTER_HALF_LEFT: Metric = Metric::Figure(figure::RSS_AFTER_HALF_LEFT, Unit::Bytes);
pub(crate) const RSS_AFTER_ALL_LEFT: Metric = Metric::Figure(figure::RSS_AFTER_ALL_LEFT, Unit::Bytes);
pub(crate) const RETAINED: Metric = Metric::Figure(figure::RSS_RETAINED_PER_SESSION, Unit::Bytes);
pub(crate) const HEARTBEAT: Metric = Metric::Figure(figure::HEARTBEAT_CORES, Unit::Cores);
pub(crate) const CONNECTIONS: Metric = Metric::Figure(figure::CONNECTIONS, Unit::Count);
pub(crate) const STALLED: Metric = Metric::Figure(figure::STALLED, Unit::Count);
pub(crate) const STALLED_SECONDS: Metric = Metric::Figure(figure::STALLED_SECONDS, Unit::Seconds);
pub(crate) const RSS_PEAK: Metric = Metric::Figure(figure::RSS_PEAK, Unit::Bytes);
pub(crate) const JOIN: Metric = Metric::Figure(figure::JOIN_US, Unit::Microseconds);
pub(crate) const LEAVE: Metric = Metric::Figure(figure::LEAVE_US, Unit::Microseconds);
pub(crate) const DISCONNECT: Metric = Metric::Figure(figure::DISCONNECT_US, Unit::Microseconds);
pub(crate) const LATE: Metric = Metric::Figure(figure::LATE_P99, Unit::Microseconds);
pub(crate) const BESIDE_P99: Metric = Metric::Figure(figure::BESIDE_P99, Unit::Microseconds);
pub(crate) const BESIDE_LONGEST: Metric = Metric::Figure(figure::BESIDE_LONGEST, Unit::Microseconds);
pub(crate) const UNTIL_ALL: Metric = Metric::Figure(figure::SECONDS_UNTIL_ALL, Unit::Seconds);
pub(crate) const STALLED_CLOSED: Metric = Metric::Figure(figure::STALLED_CLOSED, Unit::Count);
pub(crate) const FIRST: Metric = Metric::Figure(figure::FIRST_US, Unit::Microseconds);
pub(crate) const SECOND: Metric = Metric::Figure(figure::SECOND_US, Unit::Microseconds);
pub(crate) const REDIS: Metric = Metric::Figure(figure::REDIS_US, Unit::Microseconds);
pub(crate) const REDIS_P50: Metric = Metric::Figure(figure::REDIS_P50, Unit::Microseconds);

/// The workloads whose bytes on the wire are shown: one for each form that a message has on the wire.
const BYTES_SHOWN: [&str; 4] = ["echo1", "binary", "bcast1k", "polling"];

impl Metric {
    pub(crate) fn of(self, record: &Record) -> Option<f64> {
        let latency = record.latency.as_ref();
        let value = match self {
            Self::PerCpuSecond => Some(record.per_cpu_second()),
            Self::P50 => latency.map(|latency| latency.p50),
            Self::P99 => latency.map(|latency| latency.p99),
            Self::P999 => latency.map(|latency| latency.p999),
            Self::Load => Some(record.load_cpu / record.seconds),
            Self::Figure(name, _) => record.figures.get(name).copied(),
        };
        // A server that used no CPU did nothing.
        value.filter(|value| value.is_finite())
    }

    pub(crate) fn unit(self) -> Unit {
        match self {
            Self::PerCpuSecond => Unit::Operations,
            Self::P50 | Self::P99 | Self::P999 => Unit::Microseconds,
            Self::Load => Unit::Share,
            Self::Figure(_, unit) => unit,
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::PerCpuSecond => "operations per CPU second",
            Self::P50 => "p50",
            Self::P99 => "p99",
            Self::P999 => "p99.9",
            Self::Load => "load generator",
            BYTES => "bytes that the server wrote, per operation",
            RSS_PER_SESSION => "memory per session",
            RSS_AFTER_ONE_MESSAGE => "memory per session after a message each",
            RSS_AFTER_HALF_LEFT => "all memory after half have left",
            RSS_AFTER_ALL_LEFT => "all memory after all have left",
            RSS_SECOND_WAVE => "memory per session of a second wave",
            RETAINED => "memory that stays, per session",
            HEARTBEAT => "heartbeats of all, of a core",
            STALLED_SECONDS => "time until they were closed, or given up",
            RSS_PEAK => "most memory ever",
            JOIN => "CPU of a join",
            LEAVE => "CPU of a leave",
            DISCONNECT => "CPU of a disconnect",
            BESIDE_P99 => "echo of a client beside it, p99",
            BESIDE_LONGEST => "its longest echo",
            UNTIL_ALL => "time until all are back",
            LATE => "how late the load generator was, p99",
            CONNECTIONS => "sessions",
            STALLED => "peers that do not read",
            STALLED_CLOSED => "of these, closed by the server",
            Self::Figure(name, _) => name,
        }
    }

    /// Returns `true` if the ratio to another server is of interest.
    pub(crate) fn is_compared(self) -> bool {
        self != LATE && !matches!(self.unit(), Unit::Count | Unit::Share)
    }

    /// Returns the metrics of a workload besides its operations.
    pub(crate) fn others(workload: &Workload) -> &'static [Self] {
        match workload.kind {
            Kind::OpenLoop { .. } => &[Self::P50, Self::P99, Self::P999, LATE],
            Kind::Broadcast { stalled: 1.., .. } => {
                &[Self::P50, Self::P99, Self::P999, STALLED, STALLED_CLOSED, STALLED_SECONDS, RSS_PEAK]
            }
            Kind::Membership { .. } => &[JOIN, LEAVE, DISCONNECT],
            Kind::Inbound(_) => &[BESIDE_P99, BESIDE_LONGEST, LATE, RSS_PEAK],
            Kind::Storm { .. } => &[UNTIL_ALL, Self::P50, Self::P99],
            Kind::Idle { .. } => {
                let all = &[
                    CONNECTIONS,
                    RSS_PER_SESSION,
                    RSS_AFTER_ONE_MESSAGE,
                    RSS_SECOND_WAVE,
                    RSS_AFTER_HALF_LEFT,
                    RSS_AFTER_ALL_LEFT,
                    HEARTBEAT,
                ];
                // Within one interval, each session is pinged once.
                if workload.length >= PING_INTERVAL { all } else { &all[..all.len() - 1] }
            }
            Kind::Retained { .. } => &[RETAINED],
            Kind::Exchange(_) | Kind::Broadcast { .. } | Kind::Rooms { .. } | Kind::Polling(_) => {
                let all = &[Self::P50, Self::P99, BYTES];
                if BYTES_SHOWN.contains(&workload.name) { all } else { &all[..all.len() - 1] }
            }
            Kind::Publish { .. } => match workload.cluster {
                Some(2) => &[FIRST, SECOND, REDIS],
                _ => &[FIRST],
            },
            Kind::Relay { .. } if workload.cluster.is_some() => &[Self::P50, Self::P99, REDIS_P50],
            Kind::Connect { .. } | Kind::Relay { .. } | Kind::Fetch { .. } => &[Self::P50, Self::P99],
        }
    }

    /// Returns `true` if the number of operations is a result, not an input, of the workload.
    pub(crate) fn is_speed(workload: &Workload) -> bool {
        !matches!(workload.kind, Kind::OpenLoop { .. } | Kind::Idle { .. } | Kind::Retained { .. })
    }
}

impl Unit {
    /// Formats a value with about three significant digits.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Operations if value >= 99_950.0 => format!("{} k", grouped(value / 1e3)),
            Self::Operations if value >= 9_995.0 => format!("{:.1} k", value / 1e3),
            Self::Operations | Self::Count => grouped(value),
            Self::Microseconds if value >= 9_950.0 => format!("{:.0} ms", value / 1e3),
            Self::Microseconds if value >= 995.0 => format!("{:.1} ms", value / 1e3),
            Self::Microseconds if value >= 9.95 => format!("{value:.0} µs"),
            Self::Microseconds => format!("{value:.1} µs"),
            Self::Bytes if value.abs() >= 999.5 * 1024.0 => format!("{:.1} MiB", value / 1024.0 / 1024.0),
            Self::Bytes if value.abs() >= 99.95 * 1024.0 => format!("{:.0} KiB", value / 1024.0),
            Self::Bytes => format!("{:.1} KiB", value / 1024.0),
            Self::Octets => format!("{} B", grouped(value)),
            Self::Cores => format!("{:.2} %", value * 100.0),
            Self::Seconds => format!("{value:.2} s"),
            Self::Share => format!("{:.0} %", value * 100.0),
        }
    }
}

/// Formats a number with a space between thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digit.is_ascii_digit() && out != "-" && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_short() {
        for (unit, value, text) in [
            (Unit::Operations, 1_361_400.0, "1 361 k"),
            (Unit::Operations, 163_499.0, "163 k"),
            (Unit::Operations, 16_740.0, "16.7 k"),
            (Unit::Operations, 5_812.0, "5 812"),
            (Unit::Microseconds, 393.2, "393 µs"),
            (Unit::Microseconds, 2_249.0, "2.2 ms"),
            (Unit::Microseconds, 21_000.0, "21 ms"),
            (Unit::Bytes, 3_482.0, "3.4 KiB"),
            (Unit::Bytes, 1_048_576.0, "1.0 MiB"),
            (Unit::Count, -123.0, "-123"),
            (Unit::Count, 50_000.0, "50 000"),
            (Unit::Octets, 1_093.2, "1 093 B"),
            (Unit::Cores, 0.0123, "1.23 %"),
            (Unit::Share, 0.914, "91 %"),
        ] {
            assert_eq!(unit.show(value), text);
        }
    }
}
