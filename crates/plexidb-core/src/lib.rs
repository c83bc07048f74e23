//! Values, rows, catalog types, tags and the ports through which the crates of plexidb meet.
//!
//! Invariant: nothing here does IO or knows a particular database's protocol, SQL grammar or cache policy.

mod array;
mod catalog;
mod cell;
mod comparison;
mod connect_progress;
mod dialect;
mod error;
mod from_value;
mod param;
#[cfg(feature = "planted-faults")]
pub mod planted;
mod port;
mod replication;
mod rows;
mod tag;
mod temporal;
mod value;

pub use array::{Array, ArrayRef, Dimension};
pub use catalog::{
    Catalog, Column as CatalogColumn, ForeignKey, ForeignKeyAction, Key, KeyKind, Table, TableKind,
    TableName, Trigger, TriggerTiming, Volatility,
};
pub use cell::{CellSink, MalformedCell};
pub use comparison::Comparison;
pub use connect_progress::ConnectProgress;
pub use dialect::Dialect;
pub use error::{ConnectPhase, DriverError, ErrorKind, SqlError};
pub use from_value::{FromValue, RowError};
pub use param::{Params, ToParam};
pub use port::{BoxFuture, Canceller, Connection, ConnectionStatus, Connector, Executed, Limits, SessionId};
pub use replication::{MalformedPosition, Position, ReplicationRole, ReplicationState};
pub use rows::{Column, ColumnIndex, MalformedRows, Row, RowSet, RowSetBuilder};
pub use tag::{Facet, KeySpace, Place, Tag};
pub use temporal::{Date, Interval, OutOfRange, Time, TimeTz, Timestamp};
pub use value::{Bits, Value, ValueRef};
