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
    /// Set if the server has WebSocket only, and no rooms.
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
            Kind::Connect { mode, .. } => mode == Mode::Upgrade,
            _ => false,
        };
        !(everything && self.bare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_not_asked_for_what_it_does_not_have() {
        let servers = Server::known();
        let [ours, floor] = ["ours", "floor"].map(|name| servers.iter().find(|it| it.name == name).unwrap());
        for (name, bare) in [
            ("echo1", true),
            ("rooms", false),
            ("join1", false),
            ("inbound13", false),
            ("conn_ws", true),
            ("conn_full", false),
        ] {
            let workload = Workload::named(name).unwrap();
            assert!(ours.serves(workload), "{name}");
            assert_eq!(floor.serves(workload), bare, "{name}");
        }
    }
}
