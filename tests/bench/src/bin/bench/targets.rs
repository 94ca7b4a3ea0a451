//! The performance targets of the project.

use crate::metric::{
    BESIDE_LONGEST, BESIDE_P99, CONNECTIONS, HEARTBEAT, Metric, RETAINED, RSS_AFTER_ONE_MESSAGE, RSS_PEAK,
    RSS_PER_SESSION, RSS_SECOND_WAVE, STALLED, STALLED_CLOSED,
};
use crate::results::Results;
use crate::spread::Spread;
use crate::table::times;

/// The name of the server that the targets are for.
pub(crate) const OURS: &str = "ours";
const FLOOR: &str = "floor";
const RAW: &str = "raw";
const SOCKETIOXIDE: &str = "socketioxide";

/// A target, in up to two steps.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) workload: &'static str,
    pub(crate) measure: Measure,
    pub(crate) first: Option<Bound>,
    /// The next step, stricter than the first.
    pub(crate) then: Option<Bound>,
}

/// The number of our server that a target is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Measure {
    Absolute(Metric),
    /// The ratio to another server's number.
    ToServer(Metric, &'static str),
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

const fn target(workload: &'static str, measure: Measure, first: Bound) -> Target {
    Target { workload, measure, first: Some(first), then: None }
}

const fn next(workload: &'static str, measure: Measure, then: Bound) -> Target {
    Target { workload, measure, first: None, then: Some(then) }
}

impl Target {
    const fn then(self, bound: Bound) -> Self {
        Self { then: Some(bound), ..self }
    }
}

const TO_FLOOR: Measure = ToServer(Metric::PerCpuSecond, FLOOR);
const TO_RAW: Measure = ToServer(Metric::PerCpuSecond, RAW);
const TO_SOCKETIOXIDE: Measure = ToServer(Metric::PerCpuSecond, SOCKETIOXIDE);

/// The number of sessions that the machine's limit on open files allows.
const SESSIONS: f64 = 19_600.0;

const ALL: &[Target] = &[
    target("echo1", TO_FLOOR, AtLeast(0.97)).then(AtLeast(1.0)),
    next("echo1", TO_RAW, AtLeast(1.0)),
    target("echo32", TO_FLOOR, AtLeast(0.72)).then(AtLeast(0.8)),
    target("echo32", ToServer(Metric::P50, FLOOR), AtMost(1.4)).then(AtMost(1.25)),
    target("echo32", Absolute(Metric::P99), AtMost(5.0 * MILLISECOND)),
    target("echo1k", TO_FLOOR, AtLeast(0.85)).then(AtLeast(0.92)),
    target("ack", TO_FLOOR, AtLeast(0.93)).then(AtLeast(1.0)),
    target("binary", TO_FLOOR, AtLeast(0.85)).then(AtLeast(0.92)),
    target("bcast1k", TO_FLOOR, AtLeast(1.1)),
    next("bcast1k", TO_RAW, AtLeast(0.85)),
    target("bcast1k_1k", TO_FLOOR, AtLeast(1.0)),
    next("bcast1k_1k", TO_RAW, AtLeast(0.85)),
    target("bcast5k", TO_FLOOR, AtLeast(1.1)),
    next("bcast5k", TO_RAW, AtLeast(0.85)),
    target("stalled", ToWorkload(Metric::P99, "bcast1k_1k"), AtMost(1.2)),
    target("stalled", PartOf(STALLED_CLOSED, STALLED), AtLeast(1.0)),
    target("conn_ws", TO_SOCKETIOXIDE, AtLeast(1.15)).then(AtLeast(1.3)),
    target("conn_full", TO_SOCKETIOXIDE, AtLeast(1.1)).then(AtLeast(1.3)),
    target("polling", TO_SOCKETIOXIDE, AtLeast(1.5)).then(AtLeast(1.8)),
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
    target("idle10k", Absolute(RSS_PER_SESSION), AtMost(2.7 * KIB)).then(AtMost(2.5 * KIB)),
    target("idle10k", Absolute(RSS_AFTER_ONE_MESSAGE), AtMost(2.9 * KIB)).then(AtMost(2.5 * KIB)),
    target("idle10k", PartOf(RSS_SECOND_WAVE, RSS_PER_SESSION), AtMost(1.05)),
    target("idle50k", Absolute(RSS_PER_SESSION), AtMost(2.7 * KIB)).then(AtMost(2.5 * KIB)),
    target("idle50k", Absolute(RSS_AFTER_ONE_MESSAGE), AtMost(2.9 * KIB)).then(AtMost(2.5 * KIB)),
    target("idle50k", PartOf(RSS_SECOND_WAVE, RSS_PER_SESSION), AtMost(1.05)),
    target("idle50k", With(HEARTBEAT, SESSIONS), AtMost(0.012)).then(AtMost(0.008)),
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
            ToServer(metric, server) => results.ratio(metric, ours, (self.workload, server)),
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

    /// Returns the step that a value reaches, in words.
    pub(crate) fn reached(&self, value: f64) -> &'static str {
        reached(self.first, self.then, value)
    }
}

