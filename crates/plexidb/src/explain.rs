//! How a statement is understood, for people.

use std::fmt;

use plexidb_core::TableName;
use plexidb_sql::{Cacheability, ReadPlan, Reason, ScopedRead, StatementKind, WriteExtent};

use crate::database::Reach;
use crate::schema::{Epoch, Statement};
use crate::scope::ScopeSettings;

/// Which servers of a database with replicas may run a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Placement {
    /// A replica that shows what the read must see, else the primary.
    Replica,
    /// The primary, or a replica where the read allows a lag or asks for a tag, for this reason.
    ReplicaOnRequest(Reason),
    /// The primary alone, for this reason; without one, because it may change something.
    Primary(Option<Reason>),
}

/// What plexidb knows of a statement; nothing was run to learn it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// What kind of statement it is.
    pub kind: StatementKind,
    /// The text with literals replaced by `?`, by which equal statements are recognised.
    pub normalised: String,
    /// The hash of the normalised text.
    pub fingerprint: u64,
    /// Whether its result may be cached, or the reason why not.
    pub cacheability: Cacheability,
    /// How a request with a security scope reads, where row-level security applies to something that it reads.
    pub scoped: Option<ScopedRead>,
    /// The base tables on which its result depends, views expanded.
    pub depends_on: Vec<TableName>,
    /// What of them, one line a table: the key that it is pinned to, whether new rows matter, the columns that are read.
    pub reads: Vec<String>,
    /// What running it makes the cache drop.
    pub writes: WriteExtent,
    /// Whether caching is switched on for the database.
    pub is_cache_enabled: bool,
    /// Whether the schema could be read; where not, nothing is cached.
    pub is_schema_known: bool,
    /// Results of statements of this form that were not kept so far: the cache is full, and they are worth less than what
    /// would have had to make room.
    pub not_admitted: u64,
    /// Which servers may run it; `None` where the database has no replicas. Each server's state is told by
    /// [`Database::servers`](crate::Database::servers).
    pub placement: Option<Placement>,
    /// The number of the schema's reading against which it was analysed.
    pub schema_epoch: u64,
}

impl Explanation {
    pub(crate) fn new(statement: &Statement, epoch: &Epoch, is_cache_enabled: bool) -> Self {
        Self {
            kind: statement.profile.kind(),
            normalised: statement.profile.normalised().to_owned(),
            fingerprint: statement.profile.fingerprint(),
            cacheability: statement.footprint.cacheability.clone(),
            scoped: statement.footprint.scoped.clone(),
            depends_on: statement.footprint.depends_on.clone(),
            reads: labels(&statement.footprint.reads),
            writes: statement.footprint.writes.clone(),
            is_cache_enabled,
            is_schema_known: !epoch.is_blind,
            not_admitted: statement.record.not_admitted(),
            placement: None,
            schema_epoch: epoch.number,
        }
    }

    pub(crate) fn with_placement(mut self, reach: Reach<'_>) -> Self {
        self.placement = Some(match reach {
            Reach::Anywhere(_) => Placement::Replica,
            Reach::ByItsClock(_, reason) | Reach::ByAnyRows(reason) => {
                Placement::ReplicaOnRequest(reason.clone())
            }
            Reach::Primary(reason) => Placement::Primary(reason.cloned()),
        });
        self
    }

    /// The same for a request with this scope.
    pub(crate) fn under(mut self, scope: &ScopeSettings) -> Self {
        if let Some(scoped) = &self.scoped {
            if let Some(reason) = &scoped.refusal {
                self.cacheability = Cacheability::Not(reason.clone());
            } else if scope.sets_all(&scoped.names) && !scope.has_time_word() {
                self.cacheability = Cacheability::Cacheable;
                self.depends_on = scoped.depends_on.clone();
                self.reads = labels(&scoped.reads);
            }
        }
        self
    }

    /// Whether the result will be cached.
    #[must_use]
    pub fn is_cacheable(&self) -> bool {
        self.is_cache_enabled && matches!(self.cacheability, Cacheability::Cacheable)
    }
}

fn labels(plan: &ReadPlan) -> Vec<String> {
    plan.labels().map(str::to_owned).collect()
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replica => f.write_str("a replica that shows all it must, else the primary"),
            Self::ReplicaOnRequest(reason) => write!(
                f,
                "the primary, or a replica where a lag is allowed or a tag asked for: {reason}"
            ),
            Self::Primary(Some(reason)) => write!(f, "the primary alone: {reason}"),
            Self::Primary(None) => f.write_str("the primary alone: it may change something"),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |tables: &[TableName]| {
            tables
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        };
        writeln!(f, "kind         {}", self.kind)?;
        match &self.cacheability {
            _ if !self.is_cache_enabled => {
                writeln!(f, "cacheable    no: caching is switched off for this database")?
            }
            _ if !self.is_schema_known => writeln!(f, "cacheable    no: the schema could not be read")?,
            Cacheability::Cacheable => writeln!(f, "cacheable    yes")?,
            Cacheability::Not(reason) => writeln!(f, "cacheable    no: {reason} [{}]", reason.code())?,
        }
        match &self.scoped {
            Some(scoped) if self.cacheability != Cacheability::Cacheable => match &scoped.refusal {
                Some(reason) => writeln!(f, "             not under a scope either: {reason}")?,
                None if scoped.names.is_empty() => writeln!(f, "             cacheable under any scope")?,
                None => {
                    let names = scoped.names.join(", ");
                    writeln!(f, "             cacheable under a scope that sets {names}")?;
                }
            },
            _ => {}
        }
        if self.not_admitted > 0 {
            let count = self.not_admitted;
            writeln!(
                f,
                "             {count} results were not kept: the cache is full, others are worth more"
            )?;
        }
        if !self.depends_on.is_empty() {
            writeln!(f, "depends on   {}", names(&self.depends_on))?;
        }
        if self.cacheability == Cacheability::Cacheable {
            for read in &self.reads {
                writeln!(f, "             {read}")?;
            }
        }
        match &self.writes {
            WriteExtent::Nothing => {}
            WriteExtent::Tables { names: tables, plan } => {
                writeln!(f, "touches      {}", names(tables))?;
                for write in plan.labels() {
                    writeln!(f, "             {write}")?;
                }
                if plan.learning().is_some() {
                    writeln!(f, "             (the database is asked for the unknown keys)")?;
                }
            }
            WriteExtent::Database(reason) => writeln!(f, "touches      the whole database: {reason}")?,
        }
        if let Some(placement) = &self.placement {
            writeln!(f, "runs on      {placement}")?;
        }
        writeln!(f, "normalised   {}", self.normalised)?;
        write!(f, "fingerprint  {:016x}", self.fingerprint)
    }
}
