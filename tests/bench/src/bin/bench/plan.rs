use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use socketio_bench::Workload;

use crate::Failure;
use crate::build;
use crate::command::Options;
use crate::results::MOST_OTHER_CORES;
use crate::run::PING_INTERVAL;
use crate::schedule::{self, ROUNDS};
use crate::server::Server;

/// The runs to do, in order.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    pub(crate) workloads: Vec<&'static Workload>,
    pub(crate) servers: Vec<Server>,
    pub(crate) records: PathBuf,
    /// Overrides each workload's own length.
    seconds: Option<Duration>,
    /// Set if workloads and servers have the rounds of the [`schedule`] instead of all.
    scheduled: bool,
    /// Runs in which other processes used more of the machine are repeated, then left out.
    pub(crate) most_other_cores: f64,
}

const QUICK_WORKLOADS: [&str; 8] =
    ["echo1", "echo32", "ack", "bcast1k", "open10k", "conn_ws", "polling", "idle10k"];
const QUICK_SERVERS: [&str; 3] = ["ours", "socketioxide", "floor"];
const CLUSTER_SERVERS: [&str; 3] = ["ours", "socketioxide", "node"];
const CLUSTER_ROUNDS: u32 = 5;

impl Plan {
    /// Returns a plan for everything that the options do not exclude, in every round.
    pub(crate) fn new(options: Options) -> Result<Self, Failure> {
        let mut servers = Server::known();
        if let Some(names) = &options.servers {
            if let Some(name) = names.iter().find(|&name| !servers.iter().any(|known| known.name == *name)) {
                let known: Vec<_> = servers.iter().map(|server| server.name.as_str()).collect();
                return Err(format!("no server {name:?}; there are {}", known.join(", ")).into());
            }
            servers.retain(|server| names.contains(&server.name));
        }
        for (name, command) in options.others {
            if servers.iter().any(|server| server.name == name) {
                return Err(format!("there are two servers of the name {name:?}").into());
            }
            servers.push(Server::other(name, command));
        }
        let everything = Workload::all().iter().chain(Workload::cluster());
        Ok(Self {
            rounds: options.rounds.unwrap_or(ROUNDS),
            workloads: match options.workloads {
                Some(names) => everything.filter(|workload| names.contains(&workload.name)).collect(),
                None => Workload::all().iter().collect(),
            },
            servers,
            records: match options.records {
                Some(records) => records,
                None => build::folder()?.join(format!("bench-{}.jsonl", now())),
            },
            seconds: options.seconds,
            scheduled: false,
            most_other_cores: options.most_other_cores.unwrap_or(MOST_OTHER_CORES),
        })
    }

    /// Returns a plan for less than an hour, with the rounds of the [`schedule`].
    pub(crate) fn full(options: Options) -> Result<Self, Failure> {
        Ok(Self { scheduled: true, ..Self::new(options)? })
    }

    /// Returns a plan for the workloads of clusters.
    pub(crate) fn cluster(options: Options) -> Result<Self, Failure> {
        let names = Workload::cluster().iter().map(|workload| workload.name).collect();
        Self::new(Options {
            rounds: options.rounds.or(Some(CLUSTER_ROUNDS)),
            workloads: options.workloads.or(Some(names)),
            servers: options.servers.or_else(|| Some(owned(&CLUSTER_SERVERS))),
            ..options
        })
    }

    /// Returns a plan for two minutes.
    pub(crate) fn quick(options: Options) -> Result<Self, Failure> {
        Self::new(Options {
            rounds: options.rounds.or(Some(1)),
            workloads: options.workloads.or_else(|| Some(QUICK_WORKLOADS.to_vec())),
            servers: options.servers.or_else(|| Some(owned(&QUICK_SERVERS))),
            seconds: options.seconds.or(Some(Duration::from_secs(1))),
            ..options
        })
    }

    /// Returns `true` if the server runs the workload in this round.
    pub(crate) fn runs(&self, round: u32, workload: &Workload, server: &Server) -> bool {
        schedule::is_turn(round, self.rounds, self.turns(workload, server))
    }

