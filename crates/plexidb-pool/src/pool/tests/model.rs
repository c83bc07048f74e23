//! Any order of operations: the books are right after each, nobody waits in vain, and nothing is left at the end.

use proptest::prelude::*;

use super::*;
use crate::config::{PoolSize, Priority};
use crate::lease::Lease;

#[derive(Clone, Debug)]
enum Operation {
    /// Somebody asks.
    CheckOut(bool),
    /// One who asked goes.
    Cancel(usize),
    /// A lease ends.
    Return(usize),
    Discard(usize),
    /// Its connection breaks.
    Break(usize),
    /// A statement on it leaves a transaction open.
    LeaveOpen(usize),
    Advance(u16),
    Connects(bool),
    Pings(bool),
    Resize(usize, usize, usize),
    Retire,
    WarmUp(usize),
}

fn operation() -> impl Strategy<Value = Operation> {
    let index = 0..64_usize;
    prop_oneof![
        8 => any::<bool>().prop_map(Operation::CheckOut),
        2 => index.clone().prop_map(Operation::Cancel),
        6 => index.clone().prop_map(Operation::Return),
        1 => index.clone().prop_map(Operation::Discard),
        1 => index.clone().prop_map(Operation::Break),
        1 => index.prop_map(Operation::LeaveOpen),
        3 => (0..20_000_u16).prop_map(Operation::Advance),
        1 => any::<bool>().prop_map(Operation::Connects),
        1 => any::<bool>().prop_map(Operation::Pings),
        1 => (1..5_usize, 0..3_usize, 0..3_usize).prop_map(|(a, b, c)| Operation::Resize(a, b, c)),
        1 => Just(Operation::Retire),
        1 => (0..5_usize).prop_map(Operation::WarmUp),
    ]
}

struct World {
    pool: Pool,
    connector: Arc<FakeConnector>,
    asking: Vec<(Priority, tokio::task::JoinHandle<Result<Lease, PoolError>>)>,
    leases: Vec<Lease>,
    can_connect: bool,
}

fn pick<T>(from: &mut Vec<T>, index: usize) -> Option<T> {
    (!from.is_empty()).then(|| from.swap_remove(index % from.len()))
}

impl World {
    fn new() -> Self {
        let config = PoolConfig {
            connections_max: 3,
            overflow_max: 1,
            min_idle: 1,
            lifetime_max: 60 * SECOND,
            idle_timeout: 20 * SECOND,
            ping_after: 5 * SECOND,
            ..PoolConfig::default()
        };
        let (pool, connector) = pool_with(config);
        connector.answer_resets(Answer::Success);
        Self {
            pool,
            connector,
            asking: Vec::new(),
            leases: Vec::new(),
            can_connect: true,
        }
    }

    async fn apply(&mut self, operation: &Operation) {
        match *operation {
            Operation::CheckOut(is_user) => {
                let priority = if is_user {
                    Priority::User
                } else {
                    Priority::Background
                };
                let pool = self.pool.clone();
                let task = tokio::spawn(async move { pool.checkout_as(priority).await });
                self.asking.push((priority, task));
            }
            Operation::Cancel(index) => {
                if let Some((_, task)) = pick(&mut self.asking, index) {
                    task.abort();
                }
            }
            Operation::Return(index) => drop(pick(&mut self.leases, index)),
            Operation::Discard(index) => {
                pick(&mut self.leases, index).into_iter().for_each(Lease::discard);
            }
            Operation::Break(index) => self.end_with(index, ConnectionStatus::Broken),
            Operation::LeaveOpen(index) => self.end_with(index, ConnectionStatus::InTransaction),
            Operation::Advance(millis) => sleep(Duration::from_millis(millis.into())).await,
            Operation::Connects(succeed) => {
                self.can_connect = succeed;
                let answer = if succeed { Answer::Success } else { Answer::Error };
                self.connector.answer_connects(answer);
            }
            Operation::Pings(succeed) => {
                let answer = if succeed { Answer::Success } else { Answer::Error };
                self.connector.answer_pings(answer);
            }
            Operation::Resize(connections_max, overflow_max, min_idle) => self.pool.resize(PoolSize {
                connections_max,
                overflow_max,
                min_idle,
            }),
            Operation::Retire => drop(self.pool.retire_all()),
            Operation::WarmUp(connections) => {
                let pool = self.pool.clone();
                tokio::spawn(async move { pool.warm_up(connections).await });
            }
        }
        settle().await;
        settle().await;
        self.collect().await;
    }

    fn end_with(&mut self, index: usize, status: ConnectionStatus) {
        if let Some(lease) = pick(&mut self.leases, index) {
            self.connector.set_status(lease.session(), status);
        }
    }

    /// Takes what those who asked have got.
    async fn collect(&mut self) {
        let mut asking = Vec::new();
        for (priority, task) in std::mem::take(&mut self.asking) {
            if !task.is_finished() {
                asking.push((priority, task));
            } else if let Ok(lease) = task.await.unwrap() {
                assert_eq!(lease.status(), ConnectionStatus::Idle, "a clean one");
                self.leases.push(lease);
            }
        }
        self.asking = asking;
    }

    fn check(&self) {
        let stats = self.pool.stats();
        let context = format!("{stats:?}, {} leases", self.leases.len());
        assert_eq!(stats.total, stats.idle + stats.active, "{context}");
        assert_eq!(stats.active, self.leases.len() + stats.connecting, "{context}");
        assert_eq!(stats.waiting, self.asking.len(), "{context}");
        let existing = stats.total - stats.connecting;
        assert_eq!(stats.created - stats.destroyed, existing as u64, "{context}");
        assert_eq!(self.connector.alive(), existing, "{context}");
        assert!(self.connector.alive_max() <= 7, "{context}");
        let users = self
            .asking
            .iter()
            .filter(|(priority, _)| *priority == Priority::User)
            .count();
        // Who waits does so for a reason: all are out, or one is being made.
        assert!(
            users == 0 || self.leases.len() >= stats.connections_max || stats.connecting > 0,
            "users wait in vain: {context}"
        );
        let background_max = self.pool.size().background_max();
        assert!(
            stats.waiting == 0 || self.leases.len() >= background_max || stats.connecting > 0,
            "background tasks wait in vain: {context}"
        );
    }

    async fn end(mut self) {
        self.connector.answer_connects(Answer::Success);
        self.connector.answer_pings(Answer::Success);
        while !(self.asking.is_empty() && self.leases.is_empty()) {
            self.leases.clear();
            sleep(SECOND).await;
            self.collect().await;
        }
        // What is kept ready is so from the first checkout on.
        drop(self.pool.checkout().await.unwrap());
        sleep(15 * SECOND).await;
        let stats = self.pool.stats();
        assert_eq!((stats.active, stats.waiting), (0, 0), "{stats:?}");
        assert!(
            (stats.idle_min..=stats.idle_max).contains(&stats.idle),
            "{stats:?}"
        );
        assert!(self.pool.close(10 * SECOND).await);
        assert_eq!(self.connector.alive(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_books_are_right_whatever_is_done_in_whatever_order(
        operations in proptest::collection::vec(operation(), 1..80)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for operation in &operations {
                world.apply(operation).await;
                world.check();
            }
            world.end().await;
        });
    }
}
