//! A statement as it was analysed against one catalog.

use std::sync::Arc;
use std::time::Duration;

use plexidb_core::{Catalog, TableName, Tag, ValueRef};
use plexidb_sql::{Cacheability, Footprint, Profile, ReadPlan, Reason, StatementKind, Touched, WriteExtent};

use super::Planning;
use crate::error::Error;
use crate::scope::ScopeSettings;
use crate::statistics::{Record, Registry};

/// Text, profile and footprint of a statement.
pub(crate) struct Statement {
    pub(crate) sql: Arc<str>,
    pub(crate) profile: Profile,
    pub(crate) footprint: Footprint,
    /// The counters of all statements of its form.
    pub(crate) record: Arc<Record>,
    /// How long a result may stay, by the settings of the tables on which it depends.
    pub(crate) table_ttl: Option<Duration>,
    is_cached_by_tables: bool,
}

/// What the way of a statement through the layer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It changes nothing.
    Read,
    /// It changes rows.
    Write,
    /// It may change the schema, or anything.
    Ddl,
    /// It changes the session, which then cannot be given to others.
    Session,
    /// It begins or ends a transaction.
    Transaction,
}

impl Statement {
    pub(crate) fn plan(sql: &str, catalog: &Catalog, planning: &Planning, registry: &Registry) -> Self {
        let profile = Profile::analyze(sql, catalog.dialect());
        let footprint = plexidb_sql::resolve(&profile, catalog)
            .with_statement(sql, catalog.dialect())
            .with_precision(planning.precision);
        let record = registry.record(&profile, &footprint.cacheability);
        let settings = planning.tables.iter().filter(|table| {
            let is_meant = |name: &TableName| is_called(name, &table.name);
            let scoped = footprint.scoped.iter().flat_map(|scoped| &scoped.depends_on);
            footprint.depends_on.iter().chain(scoped).any(is_meant)
        });
        let table_ttl = settings.clone().filter_map(|table| table.cache_ttl).min();
        let is_cached_by_tables = settings.clone().all(|table| table.enable_query_cache);
        Self {
            sql: sql.into(),
            profile,
            footprint,
            record,
            table_ttl,
            is_cached_by_tables,
        }
    }

    /// What its result depends on for a request with this scope; `None` where it may not be cached, or the settings of its
    /// tables do not allow it.
    pub(crate) fn reads(&self, scope: Option<&Arc<ScopeSettings>>) -> Option<&ReadPlan> {
        self.read_plan(scope).filter(|_| self.is_cached_by_tables)
    }

    /// What its result depends on for a request with this scope, whether it is to be cached or not; `None` where that is not
    /// known, or no other moment's result would do (volatile functions, locks).
    pub(crate) fn read_plan(&self, scope: Option<&Arc<ScopeSettings>>) -> Option<&ReadPlan> {
        if self.footprint.cacheability == Cacheability::Cacheable {
            return Some(&self.footprint.reads);
        }
        let (scope, scoped) = (scope?, self.footprint.scoped.as_ref()?);
        let is_cacheable =
            scoped.refusal.is_none() && scope.sets_all(&scoped.names) && !scope.has_time_word();
        is_cacheable.then_some(&scoped.reads)
    }

    /// What it touches with these parameters; nothing where it only reads.
    pub(crate) fn touched(&self, values: &[ValueRef<'_>]) -> Touched {
        match &self.footprint.writes {
            WriteExtent::Nothing => Touched::default(),
            WriteExtent::Tables { plan, .. } => plan.touched(values),
            WriteExtent::Database(_) => Touched::of_database(),
        }
    }

    /// What stands for all that it touches, whatever its parameters: the tables as a whole, or the database.
    pub(crate) fn coarse_tags(&self) -> Vec<Tag> {
        match &self.footprint.writes {
            WriteExtent::Nothing => Vec::new(),
            WriteExtent::Tables { plan, .. } => plan.all_tags().collect(),
            WriteExtent::Database(_) => vec![Tag::DATABASE],
        }
    }

    /// Whether it has changed nothing where it has succeeded and is said to have affected this many rows.
    pub(crate) fn is_void(&self, rows_affected: Option<u64>) -> bool {
        let WriteExtent::Tables { plan, .. } = &self.footprint.writes else {
            return false;
        };
        rows_affected == Some(0) && plan.is_void_without_rows()
    }

    pub(crate) fn way(&self) -> Way {
        match self.profile.kind() {
            StatementKind::Transaction(_) => Way::Transaction,
            StatementKind::Session => Way::Session,
            StatementKind::Unknown if self.begins_like_a_statement_on_rows() => Way::Write,
            // A procedure or a statement that nobody understands may change the schema as well.
            StatementKind::Ddl | StatementKind::Procedure | StatementKind::Unknown => Way::Ddl,
            _ if matches!(self.footprint.writes, WriteExtent::Nothing) => Way::Read,
            _ => Way::Write,
        }
    }

    /// Whether the text was not understood, so that the database itself is to be asked if it only reads.
    pub(crate) fn does_not_parse(&self) -> bool {
        self.profile.kind() == StatementKind::Unknown
    }

    /// Whether the statement names something that the catalog lacks: somebody else may have made it.
    pub(crate) fn may_be_newer_than_the_catalog(&self) -> bool {
        self.footprint.may_be_stale_catalog()
    }

    /// The error for a statement that begins or ends a transaction.
    pub(crate) fn transaction_control(&self) -> Error {
        Error::TransactionControl {
            statement: self.first_word().to_uppercase(),
        }
    }

    /// Reading the schema anew after each statement of rows that the parser lacks would cost more than it is worth;
    /// but what follows such a beginning must not be a table that it makes, or another statement.
    fn begins_like_a_statement_on_rows(&self) -> bool {
        let is_several = matches!(
            self.footprint.cacheability,
            Cacheability::Not(Reason::MultiStatement)
        );
        let may_make_a_table = || {
            let is_insert = ["insert", "replace", "merge"]
                .iter()
                .any(|word| self.first_word().eq_ignore_ascii_case(word));
            !is_insert && self.profile.normalised().to_lowercase().contains(" into ")
        };
        if is_several || may_make_a_table() {
            return false;
        }
        let word = self.first_word();
        [
            "select", "with", "values", "table", "insert", "update", "delete", "replace", "merge",
        ]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
    }

    fn first_word(&self) -> &str {
        self.profile
            .normalised()
            .split(|c: char| !c.is_alphanumeric())
            .find(|word| !word.is_empty())
            .unwrap_or("")
    }
}

/// Whether `table` or `schema.table` means this table.
pub(crate) fn is_called(name: &TableName, called: &str) -> bool {
    let (schema, table) = called
        .split_once('.')
        .map_or((None, called), |(schema, table)| (Some(schema), table));
    name.name.eq_ignore_ascii_case(table)
        && schema.is_none_or(|schema| name.schema.eq_ignore_ascii_case(schema))
}
