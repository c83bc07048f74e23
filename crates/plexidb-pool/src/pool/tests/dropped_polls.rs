//! A checkout whose future is dropped after each number of polls, while other things happen: it leaves nothing behind, and
//! keeps nobody waiting.
//!
//! No time passes in here, so that nothing which is only done now and then can make up for what was missed.

use std::future::{Future, poll_fn};
use std::task::Poll;

use super::*;
use crate::config::{PoolSize, Priority};
use crate::lease::Lease;

const CONNECTIONS: usize = 2;
const POLLS_MAX: usize = 5;

/// How things are when the checkout begins.
#[derive(Clone, Copy, Debug)]
enum Start {
    /// There is no connection.
    Empty,
    /// One is idle, and need not show that it lives.
    Idle,
    /// One is idle that lives, but must show it.
    Alive,
    /// One is idle that is dead.
    Dead,
    /// All are out.
    Out,
    /// All are out, and others wait.
    Contended,
}

/// What happens between two polls.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// The others get their turn.
    Yield,
    Return,
    Discard,
    Break,
    Retire,
    Grow,
    Shrink,
    /// Another user asks.
    Join,
    /// A background task asks.
    JoinBackground,
    /// The last one who asked goes.
    Leave,
}

const STARTS: [Start; 6] = [
    Start::Empty,
    Start::Idle,
    Start::Alive,
    Start::Dead,
    Start::Out,
    Start::Contended,
];
const EVENTS: [Event; 10] = [
    Event::Yield,
    Event::Return,
    Event::Discard,
    Event::Break,
    Event::Retire,
    Event::Grow,
    Event::Shrink,
    Event::Join,
    Event::JoinBackground,
    Event::Leave,
];

struct Scene {
    pool: Pool,
    connector: Arc<FakeConnector>,
    leases: Vec<Lease>,
    others: Vec<tokio::task::JoinHandle<Result<(), PoolError>>>,
}

impl Scene {
    async fn at(start: Start) -> Self {
        let (pool, connector) = pool(CONNECTIONS);
        let mut scene = Self {
            pool,
            connector,
            leases: Vec::new(),
            others: Vec::new(),
        };
        match start {
            Start::Empty => {}
            Start::Idle => drop(scene.pool.checkout().await.unwrap()),
            Start::Alive | Start::Dead => {
                drop(scene.pool.checkout().await.unwrap());
                advance(31 * SECOND).await;
                if matches!(start, Start::Dead) {
                    scene.connector.answer_pings(Answer::Error);
                }
            }
            Start::Out | Start::Contended => {
                for _ in 0..CONNECTIONS {
                    scene.leases.push(scene.pool.checkout().await.unwrap());
                }
            }
        }
        if matches!(start, Start::Contended) {
            scene.join(Priority::User);
            scene.join(Priority::Background);
            settle().await;
        }
        scene
    }

    fn join(&mut self, priority: Priority) {
        let pool = self.pool.clone();
        self.others.push(tokio::spawn(
            async move { pool.checkout_as(priority).await.map(drop) },
        ));
    }

    async fn happen(&mut self, event: Event) {
        let size = self.pool.size();
        match event {
            Event::Yield => yield_now().await,
            Event::Return => drop(self.leases.pop()),
            Event::Discard => self.leases.pop().into_iter().for_each(Lease::discard),
            Event::Break => {
                let broken = self.leases.pop().into_iter();
                broken.for_each(|lease| {
                    self.connector
                        .set_status(lease.session(), ConnectionStatus::Broken);
                });
            }
            Event::Retire => drop(self.pool.retire_all()),
            Event::Grow => self.pool.resize(PoolSize {
                connections_max: 4,
                ..size
            }),
            Event::Shrink => self.pool.resize(PoolSize {
                connections_max: 1,
                ..size
            }),
            Event::Join => self.join(Priority::User),
            Event::JoinBackground => self.join(Priority::Background),
            Event::Leave => self.others.pop().iter().for_each(|other| other.abort()),
        }
    }

