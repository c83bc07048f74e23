//! Messages: the subscription first, then the record, then what was published since.
//!
//! Invariant: the record is read only while a subscription stands that began before.

use std::sync::Arc;
use std::time::Duration;

use super::deserted::Deserted;
use super::jobs::Backoff;
use super::status::Contact;
use super::{Shared, jobs};
use crate::bus::{BusError, Notice, Subscription};
use crate::protocol::Refusal;

/// Listens until the node is stopped.
pub(super) async fn listen(shared: Arc<Shared>) {
    let mut backoff = Backoff::default();
    loop {
        match shared.bus.subscribe().await {
            Ok(subscription) => follow(&shared, subscription, &mut backoff).await,
            Err(error) => shared.failed(&error),
        }
        backoff.pause().await;
    }
}

/// Follows one subscription to its end.
async fn follow(shared: &Arc<Shared>, mut subscription: Box<dyn Subscription>, backoff: &mut Backoff) {
    let mut is_due = true;
    let mut deserted = Deserted::default();
    loop {
        if is_due {
            match join(shared).await {
                Ok(()) => {
                    is_due = false;
                    *backoff = Backoff::default();
                }
                Err(error) => {
                    shared.failed(&error);
                    if matches!(error, BusError::Unreachable(_)) {
                        return;
                    }
                    if let BusError::Refused(Refusal::OtherTerms(terms)) = &error
                        && let Err(error) = deserted.look(shared, terms).await
                    {
                        tracing::debug!(%error, "whether others use the shared record cannot be told");
                    }
                    // The subscription goes on; messages wait in it.
                    backoff.pause().await;
                    continue;
                }
            }
        }
        let notice = tokio::select! {
            notice = subscription.next() => notice,
            () = shared.rejoin.notified() => {
                is_due = true;
                continue;
            }
        };
        match notice {
            Some(Notice::Message(message)) => {
                shared.step(|member, effects| member.received(message, effects));
            }
            Some(Notice::Acknowledged(acknowledgement)) => {
                shared.state().note_applied(acknowledgement);
                shared.step(|member, _| member.acknowledged(acknowledgement));
            }
            None => return shared.step(|member, _| member.lose()),
        }
    }
}

/// Reads the record, in a new epoch where there is none.
async fn join(shared: &Arc<Shared>) -> Result<(), BusError> {
    const TRIES_MAX: usize = 5;
    for _ in 0..TRIES_MAX {
        let joining = shared.state().joining();
        match shared.bus.join(joining).await {
            Ok(joined) => {
                let now = shared.now();
                shared.step(|member, effects| member.joined(joined, now, effects));
                shared.state().contact = Contact::Connected;
                shared.renew.notify_one();
                return Ok(());
            }
            Err(BusError::Refused(Refusal::Gone)) => jobs::open(shared, None).await?,
            Err(error) => return Err(error),
        }
    }
    Err(BusError::Unreachable(
        "the shared record vanishes again and again".to_owned(),
    ))
}

/// How long after a failure the next try comes at most.
pub(super) const PAUSE_MAX: Duration = Duration::from_millis(500);
