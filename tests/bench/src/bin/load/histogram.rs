//! Latencies, counted in buckets that are at most 0.8 % wide.

use std::time::Duration;

use socketio_bench::Latency;

/// Counts durations in a fixed 58 KiB, however many they are.
#[derive(Debug)]
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    total: u64,
    max: u64,
}

/// Every power of two is divided into `1 << BITS` buckets.
const BITS: u32 = 7;

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { buckets: vec![0; bucket(u64::MAX) + 1], total: 0, max: 0 }
    }

    pub(crate) fn record(&mut self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket(nanoseconds)] += 1;
        self.total += 1;
        self.max = self.max.max(nanoseconds);
    }

    pub(crate) fn clear(&mut self) {
        self.buckets.fill(0);
        self.total = 0;
        self.max = 0;
    }

    /// Returns the summary for the record, or `None` if nothing was counted.
    pub(crate) fn latency(&self) -> Option<Latency> {
        (self.total > 0).then(|| Latency {
            p50: self.quantile(0.5),
            p99: self.quantile(0.99),
            p999: self.quantile(0.999),
            max: microseconds(self.max),
        })
    }

    /// Returns the smallest time, in microseconds, that this fraction of all durations did not exceed.
    fn quantile(&self, part: f64) -> f64 {
        let rank = (self.total as f64 * part).ceil() as u64;
        let mut seen = 0;
        let found = self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank.max(1)
        });
        microseconds(found.map_or(self.max, |bucket| upper(bucket).min(self.max)))
    }
}

fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1000.0
}

/// Below `1 << BITS` a value is its own bucket.
fn bucket(value: u64) -> usize {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(BITS + 1);
    (shift as usize * (1 << BITS)) + (value >> shift) as usize
}

/// Returns the greatest value of a bucket.
fn upper(bucket: usize) -> u64 {
    let shift = (bucket >> BITS).saturating_sub(1);
    let mantissa = (bucket - (shift << BITS)) as u64;
    (mantissa << shift) + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_ends_where_the_next_begins() {
        for bucket_ in 0..bucket(u64::MAX) {
            let end = upper(bucket_);
            assert_eq!((bucket(end), bucket(end + 1)), (bucket_, bucket_ + 1));
        }
        assert_eq!(upper(bucket(u64::MAX)), u64::MAX);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_durations() {
        let mut histogram = Histogram::new();
        for microsecond in 1..=10_000 {
            histogram.record(Duration::from_micros(microsecond));
        }
        let latency = histogram.latency().unwrap();
        for (shown, exact) in [(latency.p50, 5000.0), (latency.p99, 9900.0), (latency.p999, 9990.0)] {
            assert!((exact..exact * 1.008).contains(&shown), "{shown} for {exact}");
        }
        assert_eq!(latency.max, 10_000.0);
    }

    #[test]
    fn one_duration_is_every_quantile() {
        let mut histogram = Histogram::new();
        histogram.record(Duration::from_nanos(123_456));
        let latency = histogram.latency().unwrap();
        assert_eq!([latency.p50, latency.p99, latency.p999, latency.max], [123.456; 4]);
    }

    #[test]
    fn nothing_counted_shows_nothing() {
        let mut histogram = Histogram::new();
        histogram.record(Duration::MAX);
        histogram.clear();
        assert_eq!(histogram.latency(), None);
    }
}
