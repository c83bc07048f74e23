//! A checkout that is dropped at any of its polls leaves nothing counted and no connection out.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use super::*;

/// Polls a future at most so many times. Returns its outcome if it came to that.
async fn polls<F: Future>(future: F, count: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(move |context| {
        polled += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polled >= count => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_checkout_that_is_dropped_at_any_poll_leaves_nothing_counted() {
    for door in [Door::Open, Door::Refused, Door::Full, Door::Silent] {
        for is_held in [false, true] {
            for count in 1.. {
                let world = World::new(2);
                world.servers[1].set_door(door);
                world.servers[2].set_door(door);
                let held = match is_held {
                    true => Some(world.group.checkout(&Need::write()).await.unwrap()),
                    false => None,
                };
                let need = Need::read().patience(SECOND);
                let answer = polls(world.group.checkout(&need), count).await;
                let has_ended = answer.is_some();
                drop((held, answer));
                sleep(60 * SECOND).await;
                assert_eq!(world.in_flight(), 0, "{door:?} at {count}");
                for endpoint in world.group.stats().endpoints {
                    assert_eq!(
                        endpoint.pool.active, endpoint.pool.connecting,
                        "{door:?} at {count}"
                    );
                    assert_eq!(endpoint.pool.waiting, 0, "{door:?} at {count}");
                    assert_ne!(endpoint.breaker, BreakerState::HalfOpen);
                }
                if has_ended {
                    break;
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_leaves_its_place_to_the_next() {
    let world = World::new(1);
    let break_it = || (0..3).for_each(|_| world.group.unreachable(world.id("b"), Instant::now()));
    let probe_is_due = BreakerState::Open {
        retry_in: Duration::ZERO,
    };
    break_it();
    assert_eq!(world.ask_name(&Need::read()).await, "a");
    sleep(SECOND).await;
    // While it waits for its connection.
    let need = Need::read();
    assert!(polls(world.group.checkout(&need), 1).await.is_none());
    assert_eq!(world.stats("b").breaker, probe_is_due);
    // While it has one.
    assert_eq!(world.ask_name(&Need::read()).await, "b");
    assert_eq!(world.stats("b").breaker, probe_is_due);
    let probe = world.group.checkout(&need).await.unwrap();
    assert_eq!(world.stats("b").breaker, BreakerState::HalfOpen);
    assert_eq!(world.ask_name(&Need::read()).await, "a");
    probe.note(Outcome::Answered(MILLI));
    assert_eq!(world.stats("b").breaker, BreakerState::Closed);
}
