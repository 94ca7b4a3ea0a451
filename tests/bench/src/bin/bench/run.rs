//! Runs of the load against every server in turn.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use socketio_bench::{Record, Workload, raise_file_limit};

use crate::journal::{Failed, Journal, Line};
use crate::pin::Cores;
use crate::plan::Plan;
use crate::results::is_disturbed;
use crate::server::Server;
use crate::setting::Setting;
use crate::{Failure, build, complete};

/// The default of the servers. Only workloads that take longer see heartbeats.
pub(crate) const PING_INTERVAL: Duration = Duration::from_secs(25);
/// The time a server may take to answer its first request.
const START: Duration = Duration::from_secs(10);
/// The time a run may take in addition to its measurement, with all its connects.
const PATIENCE: Duration = Duration::from_secs(120);
const TICK: Duration = Duration::from_millis(20);

/// Builds everything, then runs round by round, workload by workload, server by server, so that runs to be compared
/// follow each other. Each round starts with another server.
pub(crate) fn all(plan: &Plan, journal: &mut Journal) -> Result<(), Failure> {
    let mut servers = Vec::new();
    for server in &plan.servers {
        if let Some(command) = server.build()? {
            servers.push((server, command));
        }
    }
    let bench = Bench { load: build::LOAD.build()?, cores: Cores::new()?, folder: build::folder()? };
    raise_file_limit();
    journal.append(&Line::Setting(Setting::here()))?;
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
        let port = free_port()?;
        let log = |who: &str| bench.folder.join(format!("bench-{}-{who}.log", self.server.name));
        let (server_log, load_log) = (log("server"), log("load"));
        let mut server = Command::new(&self.command[0]);
        server
            .args(&self.command[1..])
            .env("PORT", port.to_string())
            .env("PING_INTERVAL_MS", PING_INTERVAL.as_millis().to_string())
            .env("WORKERS", self.workload.workers.to_string())
            // For servers on tokio, whose runtime reads it.
            .env("TOKIO_WORKER_THREADS", self.workload.workers.to_string())
            .env("NODE_ENV", "production")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&server_log)?);
        let mut server = Process(bench.cores.for_server(self.workload.workers, || server.spawn())?);
        server.ready(port).map_err(|error| with_log(&error, &server_log))?;

        let mut load = Command::new(&bench.load);
        load.arg(self.workload.name)
            .args(["--url", &format!("http://127.0.0.1:{port}")])
            .args(["--pid", &server.0.id().to_string()])
            .args(["--server", &self.server.name])
            .args(["--round", &self.round.to_string()])
            .args(["--seconds", &self.length.as_secs_f64().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&load_log)?);
        let mut load = Process(bench.cores.for_load(|| load.spawn())?);
        let deadline = Instant::now() + self.length + PATIENCE;
        loop {
            if let Some(status) = load.0.try_wait()? {
                // One line: it fits into the pipe.
                let mut line = String::new();
                load.0.stdout.take().ok_or("the load has no output")?.read_to_string(&mut line)?;
                return match serde_json::from_str(&line) {
                    Ok(record) if status.success() => {
                        complete::check(&record)?;
                        Ok(record)
                    }
                    _ => Err(with_log(&format!("the load ended with {status}"), &load_log).into()),
                };
            }
            if let Some(status) = server.0.try_wait()? {
                let error = format!("the server ended with {status}");
                return Err(with_log(&error, &server_log).into());
            }
            if Instant::now() > deadline {
                return Err("the run did not end in time".into());
            }
            sleep(TICK);
        }
    }
}

/// A child process that is killed on drop.
struct Process(Child);

impl Process {
    /// Waits until `GET /` is answered.
    fn ready(&mut self, port: u16) -> Result<(), String> {
        let deadline = Instant::now() + START;
        loop {
            match self.0.try_wait() {
                Ok(Some(status)) => return Err(format!("the server ended with {status}")),
                Ok(None) if get(port).is_ok_and(|answer| answer.ends_with("ok")) => return Ok(()),
                Ok(None) if Instant::now() < deadline => sleep(TICK),
                Ok(None) => return Err("the server does not answer GET / with ok".to_owned()),
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process may have exited already.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn get(port: u16) -> io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, START)?;
    stream.set_read_timeout(Some(START))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Returns a port that no client gets: clients' ports start at 32 768. Each run has its own, so that the kernel's state
/// about earlier connections does not interfere.
fn free_port() -> Result<u16, Failure> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    std::iter::repeat_with(|| 20_000 + NEXT.fetch_add(1, Ordering::Relaxed) % 12_000)
        .take(12_000)
        .find(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
        .ok_or_else(|| "no free port below 32000".into())
}

/// Returns the error with the beginning of the log, which usually has the reason.
fn with_log(error: &str, log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return error.to_owned();
    }
    format!("{error}: {}", lines.join("; ").chars().take(300).collect::<String>())
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
