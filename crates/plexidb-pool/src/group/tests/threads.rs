//! Many threads ask while the roles change: everyone is served, and nobody is counted in the end.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_that_ask_while_roles_change_leave_nothing_counted() {
    let world = Arc::new(World::new(2));
    let asking: Vec<_> = (0..8_usize)
        .map(|task| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                for round in 0..200_usize {
                    let need = match (task + round) % 3 {
                        0 => Need::write(),
                        1 => Need::read(),
                        _ => Need::read().lag_max(SECOND),
                    };
                    // Somebody changes roles all the time, so that there may be no primary for a moment.
                    let lease = world.group.checkout(&need.patience(10 * SECOND)).await.unwrap();
                    lease.note(Outcome::Answered(MILLI));
                }
            })
        })
        .collect();
    let mut primary = 0;
    while !asking.iter().all(tokio::task::JoinHandle::is_finished) {
        let names = ["a", "b", "c"];
        world.see(names[primary], Role::Replica);
        primary = (primary + 1) % names.len();
        world.see(names[primary], Role::Primary);
        tokio::task::yield_now().await;
    }
    for task in asking {
        task.await.unwrap();
    }
    assert_eq!(world.in_flight(), 0);
    let stats = world.group.stats();
    let chosen: u64 = stats.endpoints.iter().map(|endpoint| endpoint.chosen).sum();
    assert!(chosen >= 8 * 200);
    assert!(stats.epoch > 0);
}
