//! Each fault that is planted into the protocol is found: a checker that finds none of them proves nothing.

use plexidb::planted::Fault;
use plexidb_bench::{PlantedFault, find_planted, find_planted_in_chaos};

use crate::TURN;

/// Tells of one trial, and whether the fault was found.
fn is_found(trial: &PlantedFault) -> bool {
    let verdict = if trial.violation.is_some() {
        "found"
    } else {
        "NOT FOUND"
    };
    println!(
        "{:24} {:10} {verdict} after {:7} operations, {:5.1} s",
        trial.fault, trial.database, trial.operations, trial.seconds
    );
    trial.violation.is_some()
}

/// The faults to plant: all of them, or the one that the environment names.
fn chosen(among: &[Fault]) -> Vec<Fault> {
    let only = std::env::var("PLEXIDB_FAULT").ok();
    let is_chosen = |fault: &&Fault| only.as_ref().is_none_or(|only| *only == format!("{fault:?}"));
    among.iter().filter(is_chosen).copied().collect()
}

/// One test, since a fault is planted into the whole process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_planted_fault_is_found() {
    let _turn = TURN.lock().await;
    let mut missed = Vec::new();
    for fault in chosen(&Fault::OF_CACHE) {
        let trial = find_planted(fault, 1).await.unwrap();
        if !is_found(&trial) {
            missed.push(trial.fault);
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_planted_fault_of_servers_is_found() {
    let _turn = TURN.lock().await;
    let trials = find_planted_in_chaos(&chosen(&Fault::OF_SERVERS), 1)
        .await
        .unwrap();
    let missed: Vec<_> = trials.iter().filter(|trial| !is_found(trial)).collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
}
