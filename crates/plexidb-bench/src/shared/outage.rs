//! Redis is killed under load and comes back empty: what that costs, and that nothing fails and nothing is stale.
//!
//! Invariant: a read is stale if it shows less than what its register's only writer had been told to be written before it began.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use plexidb::{Coherence, params};

use super::Site;
use super::member::{Member, Terms, close_all};
use crate::figure::{Goal, Report};
use crate::paired::median;

mod diary;
mod registers;

use diary::{Diary, Phase};
use registers::Registers;

const NODES: usize = 3;
const READERS_PER_NODE: usize = 2;
/// Of the share of hits before, from which on the speed is full.
const FULL_SPEED: f64 = 0.9;
/// Hits are judged by so many buckets at a time.
const BUCKETS_JUDGED: usize = 4;

/// How much is measured.
#[derive(Clone, Copy)]
pub(super) struct Size {
    deaths: usize,
    before: Duration,
    dead: Duration,
    after: Duration,
}

impl Size {
    pub(super) const QUICK: Self = Self {
        deaths: 1,
        before: Duration::from_secs(4),
        dead: Duration::from_secs(6),
        after: Duration::from_secs(10),
    };
    pub(super) const FULL: Self = Self {
        deaths: 5,
        before: Duration::from_secs(5),
        dead: Duration::from_secs(12),
        after: Duration::from_secs(12),
    };
}

pub(super) async fn run(site: &Site<'_>, size: Size, report: &mut Report) -> Result<()> {
    let filler = Member::open(site, &Terms::of(Coherence::Local, "filler")).await?;
    filler.manager().execute(registers::TABLE, params![]).await?;
    filler.manager().execute(registers::FILL, params![]).await?;
    filler.close().await?;
    let mut diaries = Vec::new();
    for number in 0..size.deaths {
        let diary = death(site, size, number).await?;
        for failure in diary.failures() {
            eprintln!("failed: {failure}");
        }
        diaries.push(diary);
    }
    tell(&diaries, report);
    Ok(())
}

/// One death, and what all workers noted.
async fn death(site: &Site<'_>, size: Size, number: usize) -> Result<Diary> {
    let terms = Terms::of(Coherence::Strict, format!("outage{number}"));
    let members = Member::open_many(site, &terms, NODES).await?;
    let registers = Arc::new(Registers::take_up(members[0].manager()).await?);
    let mut workers = Vec::new();
    for (node, member) in members.iter().enumerate() {
        let manager = member.manager();
        workers.push(member.spawn(registers::write(Arc::clone(&registers), manager.clone(), node))?);
        for reader in 0..READERS_PER_NODE {
            let seed = (node * READERS_PER_NODE + reader) as u64 + 1;
            workers.push(member.spawn(registers::read(
                Arc::clone(&registers),
                manager.clone(),
                node,
                seed,
            ))?);
        }
    }
    tokio::time::sleep(size.before).await;
    registers.enter(Phase::Dead);
    tokio::task::block_in_place(|| site.redis.kill())?;
    tokio::time::sleep(size.dead).await;
    tokio::task::block_in_place(|| site.redis.start_again())?;
    registers.enter(Phase::Back);
    let back = Instant::now();
    tokio::time::sleep(size.after).await;
    registers.is_over.store(true, Ordering::Relaxed);
    let mut diary = Diary::new(registers.begun);
    for worker in workers {
        diary.add(worker.await?);
    }
    ensure!(diary.hits_share(Phase::Before) > 0.0, "nothing was hit before");
    diary.back = Some(back);
    close_all(members).await?;
    Ok(diary)
}

fn tell(diaries: &[Diary], report: &mut Report) {
    let longest = |of: &dyn Fn(&Diary) -> Duration| {
        diaries.iter().map(of).max().unwrap_or_default().as_secs_f64() * 1e3
    };
    let total = |of: &dyn Fn(&Diary) -> u64| diaries.iter().map(of).sum::<u64>() as f64;
    let mut add = |figure: String, value, unit, goal| {
        report.add(format!("Redis killed under load: {figure}"), value, unit, goal)
    };
    add(
        "calls".to_owned(),
        total(&|diary| diary.calls()),
        "",
        Goal::Stated,
    );
    add(
        "calls failed".to_owned(),
        total(&|diary| diary.failed),
        "",
        Goal::AtMost(0.0),
    );
    add(
        "reads stale".to_owned(),
        total(&|diary| diary.stale),
        "",
        Goal::AtMost(0.0),
    );
    for phase in Phase::ALL {
        let name = phase.name();
        let reads = median(diaries.iter().map(|diary| diary.reads_per_second(phase)));
        add(format!("reads, {name}"), reads, "1/s", Goal::Stated);
        let hits = median(diaries.iter().map(|diary| 100.0 * diary.hits_share(phase)));
        add(format!("hits, {name}"), hits, "%", Goal::Stated);
        let stall = longest(&|diary| diary.longest_read(phase));
        add(format!("longest read, {name}"), stall, "ms", Goal::Stated);
        let stall = longest(&|diary| diary.longest_write(phase));
        add(format!("longest write, {name}"), stall, "ms", Goal::Stated);
    }
    let resumed = diaries
        .iter()
        .map(|diary| diary.full_speed_after(BUCKETS_JUDGED, FULL_SPEED));
    let resumed = resumed.map(|after| after.map_or(f64::INFINITY, |after| after.as_secs_f64()));
    let slowest = resumed.fold(0.0, f64::max);
    add(
        "back at 90 % of the hits before, on all nodes, after its return".to_owned(),
        slowest,
        "s",
        Goal::Stated,
    );
}
