//! Runs of the load against every server in turn.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use socketio_bench::{Kind, Record, Workload, raise_file_limit};

use crate::journal::{Failed, Journal, Line};
use crate::pin::Cores;
use crate::plan::Plan;
use crate::process::{Process, TICK, free_port, with_log};
use crate::redis::Redis;
use crate::results::is_disturbed;
use crate::server::Server;
use crate::setting::Setting;
use crate::{Failure, build, complete};

/// The default of the servers. Only workloads that take longer see heartbeats.
pub(crate) const PING_INTERVAL: Duration = Duration::from_secs(25);
/// The time a run may take in addition to its measurement, with all its connects.
const PATIENCE: Duration = Duration::from_secs(120);

/// Builds everything, then runs round by round, workload by workload, server by server, so that runs to be compared
/// follow each other. Each round starts with another server.
pub(crate) fn all(plan: &Plan, journal: &mut Journal) -> Result<(), Failure> {
    let has_cluster = plan.workloads.iter().any(|workload| workload.cluster.is_some());
    let redis = if has_cluster { Some(Redis::version()?) } else { None };
    let mut servers = Vec::new();
    for server in &plan.servers {
        if let Some(command) = server.build()? {
            servers.push((server, command));
        }
    }
    let bench = Bench { load: build::LOAD.build()?, cores: Cores::new()?, folder: build::folder()? };
    raise_file_limit();
    journal.append(&Line::Setting(Setting::here(redis)))?;
    let (mut left, time) = plan.estimate(&servers.iter().map(|(server, _)| *server).collect::<Vec<_>>());
    let mut repeats = plan.repeats(left);
    eprintln!("{left} runs, about {} minutes", time.as_secs().div_ceil(60));
    for round in 0..plan.rounds {
        for workload in &plan.workloads {
            let those = servers.iter().filter(|(server, _)| plan.runs(round, workload, server));
            for (server, command) in those {
                let length = plan.length(workload);
                let run = Run { server, command, workload, length, round: journal.next_round + round };
                let mut is_repeated = false;
                loop {
                    let line = run.line(&bench);
                    eprintln!("{}", told(&line, left));
                    journal.append(&line)?;
                    let is_disturbed = matches!(
                        &line,
                        Line::Record(record) if is_disturbed(record, plan.most_other_cores)
                    );
                    if !is_disturbed || is_repeated || repeats == 0 {
                        break;
                    }
                    repeats -= 1;
                    is_repeated = true;
                }
                left -= 1;
            }
        }
        servers.rotate_left(1);
    }
    Ok(())
}

/// The context of all runs.
struct Bench {
    load: PathBuf,
    cores: Cores,
    /// For the output of servers.
    folder: PathBuf,
}

/// One workload on one server.
struct Run<'a> {
    server: &'a Server,
    command: &'a [PathBuf],
    workload: &'static Workload,
    /// The duration of the measurement.
    length: Duration,
    round: u32,
}

impl Run<'_> {
    /// Returns the line of a run; a failed run has a line too.
    fn line(&self, bench: &Bench) -> Line {
        match self.record(bench) {
            Ok(record) => Line::Record(record),
            Err(error) => Line::Failed(Failed {
                server: self.server.name.clone(),
                workload: self.workload.name.to_owned(),
                round: self.round,
                error: error.to_string(),
            }),
        }
    }

    fn record(&self, bench: &Bench) -> Result<Record, Failure> {
        let redis = match self.workload.cluster {
            Some(_) => Some(Redis::start(self.workload, &bench.cores, &bench.folder)?),
            None => None,
        };
        let first = self.start(bench, "server", redis.as_ref(), |command| {
            bench.cores.for_server(self.workload.workers, || command.spawn())
        })?;
        let second = match self.workload.cluster {
            Some(2) => Some(self.start(bench, "second", redis.as_ref(), |command| {
                bench.cores.for_others(self.workload, || command.spawn())
            })?),
            _ => None,
        };

        let load_log = bench.folder.join(format!("bench-{}-load.log", self.server.name));
        let mut load = Command::new(&bench.load);
        load.arg(self.workload.name)
            .args(["--url", &first.url])
            .args(["--pid", &first.process.id()])
            .args(["--server", &self.server.name])
            .args(["--round", &self.round.to_string()])
            .args(["--seconds", &self.length.as_secs_f64().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&load_log)?);
        if let Some(second) = &second {
            load.args(["--second-url", &second.url, "--second-pid", &second.process.id()]);
        }
        if let Some(redis) = &redis {
            load.args(["--redis-url", redis.url(), "--redis-pid", &redis.id()]);
        }
        let mut load = Process::new(bench.cores.for_load(|| load.spawn())?);
        let mut servers: Vec<_> = [first].into_iter().chain(second).collect();
        let deadline = Instant::now() + self.length + PATIENCE;
        loop {
            if let Some(status) = load.ended()? {
                // One line: it fits into the pipe.
                let mut line = String::new();
                load.output().ok_or("the load has no output")?.read_to_string(&mut line)?;
                return match serde_json::from_str(&line) {
                    Ok(record) if status.success() => {
                        complete::check(&record)?;
                        Ok(record)
                    }
                    _ => Err(with_log(&format!("the load ended with {status}"), &load_log).into()),
                };
            }
            for server in &mut servers {
                if let Some(status) = server.process.ended()? {
                    let error = format!("the server ended with {status}");
                    return Err(with_log(&error, &server.log).into());
                }
            }
            if Instant::now() > deadline {
                return Err("the run did not end in time".into());
            }
            sleep(TICK);
        }
    }

    /// Starts a server, and waits until it answers. It has joined the cluster then, if there is one.
    fn start(
        &self,
        bench: &Bench,
        who: &str,
        redis: Option<&Redis>,
        spawn: impl FnOnce(&mut Command) -> io::Result<Child>,
    ) -> Result<Started, Failure> {
        let port = free_port()?;
        let log = bench.folder.join(format!("bench-{}-{who}.log", self.server.name));
        let mut server = Command::new(&self.command[0]);
        server
            .args(&self.command[1..])
            .env("PORT", port.to_string())
            .env("PING_INTERVAL_MS", PING_INTERVAL.as_millis().to_string())
            .env("WORKERS", self.workload.workers.to_string())
            // For servers on tokio, whose runtime reads it.
            .env("TOKIO_WORKER_THREADS", self.workload.workers.to_string())
            .env("NODE_ENV", "production")
            .env_remove("BATCH")
            .env_remove("REDIS_URL")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        if let Kind::Publish { batch, .. } = self.workload.kind {
            server.env("BATCH", batch.to_string());
        }
        if let Some(redis) = redis {
            server.env("REDIS_URL", redis.url());
        }
        let mut process = Process::new(spawn(&mut server)?);
        process.ready(port).map_err(|error| with_log(&error, &log))?;
        Ok(Started { process, url: format!("http://127.0.0.1:{port}"), log })
    }
}

/// A server that runs.
struct Started {
    process: Process,
    url: String,
    /// The file with its output.
    log: PathBuf,
}

fn told(line: &Line, left: usize) -> String {
    match line {
        Line::Record(Record { server, workload, wrong, other_cores, .. }) => {
            let spoiled = if *wrong > 0 { format!(", {wrong} wrong answers") } else { String::new() };
            format!("{left:>4} {workload:<12} {server:<14} others used {other_cores:.2} cores{spoiled}")
        }
        Line::Failed(Failed { server, workload, error, .. }) => {
            format!("{left:>4} {workload:<12} {server:<14} failed: {error}")
        }
        Line::Setting(setting) => setting.describe(),
    }
}
