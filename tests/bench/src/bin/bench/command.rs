use std::path::PathBuf;
use std::time::Duration;

use socketio_bench::Workload;

use crate::Failure;
use crate::results::MOST_OTHER_CORES;

/// The command given on the command line.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    /// Runs everything, then writes the page.
    Full(Options),
    /// Runs the workloads of clusters, then writes their section of the page.
    Cluster(Options),
    /// Runs for two minutes and prints a table.
    Quick(Options),
    /// Runs the selection of the options and prints a table.
    Run(Options),
    /// Writes the page from existing records.
    Report {
        records: PathBuf,
        most_other_cores: f64,
    },
    Help,
}

/// The options; those not given have the default of the command.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Options {
    pub(crate) rounds: Option<u32>,
    pub(crate) workloads: Option<Vec<&'static str>>,
    pub(crate) servers: Option<Vec<String>>,
    pub(crate) records: Option<PathBuf>,
    /// The duration of each measurement, instead of the workload's own.
    pub(crate) seconds: Option<Duration>,
    /// The number of cores that other processes may use.
    pub(crate) most_other_cores: Option<f64>,
    /// Other servers: a name, and the words of a command.
    pub(crate) others: Vec<(String, Vec<String>)>,
}

pub(crate) const USAGE: &str = "\
usage: bench COMMAND [OPTIONS]

  full      every workload on every server, nine rounds of those with targets, fewer of others: less than an hour;
            writes docs/performance.md and its charts
  cluster   the workloads of two servers in a cluster over Redis, five rounds on ours, socketioxide and node: a quarter
            of an hour; writes the section on clusters of docs/performance.md
  quick     the main workloads, one short round, ours beside socketioxide and the floor; prints tables
  run       everything that the options do not exclude in every round, nine of them; prints tables
  report    writes what docs/performance.md has of it, and its charts, from --records FILE

  --rounds N              how often everything is measured; full reduces its rows of fewer rounds in proportion
  --workloads A,B         only these
  --servers A,B           only these, of: ours, socketioxide, node, floor, raw
  --server NAME=COMMAND   one more; it finds PORT, PING_INTERVAL_MS and WORKERS in its environment (may be
                          repeated)
  --records FILE          where records are appended, one JSON line a run
  --seconds S             measure for S seconds, instead of each workload's own length; heartbeats for 25 at least
  --other-cores C         leave out runs in which others used more than C cores of the machine (0.35)";

impl Command {
    pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let mut words = words.into_iter();
        let command = words.next().ok_or(USAGE)?;
        let options = Options::parse(words)?;
        match command.as_str() {
            "full" | "cluster" if options.is_partial() => {
                Err("the page wants every workload and server: use run with these options".into())
            }
            "cluster" => Ok(Self::Cluster(options)),
            "full" => Ok(Self::Full(options)),
            "quick" => Ok(Self::Quick(options)),
            "run" => Ok(Self::Run(options)),
            "report" => match options {
                Options { records: Some(records), most_other_cores, .. } => {
                    let most_other_cores = most_other_cores.unwrap_or(MOST_OTHER_CORES);
                    Ok(Self::Report { records, most_other_cores })
                }
                _ => Err("report wants --records FILE".into()),
            },
            "help" | "--help" | "-h" => Ok(Self::Help),
            _ => Err(format!("no command {command:?}\n\n{USAGE}").into()),
        }
    }
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut options = Self::default();
        while let Some(option) = words.next() {
            let value = words.next().ok_or_else(|| format!("{option} wants a value"))?;
            match option.as_str() {
                "--rounds" => options.rounds = Some(positive(&option, &value)?),
                "--seconds" => options.seconds = Some(seconds(&option, &value)?),
                "--other-cores" => options.most_other_cores = Some(positive(&option, &value)?),
                "--workloads" => options.workloads = Some(workloads(&value)?),
                "--servers" => options.servers = Some(value.split(',').map(str::to_owned).collect()),
                "--records" => options.records = Some(value.into()),
                "--server" => options.others.push(other(&value)?),
                _ => return Err(format!("no option {option}\n\n{USAGE}").into()),
            }
        }
        Ok(options)
    }

    fn is_partial(&self) -> bool {
        self.workloads.is_some() || self.servers.is_some()
    }
}

