//! Tables of the results, in Markdown.

use socketio_bench::{Kind, Workload};

use crate::cluster;
use crate::metric::Metric;
use crate::results::Results;
use crate::targets::{Bound, OURS, Target};

/// Returns all tables of these results.
pub(crate) fn all(results: &Results) -> String {
    let cluster = cluster::section(results);
    let servers = Some(servers(results)).filter(|_| results.have(Workload::all()) || cluster.is_none());
    [servers, cluster].into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

/// Returns the tables of the workloads of one server.
pub(crate) fn servers(results: &Results) -> String {
    let sections = [
        conditions(results),
        section("Operations per second of server CPU", speed(results)),
        section("Latency, memory, and the rest", others(results)),
        section("Targets", targets(results)),
        section("Runs that failed", failures(results)),
    ];
    sections.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

fn section(title: &str, content: Option<String>) -> Option<String> {
    content.map(|content| format!("### {title}\n\n{content}"))
}

/// Returns a table with a row for each workload that measures operations, and a column for each server.
fn speed(results: &Results) -> Option<String> {
    let mut rows = Vec::new();
    for workload in Workload::all().iter().filter(|workload| Metric::is_speed(workload)) {
        let row = Row { results, workload: workload.name, metric: Metric::PerCpuSecond };
        let Some(cells) = row.cells() else { continue };
        let load = results.value(workload.name, subject(results)?, Metric::Load);
        let load = load.map(|load| Metric::Load.unit().show(load.median));
        let title = Some(workload.title.to_owned());
        rows.push([title].into_iter().chain(cells).chain([load]).collect());
    }
    let servers = results.servers.iter().map(String::as_str);
    table(&["workload"].into_iter().chain(servers).chain(["rounds", "load"]).collect::<Vec<_>>(), &rows)
}

/// Returns a table with a row for each other figure. The first row of a workload names it.
fn others(results: &Results) -> Option<String> {
    let mut rows = Vec::new();
    for workload in Workload::all() {
        let mut title = workload.title;
        for &metric in Metric::others(workload) {
            let Some(cells) = (Row { results, workload: workload.name, metric }).cells() else { continue };
            let titles = [std::mem::take(&mut title), metric.title()].map(|title| Some(title.to_owned()));
            rows.push(titles.into_iter().chain(cells).collect());
        }
    }
    let servers = results.servers.iter().map(String::as_str);
    table(&["workload", "figure"].into_iter().chain(servers).chain(["rounds"]).collect::<Vec<_>>(), &rows)
}

/// One number of one workload, of all servers.
#[derive(Clone, Copy)]
struct Row<'a> {
    results: &'a Results,
    workload: &'a str,
    metric: Metric,
}

impl Row<'_> {
    /// Returns one cell per server, and the number of rounds of the server with most of them; `None` if no server has
    /// the number.
    fn cells(self) -> Option<Vec<Option<String>>> {
        let Self { results, workload, metric } = self;
        let rounds = results
            .servers
            .iter()
            .filter_map(|server| Some(results.value(workload, server, metric)?.rounds))
            .max()?;
        let cells = results.servers.iter().map(|server| self.cell(server, rounds));
        Some(cells.chain([Some(rounds.to_string())]).collect())
    }

    /// Returns the server's number. In brackets: for the subject, the range of its rounds; for another server, the
    /// ratio of the subject to it, with the range of the ratios. `in 2` marks a cell of fewer rounds than `rounds`.
    fn cell(self, server: &str, rounds: usize) -> Option<String> {
        let Self { results, workload, metric } = self;
        let own = results.value(workload, server, metric)?;
        let subject = subject(results)?;
        let ratio = results.ratio(metric, (workload, subject), (workload, server));
        let ratio = ratio.filter(|_| subject != server && metric.is_compared());
        let range = match ratio {
            Some(ratio) => ratio.range(times),
            None => own.range(|value| metric.unit().show(value)),
        };
        let counted = ratio.unwrap_or(own).rounds;
        let few = (counted < rounds).then(|| format!("in {counted}"));
        let notes: Vec<_> =
            [ratio.map(|ratio| times(ratio.median)), range, few].into_iter().flatten().collect();
        let value = metric.unit().show(own.median);
        Some(if notes.is_empty() { value } else { format!("{value} ({})", notes.join(", ")) })
    }
}

/// Returns the server that all others are compared with.
pub(crate) fn subject(results: &Results) -> Option<&str> {
    let ours = results.servers.iter().find(|server| *server == OURS);
    ours.or(results.servers.first()).map(String::as_str)
}

fn targets(results: &Results) -> Option<String> {
    let mut rows = Vec::new();
    for target in Target::all() {
        let Some(measured) = target.measured(results) else { continue };
        let measure = target.measure;
        let step = |bound: Option<Bound>| bound.map(|bound| bound.describe(|value| measure.show(value)));
        let range = measured.range(|value| measure.show(value));
        let range = range.map_or(String::new(), |range| format!(" ({range})"));
        rows.push(vec![
            Some(target.workload.to_owned()),
            Some(measure.describe()),
            step(target.first),
            step(target.then),
            Some(format!("{}{range}", measure.show(measured.median))),
            Some(measured.rounds.to_string()),
            Some(target.reached(measured.median).to_owned()),
        ]);
    }
    table(&["workload", "ours", "target", "and then", "measured", "rounds", "reached"], &rows)
}

