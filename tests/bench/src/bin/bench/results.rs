use std::collections::{BTreeMap, BTreeSet};

use socketio_bench::{Record, Workload};

use crate::journal::{Failed, Line};
use crate::metric::Metric;
use crate::setting::Setting;
use crate::spread::Spread;

/// The results of a file of records. Disturbed records are left out, and records with wrong replies are failures.
#[derive(Debug)]
pub(crate) struct Results {
    /// The last one.
    pub(crate) setting: Option<Setting>,
    /// In the order of their first run.
    pub(crate) servers: Vec<String>,
    pub(crate) failures: Vec<Failed>,
    /// The number of records that were left out.
    pub(crate) disturbed: usize,
    /// By workload, server, and round.
    records: BTreeMap<(String, String), Rounds>,
}

type Rounds = BTreeMap<u32, Record>;

/// The records of one server in one round.
#[derive(Clone, Copy)]
pub(crate) struct Round<'a> {
    results: &'a Results,
    server: &'a str,
    number: u32,
}

/// The number of cores that other processes may use before a record is disturbed.
pub(crate) const MOST_OTHER_CORES: f64 = 0.35;

/// Returns `true` if other processes kept the machine too busy.
pub(crate) fn is_disturbed(record: &Record, most_other_cores: f64) -> bool {
    record.other_cores > most_other_cores
}

impl Results {
    pub(crate) fn new(lines: impl IntoIterator<Item = Line>, most_other_cores: f64) -> Self {
        let mut results = Self {
            setting: None,
            servers: Vec::new(),
            failures: Vec::new(),
            disturbed: 0,
            records: BTreeMap::new(),
        };
        for line in lines {
            match line {
                Line::Setting(setting) => results.setting = Some(setting),
                Line::Failed(failed) => {
                    results.meet(&failed.server);
                    results.failures.push(failed);
                }
                Line::Record(record) => {
                    results.meet(&record.server);
                    results.take(record, most_other_cores);
                }
            }
        }
        results
    }

    /// Returns the largest number of rounds.
    pub(crate) fn rounds(&self) -> usize {
        self.records.values().map(BTreeMap::len).max().unwrap_or(0)
    }

    /// Returns the number over all rounds.
    pub(crate) fn value(&self, workload: &str, server: &str, metric: Metric) -> Option<Spread> {
        Spread::of(self.rounds_of(workload, server)?.values().filter_map(|record| metric.of(record)))
    }

    /// Returns the ratio within each round: a disturbance of one server affects its neighbour in time as well.
    pub(crate) fn ratio(&self, metric: Metric, over: (&str, &str), under: (&str, &str)) -> Option<Spread> {
        let (over, under) = (self.rounds_of(over.0, over.1)?, self.rounds_of(under.0, under.1)?);
        Spread::of(over.iter().filter_map(|(round, over)| {
            let ratio = metric.of(over)? / metric.of(under.get(round)?)?;
            ratio.is_finite().then_some(ratio)
        }))
    }

    /// Returns a number that is derived from two numbers of each record.
    pub(crate) fn within(
        &self,
        workload: &str,
        server: &str,
        metrics: [Metric; 2],
        combine: impl Fn(f64, f64) -> f64,
    ) -> Option<Spread> {
        let records = self.rounds_of(workload, server)?.values();
        Spread::of(records.filter_map(|record| {
            let value = combine(metrics[0].of(record)?, metrics[1].of(record)?);
            value.is_finite().then_some(value)
        }))
    }

