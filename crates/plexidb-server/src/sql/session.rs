//! One user's session: statements in order, in and out of transactions.
//!
//! Invariant: a statement inside BEGIN … COMMIT runs in that transaction; one that was given up half-way takes an open
//! transaction along.

use std::time::{Duration, Instant};

use plexidb::{Database, DriverError, Error, ErrorKind, Manager, Rows, StatementKind, Transaction, params};

use super::control::{self, Control};
use super::failure::Failure;
use super::interrupt::{Patience, Stop};
use super::open_transaction::OpenTransaction;
use super::output::{Sink, Summary};

/// Connections are pooled, and one whose settings were changed is given up.
const SESSION_NOTE: &str = "note: it held for this statement only, since each statement may run on another connection; \
     between BEGIN and COMMIT it holds for the transaction, in the URL's options for all";

/// The session.
pub(super) struct Session {
    manager: Manager,
    timeout: Option<Duration>,
    transaction: Option<OpenTransaction>,
}

/// What a statement gave.
pub(super) enum Answer {
    /// A result, maybe without rows.
    Rows(Rows),
    /// This many rows were changed.
    Changed(u64),
    /// It was done.
    Done,
}

/// An answer and the time that it took.
pub(super) struct Timed {
    pub(super) answer: Answer,
    pub(super) elapsed: Duration,
    /// What the user should know besides.
    pub(super) note: Option<&'static str>,
}

/// Which call of the library runs a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// For its rows.
    Query,
    /// For the number of rows that it changes.
    Execute,
    /// For what it does to the schema.
    Do,
}

impl Session {
    pub(super) fn new(manager: Manager, timeout: Option<Duration>) -> Self {
        Self {
            manager,
            timeout,
            transaction: None,
        }
    }

    pub(super) fn manager(&self) -> &Manager {
        &self.manager
    }

    pub(super) fn database(&self) -> &Database {
        // A configuration without databases is refused, so that there is a first one.
        &self.manager.databases()[0]
    }

    pub(super) fn is_in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// Drops an open transaction, which rolls it back; says whether there was one.
    pub(super) fn abandon_transaction(&mut self) -> bool {
        self.transaction.take().is_some()
    }

    /// Runs one statement.
    pub(super) async fn run(&mut self, sql: &str) -> Result<Timed, Failure> {
        let explanation = self.database().explain(sql);
        let begun = Instant::now();
        let answer = match explanation.kind {
            StatementKind::Transaction(kind) => {
                let dialect = self.database().dialect();
                let control =
                    control::read(kind, &explanation.normalised, dialect).map_err(Failure::Refused)?;
                self.control(control).await?
            }
            kind => self.send(sql, call(kind, &explanation.normalised)).await?,
        };
        let is_lost = explanation.kind == StatementKind::Session
            && self.transaction.is_none()
            && !matches!(answer, Answer::Rows(_));
        let note = is_lost.then_some(SESSION_NOTE);
        Ok(Timed {
            answer,
            elapsed: begun.elapsed(),
            note,
        })
    }

    /// Whether the rows of this statement can be streamed: it only reads, and no transaction is open.
    pub(super) fn can_stream(&self, sql: &str) -> bool {
        self.transaction.is_none() && self.database().explain(sql).kind == StatementKind::Read
    }

