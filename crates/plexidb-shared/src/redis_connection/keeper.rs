//! The task that brings a connection up again: it waits, tries what failed, then connects anew.
//!
//! Invariant: it keeps nothing alive; it ends with the last user of the connection.

use std::sync::{Arc, Weak};
use std::time::Duration;

use rand::RngExt as _;
use tokio::sync::Notify;
use tokio::time;

use super::backoff::Backoff;
use super::connection::Shared;
use super::link::Link;

/// Pauses differ by as much, so that members do not come back all at once.
const JITTER: f64 = 0.25;

pub(super) async fn keep(shared: Weak<Shared>, down: Arc<Notify>) {
    let Some(mut backoff) = shared.upgrade().map(|shared| {
        let config = shared.target.config();
        Backoff::new(config.retry_min, config.retry_max)
    }) else {
        return;
    };
    let mut is_first = true;
    loop {
        let Some(broken) = shared.upgrade().map(|shared| shared.broken()) else {
            return;
        };
        let Some(broken) = broken else {
            down.notified().await;
            continue;
        };
        if !is_first {
            pause(backoff.pause(broken.held), &down, &shared).await;
        }
        is_first = false;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        match repair(&shared, broken.link).await {
            Ok(link) => shared.bring_up(link),
            Err(error) => shared.still_down(error),
        }
    }
}

/// Sleeps for about this long, or until nobody uses the connection any more.
async fn pause(pause: Duration, down: &Notify, shared: &Weak<Shared>) {
    let factor = 1.0 + rand::rng().random_range(-JITTER..=JITTER);
    let sleep = time::sleep(pause.mul_f64(factor));
    tokio::pin!(sleep);
    loop {
        tokio::select! {
            () = &mut sleep => return,
            () = down.notified() => {
                if shared.strong_count() == 0 {
                    return;
                }
            }
        }
    }
}

/// A link that answers: the one that failed, if it was merely slow, or a new one.
async fn repair(shared: &Shared, failed: Option<Link>) -> Result<Link, Arc<str>> {
    let config = shared.target.config();
    if let Some(mut link) = failed
        && !shared.target.finds_primary()
        && ping(&mut link, config.call_timeout).await.is_ok()
    {
        return Ok(link);
    }
    let connected = time::timeout(config.connect_timeout, shared.target.connect()).await;
    let mut link = match connected {
        Ok(Ok(link)) => link,
        Ok(Err(error)) => return Err(error.to_string().into()),
        Err(_) => return Err(format!("no connection within {:?}", config.connect_timeout).into()),
    };
    ping(&mut link, config.call_timeout).await?;
    Ok(link)
}

async fn ping(link: &mut Link, timeout: Duration) -> Result<(), Arc<str>> {
    match time::timeout(timeout, link.call(&redis::cmd("PING"))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string().into()),
        Err(_) => Err(format!("no answer within {timeout:?}").into()),
    }
}