fn positive<T: std::str::FromStr + PartialOrd + Default>(option: &str, value: &str) -> Result<T, Failure> {
    match value.parse() {
        Ok(number) if number > T::default() => Ok(number),
        _ => Err(format!("{option} wants a number above 0, not {value:?}").into()),
    }
}

fn seconds(option: &str, value: &str) -> Result<Duration, Failure> {
    let seconds = positive(option, value)?;
    Duration::try_from_secs_f64(seconds).map_err(|error| format!("{option} {value}: {error}").into())
}

fn workloads(value: &str) -> Result<Vec<&'static str>, Failure> {
    value.split(',').map(|name| Ok(Workload::named(name)?.name)).collect()
}

fn other(value: &str) -> Result<(String, Vec<String>), Failure> {
    let words = |command: &str| command.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>();
    match value.split_once('=').map(|(name, command)| (name, words(command))) {
        Some((name, command)) if !name.is_empty() && !command.is_empty() => Ok((name.to_owned(), command)),
        _ => Err(format!("--server wants NAME=COMMAND, not {value:?}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Command, String> {
        Command::parse(words.iter().map(|&word| word.to_owned())).map_err(|failure| failure.to_string())
    }

    #[test]
    fn options_select() {
        let words = ["--rounds", "2", "--workloads", "echo1,ack", "--servers", "ours,floor"];
        let others = ["--server", "old=./old --fast", "--records", "a.jsonl", "--seconds", "0.5"];
        let others = [&others[..], &["--other-cores", "2"]].concat();
        let options = Options {
            rounds: Some(2),
            workloads: Some(vec!["echo1", "ack"]),
            servers: Some(vec!["ours".to_owned(), "floor".to_owned()]),
            records: Some("a.jsonl".into()),
            seconds: Some(Duration::from_millis(500)),
            most_other_cores: Some(2.0),
            others: vec![("old".to_owned(), vec!["./old".to_owned(), "--fast".to_owned()])],
        };
        assert_eq!(parse(&[&["run"], &words[..], &others].concat()), Ok(Command::Run(options)));
        assert_eq!(parse(&["quick"]), Ok(Command::Quick(Options::default())));
        assert_eq!(parse(&["cluster"]), Ok(Command::Cluster(Options::default())));
        assert_eq!(
            parse(&["report", "--records", "x"]),
            Ok(Command::Report { records: "x".into(), most_other_cores: 0.35 })
        );
    }

    #[test]
    fn every_mistake_is_told() {
        for (words, message) in [
            (&[][..], "usage"),
            (&["fast"], "no command \"fast\""),
            (&["run", "--rounds"], "--rounds wants a value"),
            (&["run", "--rounds", "0"], "--rounds wants a number above 0"),
            (&["run", "--seconds", "-1"], "--seconds wants a number above 0"),
            (&["run", "--seconds", "NaN"], "--seconds wants a number above 0"),
            (&["run", "--seconds", "inf"], "--seconds inf: "),
            (&["run", "--speed", "1"], "no option --speed"),
            (&["run", "--workloads", "echo1,echo2"], "no workload \"echo2\"; there are echo1, "),
            (&["run", "--server", "old"], "--server wants NAME=COMMAND"),
            (&["run", "--server", "old="], "--server wants NAME=COMMAND"),
            (&["full", "--workloads", "echo1"], "the page wants every workload"),
            (&["cluster", "--servers", "ours"], "the page wants every workload"),
            (&["report"], "report wants --records"),
        ] {
            let failure = parse(words).unwrap_err();
            assert!(failure.starts_with(message), "{words:?}: {failure}");
        }
    }
}
