//! What workers noted: how many calls in each phase, the longest of them, and reads and hits of each node over time.

use std::time::{Duration, Instant};

use super::NODES;

/// The grain of time.
const BUCKET: Duration = Duration::from_millis(50);
/// Failures whose text is kept.
const FAILURES_KEPT_MAX: usize = 4;

/// What Redis is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Before,
    Dead,
    Back,
}

impl Phase {
    pub(super) const ALL: [Self; 3] = [Self::Before, Self::Dead, Self::Back];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Dead => "while it is dead",
            Self::Back => "after its return",
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    reads: u64,
    hits: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct PhaseNotes {
    reads: u64,
    hits: u64,
    writes: u64,
    longest_read: Duration,
    longest_write: Duration,
    /// When the first and the last read ended.
    first: Option<Instant>,
    last: Option<Instant>,
}

/// The notes of one worker, or of all.
pub(super) struct Diary {
    begun: Instant,
    phases: [PhaseNotes; Phase::ALL.len()],
    /// Of each node, by when a read ended.
    buckets: [Vec<Bucket>; NODES],
    pub(super) failed: u64,
    pub(super) stale: u64,
    failures: Vec<String>,
    /// When Redis was back.
    pub(super) back: Option<Instant>,
}

impl Diary {
    pub(super) fn new(begun: Instant) -> Self {
        Self {
            begun,
            phases: Default::default(),
            buckets: Default::default(),
            failed: 0,
            stale: 0,
            failures: Vec::new(),
            back: None,
        }
    }

    /// A read that ends now.
    pub(super) fn read(&mut self, node: usize, phase: Phase, sent: Instant, is_hit: bool) {
        let now = Instant::now();
        let notes = &mut self.phases[phase as usize];
        notes.reads += 1;
        notes.hits += u64::from(is_hit);
        notes.longest_read = notes.longest_read.max(now - sent);
        notes.span(now);
        let bucket = self.bucket_of(now);
        let buckets = &mut self.buckets[node];
        if buckets.len() <= bucket {
            buckets.resize(bucket + 1, Bucket::default());
        }
        buckets[bucket].reads += 1;
        buckets[bucket].hits += u64::from(is_hit);
    }

    /// A write that ends now.
    pub(super) fn wrote(&mut self, phase: Phase, took: Duration) {
        let notes = &mut self.phases[phase as usize];
        notes.writes += 1;
        notes.longest_write = notes.longest_write.max(took);
    }

    pub(super) fn fail(&mut self, error: &anyhow::Error) {
        self.failed += 1;
        if self.failures.len() < FAILURES_KEPT_MAX {
            self.failures.push(format!("{error:#}"));
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        for (own, other) in self.phases.iter_mut().zip(other.phases) {
            own.add(other);
        }
        for (own, other) in self.buckets.iter_mut().zip(other.buckets) {
            own.resize(own.len().max(other.len()), Bucket::default());
            for (own, other) in own.iter_mut().zip(other) {
                own.reads += other.reads;
                own.hits += other.hits;
            }
        }
        self.failed += other.failed;
        self.stale += other.stale;
        self.failures.extend(other.failures);
    }

    pub(super) fn calls(&self) -> u64 {
        self.phases.iter().map(|notes| notes.reads + notes.writes).sum()
    }

    /// The first failures, in words.
    pub(super) fn failures(&self) -> &[String] {
        &self.failures
    }

    pub(super) fn reads_per_second(&self, phase: Phase) -> f64 {
        let notes = &self.phases[phase as usize];
        let span = notes
            .first
            .zip(notes.last)
            .map_or(Duration::ZERO, |(first, last)| last - first);
        notes.reads as f64 / span.as_secs_f64().max(BUCKET.as_secs_f64())
    }

    pub(super) fn hits_share(&self, phase: Phase) -> f64 {
        let notes = &self.phases[phase as usize];
        notes.hits as f64 / notes.reads.max(1) as f64
    }

    pub(super) fn longest_read(&self, phase: Phase) -> Duration {
        self.phases[phase as usize].longest_read
    }

    pub(super) fn longest_write(&self, phase: Phase) -> Duration {
        self.phases[phase as usize].longest_write
    }

    /// When, after the return, the last node's hits were for the first time at this share of those before, over so many buckets.
    pub(super) fn full_speed_after(&self, buckets: usize, share: f64) -> Option<Duration> {
        let back = self.back?;
        let least = share * self.hits_share(Phase::Before);
        let first = self.bucket_of(back);
        let of_node = |node: &Vec<Bucket>| {
            let at = node.get(first..)?.windows(buckets).position(|window| {
                let sum = |of: fn(&Bucket) -> u64| window.iter().map(of).sum::<u64>() as f64;
                let reads = sum(|bucket| bucket.reads);
                reads > 0.0 && sum(|bucket| bucket.hits) / reads >= least
            })?;
            u32::try_from(first + at).ok()
        };
        let slowest = self
            .buckets
            .iter()
            .map(of_node)
            .collect::<Option<Vec<u32>>>()?
            .into_iter()
            .max()?;
        Some((self.begun + BUCKET * slowest).saturating_duration_since(back))
    }

    fn bucket_of(&self, moment: Instant) -> usize {
        (moment.saturating_duration_since(self.begun).as_millis() / BUCKET.as_millis()) as usize
    }
}

impl PhaseNotes {
    fn span(&mut self, now: Instant) {
        self.first.get_or_insert(now);
        self.last = Some(now);
    }

    fn add(&mut self, other: Self) {
        self.reads += other.reads;
        self.hits += other.hits;
        self.writes += other.writes;
        self.longest_read = self.longest_read.max(other.longest_read);
        self.longest_write = self.longest_write.max(other.longest_write);
        // `None` is less than any moment.
        self.first = self.first.into_iter().chain(other.first).min();
        self.last = self.last.max(other.last);
    }
}
