//! One operation of the workload with its values, and how it is run.

use std::ops::Deref;

use plexidb::{Database, Dialect, Error, Execution, Params, Rows, ValueRef};

use super::mix::Kind;
use super::statement::Statement;

#[cfg(test)]
mod tests;

/// One operation; times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the fields are the ids and values that their names say"
)]
pub enum Operation {
    /// See [`Kind::ChannelHistory`].
    ChannelHistory { channel: i64 },
    /// See [`Kind::Profile`].
    Profile { user: i64 },
    /// See [`Kind::UserChannels`].
    UserChannels { user: i64 },
    /// See [`Kind::UnreadCount`].
    UnreadCount { user: i64, channel: i64 },
    /// See [`Kind::MembershipCheck`].
    MembershipCheck { user: i64, channel: i64 },
    /// See [`Kind::ReactionCounts`].
    ReactionCounts { message: i64 },
    /// See [`Kind::Heartbeat`].
    Heartbeat { user: i64, at_ms: i64 },
    /// See [`Kind::Post`]; the database makes the message's id.
    Post {
        channel: i64,
        user: i64,
        body: String,
        at_ms: i64,
    },
    /// See [`Kind::React`]; the same reaction once more changes nothing.
    React {
        message: i64,
        user: i64,
        emoji: &'static str,
    },
    /// See [`Kind::MarkRead`].
    MarkRead { user: i64, channel: i64 },
    /// See [`Kind::Edit`].
    Edit { message: i64, body: String, at_ms: i64 },
    /// See [`Kind::JoinLeave`]; a member who joins once more stays one.
    Join { user: i64, channel: i64 },
    /// See [`Kind::JoinLeave`].
    Leave { user: i64, channel: i64 },
}

/// The values of an operation's placeholders.
#[derive(Clone, Copy, Debug)]
pub struct OperationParams<'a> {
    values: [ValueRef<'a>; 4],
    len: usize,
}

impl<'a> OperationParams<'a> {
    fn new<const N: usize>(given: [ValueRef<'a>; N]) -> Self {
        let mut values = [ValueRef::Null; 4];
        values[..N].copy_from_slice(&given);
        Self { values, len: N }
    }
}

impl<'a> Deref for OperationParams<'a> {
    type Target = [ValueRef<'a>];

    fn deref(&self) -> &Self::Target {
        &self.values[..self.len]
    }
}

impl Operation {
    /// What it does.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::ChannelHistory { .. } => Kind::ChannelHistory,
            Self::Profile { .. } => Kind::Profile,
            Self::UserChannels { .. } => Kind::UserChannels,
            Self::UnreadCount { .. } => Kind::UnreadCount,
            Self::MembershipCheck { .. } => Kind::MembershipCheck,
            Self::ReactionCounts { .. } => Kind::ReactionCounts,
            Self::Heartbeat { .. } => Kind::Heartbeat,
            Self::Post { .. } => Kind::Post,
            Self::React { .. } => Kind::React,
            Self::MarkRead { .. } => Kind::MarkRead,
            Self::Edit { .. } => Kind::Edit,
            Self::Join { .. } | Self::Leave { .. } => Kind::JoinLeave,
        }
    }

    /// A short name for tables.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    /// The statement with the dialect's own placeholders.
    #[must_use]
    pub fn sql(&self, dialect: Dialect) -> &'static str {
        let statement = match self {
            Self::ChannelHistory { .. } => Statement::ChannelHistory,
            Self::Profile { .. } => Statement::Profile,
            Self::UserChannels { .. } => Statement::UserChannels,
            Self::UnreadCount { .. } => Statement::UnreadCount,
            Self::MembershipCheck { .. } => Statement::MembershipCheck,
            Self::ReactionCounts { .. } => Statement::ReactionCounts,
            Self::Heartbeat { .. } => Statement::Heartbeat,
            Self::Post { .. } => Statement::Post,
            Self::React { .. } => Statement::React,
            Self::MarkRead { .. } => Statement::MarkRead,
            Self::Edit { .. } => Statement::Edit,
            Self::Join { .. } => Statement::Join,
            Self::Leave { .. } => Statement::Leave,
        };
        statement.sql(dialect)
    }

    /// The values of its placeholders, in their order.
    #[must_use]
    pub fn params(&self) -> OperationParams<'_> {
        use ValueRef::{Int, Text};
        match *self {
            Self::ChannelHistory { channel } => OperationParams::new([Int(channel)]),
            Self::Profile { user } | Self::UserChannels { user } => OperationParams::new([Int(user)]),
            Self::UnreadCount { user, channel } | Self::MarkRead { user, channel } => {
                OperationParams::new([Int(channel), Int(user), Int(channel)])
            }
            Self::MembershipCheck { user, channel } | Self::Leave { user, channel } => {
                OperationParams::new([Int(user), Int(channel)])
            }
            Self::ReactionCounts { message } => OperationParams::new([Int(message)]),
            Self::Heartbeat { user, at_ms } => OperationParams::new([Int(at_ms), Int(user)]),
            Self::Post {
                channel,
                user,
                ref body,
                at_ms,
            } => OperationParams::new([Int(channel), Int(user), Text(body), Int(at_ms)]),
            Self::React { message, user, emoji } => {
                OperationParams::new([Int(message), Int(user), Text(emoji)])
            }
            Self::Edit {
                message,
                ref body,
                at_ms,
            } => OperationParams::new([Text(body), Int(at_ms), Int(message)]),
            Self::Join { user, channel } => OperationParams::new([Int(user), Int(channel), Int(channel)]),
        }
    }

    /// Runs it: a read returns its rows, a write nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Database::query`].
    pub async fn run(&self, database: &Database) -> Result<Option<Rows>, Error> {
        self.run_with(database, Execution::default()).await
    }

    /// Runs it with settings for this execution, which a write does not take.
    ///
    /// # Errors
    ///
    /// Those of [`Database::query`].
    pub async fn run_with(&self, database: &Database, execution: Execution) -> Result<Option<Rows>, Error> {
        let sql = self.sql(database.dialect());
        let params = self.params();
        if self.kind().is_read() {
            return Ok(Some(
                database
                    .query_with(sql, Params::Positional(&params), execution)
                    .await?,
            ));
        }
        database.execute(sql, Params::Positional(&params)).await?;
        Ok(None)
    }
}