/// Returns the step that a value reaches, in words.
pub(crate) fn reached(first: Option<Bound>, then: Option<Bound>, value: f64) -> &'static str {
    let holds = |bound: Option<Bound>| bound.map(|bound| bound.holds(value));
    match (holds(first), holds(then)) {
        (Some(true), Some(true)) => "both",
        (Some(true), Some(false)) => "the first",
        (Some(true), None) | (None, Some(true)) => "yes",
        (Some(false), _) => "**no**",
        (None, _) => "not yet",
    }
}

impl Measure {
    /// Returns the server that ours is compared with.
    #[cfg(test)]
    pub(crate) fn server(self) -> Option<&'static str> {
        match self {
            ToServer(_, server) => Some(server),
            _ => None,
        }
    }

    pub(crate) fn describe(self) -> String {
        match self {
            Absolute(metric) => metric.title().to_owned(),
            ToServer(metric, server) => {
                let server = if server == FLOOR { "the floor" } else { server };
                match metric {
                    Metric::PerCpuSecond => format!("to {server}"),
                    _ => format!("{}, to that of {server}", metric.title()),
                }
            }
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
            ToServer(..) | ToWorkload(..) | PartOf(..) => times(value),
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

    pub(crate) fn describe(self, show: impl Fn(f64) -> String) -> String {
        match self {
            AtLeast(bound) => format!("≥ {}", show(bound)),
            AtMost(bound) => format!("≤ {}", show(bound)),
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
            .map(|(target, value)| format!("{} {}", target.measure.show(value), target.reached(value)))
            .collect()
    }

    #[test]
    fn a_second_step_is_stricter_than_the_first() {
        for target in ALL {
            match (target.first, target.then) {
                (Some(AtLeast(first)), Some(AtLeast(then))) => assert!(then > first, "{target:?}"),
                (Some(AtMost(first)), Some(AtMost(then))) => assert!(then < first, "{target:?}"),
                (Some(_), None) | (None, Some(_)) => {}
                _ => panic!("{target:?}"),
            }
        }
    }

    #[test]
    fn targets_are_of_workloads_that_there_are() {
        assert!(ALL.iter().all(|target| Workload::named(target.workload).is_ok()));
    }

    #[test]
    fn every_kind_of_target_is_measured() {
        let idle = [
            ("rss_per_session", 2.6 * KIB),
            ("rss_after_one_message", 3.0 * KIB),
            ("rss_second_wave", 2.6 * KIB),
            ("heartbeat_cores", 0.0035),
            ("connections", 9_800.0),
        ];
        let lines = [
            with("idle50k", &idle, 0.0),
            with("bcast1k_1k", &[], 1000.0),
            with("stalled", &[("stalled", 100.0), ("stalled_closed", 100.0)], 1300.0),
            Line::Record(record(OURS, "conn_ws", 0, 131.0)),
            Line::Record(record(SOCKETIOXIDE, "conn_ws", 0, 100.0)),
            Line::Record(record(OURS, "bcast1k", 0, 80.0)),
            Line::Record(record(RAW, "bcast1k", 0, 100.0)),
        ];
        let results = Results::new(lines, 0.35);
        assert_eq!(
            measured(&results, "idle50k"),
            ["2.6 KiB the first", "3.0 KiB **no**", "1.00 yes", "0.70 % both"]
        );
        assert_eq!(measured(&results, "stalled"), ["1.30 **no**", "1.00 yes"]);
        assert_eq!(measured(&results, "conn_ws"), ["1.31 both"]);
        assert_eq!(measured(&results, "bcast1k"), ["0.80 not yet"]);
        assert_eq!(measured(&results, "echo1"), [""; 0]);
    }
}
