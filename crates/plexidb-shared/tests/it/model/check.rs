//! What must hold in every state, what must be reachable, and the runs of the checker.

use stateright::{Checker, HasDiscoveries, Model, Property};

use super::fault::Fault;
use super::steps::Step;
use super::world::{Budget, LEASE, Scope, VALUE, WHOLE, World};

const FRESH: &str = "every result that can be served is the database's";

pub(super) fn properties() -> Vec<Property<Scope>> {
    vec![
        Property::always(FRESH, |scope: &Scope, world: &World| {
            world.served().all(|value| world.is_fresh(scope, value)) && !world.seen.has_stale_hit
        }),
        Property::sometimes("a result from after a write is served", |_, world: &World| {
            world.value > 0 && world.served().any(|value| value == world.value)
        }),
        Property::sometimes("a write ends", |scope: &Scope, world: &World| {
            world.seen.has_ended_write || scope.has_marker
        }),
        Property::sometimes("a new epoch is settled", |scope: &Scope, world: &World| {
            let Budget { restarts, lags, .. } = scope.budget;
            world.seen.has_settled || restarts + lags == 0
        }),
        Property::sometimes(
            "the write of a member that is gone is ended",
            |scope: &Scope, world: &World| world.seen.has_resolved || scope.budget.crashes == 0,
        ),
        Property::sometimes("a write goes on unannounced", |scope: &Scope, world: &World| {
            !scope.has_marker || world.value > 0 && world.marker.generation > 0
        }),
    ]
}

impl World {
    /// Whether a value is the database's; in bounded mode, whether it was within the last lease.
    fn is_fresh(&self, scope: &Scope, value: u8) -> bool {
        let since = self.overwritten_at.get(usize::from(value));
        value == self.value || !scope.is_strict && since.is_some_and(|since| self.now - since <= LEASE)
    }

    /// The values that members could serve now.
    fn served(&self) -> impl Iterator<Item = u8> {
        let serving = self
            .nodes
            .iter()
            .filter(|node| node.is_alive && self.now < node.grant_max && !node.has_writers());
        serving.flat_map(|node| {
            let shared = self.shared.iter().filter(|entry| {
                let versions = node.member.versions();
                node.member.settled_epoch() == Some(entry.epoch)
                    && entry.versions == [versions[VALUE as usize], versions[WHOLE as usize]]
            });
            node.found().into_iter().chain(shared.map(|entry| entry.value))
        })
    }
}

fn scope() -> Scope {
    Scope {
        nodes: 2,
        writers: &[0],
        readers: &[1],
        horizon: 4,
        renewals: 1,
        budget: writes(1),
        is_strict: true,
        has_marker: false,
        has_late_answers: false,
        has_hits: false,
        fault: None,
        first: &[],
    }
}

fn writes(writes: u8) -> Budget {
    Budget {
        writes,
        fills: 1,
        ..Budget::default()
    }
}

fn holds(name: &str, scope: Scope) {
    let started = std::time::Instant::now();
    let checker = scope.checker().spawn_dfs().join();
    println!(
        "{name}: {} states, {} generated, depth {}, {:?}",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        started.elapsed()
    );
    checker.assert_properties();
}

fn is_found(scope: Scope) {
    let fault = scope.fault;
    let checker = scope
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let path = checker.discovery(FRESH).unwrap_or_else(|| {
        panic!(
            "{fault:?} is not found in {} states",
            checker.unique_state_count()
        )
    });
    println!(
        "{fault:?}: {} states: {:?}",
        checker.unique_state_count(),
        path.into_actions()
    );
}

const UNKNOWN_WRITE: &[Step] = &[
    Step::Begin(0),
    Step::Receive(0),
    Step::Tick,
    Step::Renew(0),
    Step::Restart,
];

const KNOWN_WRITE: &[Step] = &[
    Step::Begin(0),
    Step::Receive(0),
    Step::Receive(1),
    Step::Renew(0),
    Step::Clear(0),
    Step::Restart,
];

