//! What a round does, by seed and number alone.

use super::dice::Dice;
use super::unit::Family;
use crate::product::Product;

/// What goes wrong on purpose in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    Nothing,
    /// Futures are dropped at some poll.
    DroppedFutures,
    /// Statements get less time than they may need.
    Timeouts,
    /// Connections are reset, at once or within the server's next answers.
    Resets,
    /// Answers and questions are late for a while.
    Delays,
    /// New connections are refused while rows are locked, and futures are dropped: what was sent may take effect much later,
    /// since it cannot be cancelled.
    Outage,
    /// The server is killed and started again.
    Restart,
    /// The schema changes.
    SchemaChanges,
    /// A thousand writers of one key.
    Crowd,
}

/// One round.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) number: u64,
    /// What is written and read.
    pub(crate) families: Vec<Family>,
    /// Writes in a thousand operations.
    pub(crate) writes_per_mille: u64,
    pub(crate) trouble: Trouble,
    /// Operations of all workers.
    pub(crate) operations: u64,
    /// By so many shapes is read, so that each result is asked for again before long.
    pub(crate) shapes: usize,
}

/// Rounds of which one restarts the server, which takes seconds.
const RESTART_INTERVAL: u64 = 12;

impl Plan {
    pub(crate) fn new(product: Product, seed: u64, number: u64, most: u64) -> Self {
        let mut dice = Dice::at(seed, STREAM_OF_PLANS, number);
        let mut families = Vec::new();
        let all = [
            Family::People,
            Family::Posts,
            Family::Posts,
            Family::Accounts,
            Family::Parents,
            Family::Orders,
            Family::Seats,
        ];
        for _ in 0..1 + dice.below(3) {
            let family = dice.pick(&all);
            if !families.contains(&family) {
                families.push(family);
            }
        }
        // Posts are read with their authors.
        if families.contains(&Family::Posts) && !families.contains(&Family::People) && dice.per_mille(600) {
            families.push(Family::People);
        }
        let trouble = trouble(product, number, &mut dice);
        if trouble == Trouble::SchemaChanges {
            families.push(Family::Gauge);
        }
        let writes_per_mille = dice.pick(&[4, 15, 50, 120, 400]);
        Self {
            seed,
            number,
            families,
            writes_per_mille,
            trouble,
            operations: most.min(operations_by(writes_per_mille, trouble)),
            shapes: 4 + dice.below(12) as usize,
        }
    }

    /// The shapes to read by, among those that look at what is written.
    pub(crate) fn choose(&self, mut among: Vec<usize>) -> Vec<usize> {
        let mut dice = Dice::at(self.seed, STREAM_OF_SHAPES, self.number);
        while among.len() > self.shapes {
            among.swap_remove(dice.below(among.len() as u64) as usize);
        }
        among
    }

    /// The dice of one operation of one worker.
    pub(crate) fn dice(&self, worker: u64, operation: u64) -> Dice {
        Dice::at(
            self.seed ^ self.number.rotate_left(32),
            STREAM_OF_WORKERS + worker,
            operation,
        )
    }
}

/// A round has about as many writes as any other: few enough that units in doubt do not stay so for long.
fn operations_by(writes_per_mille: u64, trouble: Trouble) -> u64 {
    let operations = (2_400_000 / writes_per_mille).clamp(12_000, 240_000);
    match trouble {
        Trouble::Nothing | Trouble::Crowd => operations,
        // Most of its reads go to the database.
        Trouble::SchemaChanges | Trouble::Delays => operations / 8,
        // Units whose last write is in doubt wait for the end of the round.
        Trouble::DroppedFutures | Trouble::Timeouts | Trouble::Resets | Trouble::Outage => operations / 4,
        Trouble::Restart => operations / 2,
    }
}

const STREAM_OF_PLANS: u64 = 1 << 60;
const STREAM_OF_SHAPES: u64 = 1 << 59;
const STREAM_OF_WORKERS: u64 = 1 << 61;

fn trouble(product: Product, number: u64, dice: &mut Dice) -> Trouble {
    use Trouble::{Crowd, Delays, DroppedFutures, Nothing, Outage, Resets, Restart, SchemaChanges, Timeouts};
    if product == Product::Sqlite {
        return dice.pick(&[Nothing, Nothing, DroppedFutures, Timeouts, SchemaChanges, Crowd]);
    }
    if number % RESTART_INTERVAL == RESTART_INTERVAL - 1 {
        return Restart;
    }
    dice.pick(&[
        Nothing,
        Nothing,
        DroppedFutures,
        Timeouts,
        Resets,
        Outage,
        Delays,
        SchemaChanges,
        Crowd,
    ])
}