pub(crate) fn failures(results: &Results) -> Option<String> {
    let lines: Vec<_> = results
        .failures
        .iter()
        .map(|failed| {
            let error = failed.error.replace(['`', '\n'], " ");
            format!("- {}, {}, round {}: `{error}`", failed.server, failed.workload, failed.round)
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn conditions(results: &Results) -> Option<String> {
    let rounds = match results.rounds() {
        1 => "One round",
        _ => "Medians of interleaved rounds",
    };
    let disturbed = match results.disturbed {
        0 => String::new(),
        count => format!(" {count} runs are left out: others kept the machine busy."),
    };
    let setting = results.setting.as_ref().map(|setting| setting.describe()).unwrap_or_default();
    let subject = subject(results)?;
    let durations = durations(results);
    Some(format!(
        "{rounds}. In brackets, for {subject} the lowest and the highest round; for another server {subject} to that \
         server: the median of the rounds' ratios, which need not be the ratio of the two medians, and the lowest and \
         the highest of them. `in 2` is a cell of two rounds, where the row has more in its column `rounds`. `load` is \
         how much of its core the load generator used against {subject}.{durations}{disturbed} {setting}"
    ))
}

/// Returns a sentence on the durations of the measurements: the most frequent, and the workloads with another.
fn durations(results: &Results) -> String {
    let measured: Vec<_> = Workload::all()
        .iter()
        .filter(|workload| !matches!(workload.kind, Kind::Retained { .. }))
        .filter_map(|workload| {
            let seconds = results.seconds(workload.name)?;
            let one = |value: f64| format!("{value}");
            Some((workload.name, seconds.range(one).unwrap_or_else(|| one(seconds.median))))
        })
        .collect();
    let count = |text: &str| measured.iter().filter(|(_, other)| other == text).count();
    // Of two that are as frequent, the first.
    let Some((_, most)) = measured.iter().rev().max_by_key(|(_, text)| count(text)) else {
        return String::new();
    };
    let mut others: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, text) in measured.iter().filter(|(_, text)| text != most) {
        let name = format!("`{name}`");
        match others.iter_mut().find(|(other, _)| other == text) {
            Some((_, names)) => names.push(name),
            None => others.push((text, vec![name])),
        }
    }
    let others: String =
        others.iter().map(|(text, names)| format!("; {text} s in {}", names.join(", "))).collect();
    format!(" Measurements took {most} s (`--seconds`){others}.")
}

pub(crate) fn times(ratio: f64) -> String {
    if ratio < 9.95 { format!("{ratio:.2}") } else { format!("{ratio:.0}") }
}

pub(crate) fn table(header: &[&str], rows: &[Vec<Option<String>>]) -> Option<String> {
    if rows.is_empty() {
        return None;
    }
    let line = |cells: Vec<&str>| format!("| {} |", cells.join(" | "));
    let mut lines = vec![line(header.to_vec()), format!("|{}", "---|".repeat(header.len()))];
    let shown = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "–".to_owned());
    for row in rows {
        let cells: Vec<_> = row.iter().map(shown).collect();
        lines.push(line(cells.iter().map(String::as_str).collect()));
    }
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use socketio_bench::Record;

    use super::*;
    use crate::journal::{Failed, Line};
    use crate::results::tests::record;

    #[test]
    fn figures_stand_beside_what_ours_is_to_them() {
        let failed = Failed {
            server: "node".to_owned(),
            workload: "rooms".to_owned(),
            round: 1,
            error: "the server ended with signal 11".to_owned(),
        };
        let lines = [
            Line::Record(record("ours", "echo1", 0, 150_000.0)),
            Line::Record(record("ours", "echo1", 1, 160_000.0)),
            Line::Record(record("ours", "echo1", 2, 140_000.0)),
            Line::Record(record("floor", "echo1", 0, 200_000.0)),
            Line::Record(record("floor", "echo1", 2, 200_000.0)),
            Line::Record(record("raw", "echo1", 0, 150_000.0)),
            Line::Record(record("floor", "echo32", 0, 2_000_000.0)),
            Line::Record(Record { length: 3.0, ..record("floor", "ack", 0, 9_000.0) }),
            Line::Failed(failed),
        ];
        let text = all(&Results::new(lines, 0.35));
        for line in [
            "| workload | ours | floor | raw | node | rounds | load |",
            "|---|---|---|---|---|---|---|",
            "| echo 64 B, one outstanding each | 150 k (140 k–160 k) | 200 k (0.72, 0.70–0.75, in 2) | 150 k (1.00, in 1) | – | 3 | 75 % |",
            "| echo 64 B, 32 outstanding | – | 2 000 k | – | – | 1 | – |",
            "| workload | ours | target | and then | measured | rounds | reached |",
            "| echo1 | to the floor | ≥ 0.97 | ≥ 1.00 | 0.72 (0.70–0.75) | 2 | **no** |",
            "| echo1 | to raw | – | ≥ 1.00 | 1.00 | 1 | yes |",
            "- node, rooms, round 1: `the server ended with signal 11`",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n\n{text}");
        }
        assert!(text.contains(" Measurements took 2 s (`--seconds`); 3 s in `ack`. "), "{text}");
        assert!(!text.contains("Latency"), "nothing of it was measured");
    }

    #[test]
    fn no_results_are_no_tables() {
        assert!(!all(&Results::new([], 0.35)).contains('|'));
    }
}
