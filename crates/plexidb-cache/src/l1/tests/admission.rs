//! Where there is not room for all, what is kept is what saves most time by its bytes.

use super::*;

const ROOM: L1Config = L1Config {
    bytes_max: 1 << 20,
    entry_bytes_max: 256 << 10,
    is_cost_aware: true,
};

/// Results of one statement: what they cost and how large they are.
struct Shape {
    scope: u64,
    cost: Duration,
    bytes: usize,
    tally: Arc<Tally>,
}

impl Shape {
    fn new(scope: u64, cost: Duration, bytes: usize) -> Self {
        Self {
            scope,
            cost,
            bytes,
            tally: Arc::default(),
        }
    }

    /// Reads this result through the cache; tells the time that was saved.
    fn read(&self, l1: &L1, slots: &SlotArray, id: u64) -> Duration {
        let mut buffer = KeyBuffer::new();
        let mut key = KeyRef::new(self.scope, SQL, &[ValueRef::Int(id as i64)], &mut buffer);
        // The same in each run.
        key.hash = (id << 8 | self.scope).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        if matches!(l1.get(&key, slots), Lookup::Hit(_)) {
            return self.cost;
        }
        let fill = Fill {
            cost: self.cost,
            tally: Arc::clone(&self.tally),
            ..fill(rows_of_size(self.bytes), capture(slots), TTL)
        };
        let _ = l1.insert(key.to_owned(SQL.into()), fill, slots);
        Duration::ZERO
    }
}

/// xorshift64*, from a fixed seed.
struct Dice(u64);

