//! Runs a write through the layer, and tells whether it took effect, did not, or may yet.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use plexidb::{Database, Dialect, Error, ErrorKind, Execution, Params, Transaction, ValueRef};

use super::work::{Statement, Step, Work};

/// What became of a write.
#[derive(Debug)]
pub(crate) enum Outcome {
    Done,
    /// It had no effect and will have none.
    Nothing(Error),
    /// Nobody knows.
    Doubt,
}

/// Runs a write; `execution` applies to a single statement.
pub(crate) async fn run(database: &Database, work: &Work, execution: Execution) -> Outcome {
    match attempt(database, work, execution).await {
        Ok(()) => Outcome::Done,
        Err(error) if is_decided(&error) => Outcome::Nothing(error),
        Err(_) => Outcome::Doubt,
    }
}

/// Whether the failed write surely had no effect.
fn is_decided(error: &Error) -> bool {
    match error {
        Error::Driver(error) => !error.outcome_is_unknown() && error.kind() != ErrorKind::Closed,
        _ => true,
    }
}

async fn attempt(database: &Database, work: &Work, execution: Execution) -> Result<(), Error> {
    if !work.rolled_back.is_empty() {
        let mut transaction = database.begin().await?;
        run_steps(&mut transaction, &work.rolled_back).await?;
        transaction.rollback().await?;
    }
    match (&work.steps[..], work.is_transaction) {
        ([Step::Run(statement)], false) => run_alone(database, statement, execution).await,
        ([Step::Batch { sql, rows }], false) => database.execute_many(sql, rows).await.map(drop),
        ([], false) => Ok(()),
        // MySQL commits DDL by itself; SQLite's view is dropped and made in one transaction.
        (steps, _) => {
            let mut transaction = database.begin().await?;
            run_steps(&mut transaction, steps).await?;
            transaction.commit().await
        }
    }
}

async fn run_alone(database: &Database, statement: &Statement, execution: Execution) -> Result<(), Error> {
    let params: Vec<ValueRef<'_>> = statement.params.iter().map(|value| value.as_ref()).collect();
    let params = Params::Positional(&params);
    if statement.returns {
        database
            .query_with(&statement.sql, params, execution)
            .await
            .map(drop)
    } else {
        database
            .execute_with(&statement.sql, params, execution)
            .await
            .map(drop)
    }
}

async fn run_steps(transaction: &mut Transaction, steps: &[Step]) -> Result<(), Error> {
    for step in steps {
        match step {
            Step::Run(statement) => {
                let params: Vec<ValueRef<'_>> = statement.params.iter().map(|value| value.as_ref()).collect();
                let params = Params::Positional(&params);
                if statement.returns {
                    transaction.query(&statement.sql, params).await?;
                } else {
                    transaction.execute(&statement.sql, params).await?;
                }
            }
            Step::Batch { sql, rows } => {
                transaction.execute_many(sql, rows).await?;
            }
            Step::Kept(steps) => {
                let mut savepoint = transaction.savepoint().await?;
                Box::pin(run_steps(&mut savepoint, steps)).await?;
                savepoint.release().await?;
            }
            Step::Undone(steps) => {
                let mut savepoint = transaction.savepoint().await?;
                Box::pin(run_steps(&mut savepoint, steps)).await?;
                savepoint.rollback().await?;
            }
        }
    }
    Ok(())
}

/// Whether a failed write is made again, as an application would: it met a lock or a deadlock.
pub(crate) fn is_worth_a_retry(error: &Error, dialect: Dialect) -> bool {
    let Some(driver) = error.driver() else {
        return matches!(error, Error::TransactionEnded | Error::TransactionFailed);
    };
    if driver.kind() == ErrorKind::Locked {
        return true;
    }
    let Some(sql) = driver.sql_error() else {
        return false;
    };
    match dialect {
        Dialect::Postgres => matches!(sql.sqlstate.as_deref(), Some("40001" | "40P01" | "55P03")),
        // Deadlock, lock timeout; and a row that was seen and then was not what it had been (MariaDB's snapshot isolation).
        Dialect::MySql => matches!(sql.code, Some(1213 | 1205 | 1020)),
        Dialect::Sqlite => matches!(sql.code.map(|code| code & 0xff), Some(5 | 6)),
    }
}

/// A future that is dropped after its k-th poll, as by a caller that goes away.
pub(crate) struct Abandoned<F> {
    future: Option<Pin<Box<F>>>,
    polls_left: u32,
}

impl<F: Future> Abandoned<F> {
    /// It may be polled so many times.
    pub(crate) fn after(polls: u32, future: F) -> Self {
        Self {
            future: Some(Box::pin(future)),
            polls_left: polls,
        }
    }
}

impl<F: Future> Future for Abandoned<F> {
    /// `None` where it was dropped.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls_left > 0
            && let Some(future) = &mut self.future
        {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            self.polls_left -= 1;
        }
        // Right after the poll and not at the next one, which comes when there is an answer: what has just been sent may not
        // have taken effect yet.
        if self.polls_left == 0 {
            self.future = None;
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}
