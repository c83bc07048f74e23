//! Connections that are out: who has them, and since when.
//!
//! Invariant: one record a connection that is out, entered and struck out under the pool's lock. Records are used again, so
//! that a checkout allocates nothing once as many were out before.

use std::time::Duration;

use tokio::time::Instant;
use tracing::Span;

/// The number of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordNumber(usize);

/// Who has a connection.
pub(crate) struct Holder {
    pub(crate) since: Instant,
    /// The caller's span, where leaks are looked for.
    pub(crate) span: Option<Span>,
    is_reported: bool,
}

/// A lease that lasts too long.
pub(crate) struct Overdue {
    pub(crate) held: Duration,
    pub(crate) span: Option<Span>,
}

/// All records.
#[derive(Default)]
pub(crate) struct Out {
    records: Vec<Option<Holder>>,
    free: Vec<usize>,
}

impl Out {
    pub(crate) fn enter(&mut self, since: Instant, span: Option<Span>) -> RecordNumber {
        let holder = Some(Holder {
            since,
            span,
            is_reported: false,
        });
        let number = match self.free.pop() {
            Some(number) => number,
            None => {
                self.records.push(None);
                self.records.len() - 1
            }
        };
        self.records[number] = holder;
        RecordNumber(number)
    }

    /// Strikes a record out. The caller drops the holder after the lock: its span may run a subscriber's code.
    pub(crate) fn strike(&mut self, number: RecordNumber) -> Option<Holder> {
        let holder = self.records.get_mut(number.0)?.take()?;
        self.free.push(number.0);
        Some(holder)
    }

    /// Connections that are out.
    pub(crate) fn len(&self) -> usize {
        self.records.len() - self.free.len()
    }

    /// Those that are out for `leak_after` or longer and were not reported yet.
    pub(crate) fn overdue(&mut self, now: Instant, leak_after: Duration) -> Vec<Overdue> {
        let held = |holder: &Holder| now.saturating_duration_since(holder.since);
        self.records
            .iter_mut()
            .flatten()
            .filter(|holder| !holder.is_reported && held(holder) >= leak_after)
            .map(|holder| {
                holder.is_reported = true;
                Overdue {
                    held: held(holder),
                    span: holder.span.clone(),
                }
            })
            .collect()
    }
}
