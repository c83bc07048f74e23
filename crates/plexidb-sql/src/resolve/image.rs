//! What is known of the values of the rows that a write touches.
//!
//! Invariant: a value is listed only if the rows hold it as the statement gives it; columns that are not listed may be
//! anything.

use plexidb_core::{Catalog, CatalogColumn, Comparison, Dialect, KeyKind, Table, Value};

use super::dependencies::{Member, Pins};
use super::keys;
use super::triggers::RowChange;
use crate::change::{Assignment, Cell, ChangeDetail};
use crate::plan::{PINNED_VALUES_MAX, PinnedValue};
use crate::profile::Change;

/// Columns with the values that each may have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Values(pub(super) Vec<(String, Vec<PinnedValue>)>);

/// A row that a statement lists.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row(Vec<(String, PinnedValue)>);

/// What is known of the rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Image {
    /// Nothing.
    Unknown,
    /// All of them have these values.
    Fixed(Values),
    /// They are these.
    Rows(Vec<Row>),
}

impl Values {
    pub(super) fn of(&self, column: &str) -> Option<&[PinnedValue]> {
        let found = self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(column));
        found.map(|(_, values)| values.as_slice())
    }
}

impl Values {
    /// NULL in each of these columns.
    pub(super) fn nulls(columns: &[String]) -> Self {
        let null = || vec![PinnedValue::Constant(Value::Null)];
        Self(columns.iter().map(|column| (column.clone(), null())).collect())
    }
}

impl Row {
    pub(super) fn value(&self, column: &str) -> Option<&PinnedValue> {
        let found = self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(column));
        found.map(|(_, value)| value)
    }
}

impl Image {
    /// Leaves out what triggers may have changed.
    pub(super) fn forget(&mut self, change: &RowChange) {
        match (&mut *self, change) {
            (_, RowChange::Any) => *self = Self::Unknown,
            (Self::Unknown, RowChange::Columns(_)) => {}
            (Self::Fixed(values), RowChange::Columns(columns)) => values.forget(columns),
            (Self::Rows(rows), RowChange::Columns(columns)) => {
                for row in rows {
                    row.0.retain(|(name, _)| !is_among(name, columns));
                }
            }
        }
    }

    /// What is known where SQLite replaces conflicting rows: then it also puts a column's default in the place of a NULL that the
    /// column cannot hold.
    pub(super) fn with_defaults_for_nulls(mut self, table: &Table) -> Self {
        match &mut self {
            Self::Unknown => {}
            Self::Fixed(values) => values.retain_stored(table),
            Self::Rows(rows) => {
                for row in rows {
                    row.0.retain(|(name, value)| {
                        !may_become_default(name, std::slice::from_ref(value), table)
                    });
                }
            }
        }
        self
    }
}

impl Values {
    /// Leaves out these columns.
    pub(super) fn forget(&mut self, columns: &[String]) {
        self.0.retain(|(name, _)| !is_among(name, columns));
    }

    /// Leaves out what may be stored as a column's default; see [`Image::with_defaults_for_nulls`].
    pub(super) fn retain_stored(&mut self, table: &Table) {
        self.0
            .retain(|(name, values)| !may_become_default(name, values, table));
    }
}

fn is_among(name: &str, columns: &[String]) -> bool {
    columns.iter().any(|column| column.eq_ignore_ascii_case(name))
}

fn may_become_default(name: &str, values: &[PinnedValue], table: &Table) -> bool {
    let may_be_null = |value: &PinnedValue| match value {
        PinnedValue::Parameter(_) | PinnedValue::ParameterUnlessNull(_) => true,
        PinnedValue::Constant(value) => *value == Value::Null,
    };
    let has_default =
        keys::column(table, name).is_none_or(|column| !column.is_nullable && column.default.is_some());
    has_default && values.iter().any(may_be_null)
}

