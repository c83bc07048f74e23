//! How precisely writes are told apart.

/// How precisely a write drops cached results. The coarser ones exist to measure what the finest is worth, and for tables
/// that are written in ways of which nothing is known anyhow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// By rows and columns.
    #[default]
    Row,
    /// By rows, whichever columns changed.
    RowWithoutColumns,
    /// By tables.
    Table,
}