impl Dice {
    /// A number from 0 to 1.
    fn roll(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `count`, small ones more often: the density falls with the inverse.
    fn skewed(&mut self, count: u64) -> u64 {
        ((count as f64).powf(self.roll()) as u64).min(count) - 1
    }
}

/// A load of three statements: dear small results, cheap large ones, and dear ones that nobody reads twice. Tells the time
/// that was saved, by the time that all reads would have taken.
fn mixed_load(is_cost_aware: bool) -> f64 {
    let l1 = L1::new(L1Config {
        is_cost_aware,
        ..ROOM
    });
    let slots = SlotArray::default();
    let dear = Shape::new(1, Duration::from_millis(5), 300);
    let cheap = Shape::new(2, Duration::from_micros(40), 20_000);
    let once = Shape::new(3, Duration::from_millis(10), 1_000);
    let mut dice = Dice(7);
    let (mut saved, mut asked) = (Duration::ZERO, Duration::ZERO);
    for number in 0..60_000 {
        let (shape, id) = match dice.roll() {
            roll if roll < 0.45 => (&dear, dice.skewed(4_000)),
            roll if roll < 0.90 => (&cheap, dice.skewed(4_000)),
            _ => (&once, number),
        };
        let of_this = shape.read(&l1, &slots, id);
        // The first third warms up.
        if number >= 20_000 && shape.scope != once.scope {
            saved += of_this;
            asked += shape.cost;
        }
    }
    saved.as_secs_f64() / asked.as_secs_f64()
}

#[test]
fn hits_save_more_time_than_without_the_rule() {
    let (with, without) = (mixed_load(true), mixed_load(false));
    assert!(
        with > 0.6 && without < 0.5,
        "of the time of all reads {with:.3} was saved with the rule and {without:.3} without"
    );
}

#[test]
fn a_load_of_one_kind_keeps_its_hits() {
    let hits = |is_cost_aware| {
        let l1 = L1::new(L1Config {
            is_cost_aware,
            ..ROOM
        });
        let slots = SlotArray::default();
        let mut shape = Shape::new(1, Duration::ZERO, 1_000);
        let mut dice = Dice(7);
        for _ in 0..60_000 {
            // Times that are measured vary.
            shape.cost = Duration::from_micros(200).mul_f64(0.6 + dice.roll());
            shape.read(&l1, &slots, dice.skewed(4_000));
        }
        l1.stats().hits as f64
    };
    let (with, without) = (hits(true), hits(false));
    assert!(
        with > 0.99 * without,
        "{with} hits with the rule, {without} without"
    );
}

#[test]
fn cheap_large_results_do_not_displace_dear_small_ones() {
    const DEAR: u64 = 500;
    let left = |is_cost_aware| {
        let l1 = L1::new(L1Config {
            is_cost_aware,
            ..ROOM
        });
        let slots = SlotArray::default();
        let dear = Shape::new(1, Duration::from_millis(5), 300);
        let cheap = Shape::new(2, Duration::from_micros(40), 20_000);
        // Each is read again now and then, while thirty times the memory of cheap ones passes by, each read twice at once.
        for id in 0..1_500 {
            cheap.read(&l1, &slots, id);
            cheap.read(&l1, &slots, id);
            for dear_id in [id % DEAR, (id + 1) % DEAR] {
                dear.read(&l1, &slots, dear_id);
            }
        }
        (0..DEAR)
            .filter(|&id| !dear.read(&l1, &slots, id).is_zero())
            .count() as u64
    };
    let (with, without) = (left(true), left(false));
    assert!(
        with > DEAR * 90 / 100 && without < DEAR / 2,
        "of {DEAR} there are {with} left, and {without} without the rule"
    );
}

#[test]
fn nothing_is_refused_while_there_is_room() {
    let (l1, slots) = (L1::new(ROOM), SlotArray::default());
    let dear = Shape::new(1, Duration::from_millis(5), 10_000);
    let free = Shape::new(2, Duration::ZERO, 1_000);
    let large = Shape::new(3, Duration::ZERO, 200_000);
    // The price of memory is known, then there is room again.
    for id in 0..1_000 {
        dear.read(&l1, &slots, id);
    }
    large.read(&l1, &slots, 0);
    let stats = l1.stats();
    assert!(stats.evictions > 500 && stats.not_admitted == 1, "{stats:?}");
    l1.clear();
    for id in 0..500 {
        free.read(&l1, &slots, id);
    }
    let stats = l1.stats();
    assert_eq!((stats.not_admitted, stats.entries), (1, 500));
}

#[test]
fn what_a_write_has_overtaken_makes_room_for_anything() {
    let (l1, slots) = (L1::new(ROOM), Arc::new(SlotArray::default()));
    let dear = Shape::new(1, Duration::from_millis(5), 10_000);
    let cheap = Shape::new(2, Duration::from_micros(40), 10_000);
    for id in 0..300 {
        dear.read(&l1, &slots, id);
    }
    slots.begin_write(&[USERS]).end();
    // Each is hit once, else it would have to go before what was there first.
    let mut hits = 0;
    for id in 0..3_000 {
        cheap.read(&l1, &slots, id);
        hits += u64::from(!cheap.read(&l1, &slots, id).is_zero());
    }
    assert!(hits > 2_700, "{hits} of 3,000 were stored");
}

#[test]
fn a_newer_result_takes_the_place_of_the_older_whatever_it_is_worth() {
    let (l1, slots) = (L1::new(ROOM), SlotArray::default());
    let dear = Shape::new(1, Duration::from_millis(5), 1_000);
    for id in 0..2_000 {
        dear.read(&l1, &slots, id);
    }
    let mut buffer = KeyBuffer::new();
    let key = KeyRef::new(0, SQL, &[ValueRef::Int(7)], &mut buffer);
    let insert = |cost, bytes| {
        let fill = Fill {
            cost,
            ..fill(rows_of_size(bytes), capture(&slots), TTL)
        };
        l1.insert(key.to_owned(SQL.into()), fill, &slots)
    };
    let refused = insert(Duration::ZERO, 20_000);
    assert!(matches!(refused, Inserted::NotAdmitted { bytes } if bytes > 20_000));
    assert_eq!(insert(Duration::from_millis(5), 1_000), Inserted::Stored);
    assert_eq!(insert(Duration::ZERO, 20_000), Inserted::Stored);
    assert!(matches!(l1.get(&key, &slots), Lookup::Hit(rows) if rows.memory_bytes() > 20_000));
}

#[test]
fn stamps_of_another_databases_slots_are_not_looked_at() {
    let l1 = L1::new(ROOM);
    let (large, small) = (SlotArray::new(20), SlotArray::new(1));
    let shapes = [1, 2].map(|scope| Shape::new(scope, Duration::from_millis(1), 5_000));
    for id in 0..1_000 {
        shapes[0].read(&l1, &large, id);
        shapes[1].read(&l1, &small, id);
    }
    assert!(l1.stats().evictions > 1_000);
}