/// What the statement itself says of the rows of its target before the write (inserted rows: after it).
pub(super) fn of_target(
    detail: Option<&ChangeDetail>,
    change: &Change,
    table: &Table,
    catalog: &Catalog,
) -> Image {
    match (detail, change) {
        (
            Some(ChangeDetail::Insert {
                columns,
                rows: Some(rows),
                is_exact,
                ..
            }),
            Change::Insert,
        ) => listed(columns, rows, *is_exact, table, catalog).map_or(Image::Unknown, Image::Rows),
        (
            Some(ChangeDetail::Insert {
                columns,
                rows: Some(rows),
                is_exact,
                conflict,
                ..
            }),
            Change::Update(_) | Change::Delete,
        ) => {
            let existing =
                conflicting(conflict.as_deref(), table).zip(listed(columns, rows, *is_exact, table, catalog));
            existing
                .and_then(|(key, rows)| of_key(&key, &rows, table))
                .map_or(Image::Unknown, Image::Fixed)
        }
        (
            // The rows that an UPDATE OR REPLACE removes are others than those of its conditions.
            Some(ChangeDetail::Update { block, .. }),
            Change::Update(_),
        )
        | (Some(ChangeDetail::Delete { block }), Change::Delete) => {
            let relation = &block.relations[0];
            let member = Member {
                position: 0,
                alias: &relation.alias,
                table,
                is_nullable: false,
            };
            let pins = Pins::of(block, &[member]);
            let values = table
                .columns
                .iter()
                .filter_map(|column| Some((column.name.clone(), pins.values(0, &column.name)?.to_vec())));
            Image::Fixed(Values(values.collect()))
        }
        _ => Image::Unknown,
    }
}

/// The values that the statement gives to columns of rows that are there already.
pub(super) fn new_values(detail: Option<&ChangeDetail>, catalog: &Catalog) -> Values {
    let assignments: &[Assignment] = match detail {
        Some(ChangeDetail::Insert { assignments, .. } | ChangeDetail::Update { assignments, .. })
            if catalog.are_values_exact() =>
        {
            assignments
        }
        _ => &[],
    };
    let mut values: Vec<(String, Vec<PinnedValue>)> = Vec::new();
    for assignment in assignments {
        if let Some(value) = &assignment.value {
            values.push((assignment.column.clone(), vec![value.clone()]));
        }
    }
    // SET a = 1, a = 2: who knows which.
    let names: Vec<String> = assignments
        .iter()
        .map(|assignment| assignment.column.to_lowercase())
        .collect();
    values.retain(|(name, _)| {
        names
            .iter()
            .filter(|other| **other == name.to_lowercase())
            .count()
            == 1
    });
    Values(values)
}

fn listed(
    columns: &[String],
    rows: &[Vec<Cell>],
    is_exact: bool,
    table: &Table,
    catalog: &Catalog,
) -> Option<Vec<Row>> {
    // MySQL's strict mode may be one of tables with transactions alone.
    let is_exact = is_exact && catalog.are_values_exact() && table.is_transactional;
    let names: Vec<&str> = if columns.is_empty() {
        if table.columns.iter().any(|column| column.is_generated) {
            return None;
        }
        table.columns.iter().map(|column| column.name.as_str()).collect()
    } else {
        columns.iter().map(String::as_str).collect()
    };
    let is_partial = columns.is_empty() && catalog.dialect() == Dialect::Postgres;
    rows.iter()
        .map(|cells| {
            let fits = cells.len() == names.len() || is_partial && cells.len() < names.len();
            fits.then(|| row(&names, cells, table, is_exact))
        })
        .collect()
}

fn row(names: &[&str], cells: &[Cell], table: &Table, is_exact: bool) -> Row {
    let mut values = Vec::new();
    for column in &table.columns {
        let given = names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(&column.name));
        let value = match given.and_then(|index| cells.get(index)) {
            Some(Cell::Value(value)) if is_exact => stored(column, value, table),
            Some(Cell::Value(value)) => stored(column, value, table).and_then(|value| fitting(column, value)),
            Some(Cell::Computed) => None,
            Some(Cell::Default) | None => default_of(column, table),
        };
        if let Some(value) = value {
            values.push((column.name.clone(), value));
        }
    }
    Row(values)
}

