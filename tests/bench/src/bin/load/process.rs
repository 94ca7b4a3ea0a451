//! Resources used by the processes of the servers, from `/proc`.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::param::clock_ticks_per_second;
use rustix::time::{ClockId, clock_gettime};

use crate::failure::Failure;

/// A process that is observed from outside.
#[derive(Debug)]
pub(crate) struct Process {
    directory: PathBuf,
}

/// The CPU time that a server has used since its start.
#[derive(Debug, Clone, Copy)]
struct Cpu {
    /// Of the threads that are still running, in nanoseconds.
    threads: Duration,
    /// Of all threads ever, in ticks of 10 ms.
    ticks: Duration,
}

/// Measures everything between two points in time.
#[derive(Debug)]
pub(crate) struct Meter<'a> {
    server: Usage<'a>,
    second: Option<Usage<'a>>,
    redis: Option<Usage<'a>>,
    start: Instant,
    load: Duration,
    machine: Duration,
}

/// A process, and the CPU time that it had used at the first point.
#[derive(Debug)]
struct Usage<'a> {
    process: &'a Process,
    before: Cpu,
}

/// The CPU time used between two points in time, in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    pub(crate) seconds: f64,
    /// Of both servers, in a cluster of two.
    pub(crate) server_cpu: f64,
    /// Of the second server alone.
    pub(crate) second_cpu: f64,
    pub(crate) redis_cpu: f64,
    pub(crate) load_cpu: f64,
    pub(crate) other_cores: f64,
}

impl Process {
    pub(crate) fn new(id: u32) -> Result<Self, Failure> {
        let process = Self { directory: PathBuf::from(format!("/proc/{id}")) };
        match process.cpu() {
            Ok(_) => Ok(process),
            Err(error) => Err(Failure::Arguments(format!("no process {id} to look at: {error}"))),
        }
    }

    /// Returns the resident memory, in bytes.
    pub(crate) fn memory(&self) -> Result<f64, Failure> {
        // Exact, while `status` lags by the amount that each thread has not yet added to the sum.
        self.read("smaps_rollup")
            .and_then(|text| kilobytes(&text, "Rss:"))
            .or_else(|_| self.read("status").and_then(|text| kilobytes(&text, "VmRSS:")))
            .map_err(|error| Failure::Io("the server's memory", error))
    }

    /// Returns the peak resident memory, in bytes.
    pub(crate) fn peak_memory(&self) -> Result<f64, Failure> {
        self.read("status")
            .and_then(|text| kilobytes(&text, "VmHWM:"))
            .map_err(|error| Failure::Io("the server's memory", error))
    }

    pub(crate) fn meter(&self) -> Result<Meter<'_>, Failure> {
        Meter::start(self, None, None)
    }

    fn cpu(&self) -> io::Result<Cpu> {
        let ticks = process_ticks(&self.read("stat")?)?;
        let mut threads = Duration::ZERO;
        for thread in fs::read_dir(self.directory.join("task"))? {
            // A thread may end between the two calls; `ticks` still includes it.
            if let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) {
                threads += scheduled(&text)?;
            }
        }
        Ok(Cpu { threads, ticks })
    }

    fn read(&self, file: &str) -> io::Result<String> {
        fs::read_to_string(self.directory.join(file))
    }
}

impl<'a> Meter<'a> {
    /// Starts to measure the server, the second one of a cluster, and its Redis.
    pub(crate) fn start(
        server: &'a Process,
        second: Option<&'a Process>,
        redis: Option<&'a Process>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            server: Usage::start(server)?,
            second: second.map(Usage::start).transpose()?,
            redis: redis.map(Usage::start).transpose()?,
            load: own_cpu(),
            machine: machine_cpu()?,
            start: Instant::now(),
        })
    }

    pub(crate) fn read(&self) -> Result<Spent, Failure> {
        let seconds = self.start.elapsed().as_secs_f64();
        let used = |usage: &Option<Usage<'_>>| usage.as_ref().map_or(Ok(0.0), Usage::read);
        let (second, redis) = (used(&self.second)?, used(&self.redis)?);
        let server = self.server.read()? + second;
        let load = own_cpu().saturating_sub(self.load).as_secs_f64();
        let machine = machine_cpu()?.saturating_sub(self.machine).as_secs_f64();
        let other_cores = ((machine - server - redis - load) / seconds).max(0.0);
        Ok(Spent {
            seconds,
            server_cpu: server,
            second_cpu: second,
            redis_cpu: redis,
            load_cpu: load,
            other_cores,
        })
    }
}

impl<'a> Usage<'a> {
    fn start(process: &'a Process) -> Result<Self, Failure> {
        Ok(Self { process, before: process.cpu().map_err(gone)? })
    }

