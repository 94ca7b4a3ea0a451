//! Shared by all workloads: the server, the duration, and the outcome.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use socketio_bench::{Latency, Record, figure, raise_file_limit};

use crate::arguments::{Arguments, Target};
use crate::clients::{Clients, PATIENCE};
use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::process::{Meter, Process, Spent};

/// One run of one workload.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) target: Target,
    pub(crate) process: Process,
    /// The second server of a cluster of two. Every other client is one of its clients, from the second on.
    pub(crate) second: Option<Node>,
    /// The Redis of a cluster.
    pub(crate) redis: Option<Node>,
    /// The duration of the measurement.
    pub(crate) length: Duration,
    connections: Option<usize>,
}

/// A process beside the first server.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) target: Target,
    process: Process,
}

/// The counts of a measurement.
#[derive(Debug)]
pub(crate) struct Tally {
    operations: u64,
    /// The number of bytes that the server wrote.
    bytes: u64,
    latencies: Histogram,
    /// Set once the measurement is over.
    ended: bool,
    /// Counted from start to end: no reply may be wrong during the warm-up either.
    wrong: u64,
}

/// The outcome of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    operations: u64,
    spent: Spent,
    wrong: u64,
    latency: Option<Latency>,
    figures: BTreeMap<String, f64>,
}

/// The time a server gets to warm up before anything is counted.
const WARM_UP: Duration = Duration::from_millis(500);
/// The number of file descriptors reserved for everything except clients.
const SPARE: u64 = 400;

impl Run {
    pub(crate) fn new(arguments: &Arguments) -> Result<Self, Failure> {
        let first = Node::new(&arguments.target, arguments.pid)?;
        let node = |other: &Option<(Target, u32)>| {
            other.as_ref().map(|(target, pid)| Node::new(target, *pid)).transpose()
        };
        Ok(Self {
            target: first.target,
            process: first.process,
            second: node(&arguments.second)?,
            redis: node(&arguments.redis)?,
            length: arguments.length,
            connections: arguments.connections,
        })
    }

    /// Returns the number of connections: `wanted`, or as many as the limit on open files allows if each takes `files`
    /// files.
    pub(crate) fn affordable(&self, wanted: usize, files: usize) -> usize {
        let open = raise_file_limit().saturating_sub(SPARE);
        let most = usize::try_from(open).unwrap_or(usize::MAX) / files;
        self.connections.unwrap_or(wanted).min(most.max(1))
    }

    pub(crate) fn clients(&self) -> Result<Clients, Failure> {
        Clients::new(&self.target, self.second.as_ref().map(|second| &second.target))
    }

    /// Starts to measure all processes.
    pub(crate) fn meter(&self) -> Result<Meter<'_>, Failure> {
        let [second, redis] = [&self.second, &self.redis].map(|node| node.as_ref().map(|node| &node.process));
        Meter::start(&self.process, second, redis)
    }

    /// Warms up, then measures. `work` does what is due, once per iteration, with access to the script's tally.
    pub(crate) fn measure<T>(
        &self,
        load: &mut T,
        tally: impl Fn(&mut T) -> &mut Tally,
        mut work: impl FnMut(&mut T) -> Result<(), Failure>,
    ) -> Result<Spent, Failure> {
        let mut until = |load: &mut T, length| {
            let deadline = Instant::now() + length;
            let mut progress = (tally(load).operations, Instant::now());
            loop {
                work(load)?;
                let now = Instant::now();
                if now >= deadline {
                    return Ok(());
                }
                let operations = tally(load).operations;
                if operations != progress.0 {
                    progress = (operations, now);
                } else if now - progress.1 > PATIENCE {
                    return Err(Failure::Timeout(format!("answer {}", operations + 1), PATIENCE));
                }
            }
        };
        until(load, WARM_UP)?;
        tally(load).begin();
        let meter = self.meter()?;
        until(load, self.length)?;
        let spent = meter.read()?;
        tally(load).end();
        Ok(spent)
    }
}

