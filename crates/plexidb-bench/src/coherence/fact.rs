//! Rows of the database as the checker knows them: a table and a few numbers.
//!
//! Invariant: every cell is an integer or NULL. A text such as `name-17` stands for the number at its end, so that contents
//! are compared by number, whatever their case.

use plexidb::{RowSet, Value, ValueRef};

/// SQL NULL among the integers.
pub(crate) const NULL: i64 = i64::MIN;

/// Most columns of a table and of a result.
pub(crate) const WIDTH: usize = 6;

/// The cells of a row, those beyond its columns 0.
pub(crate) type Tuple = [i64; WIDTH];

/// A table of the checker's schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Table {
    People,
    Posts,
    Accounts,
    Parents,
    Children,
    Fans,
    Orders,
    Ledger,
    Seats,
    /// A view that DDL redefines.
    Gauge,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    /// A text of this prefix and a number.
    Text(&'static str),
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fact {
    pub(crate) table: Table,
    pub(crate) cells: Tuple,
}

impl Fact {
    pub(crate) fn new(table: Table, cells: &[i64]) -> Self {
        Self {
            table,
            cells: tuple(cells),
        }
    }
}

/// The cells with zeros behind them.
pub(crate) fn tuple(cells: &[i64]) -> Tuple {
    let mut tuple = [0; WIDTH];
    tuple[..cells.len()].copy_from_slice(cells);
    tuple
}

impl Table {
    pub(crate) const ALL: [Self; 10] = [
        Self::People,
        Self::Posts,
        Self::Accounts,
        Self::Parents,
        Self::Children,
        Self::Fans,
        Self::Orders,
        Self::Ledger,
        Self::Seats,
        Self::Gauge,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Posts => "posts",
            Self::Accounts => "accounts",
            Self::Parents => "parents",
            Self::Children => "children",
            Self::Fans => "fans",
            Self::Orders => "orders",
            Self::Ledger => "ledger",
            Self::Seats => "seats",
            Self::Gauge => "gauge",
        }
    }

    /// Names and kinds of its columns, in the order of the cells.
    pub(crate) fn columns(self) -> &'static [(&'static str, Kind)] {
        use Kind::{Number, Text};
        match self {
            Self::People => &[
                ("id", Number),
                ("handle", Text("Handle-")),
                ("name", Text("name-")),
                ("boss", Number),
            ],
            Self::Posts => &[
                ("id", Number),
                ("lane", Number),
                ("room", Number),
                ("author", Number),
                ("tag", Text("tag-")),
                ("amount", Number),
            ],
            Self::Accounts => &[("id", Number), ("owner", Number), ("balance", Number)],
            Self::Parents => &[("id", Number), ("title", Text("title-"))],
            Self::Children | Self::Fans => &[("id", Number), ("parent", Number), ("note", Number)],
            Self::Orders => &[("id", Number), ("quantity", Number)],
            Self::Ledger => &[("order_id", Number), ("quantity", Number)],
            Self::Seats => &[("hall", Number), ("place", Number), ("holder", Number)],
            Self::Gauge => &[("id", Number), ("n", Number)],
        }
    }

    /// The position of a column.
    pub(crate) fn position(self, column: &str) -> usize {
        self.columns()
            .iter()
            .position(|(name, _)| *name == column)
            .unwrap_or_else(|| panic!("{} has no column {column}", self.name()))
    }

    /// The cell of this column as a parameter.
    pub(crate) fn value(self, position: usize, cell: i64) -> Value {
        match self.columns()[position].1 {
            _ if cell == NULL => Value::Null,
            Kind::Number => cell.into(),
            Kind::Text(prefix) => format!("{prefix}{cell}").into(),
        }
    }
}

/// The rows of a result as tuples; `None` where it holds what nobody has written.
pub(crate) fn tuples(rows: &RowSet) -> Option<Vec<Tuple>> {
    rows.into_iter()
        .map(|row| {
            let mut tuple = [0; WIDTH];
            for (position, value) in row.values().enumerate() {
                *tuple.get_mut(position)? = number(value)?;
            }
            Some(tuple)
        })
        .collect()
}

fn number(value: ValueRef<'_>) -> Option<i64> {
    match value {
        ValueRef::Null => Some(NULL),
        ValueRef::Bool(value) => Some(value.into()),
        ValueRef::Int(value) => Some(value),
        ValueRef::UInt(value) => value.try_into().ok(),
        ValueRef::Decimal(text) => text.parse().ok(),
        ValueRef::Text(text) => text.rsplit_once('-')?.1.parse().ok(),
        _ => None,
    }
}