    /// Returns the CPU time used since the start, in seconds.
    fn read(&self) -> Result<f64, Failure> {
        Ok(self.process.cpu().map_err(gone)?.since(self.before).as_secs_f64())
    }
}

impl Cpu {
    fn since(self, earlier: Self) -> Duration {
        let threads = self.threads.saturating_sub(earlier.threads);
        let ticks = self.ticks.saturating_sub(earlier.ticks);
        // A thread that ended meanwhile is included in the ticks only.
        if threads + Duration::from_millis(30) < ticks { ticks } else { threads }
    }
}

fn gone(error: io::Error) -> Failure {
    Failure::Io("a process that is measured is gone", error)
}

/// Returns the CPU time that this process has used.
fn own_cpu() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap_or_default()
}

/// Returns the time that all cores together were busy since boot.
fn machine_cpu() -> Result<Duration, Failure> {
    let busy = fs::read_to_string("/proc/stat").and_then(|text| busy_ticks(&text));
    busy.map_err(|error| Failure::Io("/proc/stat", error))
}

/// Returns the sum of all columns of the first line except for idle and iowait; guest time is included in others
/// already.
fn busy_ticks(text: &str) -> io::Result<Duration> {
    let columns = text.lines().next().unwrap_or_default().split_ascii_whitespace().skip(1).take(8);
    let busy = columns.enumerate().filter(|(column, _)| !matches!(column, 3 | 4));
    let sum = busy.map(|(_, ticks)| number(ticks)).sum::<io::Result<u64>>()?;
    Ok(ticks(sum))
}

/// Returns fields 14 and 15 of proc(5)'s `stat`; the name in parentheses may contain anything.
fn process_ticks(text: &str) -> io::Result<Duration> {
    let (_, rest) = text.rsplit_once(')').ok_or_else(unreadable)?;
    let sum = rest.split_ascii_whitespace().skip(11).take(2).map(number).sum::<io::Result<u64>>()?;
    Ok(ticks(sum))
}

/// Returns the first number of `schedstat`: nanoseconds on a core.
fn scheduled(text: &str) -> io::Result<Duration> {
    let first = text.split_ascii_whitespace().next().ok_or_else(unreadable)?;
    Ok(Duration::from_nanos(number(first)?))
}

/// Returns a line of `status` or `smaps_rollup`, in bytes.
fn kilobytes(text: &str, name: &str) -> io::Result<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(unreadable)?;
    let value = number(line.trim().trim_end_matches(" kB"))?;
    Ok(value as f64 * 1024.0)
}

fn ticks(count: u64) -> Duration {
    Duration::from_secs_f64(count as f64 / clock_ticks_per_second() as f64)
}

fn number(text: &str) -> io::Result<u64> {
    text.parse().map_err(|_| unreadable())
}

fn unreadable() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_where_proc_says() {
        let tick = ticks(1);
        let stat = "7 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 120 30 0 0 20";
        assert_eq!(process_ticks(stat).unwrap(), ticks(150));
        let machine = "cpu  10 20 30 999 999 1 2 3 77 88\ncpu0 1 2 3\n";
        assert_eq!(busy_ticks(machine).unwrap(), ticks(66));
        assert_eq!(scheduled("1500 20 3\n").unwrap(), Duration::from_nanos(1500));
        let status = "VmHWM:\t    4 kB\nVmRSS:\t    2 kB\n";
        assert_eq!(kilobytes(status, "VmRSS:").unwrap(), 2048.0);
        assert!(kilobytes(status, "Rss:").is_err());
        assert!(tick > Duration::ZERO);
    }

    #[test]
    fn a_thread_that_ended_is_not_lost() {
        let cpu = |threads, ticks| Cpu {
            threads: Duration::from_millis(threads),
            ticks: Duration::from_millis(ticks),
        };
        assert_eq!(cpu(515, 520).since(cpu(10, 10)), Duration::from_millis(505));
        assert_eq!(cpu(200, 520).since(cpu(100, 110)), Duration::from_millis(410));
    }

    #[test]
    fn this_process_can_be_looked_at() {
        let process = Process::new(std::process::id()).unwrap();
        assert!(process.memory().unwrap() > 0.0);
        assert!(process.peak_memory().unwrap() > 0.0);
        let meter = process.meter().unwrap();
        assert!(meter.read().unwrap().seconds > 0.0);
    }

    #[test]
    fn a_process_that_is_not_there_is_a_wrong_argument() {
        assert!(matches!(Process::new(u32::MAX), Err(Failure::Arguments(_))));
    }
}
