//! The performance targets of the project.

use crate::metric::{
    BESIDE_LONGEST, BESIDE_P99, CONNECTIONS, HEARTBEAT, Metric, RETAINED, RSS_PEAK, RSS_PER_SESSION,
    RSS_SECOND_WAVE, STALLED, STALLED_CLOSED,
};
use crate::results::Results;
use crate::spread::Spread;
use crate::table::times;

/// The name of the server that the targets are for.
pub(crate) const OURS: &str = "ours";
const FLOOR: &str = "floor";
const RAW: &str = "raw";
const SOCKETIOXIDE: &str = "socketioxide";

/// A target.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) workload: &'static str,
    pub(crate) measure: Measure,
    pub(crate) bound: Bound,
    /// Set if this is the next step, after the current target.
    pub(crate) next: bool,
}

/// The number of our server that a target is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Measure {
    Absolute(Metric),
    /// The ratio to another server's number.
    ToServer(&'static str),
    /// The ratio to the number of another workload.
    ToWorkload(Metric, &'static str),
    /// The ratio to another number of the same run.
    PartOf(Metric, Metric),
    /// The number, extrapolated to this many connections.
    With(Metric, f64),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

use Bound::{AtLeast, AtMost};
use Measure::{Absolute, PartOf, ToServer, ToWorkload, With};

const KIB: f64 = 1024.0;
const MIB: f64 = 1024.0 * KIB;
/// In microseconds.
const MILLISECOND: f64 = 1000.0;

const fn target(workload: &'static str, measure: Measure, bound: Bound) -> Target {
    Target { workload, measure, bound, next: false }
}

const fn then(workload: &'static str, measure: Measure, bound: Bound) -> Target {
    Target { workload, measure, bound, next: true }
}

const ALL: &[Target] = &[
    target("echo1", ToServer(FLOOR), AtLeast(0.9)),
    target("echo1", ToServer(SOCKETIOXIDE), AtLeast(1.05)),
    then("echo1", ToServer(RAW), AtLeast(1.0)),
    target("echo32", ToServer(SOCKETIOXIDE), AtLeast(3.5)),
    then("echo32", ToServer(FLOOR), AtLeast(0.6)),
    target("echo32", Absolute(Metric::P99), AtMost(5_000.0)),
    target("echo1k", ToServer(SOCKETIOXIDE), AtLeast(2.3)),
    target("echo1k", ToServer(FLOOR), AtLeast(0.65)),
    then("echo1k", ToServer(FLOOR), AtLeast(0.8)),
    target("ack", ToServer(SOCKETIOXIDE), AtLeast(2.3)),
    target("ack", ToServer(FLOOR), AtLeast(0.65)),
    then("ack", ToServer(FLOOR), AtLeast(0.8)),
    target("binary", ToServer(SOCKETIOXIDE), AtLeast(2.3)),
    target("binary", ToServer(FLOOR), AtLeast(0.65)),
    then("binary", ToServer(FLOOR), AtLeast(0.8)),
    target("bcast1k", ToServer(FLOOR), AtLeast(0.9)),
    target("bcast1k", ToServer(SOCKETIOXIDE), AtLeast(1.25)),
    then("bcast1k", ToServer(RAW), AtLeast(0.9)),
    target("bcast1k_1k", ToServer(FLOOR), AtLeast(0.9)),
    target("bcast1k_1k", ToServer(SOCKETIOXIDE), AtLeast(1.25)),
    then("bcast1k_1k", ToServer(RAW), AtLeast(0.9)),
    target("bcast5k", ToServer(FLOOR), AtLeast(1.0)),
    target("bcast5k", ToServer(SOCKETIOXIDE), AtLeast(1.3)),
    then("bcast5k", ToServer(RAW), AtLeast(0.9)),
    target("stalled", ToWorkload(Metric::P99, "bcast1k_1k"), AtMost(1.2)),
    target("stalled", PartOf(STALLED_CLOSED, STALLED), AtLeast(1.0)),
    target("conn_ws", ToServer(SOCKETIOXIDE), AtLeast(1.1)),
    then("conn_ws", ToServer(SOCKETIOXIDE), AtLeast(1.25)),
    target("conn_full", ToServer(SOCKETIOXIDE), AtLeast(1.25)),
    then("conn_full", ToServer(SOCKETIOXIDE), AtLeast(2.0)),
    target("polling", ToServer(SOCKETIOXIDE), AtLeast(1.5)),
    then("polling", ToServer(SOCKETIOXIDE), AtLeast(2.0)),
    target("inbound13", Absolute(RSS_PEAK), AtMost(32.0 * MIB)),
    target("inbound13", Absolute(BESIDE_P99), AtMost(20.0 * MILLISECOND)),
    target("inbound13", Absolute(BESIDE_LONGEST), AtMost(100.0 * MILLISECOND)),
    target("inbound64", Absolute(RSS_PEAK), AtMost(32.0 * MIB)),
    target("inbound64", Absolute(BESIDE_P99), AtMost(20.0 * MILLISECOND)),
    target("inbound64", Absolute(BESIDE_LONGEST), AtMost(100.0 * MILLISECOND)),
    target("inbound_ack", Absolute(RSS_PEAK), AtMost(32.0 * MIB)),
    target("inbound_ack", Absolute(BESIDE_P99), AtMost(20.0 * MILLISECOND)),
    target("inbound_ack", Absolute(BESIDE_LONGEST), AtMost(100.0 * MILLISECOND)),
    target("inbound_post", Absolute(RSS_PEAK), AtMost(64.0 * MIB)),
    target("inbound_post", Absolute(BESIDE_P99), AtMost(20.0 * MILLISECOND)),
    target("inbound_post", Absolute(BESIDE_LONGEST), AtMost(100.0 * MILLISECOND)),
    target("idle10k", Absolute(RSS_PER_SESSION), AtMost(5.0 * KIB)),
    then("idle10k", Absolute(RSS_PER_SESSION), AtMost(3.5 * KIB)),
    target("idle10k", PartOf(RSS_SECOND_WAVE, RSS_PER_SESSION), AtMost(1.05)),
    target("idle50k", Absolute(RSS_PER_SESSION), AtMost(5.0 * KIB)),
    then("idle50k", Absolute(RSS_PER_SESSION), AtMost(3.5 * KIB)),
    target("idle50k", PartOf(RSS_SECOND_WAVE, RSS_PER_SESSION), AtMost(1.05)),
    target("idle50k", With(HEARTBEAT, 50_000.0), AtMost(0.04)),
    target("retained", Absolute(RETAINED), AtMost(KIB)),
];

impl Target {
    pub(crate) fn all() -> &'static [Self] {
        ALL
    }

    /// Returns the measured value, if there is one.
    pub(crate) fn measured(&self, results: &Results) -> Option<Spread> {
        let ours = (self.workload, OURS);
        match self.measure {
            Absolute(metric) => results.value(self.workload, OURS, metric),
            ToServer(server) => results.ratio(Metric::PerCpuSecond, ours, (self.workload, server)),
            ToWorkload(metric, workload) => results.ratio(metric, ours, (workload, OURS)),
            PartOf(part, whole) => {
                results.within(self.workload, OURS, [part, whole], |part, whole| part / whole)
            }
            With(metric, wanted) => {
                let scale = |value, connections| value * wanted / connections;
                results.within(self.workload, OURS, [metric, CONNECTIONS], scale)
            }
        }
    }
}

impl Measure {
    pub(crate) fn describe(self) -> String {
        match self {
            Absolute(metric) => metric.title().to_owned(),
            ToServer(FLOOR) => "to the floor".to_owned(),
            ToServer(server) => format!("to {server}"),
            ToWorkload(metric, workload) => format!("{}, to that of {workload}", metric.title()),
            PartOf(RSS_SECOND_WAVE, _) => "memory of a second wave, to that of the first".to_owned(),
            PartOf(STALLED_CLOSED, _) => "peers that do not read: part that is closed".to_owned(),
            PartOf(part, whole) => format!("{}, to {}", part.title(), whole.title()),
            With(metric, connections) => format!("{} at {connections} sessions", metric.title()),
        }
    }

    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Absolute(metric) | With(metric, _) => metric.unit().show(value),
            ToServer(_) | ToWorkload(..) | PartOf(..) => times(value),
        }
    }
}