    /// Hands the rows of a statement to the sink as they come; `None` where it may write after all and was not run.
    pub(super) async fn stream(
        &mut self,
        sql: &str,
        sink: &mut dyn Sink,
    ) -> Result<Option<Summary>, Failure> {
        let begun = Instant::now();
        let mut patience = Patience::new(self.timeout);
        let give_up = |stop: Stop| stop.into_failure(false);
        let mut stream = match patience
            .wait(self.manager.stream(sql, params![]))
            .await
            .map_err(give_up)?
        {
            Ok(stream) => stream,
            Err(Error::NotARead) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut rows: u64 = 0;
        while let Some(row) = patience.wait(stream.next()).await.map_err(give_up)?? {
            if rows == 0 {
                sink.begin(row.columns())?;
            }
            sink.row(&row)?;
            rows += 1;
        }
        if rows == 0 {
            // A stream without rows does not tell its columns; where they are printed, the statement is run once more.
            rows = if sink.prints_columns() {
                whole(
                    patience
                        .wait(self.manager.select(sql).no_cache().fetch())
                        .await
                        .map_err(give_up)??,
                    sink,
                )?
            } else {
                sink.begin(&[])?;
                0
            };
        }
        sink.end()?;
        Ok(Some(Summary::streamed(rows, begun.elapsed())))
    }

    async fn send(&mut self, sql: &str, call: Call) -> Result<Answer, Failure> {
        let mut patience = Patience::new(self.timeout);
        let result = match &mut self.transaction {
            Some(transaction) => patience.wait(transaction.run(sql, call)).await,
            None => patience.wait(run_alone(&self.manager, sql, call)).await,
        };
        self.settle(result)
    }

    async fn control(&mut self, control: Control) -> Result<Answer, Failure> {
        let mut patience = Patience::new(self.timeout);
        let Some(transaction) = &mut self.transaction else {
            let Control::Begin(options) = control else {
                return Err(Failure::Refused(
                    "no transaction is open; BEGIN starts one".to_owned(),
                ));
            };
            let begun = patience.wait(self.manager.begin_with(options)).await;
            let transaction = begun.map_err(|stop| stop.into_failure(false))??;
            self.transaction = Some(OpenTransaction::new(transaction));
            return Ok(Answer::Done);
        };
        if let Some(reason) = transaction.refusal(&control) {
            return Err(Failure::Refused(reason));
        }
        let is_end = matches!(control, Control::Commit | Control::RollBack);
        let result = patience.wait(transaction.control(control)).await;
        if is_end && result.is_ok() {
            self.transaction = None;
        }
        self.settle(result)
    }

    /// Takes an open transaction along where the statement was given up or its connection is gone.
    fn settle(&mut self, result: Result<Result<Answer, Error>, Stop>) -> Result<Answer, Failure> {
        match result {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                if error.driver().is_some_and(is_fatal) {
                    self.transaction = None;
                }
                Err(error.into())
            }
            Err(stop) => Err(stop.into_failure(self.abandon_transaction())),
        }
    }
}

/// Hands a whole result to the sink.
fn whole(rows: Rows, sink: &mut dyn Sink) -> Result<u64, Failure> {
    sink.begin(rows.columns())?;
    for row in &rows {
        sink.row(row)?;
    }
    Ok(rows.len() as u64)
}

/// Whether the connection is of no use after this error.
fn is_fatal(error: &DriverError) -> bool {
    error.outcome_is_unknown() || matches!(error.kind(), ErrorKind::ConnectionLost | ErrorKind::Closed)
}

/// Statements that can have rows are queried; those that only change something tell how much.
fn call(kind: StatementKind, normalised: &str) -> Call {
    let returns_rows = || {
        normalised
            .split_whitespace()
            .any(|word| word.eq_ignore_ascii_case("returning"))
    };
    match kind {
        StatementKind::Ddl => Call::Do,
        StatementKind::Write if !returns_rows() => Call::Execute,
        _ => Call::Query,
    }
}

/// Runs a statement outside a transaction.
async fn run_alone(manager: &Manager, sql: &str, call: Call) -> Result<Answer, Error> {
    match call {
        Call::Query => manager.query(sql, params![]).await.map(answer_of),
        Call::Execute => manager
            .execute(sql, params![])
            .await
            .map(|executed| Answer::Changed(executed.rows_affected)),
        Call::Do => manager.execute(sql, params![]).await.map(|_| Answer::Done),
    }
}

/// Runs a statement in a transaction.
pub(super) async fn run_call(transaction: &mut Transaction, sql: &str, call: Call) -> Result<Answer, Error> {
    match call {
        Call::Query => transaction.query(sql, params![]).await.map(answer_of),
        Call::Execute => transaction
            .execute(sql, params![])
            .await
            .map(|executed| Answer::Changed(executed.rows_affected)),
        Call::Do => transaction.execute(sql, params![]).await.map(|_| Answer::Done),
    }
}

fn answer_of(rows: Rows) -> Answer {
    if rows.columns().is_empty() {
        Answer::Done
    } else {
        Answer::Rows(rows)
    }
}
