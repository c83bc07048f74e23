//! What is lost, cut, stopped or forgotten.

use super::*;
use crate::protocol::Record;

#[tokio::test]
async fn a_lost_acknowledgement_is_made_good_by_a_renewal() {
    let (_server, a, b) = two().await;
    b.bus.lose_acknowledgements(1);
    let begun = std::time::Instant::now();
    a.announced().await.end(Vec::new(), Box::new(|| ()));
    assert!(begun.elapsed() < LEASE, "the lease was waited out");
    assert_eq!(b.node.status().others, 1);
}

#[tokio::test]
async fn an_acknowledgement_that_overtakes_the_answer_counts() {
    let (_server, a, b) = two().await;
    // Nothing but its acknowledgement tells that it knows.
    b.bus.lose_renewals(true);
    a.bus.delay_begun(Duration::from_millis(20));
    let begun = std::time::Instant::now();
    a.announced().await.end(Vec::new(), Box::new(|| ()));
    assert!(begun.elapsed() < LEASE, "the lease was waited out");
}

#[tokio::test]
async fn who_has_lost_a_message_reads_the_record_anew_and_misses_nothing() {
    let (_server, a, b) = two().await;
    let word = b.process.word(SLOT);
    b.bus.lose_messages(1);
    let announced = a.announced().await;
    // The writer has waited until this one knows, or may serve nothing.
    assert!(b.process.is_held(SLOT) || !b.node.has_lease());
    announced.end(vec![SLOT], Box::new(|| ()));
    until("it is in step", || b.node.has_lease() && !b.process.is_held(SLOT)).await;
    until("its word is another one", || b.process.word(SLOT) > word).await;
}

#[tokio::test]
async fn who_is_cut_off_delays_one_write_and_comes_back_by_itself() {
    let (_server, a, b) = two().await;
    b.bus.cut(true);
    a.announced().await.end(vec![SLOT], Box::new(|| ()));
    assert!(!b.node.has_lease(), "it may still serve what was overwritten");
    until("it is expelled", || a.node.status().others == 0).await;
    let begun = std::time::Instant::now();
    a.announced().await.end(vec![SLOT], Box::new(|| ()));
    assert!(begun.elapsed() < LEASE, "the next write waits for it again");
    b.bus.cut(false);
    until("it serves again", || b.node.has_lease()).await;
    until("the other knows", || a.node.status().others == 1).await;
    assert!(b.process.word(SLOT) > 0);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again() {
    let (server, a, _b) = two().await;
    a.bus.lose_answers(1);
    // Whatever call has lost it.
    let first = a.node.announce(vec![SLOT], SESSION).await;
    drop(first);
    until("no intent is left", || intents(&server) == 0).await;
    until("it serves", || a.node.has_lease()).await;
    a.announced().await.end(vec![SLOT], Box::new(|| ()));
}

#[tokio::test]
async fn a_server_that_starts_empty_begins_a_new_epoch_that_nobody_serves_before_it_is_settled() {
    let (server, a, b) = two().await;
    let before = a.at().epoch;
    let announced = a.announced().await;
    server.start_anew(Record::new(RunId(2)), RunId(2));
    until("both are in the new epoch", || {
        a.at().epoch != before && a.at().epoch == b.at().epoch
    })
    .await;
    // The write that may be on its way is known there too.
    assert!(b.process.is_held(SLOT));
    announced.end(vec![SLOT], Box::new(|| ()));
    until("both serve again", || a.node.has_lease() && b.node.has_lease()).await;
    assert!(a.process.is_quiet.load(Ordering::Acquire) || b.process.is_quiet.load(Ordering::Acquire));
    until("nothing is held", || {
        !a.process.is_held(SLOT) && !b.process.is_held(SLOT)
    })
    .await;
    assert_eq!(intents(&server), 0);
}
