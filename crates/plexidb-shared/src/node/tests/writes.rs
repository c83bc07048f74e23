//! Announcing, clearing, ending, leaving.

use std::task::{Context, Poll, Waker};

use super::*;

#[tokio::test]
async fn a_cleared_write_is_held_by_all_others_until_it_ends() {
    let (server, a, b) = two().await;
    let word = b.process.word(SLOT);
    let announced = a.announced().await;
    // Not a moment later: this is what the writer has waited for.
    assert!(b.process.is_held(SLOT));
    let (done, is_done) = tokio::sync::oneshot::channel();
    announced.end(vec![SLOT], Box::new(move || done.send(()).unwrap()));
    is_done.await.unwrap();
    until("the other has let go", || !b.process.is_held(SLOT)).await;
    assert!(b.process.word(SLOT) > word);
    assert_eq!(intents(&server), 0);
}

#[tokio::test]
async fn a_write_that_goes_away_at_any_moment_leaves_no_intent() {
    let (server, a, b) = two().await;
    for polls in 0..6 {
        let mut announcing = Box::pin(a.node.announce(vec![SLOT], SESSION));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..polls {
            if let Poll::Ready(announced) = announcing.as_mut().poll(&mut context) {
                drop(announced.unwrap());
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(announcing);
        until("no intent is left", || {
            intents(&server) == 0 && !b.process.is_held(SLOT)
        })
        .await;
    }
}

#[tokio::test]
async fn an_abandoned_write_that_was_sent_is_not_ended_by_its_own_process() {
    let (server, a, b) = two().await;
    drop(a.announced().await);
    // Whatever is to be done about it is done by then.
    let renewed = a.at().applied;
    a.announced().await.end(Vec::new(), Box::new(|| ()));
    until("another write has ended", || a.at().applied >= renewed + 2).await;
    assert!(b.process.is_held(SLOT));
    a.node.leave(Duration::from_secs(1)).await;
    drop(a.node);
    until("the other resolves it", || intents(&server) == 0).await;
    assert_eq!(*b.process.resolved.lock().unwrap(), [SESSION]);
}

#[tokio::test]
async fn a_write_may_be_dropped_where_no_runtime_is() {
    let (server, a, _b) = two().await;
    let announced = a.node.announce(vec![SLOT], SESSION).await.unwrap();
    std::thread::spawn(move || drop(announced)).join().unwrap();
    until("it has ended", || intents(&server) == 0).await;
}

#[tokio::test]
async fn who_has_left_serves_nothing_whatever_is_answered_late() {
    let (_server, a, b) = two().await;
    a.node.leave(Duration::from_secs(1)).await;
    a.node.shared.step(|_, _| ());
    assert!(!a.node.has_lease());
    until("the other knows", || b.node.status().others == 0).await;
    // Nobody is waited for.
    b.announced().await.end(Vec::new(), Box::new(|| ()));
}

#[tokio::test]
async fn the_end_is_told_again_until_the_record_has_it() {
    let (server, a, b) = two().await;
    let announced = a.announced().await;
    a.bus.cut(true);
    announced.end(vec![SLOT], Box::new(|| ()));
    b.bus
        .acknowledge(crate::protocol::Acknowledgement {
            member: MemberId(99),
            epoch: b.at().epoch,
            applied: 0,
        })
        .await
        .unwrap();
    assert_eq!(intents(&server), 1);
    a.bus.cut(false);
    until("it has ended", || intents(&server) == 0).await;
}

#[tokio::test]
async fn what_is_touched_counts_at_once_in_the_own_mirror() {
    let (_server, a, b) = two().await;
    let before = a.node.versions(&[SLOT]).unwrap();
    // Its messages do not come, and what it asks is answered.
    a.bus.lose_messages(1);
    let confirmed = a.node.touch(vec![SLOT]).await.unwrap();
    assert_ne!(a.node.versions(&[SLOT]).unwrap(), before);
    assert_eq!(
        confirmed,
        Confirmed {
            members: 2,
            confirmed: 2
        }
    );
    assert!(b.process.word(SLOT) > 0);
}
