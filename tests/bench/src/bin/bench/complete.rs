//! Records that are refused because a part is missing.

use socketio_bench::{Kind, Record, Workload};

use crate::metric::{BYTES, CONNECTIONS, HEARTBEAT, Metric};
use crate::run::PING_INTERVAL;

/// The part of its duration that a measurement must have had.
const WHOLE: f64 = 0.99;

/// Returns an error if the record lacks a number that its workload has, or if the measurement was cut short.
pub(crate) fn check(record: &Record) -> Result<(), String> {
    let workload = Workload::named(&record.workload)?;
    let Record { operations, seconds, length, server_cpu, .. } = *record;
    // The duration of a single exchange is a result.
    if !(seconds > 0.0 && length > 0.0 && (seconds >= length * WHOLE || is_once(workload))) {
        return Err(format!("the measurement was cut short: {seconds:.2} of {length} seconds"));
    }
    // Within one interval, each session is pinged once.
    let is_silent = matches!(workload.kind, Kind::Idle { .. }) && length < PING_INTERVAL.as_secs_f64();
    if !is_silent && operations == 0 {
        return Err("there were no operations".to_owned());
    }
    let is_busy = server_cpu.is_finite() && server_cpu > 0.0;
    if !is_silent && !is_busy {
        return Err("the server used no CPU time".to_owned());
    }
    if let Some(&missing) = needed(workload)
        .iter()
        .find(|&&metric| metric.of(record).is_none() && !(is_silent && metric == HEARTBEAT))
    {
        return Err(format!("a number is missing: {}", missing.title()));
    }
    Ok(())
}

fn is_once(workload: &Workload) -> bool {
    matches!(workload.kind, Kind::Retained { .. })
}

/// Returns the metrics that every record of the workload has.
fn needed(workload: &Workload) -> Vec<Metric> {
    let wire = match workload.kind {
        Kind::Exchange(_) | Kind::Broadcast { .. } | Kind::Rooms { .. } | Kind::Polling(_) => Some(BYTES),
        _ => None,
    };
    let connections = match workload.kind {
        Kind::Inbound(_) => None,
        _ => Some(CONNECTIONS),
    };
    Metric::others(workload).iter().copied().chain(wire).chain(connections).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::{record, whole};

    #[test]
    fn a_whole_record_of_every_workload_is_accepted() {
        for workload in Workload::all().iter().chain(Workload::cluster()) {
            assert_eq!(check(&whole("ours", workload.name, 0)), Ok(()), "{}", workload.name);
        }
    }

    #[test]
    fn idle_sessions_need_no_heartbeat_within_less_than_an_interval() {
        let quiet = Record { operations: 0, server_cpu: 0.0, ..whole("ours", "idle10k", 0) };
        assert_eq!(check(&quiet), Ok(()));
        let quiet = Record { operations: 0, ..whole("ours", "idle50k", 0) };
        assert_eq!(check(&quiet), Err("there were no operations".to_owned()));
    }

    #[test]
    fn what_is_missing_is_named() {
        let whole = || whole("ours", "echo1", 0);
        let without = |name: &str| {
            let mut record = whole();
            record.figures.remove(name);
            record
        };
        for (record, error) in [
            (Record { operations: 0, ..whole() }, "there were no operations"),
            (Record { server_cpu: 0.0, ..whole() }, "the server used no CPU time"),
            (Record { seconds: 1.5, ..whole() }, "the measurement was cut short: 1.50 of 2 seconds"),
            (Record { seconds: f64::NAN, ..whole() }, "the measurement was cut short: NaN of 2 seconds"),
            (Record { latency: None, ..whole() }, "a number is missing: p50"),
            (without("bytes"), "a number is missing: bytes that the server wrote, per operation"),
            (without("connections"), "a number is missing: sessions"),
        ] {
            assert_eq!(check(&record), Err(error.to_owned()));
        }
        let unknown = Record { workload: "echo2".to_owned(), ..record("ours", "echo1", 0, 1.0) };
        assert!(check(&unknown).unwrap_err().starts_with("no workload \"echo2\""));
    }
}
