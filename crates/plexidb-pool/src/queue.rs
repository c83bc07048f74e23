//! Checkouts that wait.
//!
//! Invariant: users are served in the order in which they came, background tasks after them. A waiter that is told
//! something is not in the queue any more; one that gives up strikes itself out.

use std::collections::VecDeque;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::Span;

use crate::config::Priority;
use crate::error::PoolError;
use crate::lease::Lease;

/// What a waiter is told: the lease is given on by its own drop where the waiter has gone meanwhile.
pub(crate) type Answer = Result<Lease, PoolError>;

/// The place of a waiter in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    priority: Priority,
    number: i64,
}

/// A checkout that waits.
pub(crate) struct Waiter {
    number: i64,
    pub(crate) since: Instant,
    pub(crate) span: Option<Span>,
    /// Whether it has found an idle connection dead, so that it takes none that must be tried out first.
    pub(crate) wants_fresh: bool,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// The checkouts that wait, by ascending number.
#[derive(Default)]
pub(crate) struct Queue {
    users: VecDeque<Waiter>,
    background: VecDeque<Waiter>,
    /// Numbers from 0 up are given at the back, from -1 down at the front.
    back: i64,
    front: i64,
}

/// Who joins the queue.
pub(crate) struct Joining {
    pub(crate) priority: Priority,
    pub(crate) since: Instant,
    pub(crate) span: Option<Span>,
    /// Whether it comes back after it had its turn, with a dead connection: then it is first, and wants a fresh one.
    pub(crate) comes_back: bool,
}

impl Queue {
    pub(crate) fn join(&mut self, joining: Joining) -> (Ticket, oneshot::Receiver<Answer>) {
        let (answer, receiver) = oneshot::channel();
        let number = if joining.comes_back {
            self.front -= 1;
            self.front
        } else {
            self.back += 1;
            self.back
        };
        let waiter = Waiter {
            number,
            since: joining.since,
            span: joining.span,
            wants_fresh: joining.comes_back,
            answer,
        };
        let queue = self.of(joining.priority);
        if joining.comes_back {
            queue.push_front(waiter);
        } else {
            queue.push_back(waiter);
        }
        let priority = joining.priority;
        (Ticket { priority, number }, receiver)
    }

    /// Strikes a waiter out, if it is still in the queue.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> Option<Waiter> {
        let queue = self.of(ticket.priority);
        let index = queue
            .binary_search_by_key(&ticket.number, |waiter| waiter.number)
            .ok()?;
        queue.remove(index)
    }

    pub(crate) fn first_user(&self) -> Option<&Waiter> {
        self.users.front()
    }

    pub(crate) fn pop_user(&mut self) -> Option<Waiter> {
        self.users.pop_front()
    }

    pub(crate) fn first_background(&self) -> Option<&Waiter> {
        self.background.front()
    }

    pub(crate) fn pop_background(&mut self) -> Option<Waiter> {
        self.background.pop_front()
    }

    /// The next one, users first.
    pub(crate) fn pop(&mut self) -> Option<Waiter> {
        self.pop_user().or_else(|| self.pop_background())
    }

    pub(crate) fn users(&self) -> usize {
        self.users.len()
    }

    pub(crate) fn background(&self) -> usize {
        self.background.len()
    }

    pub(crate) fn len(&self) -> usize {
        self.users.len() + self.background.len()
    }

    pub(crate) fn take_all(&mut self) -> Vec<Waiter> {
        self.users.drain(..).chain(self.background.drain(..)).collect()
    }

    fn of(&mut self, priority: Priority) -> &mut VecDeque<Waiter> {
        match priority {
            Priority::User => &mut self.users,
            Priority::Background => &mut self.background,
        }
    }
}
