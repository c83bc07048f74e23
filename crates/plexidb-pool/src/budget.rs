//! A bound on the connections of several pools together.
//!
//! Invariant: a connection holds a unit from before it is made until it has ended, so that the server never sees more
//! than the budget. No pool's lock is held while a unit is dropped: that may make another pool connect.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::pool::Shared;

/// A bound on the connections of several pools together, such as all pools of one server; cloning shares it.
///
/// A pool that wants a connection beyond the budget gets the next one that ends; pools that have idle connections give one
/// up for it.
#[derive(Clone)]
pub struct Budget {
    inner: Arc<Account>,
}

struct Account {
    connections_max: usize,
    used: AtomicUsize,
    /// The length of `wanting`, to look at without its lock. Sequentially consistent with `used`: who wants a unit writes this
    /// and then reads `used`, who gives one back does the reverse, and one of them must see the other.
    wanting_len: AtomicUsize,
    wanting: Mutex<Vec<Weak<Shared>>>,
    members: Mutex<Vec<Weak<Shared>>>,
}

impl Budget {
    /// A budget of so many connections, 1 at least.
    #[must_use]
    pub fn new(connections_max: usize) -> Self {
        Self {
            inner: Arc::new(Account {
                connections_max: connections_max.max(1),
                used: AtomicUsize::new(0),
                wanting_len: AtomicUsize::new(0),
                wanting: Mutex::default(),
                members: Mutex::default(),
            }),
        }
    }

    /// The most connections of all pools together.
    #[must_use]
    pub fn connections_max(&self) -> usize {
        self.inner.connections_max
    }

    /// Connections that there are now: made, being made, or being closed.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.inner.used.load(Ordering::Acquire)
    }

    pub(crate) fn join(&self, pool: &Arc<Shared>) {
        let mut members = locked(&self.inner.members);
        members.retain(|member| member.strong_count() > 0);
        members.push(Arc::downgrade(pool));
    }

    /// A unit, if there is one left.
    pub(crate) fn take(&self) -> Option<Unit> {
        let max = self.inner.connections_max;
        self.inner
            .used
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |used| {
                (used < max).then_some(used + 1)
            })
            .ok()
            .map(|_| Unit { budget: self.clone() })
    }

    /// Notes that a pool wants a unit. Returns whether that is news: then it must try again, since one may have become free
    /// before this.
    pub(crate) fn want(&self, pool: &Arc<Shared>) -> bool {
        let mut wanting = locked(&self.inner.wanting);
        if wanting.iter().any(|other| is_same(other, pool)) {
            return false;
        }
        wanting.push(Arc::downgrade(pool));
        self.inner.wanting_len.store(wanting.len(), Ordering::SeqCst);
        true
    }

    /// Whether another pool wants a unit.
    pub(crate) fn is_wanted_by_another(&self, pool: &Arc<Shared>) -> bool {
        self.inner.wanting_len.load(Ordering::SeqCst) > 0
            && locked(&self.inner.wanting)
                .iter()
                .any(|other| !is_same(other, pool))
    }

    /// Has one of the other pools give up an idle connection.
    pub(crate) fn ask_others(&self, pool: &Arc<Shared>) {
        let others: Vec<_> = locked(&self.inner.members)
            .iter()
            .filter(|other| !is_same(other, pool))
            .filter_map(Weak::upgrade)
            .collect();
        let _ = others.iter().any(Shared::yield_idle);
    }

    fn give_back(&self) {
        self.inner.used.fetch_sub(1, Ordering::SeqCst);
        if self.inner.wanting_len.load(Ordering::SeqCst) == 0 {
            return;
        }
        let wanting = {
            let mut wanting = locked(&self.inner.wanting);
            self.inner.wanting_len.store(0, Ordering::SeqCst);
            std::mem::take(&mut *wanting)
        };
        // In the order in which they asked; those who get nothing ask again, in the same order.
        for pool in wanting.iter().filter_map(Weak::upgrade) {
            pool.tend();
        }
    }
}

fn is_same(one: &Weak<Shared>, other: &Arc<Shared>) -> bool {
    std::ptr::eq(one.as_ptr(), Arc::as_ptr(other))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that runs under the lock can leave it half-done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("connections_max", &self.connections_max())
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}

/// One connection's part of a budget.
pub(crate) struct Unit {
    budget: Budget,
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.budget.give_back();
    }
}
