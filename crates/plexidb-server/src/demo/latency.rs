//! The latencies of one operation.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Beyond this a latency counts as this one.
const LATENCY_MAX_NS: u64 = 60_000_000_000;

/// Latencies in nanoseconds, with their percentiles exact to 1 %.
#[derive(Clone, Debug)]
pub(super) struct Latencies {
    histogram: Histogram<u64>,
    sum: Duration,
}

impl Latencies {
    pub(super) fn new() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "bounds and precision are constants within the histogram's limits"
        )]
        let histogram = Histogram::new_with_bounds(1, LATENCY_MAX_NS, 2).expect("valid bounds");
        Self {
            histogram,
            sum: Duration::ZERO,
        }
    }

    pub(super) fn record(&mut self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.histogram.saturating_record(nanoseconds);
        self.sum += latency;
    }

    pub(super) fn add(&mut self, other: &Self) {
        // Both have the same bounds, so that every value of one fits the other.
        let _ = self.histogram.add(&other.histogram);
        self.sum += other.sum;
    }

    pub(super) fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The latency that `percentile` percent of the operations did not exceed.
    pub(super) fn percentile(&self, percentile: f64) -> Duration {
        Duration::from_nanos(self.histogram.value_at_percentile(percentile))
    }

    pub(super) fn mean(&self) -> Duration {
        Duration::from_secs_f64(self.sum.as_secs_f64() / self.count().max(1) as f64)
    }
}
