//! Why a result is not cached, for users to read and for statistics to count.
//!
//! Invariant: a code never changes its meaning; a sentence names the thing that is in the way. Of several reasons the one counts that
//! allows least.

use thiserror::Error;

/// Why the result of a statement is not cached.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Reason {
    /// The grammar was not understood.
    #[error("plexidb does not understand the statement: {0}")]
    DoesNotParse(String),
    /// Several statements in one text.
    #[error("the text holds more than one statement")]
    MultiStatement,
    /// A comment of MySQL that is executed.
    #[error("it holds a comment that the database executes (/*! … */)")]
    ExecutableComment,
    /// Too long or too deep to be analysed with bounded memory.
    #[error("the statement is too large to be analysed")]
    TooLarge,
    /// It is no read.
    #[error("it is no plain read")]
    NotARead,
    /// It reads, and changes rows besides.
    #[error("it changes rows")]
    Writes,
    /// It tells of the database or the plan.
    #[error("it tells of the schema, the session or the plan, not of rows")]
    Metadata,
    /// It writes a file.
    #[error("it writes a file on the server")]
    WritesFile,
    /// It locks rows.
    #[error("it locks rows (FOR UPDATE, FOR SHARE), which a cached result could not do")]
    Locking,
    /// It reads or sets a user variable.
    #[error("it uses the session's variable {0}")]
    UserVariable(String),
    /// Its result depends on the session or the server's state.
    #[error("{0} depends on the session or on the server's state")]
    SessionState(String),
    /// Its result depends on the current time.
    #[error("{0} depends on the current time; pass the time as a parameter to make it cacheable")]
    TimeDependent(String),
    /// A function that gives another result each time.
    #[error("the function {0}() is volatile")]
    VolatileFunction(String),
    /// A function whose reads are not known.
    #[error("the function {0}() may read tables that plexidb does not know of")]
    FunctionReads(String),
    /// A function that the catalog does not know.
    #[error("the function {0}() is not known to be deterministic")]
    UnknownFunction(String),
    /// A function in FROM that is not known.
    #[error("the table function {0}() is not known to be deterministic")]
    UnknownTableFunction(String),
    /// An operator that a user may have defined.
    #[error("the operator {0} is not known to be deterministic")]
    UnknownOperator(String),
    /// A random sample.
    #[error("it takes a random sample (TABLESAMPLE)")]
    Sampling,
    /// Rows as of another time.
    #[error("it reads the history of a system-versioned table")]
    SystemVersioned,
    /// A column that changes without any write.
    #[error("the system column {0} changes without any write to the table")]
    SystemColumn(String),
    /// A temporary table.
    #[error("the table {0} is temporary")]
    TemporaryTable(String),
    /// A table of the database's own.
    #[error("{0} belongs to the system catalog, which changes without writes")]
    SystemCatalog(String),
    /// A table that the catalog does not hold.
    #[error("the table {0} is not in the catalog")]
    UnknownTable(String),
    /// A table whose rows are made elsewhere.
    #[error("the rows of {0} are made outside the database (foreign or virtual table)")]
    ForeignTable(String),
    /// Rows that not everyone may see.
    #[error("row-level security applies to {0}")]
    RowSecurity(String),
    /// A view whose query may not be cached.
    #[error("the view {view}: {reason}")]
    View {
        /// The view.
        view: String,
        /// Why its query may not be cached.
        reason: Box<Reason>,
    },
    /// A policy of row-level security that may not be cached, not even under a security scope.
    #[error("the row-level security of {table}: {reason}")]
    Policy {
        /// The table.
        table: String,
        /// Why its policies may not be cached.
        reason: Box<Reason>,
    },
    /// A view whose query the catalog does not hold.
    #[error("the definition of the view {0} is not known")]
    ViewUndefined(String),
}

