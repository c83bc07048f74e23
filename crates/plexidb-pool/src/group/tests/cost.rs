//! What the choice of an endpoint costs where nobody has to wait.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_choice_an_outcome_and_the_return_allocate_nothing() {
    let world = World::new(2);
    // The room for the books is made when it is first needed, and each server has its connection.
    for name in ["a", "b", "c"] {
        let (_, _, pool) = world.group.endpoints().find(|(_, own, _)| *own == name).unwrap();
        drop(pool.checkout().await.unwrap());
    }
    let needs = [Need::write(), Need::read(), Need::read().tag("nobody")];
    let allocations = allocation_counter::measure(|| {
        for need in needs.iter().cycle().take(300) {
            let mut checkout = pin!(world.group.checkout(need));
            let mut context = Context::from_waker(Waker::noop());
            let Poll::Ready(lease) = checkout.as_mut().poll(&mut context) else {
                panic!("an idle connection is there")
            };
            lease.unwrap().note(Outcome::Answered(MILLI));
        }
    });
    assert_eq!(allocations.count_total, 0);
}
