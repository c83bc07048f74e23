//! The *chat* workload at 90:10 on one node, on three that share, and on three that each trust a TTL of 5 seconds.
//!
//! Invariant: each arrangement has a database of its own, generated alike, as many workers in all, and nodes that are new in each round.

use std::time::Duration;

use anyhow::{Context as _, Result};
use comfy_table::{CellAlignment, Table};
use plexidb::Coherence;
use plexidb_workloads::chat::{self, Mix, Scale, Sequence};

use super::Site;
use super::member::{Member, Terms, close_all};
use super::truth::{self, Seen};
use crate::figure::{Goal, Report};
use crate::paired::median;
use crate::product::Place;

mod crew;

use crew::{Counts, Crew};

const READS_PERCENT: u8 = 90;
const WORKERS: u32 = 9;
/// A usual choice for nodes that do not hear of each other.
const TTL_ALONE: Duration = Duration::from_secs(5);
const TTL: Duration = Duration::from_secs(600);
/// The first worker whose reads are compared with the truth; the others are below.
const FIRST_WITNESS: u32 = 10_000;

/// How much is measured.
#[derive(Clone, Copy)]
pub(super) struct Size {
    scale: Scale,
    rounds: usize,
    /// Windows that fill the caches and are not counted: longer in all than the TTL of those for themselves.
    windows_warm: usize,
    windows: usize,
    window: Duration,
    /// Reads of each node that are compared with the truth after each window.
    witnessed: usize,
}

impl Size {
    pub(super) const QUICK: Self = Self {
        scale: Scale {
            users: 2_000,
            channels: 50,
            messages: 20_000,
        },
        rounds: 1,
        windows_warm: 3,
        windows: 4,
        window: Duration::from_secs(2),
        witnessed: 100,
    };
    pub(super) const FULL: Self = Self {
        scale: Scale::small(),
        rounds: 3,
        windows_warm: 4,
        windows: 8,
        window: Duration::from_secs(2),
        witnessed: 200,
    };
}

struct Arrangement {
    name: &'static str,
    coherence: Coherence,
    nodes: usize,
    ttl: Duration,
}

const ONE_LOCAL: usize = 0;
const ONE_STRICT: usize = 1;
const THREE_STRICT: usize = 2;
const THREE_ALONE: usize = 3;
const ARRANGEMENTS: [Arrangement; 4] = [
    Arrangement {
        name: "one node, local",
        coherence: Coherence::Local,
        nodes: 1,
        ttl: TTL,
    },
    Arrangement {
        name: "one node, strict",
        coherence: Coherence::Strict,
        nodes: 1,
        ttl: TTL,
    },
    Arrangement {
        name: "three nodes, strict",
        coherence: Coherence::Strict,
        nodes: 3,
        ttl: TTL,
    },
    Arrangement {
        name: "three nodes, each alone with a TTL of 5 s",
        coherence: Coherence::Local,
        nodes: 3,
        ttl: TTL_ALONE,
    },
];

/// What became of one arrangement.
#[derive(Default)]
struct Outcome {
    counts: Counts,
    /// Operations a second of each window.
    rates: Vec<f64>,
    seen: Seen,
}

/// Runs it and returns a line for each arrangement.
pub(super) async fn run(site: &Site<'_>, size: Size, seed: u64, report: &mut Report) -> Result<Table> {
    let mut places = Vec::new();
    for (index, _) in ARRANGEMENTS.iter().enumerate() {
        let place = site.host.database(&format!("messenger{index}"));
        let terms = Terms {
            url: Some(place.url.clone()),
            ..Terms::of(Coherence::Local, "generator")
        };
        let generator = Member::open(site, &terms).await?;
        chat::generate(generator.database()?, size.scale, seed, |_| {}).await?;
        generator.close().await?;
        places.push(place);
    }
    let mut outcomes: [Outcome; ARRANGEMENTS.len()] = Default::default();
    for round in 0..size.rounds {
        for turn in 0..ARRANGEMENTS.len() {
            let index = (turn + round) % ARRANGEMENTS.len();
            let workload = Workload { size, seed, round };
            measure(site, &places[index], index, workload, &mut outcomes[index]).await?;
        }
    }
    tell(&outcomes, report);
    Ok(table(&outcomes))
}

#[derive(Clone, Copy)]
struct Workload {
    size: Size,
    seed: u64,
    round: usize,
}