const KEPT: &[Step] = &[
    Step::Keep,
    Step::Begin(0),
    Step::Receive(0),
    Step::Tick,
    Step::Renew(0),
    Step::Lag,
];

/// A writer that is cut off has opened the marker; the other has closed it and opened an epoch for it.
const MARKED_EPOCH: &[Step] = &[
    Step::Cut(0),
    Step::OpenMarker(0),
    Step::Renew(1),
    Step::CloseMarker(1),
    Step::Open(1),
    Step::Join(1),
    Step::Tick,
    Step::Tick,
    Step::Tick,
    Step::NoticeTime(1),
    Step::Settle(1),
];

/// Two members, one of them the writer: everything that can happen until the last tick.
mod exhaustive {
    use super::*;

    #[test]
    fn late_answers() {
        holds(
            "late answers",
            Scope {
                horizon: 3,
                has_late_answers: true,
                ..scope()
            },
        );
    }

    #[test]
    fn hits_step_by_step() {
        holds(
            "hits",
            Scope {
                has_hits: true,
                ..scope()
            },
        );
    }

    #[test]
    fn a_lost_message() {
        holds(
            "loss",
            Scope {
                budget: Budget {
                    losses: 1,
                    ..writes(1)
                },
                ..scope()
            },
        );
    }

    #[test]
    fn a_crash() {
        holds(
            "crash",
            Scope {
                budget: Budget {
                    crashes: 1,
                    ..writes(1)
                },
                ..scope()
            },
        );
    }

    #[test]
    fn a_restart_with_nothing() {
        let budget = Budget {
            restarts: 1,
            ..writes(1)
        };
        // Of the write that is under way nobody else knows, or the other does.
        holds(
            "restart",
            Scope {
                budget,
                first: UNKNOWN_WRITE,
                ..scope()
            },
        );
        holds(
            "restart",
            Scope {
                budget,
                first: KNOWN_WRITE,
                ..scope()
            },
        );
    }

    #[test]
    fn a_restart_with_less() {
        let budget = Budget { lags: 1, ..writes(1) };
        holds(
            "lag",
            Scope {
                budget,
                first: KEPT,
                ..scope()
            },
        );
    }

    #[test]
    fn a_partition() {
        holds(
            "cut",
            Scope {
                horizon: 3,
                budget: Budget { cuts: 1, ..writes(1) },
                ..scope()
            },
        );
    }

    #[test]
    fn a_partition_with_a_marker() {
        let budget = Budget { cuts: 1, ..writes(1) };
        holds(
            "marker",
            Scope {
                horizon: 2,
                budget,
                has_marker: true,
                ..scope()
            },
        );
    }

    #[test]
    fn a_marker_for_which_another_has_waited() {
        let budget = Budget { cuts: 2, ..writes(1) };
        let scope = Scope {
            horizon: 3,
            has_marker: true,
            writers: &[0, 1],
            renewals: 2,
            first: MARKED_EPOCH,
            ..scope()
        };
        holds("another's marker", Scope { budget, ..scope });
    }

    #[test]
    fn bounded_mode() {
        let budget = Budget {
            losses: 1,
            ..writes(1)
        };
        holds(
            "bounded",
            Scope {
                budget,
                is_strict: false,
                ..scope()
            },
        );
    }
}

/// Three members, two of them readers: everything within so many steps.
#[test]
fn three_members() {
    let scope = Scope {
        nodes: 3,
        readers: &[1, 2],
        budget: Budget {
            losses: 1,
            ..writes(1)
        },
        ..scope()
    };
    let checker = scope.checker().target_max_depth(10).spawn_bfs().join();
    println!("three: {} states", checker.unique_state_count());
    checker.assert_no_discovery(FRESH);
    checker.assert_any_discovery("a write ends");
}

mod planted {
    use super::*;

    /// A write has begun, of which nobody else knows; then the record is lost.
    const LOST_RECORD: &[Step] = &[
        Step::Begin(0),
        Step::Receive(0),
        Step::Tick,
        Step::Renew(0),
        Step::Restart,
        Step::Join(1),
        Step::Open(1),
        Step::Join(1),
    ];