impl Reason {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::DoesNotParse(_) => "does_not_parse",
            Self::MultiStatement => "multi_statement",
            Self::ExecutableComment => "executable_comment",
            Self::TooLarge => "too_large",
            Self::NotARead => "not_a_read",
            Self::Writes => "writes",
            Self::Metadata => "metadata",
            Self::WritesFile => "writes_file",
            Self::Locking => "locking",
            Self::UserVariable(_) => "user_variable",
            Self::SessionState(_) => "session_state",
            Self::TimeDependent(_) => "time_dependent",
            Self::VolatileFunction(_) => "volatile_function",
            Self::FunctionReads(_) => "function_reads",
            Self::UnknownFunction(_) => "unknown_function",
            Self::UnknownTableFunction(_) => "unknown_table_function",
            Self::UnknownOperator(_) => "unknown_operator",
            Self::Sampling => "sampling",
            Self::SystemVersioned => "system_versioned",
            Self::SystemColumn(_) => "system_column",
            Self::TemporaryTable(_) => "temporary_table",
            Self::SystemCatalog(_) => "system_catalog",
            Self::UnknownTable(_) => "unknown_table",
            Self::ForeignTable(_) => "foreign_table",
            Self::RowSecurity(_) => "row_security",
            Self::View { reason, .. } | Self::Policy { reason, .. } => reason.code(),
            Self::ViewUndefined(_) => "view_undefined",
        }
    }

    /// How far another server that has the same rows may run the statement.
    #[must_use]
    pub fn elsewhere(&self) -> Elsewhere {
        match self {
            Self::VolatileFunction(name) if is_mere_chance(name) => Elsewhere::Alike,
            Self::TimeDependent(_) => Elsewhere::ByItsClock,
            Self::FunctionReads(_) => Elsewhere::ByAnyRows,
            Self::View { reason, .. } | Self::Policy { reason, .. } => reason.elsewhere(),
            _ => Elsewhere::Never,
        }
    }

    /// The reason that is kept of two: the one that allows less, else the first.
    pub(crate) fn weightier(first: Option<Self>, second: Option<Self>) -> Option<Self> {
        match (first, second) {
            (Some(first), Some(second)) if second.elsewhere() > first.elsewhere() => Some(second),
            (first, second) => first.or(second),
        }
    }

    /// Whether a fresher reading of the schema could change the verdict: the statement names what the catalog lacks.
    #[must_use]
    pub fn may_be_stale_catalog(&self) -> bool {
        match self {
            Self::UnknownTable(_)
            | Self::UnknownFunction(_)
            | Self::UnknownTableFunction(_)
            | Self::ViewUndefined(_) => true,
            Self::View { reason, .. } | Self::Policy { reason, .. } => reason.may_be_stale_catalog(),
            _ => false,
        }
    }
}

/// Functions that draw by chance and leave nothing behind.
fn is_mere_chance(name: &str) -> bool {
    let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
    matches!(
        name,
        "random"
            | "random_normal"
            | "gen_random_uuid"
            | "uuid_generate_v4"
            | "uuidv4"
            | "uuidv7"
            | "rand"
            | "random_bytes"
            | "uuid"
            | "uuid_v4"
            | "uuid_v7"
            | "sys_guid"
    )
}

/// How far another server with the same rows may run a statement whose result is not cached, from the least restrained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Elsewhere {
    /// It would do the same there: it draws by chance.
    Alike,
    /// It would do the same there, but for the server's clock.
    ByItsClock,
    /// It only reads, but nobody knows which rows.
    ByAnyRows,
    /// It belongs to the server that takes the writes: it leaves something behind, tells of its server or session, or is not
    /// understood.
    Never,
}

/// Why a statement may write anything.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Unbounded {
    /// It was not understood.
    #[error("{0}")]
    NotUnderstood(Reason),
    /// It changes the schema.
    #[error("it changes the schema or privileges")]
    Schema,
    /// It runs code.
    #[error("it runs a procedure or block, whose writes are not known")]
    Procedure,
    /// It calls a function that may write.
    #[error("the function {0}() may write")]
    Function(String),
    /// A table that it writes has triggers or rules.
    #[error("triggers or rules of {0} may write other tables")]
    Trigger(String),
    /// A table that it writes is not in the catalog.
    #[error("the table {0} is not in the catalog")]
    UnknownTable(String),
    /// It writes through a view whose base tables are not known.
    #[error("the base tables of the view {0} are not known")]
    View(String),
    /// It changes more than its text says.
    #[error("it may change rows of any table")]
    Anything,
}
