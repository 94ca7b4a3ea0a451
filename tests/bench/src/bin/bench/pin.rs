//! The assignment of processes to cores, and the limit on open files.

use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use socketio_bench::{Kind, Workload};

use crate::Failure;

/// The core of the server and that of the load generator.
#[derive(Debug)]
pub(crate) struct Cores {
    all: CpuSet,
    server: CpuSet,
    load: CpuSet,
    both: CpuSet,
}

impl Cores {
    /// Selects the first two cores that this process may use.
    pub(crate) fn new() -> Result<Self, Failure> {
        let all = sched_getaffinity(None)?;
        let mut allowed = (0..CpuSet::MAX_CPU).filter(|&core| all.is_set(core));
        let (Some(server), Some(load)) = (allowed.next(), allowed.next()) else {
            return Err("two cores are needed: one for the server, one for the load generator".into());
        };
        Ok(Self { all, server: only([server]), load: only([load]), both: only([server, load]) })
    }

    /// A server with several workers gets both cores, and shares one with the load generator.
    pub(crate) fn for_server<T>(
        &self,
        workers: usize,
        spawn: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        self.on(if workers > 1 { &self.both } else { &self.server }, spawn)
    }

    /// For the second server of a cluster, and for Redis. They share the core of the first server, so that a delivery
    /// costs the same at both. Where latency is measured, they share that of the load generator instead: one process
    /// after the other passes a message on, and the first server reads the reply of Redis meanwhile.
    pub(crate) fn for_others<T>(
        &self,
        workload: &Workload,
        spawn: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        self.on(if matches!(workload.kind, Kind::Relay { .. }) { &self.load } else { &self.server }, spawn)
    }

    pub(crate) fn for_load<T>(&self, spawn: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.on(&self.load, spawn)
    }

    /// A child process inherits the affinity of its parent.
    fn on<T>(&self, cores: &CpuSet, spawn: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        sched_setaffinity(None, cores)?;
        let child = spawn();
        sched_setaffinity(None, &self.all)?;
        child
    }
}

fn only<const N: usize>(cores: [usize; N]) -> CpuSet {
    let mut set = CpuSet::new();
    cores.into_iter().for_each(|core| set.set(core));
    set
}
