//! tokio-postgres: values bound as the statement's types, cells read as their columns' types.

use std::collections::HashMap;
use std::hint::black_box;

use anyhow::Result;
use plexidb::ValueRef;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Row, Statement};

/// The statement, prepared at its first use.
pub(super) async fn prepared(
    client: &Client,
    statements: &mut HashMap<&'static str, Statement>,
    sql: &'static str,
) -> Result<Statement> {
    if let Some(statement) = statements.get(sql) {
        return Ok(statement.clone());
    }
    let statement = client.prepare(sql).await?;
    statements.insert(sql, statement.clone());
    Ok(statement)
}

pub(super) async fn query(client: &Client, statement: &Statement, values: &[ValueRef<'_>]) -> Result<usize> {
    let bound: Vec<Bound<'_>> = values.iter().map(|value| Bound(*value)).collect();
    let rows = client.query(statement, &references(&bound)).await?;
    for row in &rows {
        look(row)?;
    }
    Ok(rows.len())
}

pub(super) async fn execute(client: &Client, statement: &Statement, values: &[ValueRef<'_>]) -> Result<u64> {
    let bound: Vec<Bound<'_>> = values.iter().map(|value| Bound(*value)).collect();
    Ok(client.execute(statement, &references(&bound)).await?)
}

fn references<'a>(bound: &'a [Bound<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    bound.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn look(row: &Row) -> Result<()> {
    for (index, column) in row.columns().iter().enumerate() {
        match *column.type_() {
            Type::INT8 => {
                black_box(row.try_get::<_, Option<i64>>(index)?);
            }
            Type::INT4 => {
                black_box(row.try_get::<_, Option<i32>>(index)?);
            }
            _ => {
                black_box(row.try_get::<_, Option<&str>>(index)?);
            }
        }
    }
    Ok(())
}

#[derive(Debug)]
struct Bound<'a>(ValueRef<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            ValueRef::Int(value) if *ty == Type::INT8 => value.to_sql(ty, out),
            ValueRef::Text(value) if <&str as ToSql>::accepts(ty) => value.to_sql(ty, out),
            other => Err(format!("the workloads bind bigints and texts, not {other:?} as {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
