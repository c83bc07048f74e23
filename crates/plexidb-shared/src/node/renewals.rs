//! Renewals of the lease, four in its time, and the member's sense of time.
//!
//! Invariant: the time from which a lease counts was read before its renewal was sent, and the marker was read after that.

use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use super::status::Contact;
use crate::bus::BusError;
use crate::protocol::{Acknowledgement, MemberEntry, Renewal, Renewed};

/// Renewals in the time of a lease.
const RENEWALS_A_LEASE: u64 = 4;

/// Renews until the node is stopped.
pub(super) async fn renew(shared: Arc<Shared>) {
    loop {
        let pause = Duration::from_nanos(shared.terms.lease / RENEWALS_A_LEASE);
        let _ = tokio::time::timeout(pause, shared.renew.notified()).await;
        renew_once(&shared, pause).await;
    }
}

async fn renew_once(shared: &Arc<Shared>, patience: Duration) {
    let at = shared.state().at();
    if let Some(at) = at {
        let sent_at = shared.now();
        let marker = async {
            if shared.terms.has_marker {
                shared.host.read_marker().await
            } else {
                None
            }
        };
        // One that takes longer than its time is late for the next; the lease goes on meanwhile.
        let asked = async { tokio::join!(shared.bus.renew(at, shared.id), marker) };
        let Ok((answer, marker)) = tokio::time::timeout(patience, asked).await else {
            shared.failed(&BusError::Unreachable(
                "a renewal was not answered in time".to_owned(),
            ));
            return tick(shared);
        };
        let answer = match answer {
            Ok(renewed) => Ok(renewed),
            Err(BusError::Refused(refusal)) => Err(refusal),
            Err(error) => {
                shared.failed(&error);
                return tick(shared);
            }
        };
        {
            let mut state = shared.state();
            state.contact = Contact::Connected;
            if let Ok(Renewed { members, .. }) = &answer {
                state.forget_all_but(members);
                for &(member, MemberEntry { applied, .. }) in members {
                    state.note_applied(Acknowledgement {
                        member,
                        epoch: at.epoch,
                        applied,
                    });
                }
            }
        }
        let renewal = Renewal {
            epoch: at.epoch,
            sent_at,
            answer,
            marker,
        };
        let now = shared.now();
        shared.step(|member, effects| member.renewed(renewal, now, effects));
    }
    tick(shared);
}

fn tick(shared: &Arc<Shared>) {
    let now = shared.now();
    shared.step(|member, effects| member.tick(now, effects));
}
