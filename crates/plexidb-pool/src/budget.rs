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
    state: Mutex<State>,
    /// The length of `wanting`, to look at without the lock.
    wanting_len: AtomicUsize,
    members: Mutex<Vec<Weak<Shared>>>,
}

#[derive(Default)]
struct State {
    used: usize,
    /// The pools that wait for a unit, in the order in which they asked.
    wanting: Vec<Weak<Shared>>,
}

impl Budget {
    /// A budget of so many connections, 1 at least.
    #[must_use]
    pub fn new(connections_max: usize) -> Self {
        Self {
            inner: Arc::new(Account {
                connections_max: connections_max.max(1),
                state: Mutex::default(),
                wanting_len: AtomicUsize::new(0),
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
        locked(&self.inner.state).used
    }

    pub(crate) fn join(&self, pool: &Arc<Shared>) {
        let mut members = locked(&self.inner.members);
        members.retain(|member| member.strong_count() > 0);
        members.push(Arc::downgrade(pool));
    }

    /// A unit, if there is one left.
    pub(crate) fn take(&self) -> Option<Unit> {
        self.take_from(&mut locked(&self.inner.state))
    }

    /// A unit, if there is one left; else the pool gets the next one that is given back, if it still wants it then.
    pub(crate) fn take_or_want(&self, pool: &Weak<Shared>) -> Option<Unit> {
        let mut state = locked(&self.inner.state);
        let unit = self.take_from(&mut state);
        if unit.is_none() && !state.wanting.iter().any(|other| other.ptr_eq(pool)) {
            state.wanting.push(pool.clone());
            self.note_wanting(&state);
        }
        unit
    }

    fn take_from(&self, state: &mut State) -> Option<Unit> {
        if state.used >= self.inner.connections_max {
            return None;
        }
        state.used += 1;
        Some(Unit { budget: self.clone() })
    }

    fn note_wanting(&self, state: &State) {
        self.inner
            .wanting_len
            .store(state.wanting.len(), Ordering::Relaxed);
    }

    /// Whether another pool wants a unit. It is asked under the lock of the pool that is about to keep a connection: either this
    /// sees the other pool's wish, or [`ask_others`](Self::ask_others), which comes after the wish and takes that lock, sees the
    /// connection.
    pub(crate) fn is_wanted_by_another(&self, pool: &Weak<Shared>) -> bool {
        self.inner.wanting_len.load(Ordering::Relaxed) > 0
            && locked(&self.inner.state)
                .wanting
                .iter()
                .any(|other| !other.ptr_eq(pool))
    }

    /// Has one of the other pools give up an idle connection.
    pub(crate) fn ask_others(&self, pool: &Arc<Shared>) {
        let others: Vec<_> = locked(&self.inner.members)
            .iter()
            .filter_map(Weak::upgrade)
            .filter(|other| !Arc::ptr_eq(other, pool))
            .collect();
        let _ = others.iter().any(Shared::yield_idle);
    }

    fn give_back(&self) {
        let wanting = {
            let mut state = locked(&self.inner.state);
            state.used -= 1;
            let wanting = std::mem::take(&mut state.wanting);
            self.note_wanting(&state);
            wanting
        };
        // In the order in which they asked; those who get nothing ask again, in the same order.
        for pool in wanting.iter().filter_map(Weak::upgrade) {
            pool.tend();
        }
    }
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
