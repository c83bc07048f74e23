//! The transaction that a session has open, in a task of its own.
//!
//! A savepoint borrows its transaction, so savepoints nest as calls do: the task goes one call deeper at each SAVEPOINT
//! and comes back at RELEASE, ROLLBACK TO, COMMIT and ROLLBACK. Invariant: when this handle is dropped, the task ends
//! and everything that was not committed is rolled back.

use std::future::Future;
use std::pin::Pin;

use plexidb::{Error, Transaction};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::control::Control;
use super::session::{Answer, Call, run_call};

/// Savepoints within savepoints.
pub(super) const SAVEPOINTS_MAX: usize = 32;

type Reply = oneshot::Sender<Result<Answer, Error>>;

/// What the task is asked for.
enum Order {
    Run { sql: String, call: Call, reply: Reply },
    Savepoint { name: String, reply: Reply },
    Leave(Leave),
}

/// Orders that end the life of a savepoint or of the transaction.
enum Leave {
    Release {
        name: String,
        reply: Reply,
    },
    RollBackTo {
        name: String,
        reply: Reply,
    },
    Commit {
        reply: Reply,
    },
    RollBack {
        reply: Reply,
    },
    /// COMMIT met a savepoint that could not be released.
    Abandon {
        error: Error,
        reply: Reply,
    },
    /// Nobody gives orders any more.
    Deserted,
}

/// A handle to the open transaction.
pub(super) struct OpenTransaction {
    orders: mpsc::Sender<Order>,
    task: JoinHandle<()>,
    /// The savepoints that are set, the outermost first.
    savepoints: Vec<String>,
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl OpenTransaction {
    /// Takes over a transaction that has begun.
    pub(super) fn new(transaction: Transaction) -> Self {
        let (orders, inbox) = mpsc::channel(1);
        Self {
            orders,
            task: tokio::spawn(serve(transaction, inbox)),
            savepoints: Vec::new(),
        }
    }

    /// Runs a statement in the transaction.
    pub(super) async fn run(&mut self, sql: &str, call: Call) -> Result<Answer, Error> {
        let sql = sql.to_owned();
        self.order(|reply| Order::Run { sql, call, reply }).await
    }

    /// Why this cannot be done with the savepoints that there are.
    pub(super) fn refusal(&self, control: &Control) -> Option<String> {
        match control {
            Control::Begin(_) => {
                Some("a transaction is open already; end it with COMMIT or ROLLBACK".to_owned())
            }
            Control::Savepoint(_) if self.savepoints.len() >= SAVEPOINTS_MAX => Some(format!(
                "there are {SAVEPOINTS_MAX} savepoints already; release one"
            )),
            Control::Release(name) | Control::RollBackTo(name) if self.find(name).is_none() => {
                Some(format!("there is no savepoint {name} in this transaction"))
            }
            _ => None,
        }
    }

    /// Sets, releases or rolls back to a savepoint, or ends the transaction.
    pub(super) async fn control(&mut self, control: Control) -> Result<Answer, Error> {
        match control {
            Control::Begin(_) => Ok(Answer::Done),
            Control::Commit => self.order(|reply| Order::Leave(Leave::Commit { reply })).await,
            Control::RollBack => self.order(|reply| Order::Leave(Leave::RollBack { reply })).await,
            Control::Savepoint(name) => {
                let order_name = name.clone();
                let answer = self
                    .order(|reply| Order::Savepoint {
                        name: order_name,
                        reply,
                    })
                    .await?;
                self.savepoints.push(name);
                Ok(answer)
            }
            Control::Release(name) => {
                let kept = self.find(&name).unwrap_or(self.savepoints.len());
                let answer = self
                    .order(|reply| Order::Leave(Leave::Release { name, reply }))
                    .await?;
                self.savepoints.truncate(kept);
                Ok(answer)
            }
            Control::RollBackTo(name) => {
                let kept = self.find(&name).map_or(self.savepoints.len(), |index| index + 1);
                let answer = self
                    .order(|reply| Order::Leave(Leave::RollBackTo { name, reply }))
                    .await?;
                self.savepoints.truncate(kept);
                Ok(answer)
            }
        }
    }

    /// The innermost savepoint of this name.
    fn find(&self, name: &str) -> Option<usize> {
        self.savepoints
            .iter()
            .rposition(|savepoint| savepoint.eq_ignore_ascii_case(name))
    }

    async fn order(&mut self, order: impl FnOnce(Reply) -> Order) -> Result<Answer, Error> {
        let (reply, answer) = oneshot::channel();
        let closed = |_| Error::Driver(plexidb::DriverError::Closed);
        self.orders.send(order(reply)).await.map_err(|_| closed(()))?;
        answer.await.unwrap_or_else(|_| Err(closed(())))
    }
}

/// Serves the transaction to its end.
async fn serve(mut transaction: Transaction, mut inbox: mpsc::Receiver<Order>) {
    loop {
        match attend(&mut transaction, &mut inbox).await {
            Leave::Commit { reply } => {
                return answer(reply, transaction.commit().await.map(|()| Answer::Done));
            }
            Leave::RollBack { reply } => {
                return answer(reply, transaction.rollback().await.map(|()| Answer::Done));
            }
            Leave::Abandon { error, reply } => {
                // What the database refused is the news; a failed rollback closes the connection, which rolls back too.
                let _ = transaction.rollback().await;
                return answer(reply, Err(error));
            }
            Leave::Deserted => return,
            // The handle knows the names, so that no such order comes this far.
            Leave::Release { reply, .. } | Leave::RollBackTo { reply, .. } => answer(reply, Ok(Answer::Done)),
        }
    }
}

/// Obeys until an order ends this level.
fn attend<'a>(
    transaction: &'a mut Transaction,
    inbox: &'a mut mpsc::Receiver<Order>,
) -> Pin<Box<dyn Future<Output = Leave> + Send + 'a>> {
    Box::pin(async move {
        loop {
            match inbox.recv().await {
                None => return Leave::Deserted,
                Some(Order::Leave(leave)) => return leave,
                Some(Order::Run { sql, call, reply }) => {
                    answer(reply, run_call(transaction, &sql, call).await)
                }
                Some(Order::Savepoint { name, reply }) => {
                    if let Some(leave) = live(transaction, inbox, &name, reply).await {
                        return leave;
                    }
                }
            }
        }
    })
}