/// What the column holds when this value is given to it, if that is certain.
fn stored(column: &CatalogColumn, value: &PinnedValue, table: &Table) -> Option<PinnedValue> {
    if column.is_generated {
        return None;
    }
    // NULL, and in MySQL 0, make a value of their own; a parameter may be either.
    let makes_own = column.is_auto || is_primary(column, table) && column.is_nullable;
    match value {
        PinnedValue::Constant(Value::Int(number)) if *number != 0 => Some(value.clone()),
        PinnedValue::Constant(Value::Null) if !column.is_nullable => None,
        _ if makes_own => None,
        _ => Some(value.clone()),
    }
}

/// The value where the database makes each fit that does not: only what fits in any case is certain.
fn fitting(column: &CatalogColumn, value: PinnedValue) -> Option<PinnedValue> {
    let type_name = column.type_name.to_ascii_lowercase();
    let holds_all =
        type_name.starts_with("bigint") && !type_name.contains("unsigned") && !type_name.contains("zerofill");
    match value {
        _ if !holds_all => None,
        // NULL becomes 0 where the column cannot hold it.
        PinnedValue::Parameter(index) if !column.is_nullable => Some(PinnedValue::ParameterUnlessNull(index)),
        PinnedValue::Constant(Value::Null) if !column.is_nullable => None,
        value => Some(value),
    }
}

/// NULL where nothing else can be: a constant default would have to be read as the database reads it.
fn default_of(column: &CatalogColumn, table: &Table) -> Option<PinnedValue> {
    let is_null = column.default.is_none()
        && column.is_nullable
        && !column.is_auto
        && !column.is_generated
        && !is_primary(column, table);
    is_null.then_some(PinnedValue::Constant(Value::Null))
}

fn is_primary(column: &CatalogColumn, table: &Table) -> bool {
    let primary = table.keys.iter().filter(|key| key.kind == KeyKind::Primary);
    primary
        .flat_map(|key| &key.columns)
        .any(|name| name.eq_ignore_ascii_case(&column.name))
}

/// The columns by which an INSERT finds the row that is there already: those that it names, or the only unique key.
fn conflicting(named: Option<&[String]>, table: &Table) -> Option<Vec<String>> {
    if let Some(named) = named {
        return Some(named.to_vec());
    }
    let mut unique = table.keys.iter().filter(|key| key.kind != KeyKind::Index);
    let only = unique.next()?;
    unique.next().is_none().then(|| only.columns.clone())
}

/// The values of a key's columns in these rows, each column's by itself: more rows than there are, never fewer.
fn of_key(key: &[String], rows: &[Row], table: &Table) -> Option<Values> {
    if key.is_empty() || rows.len() > PINNED_VALUES_MAX {
        return None;
    }
    let mut found = Vec::new();
    for name in key {
        // An index over texts may hold more of them equal than the column does.
        let comparison = keys::column(table, name)?.comparison;
        if !matches!(comparison, Comparison::Number | Comparison::Uuid) {
            return None;
        }
        let values: Option<Vec<PinnedValue>> = rows.iter().map(|row| row.value(name).cloned()).collect();
        let mut distinct: Vec<PinnedValue> = Vec::new();
        for value in values? {
            if !distinct.contains(&value) {
                distinct.push(value);
            }
        }
        found.push((name.clone(), distinct));
    }
    Some(Values(found))
}

/// The values of the children's columns, where the parents' are known.
pub(super) fn of_children(
    image: &Image,
    key: &plexidb_core::ForeignKey,
    parent: &Table,
    child: &Table,
) -> Image {
    let Image::Fixed(values) = image else {
        return Image::Unknown;
    };
    let mut found = Vec::new();
    for (own, referenced) in key.columns.iter().zip(&key.parent_columns) {
        let columns = keys::column(child, own).zip(keys::column(parent, referenced));
        if let Some(known) = values.of(referenced)
            && columns.is_some_and(|(one, other)| keys::are_comparable(one, other))
        {
            found.push((own.clone(), known.to_vec()));
        }
    }
    if found.is_empty() {
        Image::Unknown
    } else {
        Image::Fixed(Values(found))
    }
}
