//! A hit in Redis, beside the same query on PostgreSQL and a bare GET of the same bytes.
//!
//! Invariant: each hit is told by the result itself to have come from Redis: the node has no room for results in memory.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use plexidb::{Coherence, Execution, Manager, Source, ValueRef, params};
use redis::aio::MultiplexedConnection;

use super::member::{Member, Terms, close_all};
use super::sides::{Call, compare};
use super::{SERVING_PATIENCE, Site, Size};
use crate::bare::Bare;
use crate::figure::{Goal, Report};

/// A hit by a bare GET, at most.
const BY_GET_MAX: f64 = 1.5;
/// Results, and rows of each.
const LISTS: i64 = 50;
const ROWS_PER_LIST: usize = 100;
const NAMESPACE: &str = "stored";

const TABLE: &str = "CREATE TABLE entries (id BIGINT PRIMARY KEY, list BIGINT NOT NULL, author TEXT NOT NULL, email TEXT NOT NULL, \
                     body TEXT NOT NULL, created_at BIGINT NOT NULL, likes INTEGER NOT NULL, state TEXT)";
const FILL: &str = "INSERT INTO entries SELECT n, n / 100, 'user ' || n % 977, 'user' || n % 977 || '@example.org', \
                    'the text of entry ' || n || ': ' || md5(n::text), 1700000000000 + n * 61001, n % 100, \
                    CASE n % 3 WHEN 0 THEN 'open' WHEN 1 THEN 'closed' END FROM generate_series(0, 4999) AS n";
const INDEX: &str = "CREATE INDEX entries_list ON entries (list)";
const SQL: &str =
    "SELECT id, list, author, email, body, created_at, likes, state FROM entries WHERE list = $1 ORDER BY id";

enum Side {
    Hit(Manager),
    Get(MultiplexedConnection, Vec<String>),
    Bare(Box<Bare>),
    Layer(Manager),
}

impl Call for Side {
    async fn call(&mut self, number: usize) -> Result<()> {
        let list = number as i64 % LISTS;
        match self {
            Self::Hit(manager) => {
                let rows = manager.query(SQL, params![list]).await?;
                ensure!(
                    rows.source() == Source::L2,
                    "from {:?} and not from Redis",
                    rows.source()
                );
                ensure!(rows.len() == ROWS_PER_LIST, "{} rows", rows.len());
                look(&rows);
            }
            Self::Get(connection, keys) => {
                let key = &keys[number % keys.len()];
                let bytes: Option<Vec<u8>> = redis::cmd("GET").arg(key).query_async(connection).await?;
                black_box(bytes.context("the entry is gone")?);
            }
            Self::Bare(bare) => {
                let count = bare.query(SQL, &[ValueRef::Int(list)]).await?;
                ensure!(count == ROWS_PER_LIST, "{count} rows");
            }
            Self::Layer(manager) => {
                let execution = Execution {
                    no_cache: true,
                    ..Execution::default()
                };
                look(&manager.query_with(SQL, params![list], execution).await?);
            }
        }
        Ok(())
    }
}

fn look(rows: &plexidb::Rows) {
    for row in rows {
        row.values().for_each(|value| {
            black_box(value);
        });
    }
}

pub(super) async fn run(site: &Site<'_>, size: Size, report: &mut Report) -> Result<()> {
    let filler = Member::open(site, &Terms::of(Coherence::Local, NAMESPACE)).await?;
    for sql in [TABLE, FILL, INDEX, "ANALYZE entries"] {
        filler.manager().execute(sql, params![]).await?;
    }
    let terms = Terms {
        l1_bytes_max: 0,
        ..Terms::of(Coherence::Strict, NAMESPACE)
    };
    let members = Member::open_many(site, &terms, 1).await?;
    let manager = members.first().context("no node")?.manager();
    keep_all(manager).await?;
    let mut connection = redis::Client::open(site.redis.url())?
        .get_multiplexed_async_connection()
        .await?;
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg(format!("{NAMESPACE}:l2:*"))
        .query_async(&mut connection)
        .await?;
    ensure!(keys.len() == LISTS as usize, "{} entries in Redis", keys.len());
    let stored = bytes_of(&mut connection, &keys).await?;
    let json = json_bytes(filler.manager()).await?;
    let mut sides = [
        Side::Hit(manager.clone()),
        Side::Get(connection, keys),
        Side::Bare(Box::new(Bare::connect(site.place).await?)),
        Side::Layer(filler.manager().clone()),
    ];
    let costs = compare(&mut sides, size).await?;
    drop(sides);
    let name = "L2 hit, 100 rows × 8 columns";
    report.add(format!("{name}: p50"), costs.p50_us(0), "µs", Goal::Stated);
    report.add(
        format!("{name}: p50 of a bare GET"),
        costs.p50_us(1),
        "µs",
        Goal::Stated,
    );
    report.add(
        format!("{name}: by a bare GET of the same bytes"),
        costs.by(0, 1),
        "×",
        Goal::AtMost(BY_GET_MAX),
    );
    for (side, who) in [(2, "the bare driver"), (3, "plexidb without its cache")] {
        report.add(
            format!("{name}: p50 of the query on PostgreSQL through {who}"),
            costs.p50_us(side),
            "µs",
            Goal::Stated,
        );
        report.add(
            format!("{name}: by the query on PostgreSQL through {who}"),
            costs.by(0, side),
            "×",
            Goal::Stated,
        );
    }
    report.add(format!("{name}: bytes in Redis"), stored, "B", Goal::Stated);
    report.add(
        format!("{name}: by the bytes of JSON"),
        stored / json,
        "×",
        Goal::Stated,
    );
    close_all(members.into_iter().chain([filler])).await
}

/// Reads all results until each comes from Redis, where they are kept in the background.
async fn keep_all(manager: &Manager) -> Result<()> {
    let begun = Instant::now();
    for list in 0..LISTS {
        while manager.query(SQL, params![list]).await?.source() != Source::L2 {
            ensure!(
                begun.elapsed() < SERVING_PATIENCE,
                "nothing is kept: {:?}",
                manager.stats().shared
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    Ok(())
}

/// The mean of the entries' bytes.
async fn bytes_of(connection: &mut MultiplexedConnection, keys: &[String]) -> Result<f64> {
    let mut bytes = 0;
    for key in keys {
        bytes += redis::cmd("STRLEN")
            .arg(key)
            .query_async::<usize>(connection)
            .await?;
    }
    Ok(bytes as f64 / keys.len() as f64)
}

/// The mean bytes of the same rows as JSON: an array of objects, without spaces.
async fn json_bytes(manager: &Manager) -> Result<f64> {
    let mut bytes = 0;
    for list in 0..LISTS {
        let rows = manager.query(SQL, params![list]).await?;
        let objects: Vec<serde_json::Value> = rows.deserialize()?;
        bytes += serde_json::to_vec(&objects)?.len();
    }
    Ok(bytes as f64 / LISTS as f64)
}
