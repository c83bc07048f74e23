//! What a database says of its own schema: tables, keys, dependencies, functions.
//!
//! Invariant: a catalog is one reading of one schema epoch and never changes; facts that a driver could not
//! learn are represented so that they widen, never narrow, what a write touches.

use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash as _, Hasher as _};

use xxhash_rust::xxh3::Xxh3;

use crate::comparison::Comparison;
use crate::dialect::Dialect;

#[cfg(test)]
mod tests;

/// A qualified table name, as the database spells it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    /// The schema (PostgreSQL), database (MySQL) or attached database (SQLite: `main`).
    pub schema: String,
    /// The table's name.
    pub name: String,
}

/// What kind of relation a [`Table`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TableKind {
    /// An ordinary table.
    Table,
    /// A partitioned table (PostgreSQL), whose rows are in its partitions.
    Partitioned,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// Anything whose rows others make: a foreign table, a virtual table, a system view. Never cached.
    Foreign,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Column {
    /// The name.
    pub name: String,
    /// The database's own name of the type.
    pub type_name: String,
    /// Whether it may hold NULL.
    pub is_nullable: bool,
    /// Whether the database computes it from other columns.
    pub is_generated: bool,
    /// The text of the default, where there is one.
    pub default: Option<String>,
    /// The collation by which it is compared, where it is not the database's default.
    pub collation: Option<String>,
    /// By which rule its values are equal.
    pub comparison: Comparison,
    /// Whether the database may set it when other columns of the row are updated (MySQL: `ON UPDATE CURRENT_TIMESTAMP`).
    pub is_set_on_update: bool,
    /// Whether the database makes a value where none is given (AUTO_INCREMENT, identity, a rowid); in MySQL also for 0 and NULL.
    pub is_auto: bool,
}

/// When a trigger acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TriggerTiming {
    /// Before the row is written, or instead of it: it may change what is written.
    Before,
    /// Afterwards, or before the statement as a whole: it changes no row on its way.
    After,
}

/// A trigger or rewrite rule of the user, or anything else that acts when rows are written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Trigger {
    /// The name.
    pub name: String,
    /// When it acts.
    pub timing: TriggerTiming,
    /// Whether it acts on INSERT.
    pub is_on_insert: bool,
    /// Whether it acts on UPDATE, of whichever columns.
    pub is_on_update: bool,
    /// Whether it acts on DELETE.
    pub is_on_delete: bool,
    /// The condition under which alone it acts, where it may call functions (PostgreSQL's WHEN).
    pub condition: Option<String>,
    /// The statements of its body, where the database tells them (PostgreSQL: the block of its function in PL/pgSQL); without
    /// them it may do anything. An empty body writes nothing, and may still change the row.
    pub body: Option<String>,
    /// The tables that it writes besides the row, where the user has declared them: counts where the body is not understood.
    pub writes: Option<Vec<String>>,
}

impl Trigger {
    /// Something that may do anything whenever a row is written.
    #[must_use]
    pub fn unknown(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            timing: TriggerTiming::Before,
            is_on_insert: true,
            is_on_update: true,
            is_on_delete: true,
            condition: None,
            body: None,
            writes: None,
        }
    }
}

/// What a [`Key`] guarantees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// The primary key.
    Primary,
    /// A unique constraint or index over whole columns of all rows.
    Unique,
    /// An index that guarantees nothing (plain, partial, over expressions).
    Index,
}

/// A primary key, unique constraint or index.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The name.
    pub name: String,
    /// What it guarantees.
    pub kind: KeyKind,
    /// The columns in order; an expression is an empty name.
    pub columns: Vec<String>,
}

/// What happens to the child when the parent's key changes or its row is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ForeignKeyAction {
    /// The write is refused (`NO ACTION`, `RESTRICT`).
    Refuse,
    /// The child's row follows.
    Cascade,
    /// The child's columns become NULL.
    SetNull,
    /// The child's columns get their defaults.
    SetDefault,
}

/// A foreign key of the table that holds it (the child).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ForeignKey {
    /// The referencing columns.
    pub columns: Vec<String>,
    /// The parent.
    pub parent: TableName,
    /// The referenced columns.
    pub parent_columns: Vec<String>,
    /// When a parent's row is deleted.
    pub on_delete: ForeignKeyAction,
    /// When a parent's key is updated.
    pub on_update: ForeignKeyAction,
    /// Whether the database guarantees it for all rows: PostgreSQL where it is valid and not deferrable. SQLite and MySQL
    /// never do: their checks can be off while rows are written. Cascades are assumed to happen even where this is false.
    pub is_enforced: bool,
}

/// A table or view.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    /// The qualified name.
    pub name: TableName,
    /// The kind.
    pub kind: TableKind,
    /// The columns in order.
    pub columns: Vec<Column>,
    /// Primary key, unique constraints and indexes.
    pub keys: Vec<Key>,
    /// Foreign keys from this table to others.
    pub foreign_keys: Vec<ForeignKey>,
    /// The query of a view.
    pub view_definition: Option<String>,
    /// Tables of which this is a partition or an inheritor.
    pub parents: Vec<TableName>,
    /// What acts when it is written: triggers and rewrite rules of the user.
    pub triggers: Vec<Trigger>,
    /// Whether the user may read all of its columns: without it a statement that returns what it writes is refused.
    pub is_readable: bool,
    /// Whether row-level security applies to it.
    pub has_row_security: bool,
    /// The conditions of its row-level security policies for reading, where the database tells them.
    pub row_policies: Vec<String>,
    /// Whether a rollback undoes writes to it, and nobody sees them before COMMIT (MySQL: not MyISAM, Aria …).
    pub is_transactional: bool,
}

