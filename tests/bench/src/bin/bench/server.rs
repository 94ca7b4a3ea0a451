use std::path::PathBuf;

use socketio_bench::{Kind, Mode, Workload};

use crate::Failure;
use crate::build::{self, Package};

/// A server to measure.
#[derive(Debug)]
pub(crate) struct Server {
    /// The name on the command line, in records and in tables.
    pub(crate) name: String,
    source: Source,
    /// Set if the server has WebSocket only, no rooms, and joins no cluster.
    bare: bool,
}

#[derive(Debug)]
enum Source {
    Cargo(Package),
    Node,
    /// The words of a command.
    Given(Vec<String>),
}

impl Server {
    /// Returns the servers of the project, in the order of the tables.
    pub(crate) fn known() -> Vec<Self> {
        let new = |name: &str, source, bare| Self { name: name.to_owned(), source, bare };
        vec![
            new("ours", Source::Cargo(build::OURS), false),
            new("socketioxide", Source::Cargo(build::SOCKETIOXIDE), false),
            new("node", Source::Node, false),
            new("floor", Source::Cargo(build::FLOOR), true),
            new("raw", Source::Cargo(build::RAW), true),
        ]
    }

    pub(crate) fn other(name: String, command: Vec<String>) -> Self {
        Self { name, source: Source::Given(command), bare: false }
    }

    /// Builds the server if it belongs to the project, and returns its command; `None` if it cannot run here.
    pub(crate) fn build(&self) -> Result<Option<Vec<PathBuf>>, Failure> {
        match &self.source {
            Source::Cargo(package) => Ok(Some(vec![package.build()?])),
            Source::Node => build::node(),
            Source::Given(command) => Ok(Some(command.iter().map(PathBuf::from).collect())),
        }
    }

    /// Returns `true` if the server supports the workload.
    pub(crate) fn serves(&self, workload: &Workload) -> bool {
        let everything = match workload.kind {
            Kind::Rooms { .. } | Kind::Membership { .. } | Kind::Polling(_) | Kind::Inbound(_) => true,
            Kind::Publish { .. } | Kind::Relay { .. } | Kind::Fetch { .. } => true,
            Kind::Connect { mode, .. } => mode == Mode::Upgrade,
            _ => workload.cluster.is_some(),
        };
        let threads = workload.workers > 1;
        !(everything && self.bare || threads && matches!(self.source, Source::Node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_run_only_the_workloads_that_they_support() {
        let servers = Server::known();
        let named = |name| servers.iter().find(|server| server.name == name).unwrap();
        for (name, node, floor) in [
            ("echo1", true, true),
            ("echo32_2w", false, true),
            ("rooms", true, false),
            ("room10_2w", false, false),
            ("join1", true, false),
            ("inbound13", true, false),
            ("conn_ws", true, true),
            ("conn_full", true, false),
            ("one", true, false),
            ("all", true, true),
            ("all_2n", true, false),
        ] {
            let workload = Workload::named(name).unwrap();
            assert!(named("ours").serves(workload) && named("socketioxide").serves(workload), "{name}");
            assert_eq!(named("node").serves(workload), node, "{name}");
            assert_eq!(named("floor").serves(workload), floor, "{name}");
            assert_eq!(named("raw").serves(workload), floor, "{name}");
        }
    }
}