    /// The writer has waited the other out; then the record is lost with the intent, of which nobody else knew.
    const LOST_INTENT: &[Step] = &[
        Step::Begin(0),
        Step::Receive(0),
        Step::Tick,
        Step::Renew(0),
        Step::Restart,
        Step::Join(1),
        Step::Open(1),
        Step::Join(1),
        Step::Tick,
        Step::Clear(0),
    ];

    fn with(fault: Fault, budget: Budget) -> Scope {
        Scope {
            fault: Some(fault),
            budget,
            ..scope()
        }
    }

    fn restart() -> Budget {
        Budget {
            restarts: 1,
            ..writes(1)
        }
    }

    fn cut() -> Budget {
        Budget { cuts: 1, ..writes(1) }
    }

    #[test]
    fn a_write_that_waits_for_nobody() {
        is_found(with(Fault::NoWait, writes(1)));
    }

    #[test]
    fn a_lease_that_counts_from_the_answer() {
        is_found(Scope {
            has_late_answers: true,
            ..with(Fault::LeaseFromAnswer, writes(1))
        });
    }

    #[test]
    fn a_renewal_that_counts_before_its_messages() {
        is_found(with(Fault::LeaseBeforeMessages, writes(1)));
    }

    #[test]
    fn an_epoch_that_is_settled_at_once() {
        is_found(Scope {
            first: LOST_RECORD,
            ..with(Fault::SettleAtOnce, restart())
        });
    }

    #[test]
    fn an_epoch_that_is_settled_under_unknown_statements() {
        is_found(Scope {
            first: LOST_INTENT,
            ..with(Fault::SettleUnderStatements, restart())
        });
    }

    #[test]
    fn results_from_before_an_epoch_was_settled() {
        is_found(Scope {
            first: LOST_INTENT,
            ..with(Fault::UnsettledReads, restart())
        });
    }

    #[test]
    fn sessions_that_may_idle() {
        is_found(Scope {
            first: LOST_INTENT,
            ..with(Fault::NoFence, restart())
        });
    }

    #[test]
    fn an_intent_that_ends_by_time() {
        is_found(with(
            Fault::EndByTime,
            Budget {
                crashes: 1,
                ..writes(1)
            },
        ));
    }

    #[test]
    fn what_another_run_of_the_server_has_kept() {
        is_found(with(Fault::RunIgnored, Budget { lags: 1, ..writes(1) }));
    }

    #[test]
    fn a_member_that_acknowledges_by_joining() {
        is_found(Scope {
            has_late_answers: true,
            ..with(Fault::JoiningAcknowledges, cut())
        });
    }

    #[test]
    fn writes_that_were_missed_altogether() {
        is_found(Scope {
            first: &[Step::Cut(1), Step::Begin(0), Step::Receive(0)],
            ..with(Fault::LostWritesForgotten, cut())
        });
    }

    #[test]
    fn a_hit_that_reads_its_slots_before_the_grant() {
        is_found(Scope {
            has_hits: true,
            ..with(Fault::SlotsBeforeGrant, writes(1))
        });
    }

    #[test]
    fn a_writer_that_goes_on_unannounced() {
        is_found(with(Fault::Unannounced, cut()));
    }

    #[test]
    fn a_marker_that_is_opened_without_a_wait() {
        is_found(Scope {
            has_marker: true,
            ..with(Fault::MarkerWithoutWait, cut())
        });
    }

    #[test]
    fn a_marker_at_which_nobody_looks() {
        is_found(Scope {
            has_marker: true,
            ..with(Fault::MarkerIgnored, cut())
        });
    }

    #[test]
    fn a_marker_for_which_another_has_waited() {
        let budget = Budget { cuts: 2, ..writes(1) };
        let scope = with(Fault::MarkerOfAnother, budget);
        is_found(Scope {
            has_marker: true,
            writers: &[0, 1],
            renewals: 2,
            first: MARKED_EPOCH,
            ..scope
        });
    }
}