/// How far a function's result is fixed by its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Volatility {
    /// By its arguments alone.
    Immutable,
    /// Within one statement; it may read tables and settings.
    Stable,
    /// Not at all; it may write.
    Volatile,
}

/// One reading of a database's schema.
#[derive(Clone, Debug)]
pub struct Catalog {
    dialect: Dialect,
    /// The server's version as it reports it.
    pub server_version: String,
    search_path: Vec<String>,
    tables: Vec<Table>,
    by_name: HashMap<String, Vec<usize>>,
    functions: HashMap<String, Volatility>,
    are_names_case_sensitive: bool,
    are_values_exact: bool,
}

impl Catalog {
    /// A catalog of these tables. `search_path` lists the schemas in which unqualified names are looked up, in
    /// order. `functions` maps names in lower case to the worst volatility of their overloads: PostgreSQL's
    /// hold all functions, the others' the user's own.
    #[must_use]
    pub fn new(
        dialect: Dialect,
        server_version: String,
        search_path: Vec<String>,
        tables: Vec<Table>,
        functions: HashMap<String, Volatility>,
    ) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, table) in tables.iter().enumerate() {
            by_name
                .entry(table.name.name.to_lowercase())
                .or_default()
                .push(index);
        }
        let are_names_case_sensitive = dialect == Dialect::Postgres;
        Self {
            dialect,
            server_version,
            search_path,
            tables,
            by_name,
            functions,
            are_names_case_sensitive,
            are_values_exact: true,
        }
    }

    /// Says that values which do not fit a column are stored cut or clamped (MySQL without a strict SQL mode): what a
    /// statement says is then not what the row holds.
    #[must_use]
    pub fn with_inexact_values(mut self) -> Self {
        self.are_values_exact = false;
        self
    }

    /// Whether a value is stored as the statement gives it, or refused.
    #[must_use]
    pub fn are_values_exact(&self) -> bool {
        self.are_values_exact
    }

    /// Says that names which differ by case alone are different tables (MySQL with `lower_case_table_names = 0`).
    #[must_use]
    pub fn with_case_sensitive_names(mut self) -> Self {
        self.are_names_case_sensitive = true;
        self
    }

    /// Takes the user's word for what the triggers of a table (`name` or `schema.name`) write, where their bodies are not
    /// told or not understood. Names are looked up like those of the table itself.
    pub fn declare_trigger_writes(&mut self, table: &str, writes: &[String]) {
        let (schema, name) = table
            .split_once('.')
            .map_or((None, table), |(schema, name)| (Some(schema), name));
        let Some(found) = self.table(schema, name).map(|table| table.name.clone()) else {
            return;
        };
        for table in self.tables.iter_mut().filter(|table| table.name == found) {
            for trigger in &mut table.triggers {
                trigger.writes = Some(writes.to_vec());
            }
        }
    }

    /// The dialect.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The schemas in which unqualified names are looked up, in order.
    #[must_use]
    pub fn search_path(&self) -> &[String] {
        &self.search_path
    }

    /// All tables and views.
    #[must_use]
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The table that a name in a statement means, or `None`. An unquoted PostgreSQL name must have been folded
    /// to lower case before.
    #[must_use]
    pub fn table(&self, schema: Option<&str>, name: &str) -> Option<&Table> {
        let named: Vec<&Table> = self
            .by_name
            .get(&name.to_lowercase())?
            .iter()
            .filter_map(|index| self.tables.get(*index))
            .filter(|table| self.are_equal(&table.name.name, name))
            .collect();
        let in_schema = |schema: &str| {
            named
                .iter()
                .copied()
                .find(|table| self.are_equal(&table.name.schema, schema))
        };
        match schema {
            Some(schema) => in_schema(schema),
            None => self.search_path.iter().find_map(|schema| in_schema(schema)),
        }
    }

    /// Tells this schema from others: processes whose catalogs have the same fingerprint derive the same tags from the same
    /// statement. It is that of one machine architecture and one build of this crate; the server's version does not count.
    #[must_use]
    pub fn fingerprint(&self) -> u128 {
        let mut hasher = Xxh3::new();
        (self.dialect, self.are_names_case_sensitive, self.are_values_exact).hash(&mut hasher);
        self.search_path.hash(&mut hasher);
        let mut tables: Vec<&Table> = self.tables.iter().collect();
        tables.sort_by(|one, other| one.name.cmp(&other.name));
        tables.hash(&mut hasher);
        let functions: BTreeMap<&String, &Volatility> = self.functions.iter().collect();
        functions.hash(&mut hasher);
        hasher.write_u8(0);
        hasher.digest128()
    }

    /// The volatility of a function, by its name in lower case; `None` where the catalog does not know it.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<Volatility> {
        self.functions.get(name).copied()
    }

    fn are_equal(&self, left: &str, right: &str) -> bool {
        if self.are_names_case_sensitive {
            left == right
        } else {
            left.to_lowercase() == right.to_lowercase()
        }
    }
}

impl Table {
    /// A table of this name with nothing in it: no columns, no keys, transactional.
    #[must_use]
    pub fn new(name: TableName, kind: TableKind) -> Self {
        Self {
            name,
            kind,
            columns: Vec::new(),
            keys: Vec::new(),
            foreign_keys: Vec::new(),
            view_definition: None,
            parents: Vec::new(),
            triggers: Vec::new(),
            is_readable: true,
            has_row_security: false,
            row_policies: Vec::new(),
            is_transactional: true,
        }
    }
}

impl TableName {
    /// The name `schema.name`.
    #[must_use]
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
        }
    }
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}
