//! Builds of the measured programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Failure;

/// One program that cargo builds.
#[derive(Debug)]
pub(crate) struct Package {
    /// The workspace's folder, below the project's.
    workspace: &'static str,
    arguments: &'static [&'static str],
}

pub(crate) const OURS: Package = Package {
    workspace: "",
    arguments: &[
        "--package=socketio-examples",
        "--bin=bench_server",
        "--no-default-features",
        "--features=cluster",
    ],
};
pub(crate) const SOCKETIOXIDE: Package = rival(&["--package=bench-socketioxide", "--bin=socketioxide"]);
pub(crate) const FLOOR: Package = rival(&["--package=bench-floor", "--bin=floor"]);
pub(crate) const RAW: Package = rival(&["--package=bench-floor", "--bin=raw"]);
pub(crate) const LOAD: Package = rival(&["--package=socketio-bench", "--bin=load"]);

const fn rival(arguments: &'static [&'static str]) -> Package {
    Package { workspace: "tests/bench", arguments }
}

impl Package {
    /// Builds the package as it is shipped, and returns the path of its program.
    pub(crate) fn build(&self) -> Result<PathBuf, Failure> {
        let output = Command::new("cargo")
            .args(["build", "--release", "--locked", "--message-format=json-render-diagnostics"])
            .args(self.arguments)
            .current_dir(project().join(self.workspace))
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| missing("cargo", &error))?;
        if !output.status.success() {
            return Err(format!("cargo build {} failed", self.arguments.join(" ")).into());
        }
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
            .next_back()
            .ok_or_else(|| format!("cargo build {} made no program", self.arguments.join(" ")).into())
    }
}

/// Installs the dependencies of the Node server, and returns its command; `None` if Node is not installed.
pub(crate) fn node() -> Result<Option<Vec<PathBuf>>, Failure> {
    let folder = project().join("tests/bench/servers/node");
    for tool in ["node", "npm"] {
        let version = Command::new(tool).arg("--version").stdout(Stdio::null()).status();
        if let Err(error) = version {
            eprintln!("{}: the Node server is left out", missing(tool, &error));
            return Ok(None);
        }
    }
    let status = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(&folder)
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        return Err(format!("npm ci failed in {}", folder.display()).into());
    }
    Ok(Some(vec!["node".into(), folder.join("server.mjs")]))
}

/// Returns the folder of the project.
pub(crate) fn project() -> &'static Path {
    let bench = Path::new(env!("CARGO_MANIFEST_DIR"));
    bench.ancestors().nth(2).unwrap_or(bench)
}

/// Returns the folder for records and logs: that of this program, which is disposable.
pub(crate) fn folder() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?;
    Ok(program.parent().ok_or("this program is in no folder")?.to_owned())
}

fn missing(tool: &str, error: &std::io::Error) -> String {
    format!("{tool} cannot be run ({error})")
}