    /// Returns a number that is derived from several workloads of a server, over the rounds that have all of them.
    pub(crate) fn derived(&self, server: &str, number: impl Fn(Round<'_>) -> Option<f64>) -> Option<Spread> {
        Spread::of(self.in_rounds(server).filter_map(number))
    }

    /// Returns the ratio of such a number to that of another server, within each round.
    pub(crate) fn derived_ratio(
        &self,
        over: &str,
        under: &str,
        number: impl Fn(Round<'_>) -> Option<f64>,
    ) -> Option<Spread> {
        let rounds = self.in_rounds(over).zip(self.in_rounds(under));
        let ratios = rounds.filter_map(|(over, under)| Some(number(over)? / number(under)?));
        Spread::of(ratios.filter(|ratio| ratio.is_finite()))
    }

    /// Returns `true` if one of these workloads was measured.
    pub(crate) fn have(&self, workloads: &[Workload]) -> bool {
        self.records.keys().any(|(name, _)| workloads.iter().any(|workload| workload.name == name))
    }

    /// Returns all rounds; a server may have no records in some of them.
    fn in_rounds<'a>(&'a self, server: &'a str) -> impl Iterator<Item = Round<'a>> {
        let numbers: BTreeSet<_> = self.records.values().flat_map(BTreeMap::keys).copied().collect();
        numbers.into_iter().map(move |number| Round { results: self, server, number })
    }

    /// Returns the duration of a measurement of the workload.
    pub(crate) fn seconds(&self, workload: &str) -> Option<Spread> {
        let records = self.records.iter().filter(|((name, _), _)| name == workload);
        Spread::of(records.flat_map(|(_, rounds)| rounds.values()).map(|record| record.length))
    }

    fn meet(&mut self, server: &str) {
        if !self.servers.iter().any(|known| known == server) {
            self.servers.push(server.to_owned());
        }
    }

    fn take(&mut self, record: Record, most_other_cores: f64) {
        if record.wrong > 0 {
            let error = format!("{} wrong answers", record.wrong);
            let Record { server, workload, round, .. } = record;
            self.failures.push(Failed { server, workload, round, error });
        } else if is_disturbed(&record, most_other_cores) {
            self.disturbed += 1;
        } else {
            let key = (record.workload.clone(), record.server.clone());
            self.records.entry(key).or_default().insert(record.round, record);
        }
    }

    fn rounds_of(&self, workload: &str, server: &str) -> Option<&Rounds> {
        self.records.get(&(workload.to_owned(), server.to_owned()))
    }
}

impl Round<'_> {
    /// Returns a number of the record of a workload.
    pub(crate) fn of(self, workload: &str, metric: Metric) -> Option<f64> {
        metric.of(self.results.rounds_of(workload, self.server)?.get(&self.number)?)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use socketio_bench::{Latency, figure};

    use super::*;

    /// Returns a record of a server that did `operations` operations in one second of CPU time.
    pub(crate) fn record(server: &str, workload: &str, round: u32, operations: f64) -> Record {
        Record {
            server: server.to_owned(),
            workload: workload.to_owned(),
            round,
            operations: operations as u64,
            seconds: 2.0,
            length: 2.0,
            server_cpu: 1.0,
            load_cpu: 1.5,
            other_cores: 0.1,
            wrong: 0,
            latency: None,
            figures: BTreeMap::new(),
        }
    }

    /// Returns a record with everything that a record of the workload needs, of 100 operations.
    pub(crate) fn whole(server: &str, workload: &str, round: u32) -> Record {
        let names = [
            figure::BYTES,
            figure::CONNECTIONS,
            figure::RSS_PER_SESSION,
            figure::RSS_AFTER_ONE_MESSAGE,
            figure::RSS_AFTER_HALF_LEFT,
            figure::RSS_AFTER_ALL_LEFT,
            figure::RSS_SECOND_WAVE,
            figure::RSS_RETAINED_PER_SESSION,
            figure::RSS_PEAK,
            figure::HEARTBEAT_CORES,
            figure::STALLED,
            figure::STALLED_CLOSED,
            figure::STALLED_SECONDS,
            figure::JOIN_US,
            figure::LEAVE_US,
            figure::DISCONNECT_US,
            figure::SECONDS_UNTIL_ALL,
            figure::BESIDE_P99,
            figure::BESIDE_LONGEST,
            figure::LATE_P99,
            figure::FIRST_US,
            figure::SECOND_US,
            figure::REDIS_US,
            figure::REDIS_P50,
        ];
        let length = Workload::named(workload).unwrap().length.as_secs_f64();
        Record {
            seconds: length,
            length,
            latency: Some(Latency { p50: 1.0, p99: 1.0, p999: 1.0, max: 1.0 }),
            figures: names.map(|name| (name.to_owned(), 1.0)).into(),
            ..record(server, workload, round, 100.0)
        }
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The machine was half as fast in the last complete round, and another round was not finished.
        let speeds = [("ours", [200, 210, 100, 1000]), ("floor", [100, 105, 50, 0])];
        let lines = speeds.iter().flat_map(|(server, speeds)| {
            let rounds = (0..).zip(speeds).filter(|(_, speed)| **speed > 0);
            rounds.map(|(round, &speed)| Line::Record(record(server, "ack", round, f64::from(speed))))
        });
        let results = Results::new(lines, 0.35);
        assert_eq!(results.servers, ["ours", "floor"]);
        assert_eq!(results.rounds(), 4);
        assert_eq!(
            results.ratio(Metric::PerCpuSecond, ("ack", "ours"), ("ack", "floor")),
            Some(Spread { median: 2.0, lowest: 2.0, highest: 2.0, rounds: 3 })
        );
        assert_eq!(
            results.value("ack", "ours", Metric::PerCpuSecond),
            Some(Spread { median: 205.0, lowest: 100.0, highest: 1000.0, rounds: 4 })
        );
        assert_eq!(results.value("echo1", "ours", Metric::PerCpuSecond), None);
        assert_eq!(results.value("ack", "ours", Metric::P99), None);
    }

    #[test]
    fn disturbed_rounds_are_left_out_and_wrong_answers_are_failures() {
        let good = |round| record("ours", "ack", round, 100.0);
        let disturbed = Record { other_cores: 0.4, ..record("ours", "ack", 1, 9.0) };
        let wrong = Record { wrong: 3, ..record("ours", "ack", 2, 9.0) };
        let results = Results::new([good(0), disturbed, good(1), wrong].map(Line::Record), 0.35);
        assert_eq!((results.rounds(), results.disturbed), (2, 1));
        let speed = results.value("ack", "ours", Metric::PerCpuSecond);
        assert_eq!(speed.map(|speed| (speed.median, speed.highest)), Some((100.0, 100.0)));
        assert_eq!(results.failures.len(), 1);
        assert_eq!(results.failures[0].error, "3 wrong answers");
    }
}
