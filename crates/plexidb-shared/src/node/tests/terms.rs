//! Members that are configured otherwise, or see another schema.

use super::*;
use crate::protocol::Refusal;

fn longer() -> Terms {
    Terms {
        lease: terms().lease * 2,
        ..terms()
    }
}

#[tokio::test]
async fn who_is_configured_otherwise_serves_nothing_and_is_told_why() {
    let (server, a, b) = two().await;
    let other = start_with(&server, longer());
    until("it is refused", || {
        matches!(other.node.status().contact, Contact::Refused { .. })
    })
    .await;
    let error = other.node.announce(vec![SLOT], SESSION).await.err().unwrap();
    assert_eq!(
        error,
        AnnounceError::Refused(Refusal::OtherTerms(Box::new(terms())))
    );
    assert!(
        error.to_string().contains("strict, 400ms, without marker"),
        "{error}"
    );
    assert!(!other.node.has_lease());
    assert!(a.node.has_lease() && b.node.has_lease());
}

#[tokio::test]
async fn a_record_that_nobody_uses_is_replaced_by_one_of_new_terms() {
    let (server, a, b) = two().await;
    let other = start_with(&server, longer());
    a.node.leave(Duration::from_secs(1)).await;
    // It neither renews nor leaves.
    b.bus.cut(true);
    until("it serves", || other.node.has_lease()).await;
    other.announced().await.end(vec![SLOT], Box::new(|| ()));
}

#[tokio::test]
async fn a_change_of_the_schema_ends_for_others_after_they_know_of_it() {
    let (_server, a, b) = two().await;
    let announced = a.node.announce(vec![WHOLE], SESSION).await;
    let mut announced = announced.unwrap();
    announced.clear().unwrap();
    *b.process.catalog.lock().unwrap() = 2;
    a.node
        .shared
        .step(|member, effects| member.read_catalog(Fingerprint(2), effects));
    *a.process.catalog.lock().unwrap() = 2;
    let other = Arc::clone(&b.process);
    let (done, is_done) = tokio::sync::oneshot::channel();
    announced.end_of_schema_change(
        vec![WHOLE],
        Box::new(move || done.send(other.catalogs_read.load(Ordering::Relaxed)).unwrap()),
    );
    is_done.await.unwrap();
    until("the other has read it", || {
        b.process.catalogs_read.load(Ordering::Relaxed) > 0
    })
    .await;
    until("both go on", || {
        !a.process.is_held(SLOT) && !b.process.is_held(SLOT)
    })
    .await;
    assert_eq!(b.node.shared.state().fingerprint(), Fingerprint(2));
}

#[tokio::test]
async fn a_joiner_with_an_old_schema_does_not_make_it_that_of_all() {
    let (server, a, _b) = two().await;
    a.node
        .shared
        .step(|member, effects| member.read_catalog(Fingerprint(2), effects));
    *a.process.catalog.lock().unwrap() = 2;
    a.node.declare(Fingerprint(2));
    until("it is told", || !a.node.shared.state().is_outdated()).await;
    let late = start(&server);
    *late.process.catalog.lock().unwrap() = 2;
    until("it has joined", || late.node.status().at.is_some()).await;
    until("it has read the new one", || {
        late.node.shared.state().fingerprint() == Fingerprint(2)
    })
    .await;
    assert!(!a.node.shared.state().is_outdated());
}

#[tokio::test]
async fn two_that_never_agree_do_not_read_their_schemas_without_end() {
    let (_server, a, b) = two().await;
    *a.process.catalog.lock().unwrap() = 1;
    a.node.declare(Fingerprint(1));
    let read =
        || a.process.catalogs_read.load(Ordering::Relaxed) + b.process.catalogs_read.load(Ordering::Relaxed);
    until("they disagree", || read() >= 2).await;
    let begun = std::time::Instant::now();
    until("they go on to disagree", || read() >= 4).await;
    assert!(begun.elapsed() >= Duration::from_millis(250), "without a pause");
}
