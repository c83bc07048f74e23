//! The marker: a row of the database by which a writer that cannot reach Redis keeps all others from serving cached results.
//!
//! Invariant: an unannounced write commits while the row is open and locked by its own transaction, so that nobody can close the
//! row, and begin to serve again, before the write is visible.

use plexidb_core::{Connection, Dialect, DriverError, Limits, ValueRef};

/// What the row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// One more each time the row was opened or closed.
    pub(super) generation: u64,
    /// Whether somebody writes without announcements.
    pub(super) is_open: bool,
}

/// The row of one database of a namespace.
#[derive(Clone, Debug)]
pub(super) struct Marker {
    dialect: Dialect,
    /// Of namespace and database.
    name: String,
}

impl Marker {
    pub(super) fn new(dialect: Dialect, name: String) -> Self {
        Self { dialect, name }
    }

    /// Makes table and row where they are not there.
    ///
    /// # Errors
    ///
    /// The user may not make tables, as a rule.
    pub(super) async fn create(&self, connection: &mut dyn Connection) -> Result<(), DriverError> {
        let (table, row) = match self.dialect {
            Dialect::Postgres | Dialect::Sqlite => (
                "CREATE TABLE IF NOT EXISTS plexidb_marker \
                 (namespace text PRIMARY KEY, generation bigint NOT NULL, is_open boolean NOT NULL)",
                "INSERT INTO plexidb_marker VALUES ($1, 0, false) ON CONFLICT DO NOTHING",
            ),
            Dialect::MySql => (
                "CREATE TABLE IF NOT EXISTS plexidb_marker (namespace varchar(190) CHARACTER SET utf8mb4 \
                 COLLATE utf8mb4_bin PRIMARY KEY, generation bigint NOT NULL, is_open boolean NOT NULL) ENGINE = InnoDB",
                "INSERT IGNORE INTO plexidb_marker VALUES (?, 0, false)",
            ),
        };
        if self.read(connection).await.is_ok_and(|mark| mark.is_some()) {
            return Ok(());
        }
        connection.execute(table, &[]).await?;
        self.change(connection, row).await
    }

    /// What the row says; `None` where there is none.
    ///
    /// # Errors
    ///
    /// The table cannot be read.
    pub(super) async fn read(&self, connection: &mut dyn Connection) -> Result<Option<Mark>, DriverError> {
        self.select(connection, "").await
    }

    /// Opens the row, before anything is written without an announcement.
    ///
    /// # Errors
    ///
    /// The row could not be written, or is not there.
    pub(super) async fn open(&self, connection: &mut dyn Connection) -> Result<Mark, DriverError> {
        self.turn(connection, "true", "NOT is_open").await
    }

    /// Closes the row, before a new epoch is opened. This waits for every transaction that has [locked](Self::lock) it.
    ///
    /// # Errors
    ///
    /// The row could not be written, or is not there.
    pub(super) async fn close(&self, connection: &mut dyn Connection) -> Result<Mark, DriverError> {
        self.turn(connection, "false", "is_open").await
    }

    /// Locks the row in the transaction that is open until it ends, and tells what it says.
    ///
    /// # Errors
    ///
    /// The row could not be locked, or is not there.
    pub(super) async fn lock(&self, connection: &mut dyn Connection) -> Result<Mark, DriverError> {
        let suffix = match self.dialect {
            Dialect::Postgres => " FOR SHARE",
            Dialect::MySql => " LOCK IN SHARE MODE",
            Dialect::Sqlite => "",
        };
        self.select(connection, suffix).await?.ok_or_else(absent)
    }

    async fn turn(
        &self,
        connection: &mut dyn Connection,
        to: &str,
        condition: &str,
    ) -> Result<Mark, DriverError> {
        let place = self.placeholder();
        let sql = format!(
            "UPDATE plexidb_marker SET generation = generation + 1, is_open = {to} WHERE namespace = {place} AND {condition}"
        );
        self.change(connection, &sql).await?;
        self.read(connection).await?.ok_or_else(absent)
    }

    async fn change(&self, connection: &mut dyn Connection, sql: &str) -> Result<(), DriverError> {
        let name = [ValueRef::Text(&self.name)];
        connection.execute(sql, &name).await.map(drop)
    }

    async fn select(
        &self,
        connection: &mut dyn Connection,
        suffix: &str,
    ) -> Result<Option<Mark>, DriverError> {
        let place = self.placeholder();
        let sql = format!(
            "SELECT generation, CASE WHEN is_open THEN 1 ELSE 0 END FROM plexidb_marker WHERE namespace = {place}{suffix}"
        );
        let rows = connection
            .query(&sql, &[ValueRef::Text(&self.name)], Limits::default())
            .await?;
        let Some(row) = rows.rows().first() else {
            return Ok(None);
        };
        let number = |column| row.get::<i64>(column).map_err(|_| absent());
        Ok(Some(Mark {
            generation: number(0)?.cast_unsigned(),
            is_open: number(1)? != 0,
        }))
    }

    fn placeholder(&self) -> &'static str {
        match self.dialect {
            Dialect::Postgres => "$1",
            Dialect::MySql | Dialect::Sqlite => "?",
        }
    }
}

fn absent() -> DriverError {
    DriverError::Unsupported {
        what: "the table plexidb_marker without its row, or of another form; drop the table, it is made anew at the next start".into(),
    }
}
