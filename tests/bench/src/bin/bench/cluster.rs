//! The section on clusters.

use socketio_bench::Workload;

use crate::metric::{FIRST, Metric, REDIS, REDIS_P50, SECOND, Unit};
use crate::results::{Results, Round};
use crate::table::{failures, subject, table, times};
use crate::targets::Bound::{self, AtLeast, AtMost};
use crate::targets::reached;

/// A row of the table: a number of each server, which is derived from several workloads of a round.
struct Row {
    /// Empty in the further rows of a workload.
    workload: &'static str,
    figure: &'static str,
    unit: Unit,
    number: fn(Round<'_>) -> Option<f64>,
    /// Set if the ratio to another server is of interest.
    is_compared: bool,
    first: Option<Bound>,
    /// The next step, stricter than the first.
    then: Option<Bound>,
}

/// In microseconds.
const MILLISECOND: f64 = 1000.0;

const fn row(
    workload: &'static str,
    figure: &'static str,
    unit: Unit,
    number: fn(Round<'_>) -> Option<f64>,
) -> Row {
    Row { workload, figure, unit, number, is_compared: true, first: None, then: None }
}

impl Row {
    const fn not_compared(self) -> Self {
        Self { is_compared: false, ..self }
    }

    const fn first(self, bound: Bound) -> Self {
        Self { first: Some(bound), ..self }
    }

    const fn then(self, bound: Bound) -> Self {
        Self { then: Some(bound), ..self }
    }
}

const ROWS: &[Row] = &[
    row(
        "64 B to an empty room",
        "CPU of the server that sends, beyond that without a cluster",
        Unit::Microseconds,
        |round| Some(round.of("empty_2n", FIRST)? - round.of("empty", FIRST)?),
    )
    .first(AtMost(3.0))
    .then(AtMost(1.5)),
    row("", "CPU of the other server", Unit::Microseconds, |round| round.of("empty_2n", SECOND))
        .first(AtMost(1.0)),
    row("", "CPU of Redis", Unit::Microseconds, |round| round.of("empty_2n", REDIS)).not_compared(),
    row(
        "64 B to one client of the other server",
        "CPU of that server, beyond a local delivery",
        Unit::Microseconds,
        |round| {
            let delivery = round.of("one", FIRST)? - round.of("empty", FIRST)?;
            Some(round.of("one_2n", SECOND)? - delivery)
        },
    )
    .first(AtMost(2.0)),
    row(
        "64 B to one client, joined alone",
        "CPU, beyond that without a cluster",
        Unit::Microseconds,
        |round| Some(round.of("one_1n", FIRST)? - round.of("one", FIRST)?),
    )
    .not_compared()
    .first(AtMost(0.5)),
    row(
        "64 B to 1 000 clients, 500 at each server",
        "deliveries per second of CPU of both",
        Unit::Operations,
        |round| round.of("all_2n", Metric::PerCpuSecond),
    ),
    row("", "to one server with 1 000, without a cluster", Unit::Share, |round| {
        Some(round.of("all_2n", Metric::PerCpuSecond)? / round.of("all", Metric::PerCpuSecond)?)
    })
    .not_compared()
    .first(AtLeast(0.95)),
    row("64 B from a client to one of the other server", "p50", Unit::Microseconds, |round| {
        round.of("relay_2n", Metric::P50)
    }),
    row("", "p50 at one server, without a cluster", Unit::Microseconds, |round| {
        round.of("relay", Metric::P50)
    }),
    row("", "p50 of a bare PUBLISH to its subscriber", Unit::Microseconds, |round| {
        round.of("relay_2n", REDIS_P50)
    })
    .not_compared(),
    row("", "the first, beyond both", Unit::Microseconds, |round| {
        let between = round.of("relay_2n", Metric::P50)? - round.of("relay", Metric::P50)?;
        Some(between - round.of("relay_2n", REDIS_P50)?)
    })
    .not_compared()
    .first(AtMost(50.0)),
    row("fetch 10 000 sockets of both servers", "p50", Unit::Microseconds, |round| {
        round.of("fetch_2n", Metric::P50)
    })
    .first(AtMost(60.0 * MILLISECOND)),
];

/// Returns the section; `None` if no cluster was measured.
pub(crate) fn section(results: &Results) -> Option<String> {
    if !results.have(Workload::cluster()) {
        return None;
    }
    let servers: Vec<_> = results.servers.iter().map(String::as_str).collect();
    let header = [&["workload", "figure"], &servers[..], &["target", "and then", "reached"]].concat();
    let rows: Vec<_> = ROWS.iter().filter_map(|row| row.cells(results, &servers)).collect();
    let failures = failures(results).map(|failures| format!("Runs that failed:\n\n{failures}"));
    let parts = [conditions(results), table(&header, &rows), failures];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n"))
}

impl Row {
    /// Returns the cells; `None` if no server has the number.
    fn cells(&self, results: &Results, servers: &[&str]) -> Option<Vec<Option<String>>> {
        let cells: Vec<_> = servers.iter().map(|server| self.cell(results, server)).collect();
        cells.iter().find(|cell| cell.is_some())?;
        let bound = |bound: Option<Bound>| bound.map(|bound| bound.describe(|value| self.unit.show(value)));
        let has_bound = self.first.is_some() || self.then.is_some();
        let measured = results.derived(subject(results)?, self.number).filter(|_| has_bound);
        let reached = measured.map(|measured| reached(self.first, self.then, measured.median).to_owned());
        let titles = [self.workload, self.figure].map(|title| Some(title.to_owned()));
        Some(titles.into_iter().chain(cells).chain([bound(self.first), bound(self.then), reached]).collect())
    }

    /// Returns the server's number. In brackets: the ratio of the subject to it, if it is compared, and the range of its
    /// rounds otherwise. `in 2` marks a cell of fewer rounds than others have.
    fn cell(&self, results: &Results, server: &str) -> Option<String> {
        let own = results.derived(server, self.number)?;
        let subject = subject(results)?;
        let ratio = results.derived_ratio(subject, server, self.number);
        let note = match ratio.filter(|_| self.is_compared && subject != server) {
            Some(ratio) => Some(times(ratio.median)),
            None => own.range(|value| self.unit.show(value)),
        };
        let few = (own.rounds < results.rounds()).then(|| format!("in {}", own.rounds));
        let notes: Vec<_> = [note, few].into_iter().flatten().collect();
        let value = self.unit.show(own.median);
        Some(if notes.is_empty() { value } else { format!("{value} ({})", notes.join(", ")) })
    }
}

fn conditions(results: &Results) -> Option<String> {
    let subject = subject(results)?;
    let rounds = match results.rounds() {
        1 => "One round".to_owned(),
        rounds => format!("Medians of {rounds} interleaved rounds"),
    };
    let disturbed = match results.disturbed {
        0 => String::new(),
        count => format!(" {count} runs are left out: others kept the machine busy."),
    };
    let setting = results.setting.as_ref().map(|setting| setting.describe()).unwrap_or_default();
    Some(format!(
        "{rounds}. In brackets, the lowest and the highest round, or {subject} to that server: the median of the rounds' \
         ratios. `in 2` is a cell of two rounds. CPU is that of one broadcast, in batches of 1 000.{disturbed} {setting}"
    ))
}

#[cfg(test)]
mod tests {
    use socketio_bench::Record;

    use super::*;
    use crate::journal::Line;
    use crate::results::tests::whole;

    /// Returns a record with the CPU time of each process for an operation.
    fn used(server: &str, workload: &str, round: u32, [first, second, redis]: [f64; 3]) -> Line {
        let figures = [("first_us", first), ("second_us", second), ("redis_us", redis)];
        let figures = figures.map(|(name, value)| (name.to_owned(), value)).into();
        Line::Record(Record { figures, ..whole(server, workload, round) })
    }

    #[test]
    fn numbers_are_derived_within_a_round() {
        let lines = [
            used("ours", "empty", 0, [1.0, 0.0, 0.0]),
            used("ours", "empty_2n", 0, [2.0, 0.5, 0.7]),
            used("ours", "empty", 1, [2.0, 0.0, 0.0]),
            used("ours", "empty_2n", 1, [3.2, 0.5, 0.7]),
            used("ours", "one", 1, [4.0, 0.0, 0.0]),
            used("ours", "one_2n", 1, [3.0, 4.5, 0.7]),
            used("node", "empty", 0, [10.0, 0.0, 0.0]),
            used("node", "empty_2n", 0, [14.0, 5.0, 0.7]),
        ];
        let text = section(&Results::new(lines, 0.35)).unwrap();
        for line in [
            "| workload | figure | ours | node | target | and then | reached |",
            "| 64 B to an empty room | CPU of the server that sends, beyond that without a cluster | \
             1.1 µs (1.0 µs–1.2 µs) | 4.0 µs (0.25, in 1) | ≤ 3.0 µs | ≤ 1.5 µs | both |",
            "|  | CPU of the other server | 0.5 µs | 5.0 µs (0.10, in 1) | ≤ 1.0 µs | – | yes |",
            "| 64 B to one client of the other server | CPU of that server, beyond a local delivery | \
             2.5 µs (in 1) | – | ≤ 2.0 µs | – | **no** |",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n\n{text}");
        }
        assert!(!text.contains("fetch"), "it was not measured");
    }

    #[test]
    fn rows_are_of_workloads_that_there_are() {
        let lines: Vec<_> = Workload::cluster()
            .iter()
            .map(|workload| Line::Record(whole("ours", workload.name, 0)))
            .collect();
        let results = Results::new(lines, 0.35);
        assert!(ROWS.iter().all(|row| results.derived("ours", row.number).is_some()));
    }

    #[test]
    fn workloads_of_one_server_have_no_section() {
        assert_eq!(section(&Results::new([Line::Record(whole("ours", "echo1", 0))], 0.35)), None);
    }
}
