use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use socketio_bench::Record;

use crate::setting::Setting;
use crate::{Failure, complete};

/// A file that records are appended to, so that an interrupted run loses nothing.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    /// The first round without any line.
    pub(crate) next_round: u32,
}

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Line {
    Record(Record),
    Failed(Failed),
    Setting(Setting),
}

/// A run without a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failed {
    pub(crate) server: String,
    pub(crate) workload: String,
    pub(crate) round: u32,
    pub(crate) error: String,
}

impl Journal {
    /// Opens the file; new records belong to new rounds.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let lines = if path.exists() { Self::read(path)? } else { Vec::new() };
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|error| format!("{}: {error}", path.display()))?;
        let next_round = lines.iter().filter_map(Line::round).max().map_or(0, |last| last + 1);
        Ok(Self { file, next_round })
    }

    pub(crate) fn append(&mut self, line: &Line) -> Result<(), Failure> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        Ok(self.file.write_all(text.as_bytes())?)
    }

    /// Reads all lines; an incomplete record is an error.
    pub(crate) fn read(path: &Path) -> Result<Vec<Line>, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let parse = |(at, line)| {
            Line::parse(line).map_err(|error| format!("{}:{}: {error}", path.display(), at + 1).into())
        };
        text.lines().enumerate().map(parse).collect()
    }
}

impl Line {
    fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| format!("the line is cut short or damaged: {error}"))?;
        let incomplete = |error: serde_json::Error| format!("the line is incomplete: {error}");
        if value.get("error").is_some() {
            serde_json::from_value(value).map(Self::Failed).map_err(incomplete)
        } else if value.get("commit").is_some() {
            serde_json::from_value(value).map(Self::Setting).map_err(incomplete)
        } else {
            let record = serde_json::from_value(value).map_err(incomplete)?;
            complete::check(&record)?;
            Ok(Self::Record(record))
        }
    }

    fn round(&self) -> Option<u32> {
        match self {
            Self::Record(record) => Some(record.round),
            Self::Failed(failed) => Some(failed.round),
            Self::Setting(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::whole;

    #[test]
    fn lines_are_read_as_they_were_written_and_rounds_go_on() {
        let path = std::env::temp_dir().join(format!("bench-journal-{}.jsonl", std::process::id()));
        let failed = Failed {
            server: "ours".to_owned(),
            workload: "echo1".to_owned(),
            round: 4,
            error: "it died".to_owned(),
        };
        let lines = [
            Line::Setting(Setting::here(None)),
            Line::Record(whole("ours", "echo1", 3)),
            Line::Failed(failed),
        ];
        let mut journal = Journal::open(&path).unwrap();
        assert_eq!(journal.next_round, 0);
        lines.iter().for_each(|line| journal.append(line).unwrap());
        assert_eq!(Journal::read(&path).unwrap(), lines);
        assert_eq!(Journal::open(&path).unwrap().next_round, 5);

        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_line_that_is_not_whole_is_refused_with_its_place_and_the_reason() {
        let path = std::env::temp_dir().join(format!("bench-refused-{}.jsonl", std::process::id()));
        let good = serde_json::to_string(&whole("ours", "echo1", 0)).unwrap();
        let nothing_done =
            serde_json::to_string(&Record { operations: 0, ..whole("ours", "echo1", 0) }).unwrap();
        let without_cpu = good.replace("\"server_cpu\"", "\"cpu\"");
        for (line, reason) in [
            (&good[..good.len() / 2], "the line is cut short or damaged: EOF while parsing"),
            ("", "the line is cut short or damaged: EOF while parsing"),
            (&without_cpu, "the line is incomplete: missing field `server_cpu`"),
            (&nothing_done, "there were no operations"),
            (r#"{"server":"ours"}"#, "the line is incomplete: missing field `workload`"),
        ] {
            std::fs::write(&path, format!("{good}\n{line}\n")).unwrap();
            let failure = Journal::open(&path).unwrap_err().to_string();
            let beginning = format!("{}:2: {reason}", path.display());
            assert!(failure.starts_with(&beginning), "{failure}");
        }
        std::fs::remove_file(&path).unwrap();
    }
}