impl Node {
    fn new(target: &Target, pid: u32) -> Result<Self, Failure> {
        let process = Process::new(pid)?;
        let address = target.address;
        std::net::TcpStream::connect(address)
            .map_err(|error| Failure::Arguments(format!("no server at {address}: {error}")))?;
        Ok(Self { target: target.clone(), process })
    }
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self { operations: 0, bytes: 0, latencies: Histogram::new(), ended: false, wrong: 0 }
    }

    /// Counts an operation that was due at `due`.
    pub(crate) fn done(&mut self, due: Instant, at: Instant) {
        self.count(1);
        self.time(due, at);
    }

    /// Counts operations that are not timed individually.
    pub(crate) fn count(&mut self, operations: u64) {
        if !self.ended {
            self.operations += operations;
        }
    }

    /// Counts bytes that the server wrote.
    pub(crate) fn received(&mut self, bytes: usize) {
        if !self.ended {
            self.bytes += bytes as u64;
        }
    }

    /// Returns the bytes that the server wrote, divided by the operations; 0 if there are no operations.
    pub(crate) fn bytes_per_operation(&self) -> f64 {
        self.bytes as f64 / self.operations.max(1) as f64
    }

    /// Records the completion of something that was due at `due`.
    pub(crate) fn time(&mut self, due: Instant, at: Instant) {
        if !self.ended {
            self.latencies.record(at.saturating_duration_since(due));
        }
    }

    /// Counts a message that violates the contract, and prints the first one.
    pub(crate) fn wrong(&mut self, client: usize, what: impl AsRef<[u8]>) {
        if self.wrong == 0 {
            let what = what.as_ref();
            let shown = String::from_utf8_lossy(&what[..what.len().min(200)]);
            eprintln!("load: client {client} got a wrong answer: {shown}");
        }
        self.wrong += 1;
    }

    /// Starts counting.
    pub(crate) fn begin(&mut self) {
        self.operations = 0;
        self.bytes = 0;
        self.latencies.clear();
    }

    /// Stops counting, except for wrong messages.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    /// Returns the figures for the record, including the resources used.
    pub(crate) fn outcome(&self, spent: Spent) -> Outcome {
        Outcome {
            operations: self.operations,
            spent,
            wrong: self.wrong,
            latency: self.latencies.latency(),
            figures: BTreeMap::new(),
        }
    }
}

impl Outcome {
    /// Adds to the number of wrong messages.
    #[must_use]
    pub(crate) fn wrong(mut self, more: u64) -> Self {
        self.wrong += more;
        self
    }

    #[must_use]
    pub(crate) fn figure(mut self, name: &str, value: f64) -> Self {
        self.figures.insert(name.to_owned(), value);
        self
    }

    /// Adds the CPU time of each process for an operation.
    #[must_use]
    pub(crate) fn each(self) -> Self {
        let Spent { server_cpu, second_cpu, redis_cpu, .. } = self.spent;
        let microseconds = 1e6 / self.operations.max(1) as f64;
        self.figure(figure::FIRST_US, (server_cpu - second_cpu) * microseconds)
            .figure(figure::SECOND_US, second_cpu * microseconds)
            .figure(figure::REDIS_US, redis_cpu * microseconds)
    }

    pub(crate) fn record(self, arguments: &Arguments) -> Record {
        Record {
            server: arguments.server.clone(),
            workload: arguments.workload.name.to_owned(),
            round: arguments.round,
            operations: self.operations,
            seconds: self.spent.seconds,
            length: arguments.length.as_secs_f64(),
            server_cpu: self.spent.server_cpu,
            load_cpu: self.spent.load_cpu,
            other_cores: self.spent.other_cores,
            wrong: self.wrong,
            latency: self.latency,
            figures: self.figures,
        }
    }
}
