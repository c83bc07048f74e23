//! One exchange with a connection, as a value.

use plexidb_core::{Connection, DriverError, Executed, Limits, RowSet, ValueRef};
use plexidb_sql::{TagList, Touched};

use crate::schema::Statement;
use crate::touched::TouchedTags;

/// What is asked of a connection.
#[derive(Clone, Copy)]
pub(crate) enum Request<'a> {
    /// Rows.
    Query {
        sql: &'a str,
        params: &'a [ValueRef<'a>],
        limits: Limits,
    },
    /// A count of rows.
    Execute {
        sql: &'a str,
        params: &'a [ValueRef<'a>],
    },
    /// The same statement for many rows of parameters.
    ExecuteMany {
        sql: &'a str,
        rows: &'a [Vec<ValueRef<'a>>],
    },
    /// BEGIN, COMMIT and the like.
    Control { sql: &'a str },
}

/// What came back.
pub(crate) enum Response {
    Rows(RowSet),
    Executed(Executed),
}

impl<'a> Request<'a> {
    /// The parameters of a single execution.
    pub(crate) fn params(self) -> &'a [ValueRef<'a>] {
        match self {
            Self::Query { params, .. } | Self::Execute { params, .. } => params,
            Self::ExecuteMany { .. } | Self::Control { .. } => &[],
        }
    }

    /// What running it with its parameters touches, by this statement's plan.
    pub(crate) fn touched(&self, statement: &Statement) -> Touched {
        match self {
            Self::Query { params, .. } | Self::Execute { params, .. } => statement.touched(params),
            Self::ExecuteMany { rows, .. } => {
                let mut tags = TouchedTags::default();
                for row in *rows {
                    tags.add(statement.touched(row).all(), statement);
                }
                Touched {
                    certain: tags.into_tags().into(),
                    precaution: TagList::new(),
                }
            }
            Self::Control { .. } => Touched::default(),
        }
    }

    pub(crate) async fn run(self, connection: &mut dyn Connection) -> Result<Response, DriverError> {
        Ok(match self {
            Self::Query { sql, params, limits } => {
                Response::Rows(connection.query(sql, params, limits).await?)
            }
            Self::Execute { sql, params } => Response::Executed(connection.execute(sql, params).await?),
            Self::ExecuteMany { sql, rows } => Response::Executed(connection.execute_many(sql, rows).await?),
            Self::Control { sql } => {
                connection.control(sql).await?;
                Response::Executed(Executed::default())
            }
        })
    }
}

impl Response {
    /// How many rows a statement has written that was run for that count.
    pub(crate) fn rows_affected(&self) -> Option<u64> {
        match self {
            Self::Executed(executed) => Some(executed.rows_affected),
            // A query that returns nothing may have written rows.
            Self::Rows(_) => None,
        }
    }

    pub(crate) fn into_rows(self) -> RowSet {
        match self {
            Self::Rows(rows) => rows,
            Self::Executed(_) => RowSet::empty(),
        }
    }

    pub(crate) fn into_executed(self) -> Executed {
        match self {
            Self::Rows(rows) => Executed {
                rows_affected: rows.len() as u64,
                last_insert_id: None,
            },
            Self::Executed(executed) => executed,
        }
    }
}
