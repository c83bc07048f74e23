//! What a write costs that is announced to one, two or three nodes, by one in local mode.
//!
//! Invariant: all sides update rows of one table by key, one at a time; the other nodes are idle and serve, so that they acknowledge.

use anyhow::{Result, ensure};
use plexidb::{Coherence, Manager, params};

use super::member::{Member, Terms, close_all, until_all_serve};
use super::sides::{Call, compare};
use super::{Site, Size};
use crate::figure::{Goal, Report};

const ROWS: i64 = 5_000;
const SQL: &str = "UPDATE items SET label = $1 WHERE id = $2";
const TABLES: [&str; 2] = [
    "CREATE TABLE items (id BIGINT PRIMARY KEY, label TEXT NOT NULL)",
    "INSERT INTO items SELECT n, 'item ' || n FROM generate_series(0, 4999) AS n",
];
const SIDES: [(&str, Coherence, usize); 6] = [
    ("local", Coherence::Local, 1),
    ("strict, one node", Coherence::Strict, 1),
    ("strict, two nodes", Coherence::Strict, 2),
    ("strict, three nodes", Coherence::Strict, 3),
    ("bounded, one node", Coherence::Bounded, 1),
    ("bounded, three nodes", Coherence::Bounded, 3),
];

struct Writer(Manager);

impl Call for Writer {
    async fn call(&mut self, number: usize) -> Result<()> {
        let label = format!("item as of {number}");
        let done = self.0.execute(SQL, params![label, number as i64 % ROWS]).await?;
        ensure!(
            done.rows_affected == 1,
            "{} rows were changed",
            done.rows_affected
        );
        Ok(())
    }
}

pub(super) async fn run(site: &Site<'_>, size: Size, report: &mut Report) -> Result<()> {
    let filler = Member::open(site, &Terms::of(Coherence::Local, "filler")).await?;
    for sql in TABLES {
        filler.manager().execute(sql, params![]).await?;
    }
    filler.close().await?;
    let mut members = Vec::new();
    let mut writers = Vec::new();
    for (index, (_, coherence, nodes)) in SIDES.into_iter().enumerate() {
        let terms = Terms::of(coherence, format!("writes{index}"));
        let first = members.len();
        for _ in 0..nodes {
            members.push(Member::open(site, &terms).await?);
        }
        writers.push(Writer(members[first].manager().clone()));
    }
    until_all_serve(&members).await?;
    let costs = compare(&mut writers, size).await?;
    drop(writers);
    for (index, (name, ..)) in SIDES.into_iter().enumerate() {
        report.add(
            format!("UPDATE by key, {name}: p50"),
            costs.p50_us(index),
            "µs",
            Goal::Stated,
        );
        if index > 0 {
            report.add(
                format!("UPDATE by key, {name}: p50 by local"),
                costs.by(index, 0),
                "×",
                Goal::Stated,
            );
        }
    }
    close_all(members).await
}
