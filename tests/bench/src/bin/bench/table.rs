//! Tables of the results, in Markdown.

use socketio_bench::Workload;

use crate::metric::Metric;
use crate::results::Results;
use crate::targets::{OURS, Target};

/// Returns all tables of these results.
pub(crate) fn all(results: &Results) -> String {
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
        let Some(cells) = cells(results, workload, Metric::PerCpuSecond) else { continue };
        let load = results.median(workload.name, subject(results)?, Metric::Load);
        let load = load.map(|load| Metric::Load.unit().show(load));
        let title = Some(workload.title.to_owned());
        let subject = subject(results)?;
        let rounds = Some(results.rounds_with(workload.name, [subject; 2]).to_string());
        rows.push([title].into_iter().chain(cells).chain([rounds, load]).collect());
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
            let Some(cells) = cells(results, workload, metric) else { continue };
            let titles = [std::mem::take(&mut title), metric.title()].map(|title| Some(title.to_owned()));
            rows.push(titles.into_iter().chain(cells).collect());
        }
    }
    let servers = results.servers.iter().map(String::as_str);
    table(&["workload", "figure"].into_iter().chain(servers).collect::<Vec<_>>(), &rows)
}

/// Returns one cell per server, or `None` if no server has the figure.
fn cells(results: &Results, workload: &Workload, metric: Metric) -> Option<Vec<Option<String>>> {
    let cells = results.servers.iter().map(|server| cell(results, workload.name, server, metric));
    let cells: Vec<_> = cells.collect();
    cells.iter().any(Option::is_some).then_some(cells)
}

/// Returns the server's figure, and in brackets our figure relative to it.
fn cell(results: &Results, workload: &str, server: &str, metric: Metric) -> Option<String> {
    let value = metric.unit().show(results.median(workload, server, metric)?);
    let subject = subject(results)?;
    let ratio = results.ratio(metric, (workload, subject), (workload, server));
    match ratio {
        Some(ratio) if subject != server && metric.is_compared() => {
            let rounds = [server, subject].map(|other| results.rounds_with(workload, [subject, other]));
            let few = if rounds[0] < rounds[1] { format!(" in {}", rounds[0]) } else { String::new() };
            Some(format!("{value} ({}{few})", times(ratio)))
        }
        _ => Some(value),
    }
}

/// Returns the server that all others are compared with.
fn subject(results: &Results) -> Option<&str> {
    let ours = results.servers.iter().find(|server| *server == OURS);
    ours.or(results.servers.first()).map(String::as_str)
}

fn targets(results: &Results) -> Option<String> {
    let mut rows = Vec::new();
    for target in Target::all() {
        let Some(measured) = target.measured(results) else { continue };
        let (workload, measure) = (target.workload.to_owned(), target.measure.describe());
        let step = if target.next { "then " } else { "" };
        let wanted = format!("{step}{}", target.bound.describe(target.measure));
        let met = if target.bound.holds(measured) { "yes" } else { "**no**" }.to_owned();
        rows.push([workload, measure, wanted, target.measure.show(measured), met].map(Some).to_vec());
    }
    table(&["workload", "ours", "wanted", "measured", "met"], &rows)
}

fn failures(results: &Results) -> Option<String> {
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
    Some(format!(
        "{rounds}; in brackets, {subject} to that server: the median of the rounds' ratios, which need not be the \
         ratio of the two medians (`in 2`: of two rounds, where {subject} has more). `load` is how much of its core the load generator used against \
         {subject}.{disturbed} {setting}"
    ))
}

pub(crate) fn times(ratio: f64) -> String {
    if ratio < 9.95 { format!("{ratio:.2}") } else { format!("{ratio:.0}") }
}

fn table(header: &[&str], rows: &[Vec<Option<String>>]) -> Option<String> {
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
            Line::Record(record("ours", "echo1", 1, 150_000.0)),
            Line::Record(record("floor", "echo1", 0, 200_000.0)),
            Line::Record(record("floor", "echo32", 0, 2_000_000.0)),
            Line::Failed(failed),
        ];
        let text = all(&Results::new(lines, 0.35));
        for line in [
            "| workload | ours | floor | node | rounds | load |",
            "|---|---|---|---|---|---|",
            "| echo 64 B, one outstanding each | 150 k | 200 k (0.75 in 1) | – | 2 | 75 % |",
            "| echo 64 B, 32 outstanding | – | 2 000 k | – | 0 | – |",
            "| echo1 | to the floor | ≥ 0.90 | 0.75 | **no** |",
            "- node, rooms, round 1: `the server ended with signal 11`",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n\n{text}");
        }
        assert!(!text.contains("Latency"), "nothing of it was measured");
    }

    #[test]
    fn no_results_are_no_tables() {
        assert!(!all(&Results::new([], 0.35)).contains('|'));
    }
}
