//! Registers with one writer each, whose numbers only grow, and readers who know what was acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use plexidb::{Manager, Source, params};
use plexidb_workloads::Random;

use super::NODES;
use super::diary::{Diary, Phase};

const REGISTERS: u64 = 60;
pub(super) const TABLE: &str = "CREATE TABLE registers (id BIGINT PRIMARY KEY, value BIGINT NOT NULL)";
pub(super) const FILL: &str = "INSERT INTO registers SELECT n, 0 FROM generate_series(0, 59) AS n";
const READ: &str = "SELECT value FROM registers WHERE id = $1";
const WRITE: &str = "UPDATE registers SET value = $1 WHERE id = $2";
/// So that the nodes do not keep each other from the processor, and a long call is the layer's.
const WRITER_PAUSE: Duration = Duration::from_millis(5);
const READER_PAUSE: Duration = Duration::from_millis(1);
const READS_PER_PAUSE: u64 = 20;

/// What all workers know.
pub(super) struct Registers {
    /// The last number of each that its writer was told to be written.
    acknowledged: Vec<AtomicU64>,
    phase: AtomicU8,
    pub(super) is_over: AtomicBool,
    pub(super) begun: Instant,
}

impl Registers {
    /// As the database has them.
    pub(super) async fn take_up(manager: &Manager) -> Result<Self> {
        let mut acknowledged = Vec::new();
        for register in 0..REGISTERS as i64 {
            acknowledged.push(AtomicU64::new(value(manager, register).await?.0));
        }
        Ok(Self {
            acknowledged,
            phase: AtomicU8::new(Phase::Before as u8),
            is_over: AtomicBool::new(false),
            begun: Instant::now(),
        })
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::SeqCst);
    }

    fn phase(&self) -> Phase {
        Phase::ALL[usize::from(self.phase.load(Ordering::SeqCst))]
    }
}

async fn value(manager: &Manager, register: i64) -> Result<(u64, Source)> {
    let rows = manager.query(READ, params![register]).await?;
    let value: i64 = rows.rows().first().context("the register is gone")?.get(0)?;
    Ok((u64::try_from(value)?, rows.source()))
}

/// Writes the registers of a node in turns.
pub(super) async fn write(registers: Arc<Registers>, manager: Manager, node: usize) -> Diary {
    let mut diary = Diary::new(registers.begun);
    let own: Vec<u64> = (0..REGISTERS)
        .filter(|register| *register as usize % NODES == node)
        .collect();
    let mut numbers: Vec<u64> = own
        .iter()
        .map(|register| registers.acknowledged[*register as usize].load(Ordering::SeqCst))
        .collect();
    for index in (0..own.len()).cycle() {
        if registers.is_over.load(Ordering::Relaxed) {
            break;
        }
        // One that failed may have been written: its number is not used again.
        numbers[index] += 1;
        let (register, number) = (own[index], numbers[index]);
        let sent = Instant::now();
        let done = manager
            .execute(WRITE, params![number as i64, register as i64])
            .await;
        diary.wrote(registers.phase(), sent.elapsed());
        match done {
            Ok(_) => registers.acknowledged[register as usize].store(number, Ordering::SeqCst),
            Err(error) => diary.fail(&error.into()),
        }
        tokio::time::sleep(WRITER_PAUSE).await;
    }
    diary
}

/// Reads registers of all nodes.
pub(super) async fn read(registers: Arc<Registers>, manager: Manager, node: usize, seed: u64) -> Diary {
    let mut diary = Diary::new(registers.begun);
    let mut random = Random::new(seed);
    for count in 1.. {
        if registers.is_over.load(Ordering::Relaxed) {
            break;
        }
        let register = random.below(REGISTERS);
        let sent = Instant::now();
        let least = registers.acknowledged[register as usize].load(Ordering::SeqCst);
        match value(&manager, register as i64).await {
            Ok((number, source)) => {
                diary.read(
                    node,
                    registers.phase(),
                    sent,
                    matches!(source, Source::L1 | Source::L2),
                );
                diary.stale += u64::from(number < least);
            }
            Err(error) => {
                diary.read(node, registers.phase(), sent, false);
                diary.fail(&error);
            }
        }
        if count % READS_PER_PAUSE == 0 {
            tokio::time::sleep(READER_PAUSE).await;
        }
    }
    diary
}
