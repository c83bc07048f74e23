//! Each fault that is planted into the protocol is found: a checker that finds none of them proves nothing.

use plexidb::planted::Fault;
use plexidb_bench::find_planted;

use crate::TURN;

/// One test, since a fault is planted into the whole process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_planted_fault_is_found() {
    let _turn = TURN.lock().await;
    let only = std::env::var("PLEXIDB_FAULT").ok();
    let mut missed = Vec::new();
    for fault in Fault::ALL {
        if only.as_ref().is_some_and(|only| *only != format!("{fault:?}")) {
            continue;
        }
        let found = find_planted(fault, 1).await.unwrap();
        let verdict = if found.violation.is_some() {
            "found"
        } else {
            "NOT FOUND"
        };
        println!(
            "{:24} {:10} {verdict} after {:7} operations, {:5.1} s",
            found.fault, found.database, found.operations, found.seconds
        );
        if found.violation.is_none() {
            missed.push(found.fault);
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}