    /// All that is out comes back: everybody is served, and nothing is left.
    async fn end(self, context: &str) {
        let started = tokio::time::Instant::now();
        drop(self.leases);
        for _ in 0..4 {
            settle().await;
        }
        for other in self.others {
            assert!(
                other.is_finished(),
                "{context}: somebody still waits: {:?}",
                self.pool.stats()
            );
            if let Ok(outcome) = other.await {
                outcome.unwrap();
            }
        }
        let stats = self.pool.stats();
        assert_eq!((stats.active, stats.waiting), (0, 0), "{context}: {stats:?}");
        assert_eq!(stats.total, self.connector.alive(), "{context}: {stats:?}");
        assert_eq!(stats.created - stats.destroyed, stats.total as u64, "{context}");
        assert_eq!(stats.created, self.connector.made(), "{context}");
        // All places are there, and none too many.
        let mut leases = Vec::new();
        let mut places = 0;
        while places < 10
            && let Some(lease) = poll_times(self.pool.checkout(), 12, async |_| yield_now().await).await
        {
            leases.push(lease.unwrap());
            places += 1;
        }
        assert_eq!(places, self.pool.size().connections_max, "{context}");
        assert_eq!(started.elapsed(), Duration::ZERO, "{context}: time has passed");
    }
}

/// Polls a future up to so many times, with something between two polls, then drops it.
async fn poll_times<F: Future>(
    future: F,
    polls: usize,
    mut between: impl AsyncFnMut(usize),
) -> Option<F::Output> {
    let mut future = Box::pin(future);
    for poll in 0..polls {
        let outcome = poll_fn(|context| {
            Poll::Ready(match future.as_mut().poll(context) {
                Poll::Ready(outcome) => Some(outcome),
                Poll::Pending => None,
            })
        });
        if let Some(outcome) = outcome.await {
            return Some(outcome);
        }
        between(poll).await;
    }
    None
}

async fn run(start: Start, polls: usize, events: [Event; 3]) {
    let mut scene = Scene::at(start).await;
    let context = format!("{start:?}, {polls} polls, {events:?}");
    let pool = scene.pool.clone();
    let outcome = poll_times(pool.checkout(), polls, async |poll| {
        if let Some(event) = events.get(poll) {
            scene.happen(*event).await;
        } else {
            yield_now().await;
        }
    })
    .await;
    // A lease that it got is used, and comes back.
    if let Some(lease) = outcome {
        let mut lease = lease.unwrap();
        let query = lease.query("SELECT 1", &[], Limits::default());
        assert!(query.await.is_ok(), "{context}");
    }
    drop(pool);
    scene.connector.answer_pings(Answer::Success);
    scene.end(&context).await;
}

/// Runs everything that can happen from one start on. Returns the number of runs.
fn run_all(start: Start) -> usize {
    let mut runs = 0;
    for polls in 0..=POLLS_MAX {
        for first in EVENTS {
            for second in EVENTS {
                for third in EVENTS {
                    // Events after the last poll do not happen.
                    let is_new = (polls > 1 || matches!(second, Event::Yield))
                        && (polls > 2 || matches!(third, Event::Yield));
                    if !is_new {
                        continue;
                    }
                    // Each in a runtime of its own, which ends with what is left over.
                    tokio::runtime::Builder::new_current_thread()
                        .enable_time()
                        .start_paused(true)
                        .build()
                        .unwrap()
                        .block_on(run(start, polls, [first, second, third]));
                    runs += 1;
                }
            }
        }
    }
    runs
}

#[test]
fn a_checkout_that_is_dropped_after_any_poll_leaves_nothing_behind() {
    let runs: usize = std::thread::scope(|scope| {
        STARTS
            .map(|start| scope.spawn(move || run_all(start)))
            .map(|thread| thread.join().unwrap())
            .iter()
            .sum()
    });
    assert_eq!(runs, STARTS.len() * (2 * 10 + 100 + 3 * 1_000));
}