    /// Returns the duration of a measurement. A workload that measures heartbeats takes at least its own, in which each
    /// session is pinged once.
    pub(crate) fn length(&self, workload: &Workload) -> Duration {
        match self.seconds {
            Some(seconds) if workload.length >= PING_INTERVAL => seconds.max(workload.length),
            Some(seconds) => seconds,
            None => workload.length,
        }
    }

    /// Returns the number of runs with these servers, and the time that they take on a machine that is not busy.
    pub(crate) fn estimate(&self, servers: &[&Server]) -> (usize, Duration) {
        let mut estimate = (0, Duration::ZERO);
        for workload in &self.workloads {
            for server in servers {
                let turns = self.turns(workload, server);
                let run = self.length(workload) + schedule::overhead(workload.name, &server.name);
                estimate.0 += turns as usize;
                estimate.1 += run * turns;
            }
        }
        estimate
    }

    /// Returns the number of runs that may be repeated because the machine was busy, of this many. A busy machine must
    /// not double the time of a full run.
    pub(crate) fn repeats(&self, runs: usize) -> usize {
        if self.scheduled { runs / 10 } else { runs }
    }

    fn turns(&self, workload: &Workload, server: &Server) -> u32 {
        match (server.serves(workload), self.scheduled) {
            (false, _) => 0,
            (true, false) => self.rounds,
            (true, true) => schedule::turns(workload.name, &server.name, self.rounds),
        }
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(plan: &Plan) -> Vec<&str> {
        plan.servers.iter().map(|server| server.name.as_str()).collect()
    }

    #[test]
    fn a_quick_plan_is_a_part_of_the_full_one() {
        let full = Plan::full(Options::default()).unwrap();
        assert_eq!((full.rounds, full.workloads.len()), (9, Workload::all().len()));
        assert_eq!(names(&full), ["ours", "socketioxide", "node", "floor", "raw"]);
        let quick = Plan::quick(Options::default()).unwrap();
        assert_eq!((quick.rounds, quick.workloads.len()), (1, QUICK_WORKLOADS.len()));
        assert_eq!(names(&quick), ["ours", "socketioxide", "floor"]);
    }

    #[test]
    fn a_plan_for_clusters_is_no_part_of_the_full_one() {
        let plan = Plan::cluster(Options::default()).unwrap();
        assert_eq!((plan.rounds, plan.workloads.len()), (5, Workload::cluster().len()));
        assert_eq!(names(&plan), ["ours", "socketioxide", "node"]);
        let one = Plan::new(Options { workloads: Some(vec!["one_2n"]), ..Options::default() }).unwrap();
        assert_eq!(one.workloads.len(), 1);
    }

    #[test]
    fn a_full_plan_takes_less_than_an_hour() {
        let full = Plan::full(Options::default()).unwrap();
        let (runs, time) = full.estimate(&full.servers.iter().collect::<Vec<_>>());
        let minutes = time.as_secs() / 60;
        assert!((30..55).contains(&minutes), "{runs} runs, {minutes} minutes");
        let mut started = 0;
        for round in 0..full.rounds {
            for workload in &full.workloads {
                started += full.servers.iter().filter(|server| full.runs(round, workload, server)).count();
            }
        }
        assert_eq!(started, runs);
    }

    #[test]
    fn heartbeats_are_measured_for_at_least_an_interval() {
        let seconds = Some(Duration::from_secs(2));
        let plan = Plan::new(Options { seconds, ..Options::default() }).unwrap();
        let length = |name| plan.length(Workload::named(name).unwrap()).as_secs();
        assert_eq!((length("echo1"), length("idle10k"), length("idle50k")), (2, 2, 25));
    }

    #[test]
    fn another_server_joins_those_that_are_chosen() {
        let old = || vec![("old".to_owned(), vec!["./old".to_owned()])];
        let servers = Some(vec!["ours".to_owned()]);
        let plan = Plan::new(Options { servers, others: old(), ..Options::default() }).unwrap();
        assert_eq!(names(&plan), ["ours", "old"]);
        let unknown = Options { servers: Some(vec!["old".to_owned()]), ..Options::default() };
        assert!(Plan::new(unknown).unwrap_err().to_string().starts_with("no server \"old\""));
        let twice = Options { others: [old(), old()].concat(), ..Options::default() };
        assert!(Plan::new(twice).unwrap_err().to_string().starts_with("there are two servers"));
    }
}
