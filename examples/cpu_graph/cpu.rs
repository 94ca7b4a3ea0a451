use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

/// The CPU usage, measured once for all watchers. Clones share the same measurement.
#[derive(Debug, Clone)]
pub(crate) struct Cpu(Arc<watch::Sender<Sample>>);

/// The usage of all cores since the previous sample.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Sample {
    /// The number of the sample: 1 for the first one measured, 0 before.
    number: u64,
    /// The usage from 0 to 100.
    percent: f64,
    /// `true` if the usage was measured. Without `/proc/stat`, a sine wave is shown instead.
    real: bool,
}

/// The period of measurement.
pub(crate) const PERIOD: Duration = Duration::from_millis(500);

impl Cpu {
    /// Starts measuring, for as long as the process runs.
    pub(crate) fn new() -> Self {
        let cpu = Self(Arc::default());
        tokio::spawn(measure(Arc::clone(&cpu.0)));
        cpu
    }

    /// Returns a receiver of the latest sample.
    pub(crate) fn watch(&self) -> watch::Receiver<Sample> {
        self.0.subscribe()
    }

    /// Returns the number of receivers.
    pub(crate) fn watchers(&self) -> usize {
        self.0.receiver_count()
    }
}

async fn measure(samples: Arc<watch::Sender<Sample>>) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = Times::read();
    for number in 1.. {
        ticks.tick().await;
        let now = Times::read();
        let measured = before.zip(now).map(|(before, now)| now.percent_since(before));
        let percent = measured.unwrap_or_else(|| 50.0 + 40.0 * (number as f64 / 10.0).sin());
        samples.send_replace(Sample { number, percent, real: measured.is_some() });
        before = now;
    }
}

/// The time spent by all cores since boot, in clock ticks.
#[derive(Debug, Clone, Copy)]
struct Times {
    idle: u64,
    all: u64,
}

impl Times {
    /// Reads `/proc/stat`. Returns `None` if it does not exist. It is not on a disk, so reading it does not block.
    fn read() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    /// Parses the first line of `/proc/stat`, see proc(5): `cpu user nice system idle iowait irq softirq steal guest
    /// guest_nice`. Guest time is included in user time.
    fn parse(stat: &str) -> Option<Self> {
        let numbers = stat.lines().next()?.strip_prefix("cpu ")?.split_ascii_whitespace();
        let times: Vec<u64> = numbers.take(8).map_while(|number| number.parse().ok()).collect();
        let idle = times.get(3)? + times.get(4).unwrap_or(&0);
        Some(Self { idle, all: times.iter().sum() })
    }

    fn percent_since(self, before: Self) -> f64 {
        // `iowait` may decrease.
        let all = self.all.saturating_sub(before.all);
        let idle = self.idle.saturating_sub(before.idle).min(all);
        100.0 * (all - idle) as f64 / all.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::Times;

    #[test]
    fn half_of_the_time_was_idle() {
        let before = Times::parse("cpu  10 0 10 70 10 0 0 0 0 0\ncpu0 5 0 5 35 5 0 0 0 0 0").expect("times");
        let now = Times::parse("cpu  30 10 20 100 20 0 0 10 99 0").expect("times");
        assert_eq!((now.all - before.all, now.idle - before.idle), (90, 40));
        assert!((now.percent_since(before) - 100.0 * 50.0 / 90.0).abs() < 1e-9);
        assert!(before.percent_since(before).abs() < 1e-9, "no time has passed");
    }

    #[test]
    fn what_is_no_proc_stat_is_none() {
        for text in ["", "cpu", "cpu  1 2", "intr 1 2 3 4 5"] {
            assert!(Times::parse(text).is_none(), "{text:?}");
        }
    }
}