impl Bound {
    pub(crate) fn holds(self, value: f64) -> bool {
        match self {
            AtLeast(bound) => value >= bound,
            AtMost(bound) => value <= bound,
        }
    }

    pub(crate) fn describe(self, measure: Measure) -> String {
        match self {
            AtLeast(bound) => format!("≥ {}", measure.show(bound)),
            AtMost(bound) => format!("≤ {}", measure.show(bound)),
        }
    }
}

#[cfg(test)]
mod tests {
    use socketio_bench::{Latency, Record, Workload};

    use super::*;
    use crate::journal::Line;
    use crate::results::tests::record;

    fn with(workload: &str, figures: &[(&str, f64)], p99: f64) -> Line {
        let figures = figures.iter().map(|&(name, value)| (name.to_owned(), value)).collect();
        let latency = Some(Latency { p50: 1.0, p99, p999: p99, max: p99 });
        Line::Record(Record { figures, latency, ..record(OURS, workload, 0, 100.0) })
    }

    fn measured(results: &Results, workload: &str) -> Vec<String> {
        let targets = ALL.iter().filter(|target| target.workload == workload);
        targets
            .filter_map(|target| Some((target, target.measured(results)?.median)))
            .map(|(target, value)| format!("{} {}", target.measure.show(value), target.bound.holds(value)))
            .collect()
    }

    #[test]
    fn targets_are_of_workloads_that_there_are() {
        assert!(ALL.iter().all(|target| Workload::named(target.workload).is_ok()));
    }

    #[test]
    fn every_kind_of_target_is_measured() {
        let idle = [
            ("rss_per_session", 4096.0),
            ("rss_second_wave", 4096.0 * 1.1),
            ("heartbeat_cores", 0.01),
            ("connections", 25_000.0),
        ];
        let lines = [
            with("idle50k", &idle, 0.0),
            with("bcast1k_1k", &[], 1000.0),
            with("stalled", &[("stalled", 100.0), ("stalled_closed", 100.0)], 1100.0),
            Line::Record(record(OURS, "conn_ws", 0, 120.0)),
            Line::Record(record(SOCKETIOXIDE, "conn_ws", 0, 100.0)),
        ];
        let results = Results::new(lines, 0.35);
        assert_eq!(
            measured(&results, "idle50k"),
            ["4.0 KiB true", "4.0 KiB false", "1.10 false", "0.020 true"]
        );
        assert_eq!(measured(&results, "stalled"), ["1.10 true", "1.00 true"]);
        assert_eq!(measured(&results, "conn_ws"), ["1.20 true", "1.20 false"]);
        assert_eq!(measured(&results, "echo1"), [""; 0]);
    }
}