/// One savepoint's life; what it cannot answer itself is left to the level above.
async fn live(
    transaction: &mut Transaction,
    inbox: &mut mpsc::Receiver<Order>,
    name: &str,
    mut reply: Reply,
) -> Option<Leave> {
    loop {
        let mut savepoint = match transaction.savepoint().await {
            Ok(savepoint) => savepoint,
            Err(error) => {
                answer(reply, Err(error));
                return None;
            }
        };
        answer(reply, Ok(Answer::Done));
        match attend(&mut savepoint, inbox).await {
            Leave::RollBackTo {
                name: target,
                reply: next,
            } if target.eq_ignore_ascii_case(name) => {
                if let Err(error) = savepoint.rollback().await {
                    answer(next, Err(error));
                    return None;
                }
                // In SQL the savepoint outlives a rollback to it: it is set anew.
                reply = next;
            }
            Leave::Release { name: target, reply } if target.eq_ignore_ascii_case(name) => {
                answer(reply, savepoint.release().await.map(|()| Answer::Done));
                return None;
            }
            Leave::Release { name, reply } => match savepoint.release().await {
                Ok(()) => return Some(Leave::Release { name, reply }),
                Err(error) => {
                    answer(reply, Err(error));
                    return None;
                }
            },
            Leave::Commit { reply } => match savepoint.release().await {
                Ok(()) => return Some(Leave::Commit { reply }),
                Err(error) => return Some(Leave::Abandon { error, reply }),
            },
            leave => return Some(leave),
        }
    }
}

fn answer(reply: Reply, result: Result<Answer, Error>) {
    // Whoever asked may have given up waiting.
    let _ = reply.send(result);
}
