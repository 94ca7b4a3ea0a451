//! The page `docs/performance.md` and its charts.

use std::{fmt, fs};

use socketio_bench::Workload;

use crate::chart::{Chart, Group, Scale};
use crate::metric::{Metric, RSS_PER_SESSION};
use crate::results::Results;
use crate::table::times;
use crate::{Failure, build, cluster, table};

/// The markers of the tables of single servers, and of the section on clusters.
const SERVERS: Markers = ("<!-- bench:begin -->", "<!-- bench:end -->");
const CLUSTER: Markers = ("<!-- cluster:begin -->", "<!-- cluster:end -->");
const BASE: &str = "socketioxide";

/// Where generated content begins, and where it ends.
type Markers = (&'static str, &'static str);

/// Writes the results into the page, between its markers: the tables of single servers, the section on clusters, or
/// both, by what was measured.
pub(crate) fn write(results: &Results) -> Result<(), Failure> {
    let docs = build::project().join("docs");
    let (page, charts) = (docs.join("performance.md"), docs.join("performance"));
    let located = |error: &dyn fmt::Display| format!("{}: {error}", page.display());
    let mut text = fs::read_to_string(&page).map_err(|error| located(&error))?;
    if let Some(section) = cluster::section(results) {
        text = replaced(&text, CLUSTER, &section).map_err(|error| located(&error))?;
    }
    if results.have(Workload::all()) {
        text = replaced(&text, SERVERS, &content(results)).map_err(|error| located(&error))?;
        fs::create_dir_all(&charts)?;
        fs::write(charts.join("speed.svg"), speed(results).svg())?;
        fs::write(charts.join("memory.svg"), memory(results).svg())?;
        eprintln!("written: the charts in {}", charts.display());
    }
    fs::write(&page, text)?;
    eprintln!("written: {}", page.display());
    Ok(())
}

fn content(results: &Results) -> String {
    format!(
        "![Operations per second of server CPU, to socketioxide](performance/speed.svg)\n\n\
         ![Resident memory per idle session](performance/memory.svg)\n\n{}",
        table::servers(results)
    )
}

/// Returns the page with other content between its markers.
fn replaced(page: &str, (begin, end): Markers, content: &str) -> Result<String, String> {
    let parts = page.split_once(begin).and_then(|(head, rest)| Some((head, rest.split_once(end)?.1)));
    let (head, tail) = parts.ok_or_else(|| format!("there is no {begin} with an {end} after it"))?;
    Ok(format!("{head}{begin}\n\n{content}\n\n{end}{tail}"))
}

fn speed(results: &Results) -> Chart {
    let series = ["ours", "floor", "node"];
    let group = |workload: &Workload| {
        let bar = |server| {
            let pair = ((workload.name, server), (workload.name, BASE));
            let ratio = results.ratio(Metric::PerCpuSecond, pair.0, pair.1)?.median;
            Some((ratio, times(ratio)))
        };
        Group { title: workload.title.to_owned(), bars: series.map(bar).to_vec() }
    };
    let workloads = Workload::all().iter();
    let groups = workloads
        .filter(|workload| Metric::is_speed(workload))
        .map(group)
        .filter(Group::is_measured)
        .collect();
    Chart {
        title: format!("Operations per second of server CPU, to {BASE}"),
        scale: Scale::Ratio,
        series: series.map(str::to_owned).to_vec(),
        groups,
    }
}

fn memory(results: &Results) -> Chart {
    let series = ["ours", "floor", "node", BASE];
    let group = |name: &str| {
        let bar = |server| {
            let bytes = results.value(name, server, RSS_PER_SESSION)?.median;
            Some((bytes, RSS_PER_SESSION.unit().show(bytes)))
        };
        let title = Workload::named(name).map_or(name, |workload| workload.title);
        Group { title: title.to_owned(), bars: series.map(bar).to_vec() }
    };
    Chart {
        title: "Resident memory per idle session".to_owned(),
        scale: Scale::Linear,
        series: series.map(str::to_owned).to_vec(),
        groups: ["idle10k", "idle50k"].into_iter().map(group).filter(Group::is_measured).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Line;
    use crate::results::tests::record;

    #[test]
    fn only_what_is_between_the_markers_is_replaced() {
        let (begin, end) = SERVERS;
        let page = format!("before\n\n{begin}\nold\n{end}\n\nafter\n");
        let once = replaced(&page, SERVERS, "new").unwrap();
        assert_eq!(once, format!("before\n\n{begin}\n\nnew\n\n{end}\n\nafter\n"));
        assert_eq!(replaced(&once, SERVERS, "new"), Ok(once.clone()));
    }

    #[test]
    fn a_page_without_markers_is_left_alone() {
        let (begin, end) = SERVERS;
        for page in ["", begin, end, &format!("{end}{begin}")] {
            let failure = replaced(page, SERVERS, "new").unwrap_err();
            assert_eq!(failure, "there is no <!-- bench:begin --> with an <!-- bench:end --> after it");
        }
    }

    #[test]
    fn the_projects_page_has_its_markers() {
        let page = fs::read_to_string(build::project().join("docs/performance.md")).unwrap();
        assert!(replaced(&page, SERVERS, "").is_ok());
        assert!(replaced(&page, CLUSTER, "").is_ok());
    }

    #[test]
    fn charts_show_what_was_measured() {
        let records = [("ours", 200.0), ("socketioxide", 100.0), ("node", 50.0)];
        let lines = records.map(|(server, speed)| Line::Record(record(server, "echo1", 0, speed)));
        let chart = speed(&Results::new(lines, 0.35));
        assert_eq!(chart.groups.len(), 1);
        let bars = &chart.groups[0].bars;
        assert_eq!(bars[..], [Some((2.0, "2.00".to_owned())), None, Some((0.5, "0.50".to_owned()))]);
    }
}