impl Workload {
    /// Rounds on one database take workers of their own, so that none repeats what another has written.
    fn sequences(self) -> Result<Vec<Sequence>> {
        let mix = Mix::new(READS_PERCENT)?;
        let first = u32::try_from(self.round)? * WORKERS;
        let sequence = |worker| Sequence::for_worker(self.seed, mix, self.size.scale, worker);
        Ok((first..first + WORKERS).map(sequence).collect())
    }

    /// Reads alone, of the same distribution.
    fn witness(self, node: usize) -> Result<Sequence> {
        let number = FIRST_WITNESS + u32::try_from(self.round * 16 + node)?;
        Ok(Sequence::for_worker(
            self.seed,
            Mix::new(100)?,
            self.size.scale,
            number,
        ))
    }
}

async fn measure(
    site: &Site<'_>,
    place: &Place<'_>,
    index: usize,
    workload: Workload,
    outcome: &mut Outcome,
) -> Result<()> {
    let arrangement = &ARRANGEMENTS[index];
    let size = workload.size;
    let terms = Terms {
        url: Some(place.url.clone()),
        ttl: arrangement.ttl,
        ..Terms::of(arrangement.coherence, format!("messenger{index}"))
    };
    let members = Member::open_many(site, &terms, arrangement.nodes).await?;
    let mut crew = Crew::hire(&members, workload.sequences()?)?;
    let witnesses = (0..members.len()).map(|node| workload.witness(node));
    let mut witnesses = witnesses.collect::<Result<Vec<_>>>()?;
    for window in 0..size.windows_warm + size.windows {
        let (counts, took) = crew.work(&members, size.window).await?;
        if window < size.windows_warm {
            continue;
        }
        outcome.rates.push(counts.operations as f64 / took.as_secs_f64());
        outcome.counts.add(counts);
        for (member, witness) in members.iter().zip(&mut witnesses) {
            let (database, mut reads, count) = (member.database()?.clone(), witness.clone(), size.witnessed);
            let looking = member.spawn(async move {
                let seen = truth::look(&database, &mut reads, count).await?;
                anyhow::Ok((seen, reads))
            })?;
            let (seen, reads) = looking.await?.context("a read in the quiet failed")?;
            outcome.seen.add(seen);
            *witness = reads;
        }
    }
    drop(crew);
    close_all(members).await
}

impl Outcome {
    fn rate(&self) -> f64 {
        median(self.rates.iter().copied())
    }

    fn hits_percent(&self) -> f64 {
        percent(self.counts.hits(), self.counts.reads)
    }

    fn stale_percent(&self) -> f64 {
        percent(self.seen.stale, self.seen.reads)
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

fn tell(outcomes: &[Outcome; ARRANGEMENTS.len()], report: &mut Report) {
    for (index, (arrangement, outcome)) in ARRANGEMENTS.iter().zip(outcomes).enumerate() {
        let name = format!("chat 90:10, {}", arrangement.name);
        report.add(format!("{name}: operations"), outcome.rate(), "1/s", Goal::Stated);
        report.add(
            format!("{name}: hits, of reads"),
            outcome.hits_percent(),
            "%",
            Goal::Stated,
        );
        let goal = if index == THREE_ALONE {
            Goal::Stated
        } else {
            Goal::AtMost(0.0)
        };
        report.add(
            format!("{name}: stale, of reads"),
            outcome.stale_percent(),
            "%",
            goal,
        );
    }
    let three = &outcomes[THREE_STRICT];
    for other in [ONE_LOCAL, ONE_STRICT, THREE_ALONE] {
        report.add(
            format!(
                "chat 90:10, three nodes, strict: throughput by {}",
                ARRANGEMENTS[other].name
            ),
            three.rate() / outcomes[other].rate(),
            "×",
            Goal::Stated,
        );
    }
}

fn table(outcomes: &[Outcome; ARRANGEMENTS.len()]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "chat 90:10",
        "1/s",
        "L1 hits",
        "L2 hits",
        "shared queries",
        "reads witnessed",
        "of them cached",
        "stale",
    ]);
    for (arrangement, outcome) in ARRANGEMENTS.iter().zip(outcomes) {
        let counts = outcome.counts;
        let share = |part| format!("{:.1} %", percent(part, counts.reads));
        table.add_row([
            arrangement.name.to_owned(),
            format!("{:.0}", outcome.rate()),
            share(counts.in_memory),
            share(counts.in_redis),
            share(counts.coalesced),
            outcome.seen.reads.to_string(),
            outcome.seen.cached.to_string(),
            outcome.seen.stale.to_string(),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
