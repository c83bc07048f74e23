//! What a checkout costs where nobody has to wait.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_checkout_of_an_idle_connection_and_its_return_allocate_nothing() {
    let (pool, _) = pool(3);
    // The room for the books is made when it is first needed.
    let leases = [pool.checkout().await.unwrap(), pool.checkout().await.unwrap()];
    drop(leases);
    let allocations = allocation_counter::measure(|| {
        for _ in 0..100 {
            let mut checkout = pin!(pool.checkout());
            let mut context = Context::from_waker(Waker::noop());
            let Poll::Ready(lease) = checkout.as_mut().poll(&mut context) else {
                panic!("an idle connection is there")
            };
            drop(lease.unwrap());
        }
    });
    assert_eq!(allocations.count_total, 0);
}
