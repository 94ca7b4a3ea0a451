use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::build;

/// The conditions that figures depend on, besides the code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Setting {
    /// The commit of the project, as `git describe` prints it.
    commit: String,
    date: String,
    processor: String,
    kernel: String,
    rust: String,
    node: String,
    /// Of a run with clusters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redis: Option<String>,
}

impl Setting {
    pub(crate) fn here(redis: Option<String>) -> Self {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find(|line| line.starts_with("model name"));
        let model =
            model.and_then(|line| line.split_once(": ")).map_or("unknown processor", |(_, name)| name);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            commit: said(&["git", "describe", "--always", "--dirty"]),
            date: said(&["date", "-u", "+%Y-%m-%d"]),
            processor: format!("{cores} cores of {model}"),
            kernel: said(&["uname", "-sr"]),
            rust: said(&["rustc", "--version"]),
            node: said(&["node", "--version"]),
            redis,
        }
    }

    /// Describes the setting in a sentence.
    pub(crate) fn describe(&self) -> String {
        let Self { commit, date, processor, kernel, rust, node, redis } = self;
        let redis = redis.as_ref().map(|redis| format!(", Redis {redis}")).unwrap_or_default();
        format!("Measured on {date} at `{commit}`: {processor}, {kernel}, {rust}, Node {node}{redis}.")
    }
}

/// Returns the output of a program, run in the project's folder.
fn said(command: &[&str]) -> String {
    let output = Command::new(command[0]).args(&command[1..]).current_dir(build::project()).output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}
