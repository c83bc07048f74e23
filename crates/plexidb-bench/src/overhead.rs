//! What the layer costs where it cannot help, and what it saves where it can.
//!
//! A miss through `query`, which fills the cache, against the bare driver's prepared point read, on each database; a hit against the same;
//! a pooled connection against one connection a query.

use anyhow::{Context as _, Result};
use plexidb::{Manager, params};
use plexidb_testkit::{Postgres, Private};

use crate::Effort;
use crate::figure::{Goal, Report};
use crate::paired::{Ids, Way, compare, compare_at_once};

mod bare;
mod reconnect;

use bare::{BareMariaDb, BarePostgres, BareSqlite};
use reconnect::{ReconnectMariaDb, ReconnectPostgres, ReconnectSqlite};

/// More rows than any run reads, so that every id is new and every read through the layer a miss.
const ROWS: i64 = 300_000;
/// Tasks at a time; each bare driver gets as many connections.
const TASKS: usize = 8;
const ROWS_PER_INSERT: i64 = 1_000;

/// Runs the benchmark.
pub(crate) async fn run(effort: Effort) -> Result<Report> {
    let mut report = Report::default();
    let sqlite = on_sqlite(effort, &mut report).await?;
    let postgres = on_postgres(effort, &mut report).await?;
    on_mariadb(effort, &mut report).await?;
    report.add("L1 hit", sqlite.hit_ns, "ns", Goal::Stated);
    report.add(
        "PostgreSQL point read over a Unix socket, bare",
        postgres,
        "ns",
        Goal::Stated,
    );
    report.add(
        "L1 hit, times faster than that read",
        postgres / sqlite.hit_ns,
        "×",
        Goal::AtLeast(100.0),
    );
    report.add("SQLite point read, bare", sqlite.bare_ns, "ns", Goal::Stated);
    report.add(
        "L1 hit, times faster than that read",
        sqlite.bare_ns / sqlite.hit_ns,
        "×",
        Goal::AtLeast(10.0),
    );
    Ok(report)
}

struct SqliteCosts {
    bare_ns: f64,
    hit_ns: f64,
}

async fn on_sqlite(effort: Effort, report: &mut Report) -> Result<SqliteCosts> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bench.db");
    let mut layer = Layer::prepare(&format!("sqlite:{}?mode=rwc", path.display())).await?;
    let mut bare = BareSqlite::open(&path)?;
    let mut ids = Ids::of(ROWS);
    let miss = compare(&mut layer, &mut bare, &mut ids, effort).await?;
    report.add(
        "miss on SQLite by bare rusqlite",
        miss.ratio,
        "×",
        Goal::AtMost(1.5),
    );
    let pooled = compare(
        &mut ReconnectSqlite(path),
        &mut layer,
        &mut ids,
        effort.of_slow_calls(),
    )
    .await?;
    report.add(
        "connect per query by pooled, SQLite",
        pooled.ratio,
        "×",
        Goal::Stated,
    );
    let mut hit = Hit(layer);
    hit.read(0).await?;
    let hit = compare(&mut hit, &mut bare, &mut ids, effort).await?;
    Ok(SqliteCosts {
        bare_ns: hit.right_ns,
        hit_ns: hit.left_ns,
    })
}

/// Returns the cost of the bare driver's point read over the Unix socket.
async fn on_postgres(effort: Effort, report: &mut Report) -> Result<f64> {
    let server: Private<Postgres> = Postgres::start_private()?;
    let database = server.fresh_database();
    // The kit's servers offer TLS, which plexidb would use; the bare driver here does not.
    let mut layer = Layer::prepare(&format!("{}?sslmode=disable", database.url())).await?;
    let mut bare = BarePostgres::connect(&database.url()).await?;
    let mut ids = Ids::of(ROWS);
    let miss = compare(&mut layer, &mut bare, &mut ids, effort).await?;
    report.add(
        "miss on PostgreSQL over TCP by bare tokio-postgres, one at a time",
        miss.ratio,
        "×",
        Goal::AtMost(1.1),
    );
    let mut connections = Vec::new();
    for _ in 0..TASKS {
        connections.push(BarePostgres::connect(&database.url()).await?);
    }
    let miss = compare_at_once(vec![layer.clone(); TASKS], connections, &mut ids, effort).await?;
    report.add(
        "miss on PostgreSQL over TCP by bare tokio-postgres, 8 at a time",
        miss.ratio,
        "×",
        Goal::AtMost(1.1),
    );
    let mut reconnect = ReconnectPostgres(database.url());
    let pooled = compare(&mut reconnect, &mut layer, &mut ids, effort.of_slow_calls()).await?;
    report.add(
        "connect per query by pooled, PostgreSQL",
        pooled.ratio,
        "×",
        Goal::Stated,
    );
    let mut local = BarePostgres::connect(&database.url_unix()).await?;
    let mut hit = Hit(layer);
    hit.read(0).await?;
    Ok(compare(&mut hit, &mut local, &mut ids, effort).await?.right_ns)
}

async fn on_mariadb(effort: Effort, report: &mut Report) -> Result<()> {
    let server = plexidb_testkit::MariaDb::start_private()?;
    let database = server.fresh_database();
    let mut layer = Layer::prepare(&format!("{}?ssl-mode=disabled", database.url())).await?;
    let mut bare = BareMariaDb::connect(&database.url()).await?;
    let mut ids = Ids::of(ROWS);
    let miss = compare(&mut layer, &mut bare, &mut ids, effort).await?;
    report.add(
        "miss on MariaDB over TCP by bare mysql_async, one at a time",
        miss.ratio,
        "×",
        Goal::AtMost(1.1),
    );
    let mut connections = Vec::new();
    for _ in 0..TASKS {
        connections.push(BareMariaDb::connect(&database.url()).await?);
    }
    let miss = compare_at_once(vec![layer.clone(); TASKS], connections, &mut ids, effort).await?;
    report.add(
        "miss on MariaDB over TCP by bare mysql_async, 8 at a time",
        miss.ratio,
        "×",
        Goal::AtMost(1.1),
    );
    let mut reconnect = ReconnectMariaDb(database.url());
    let pooled = compare(&mut reconnect, &mut layer, &mut ids, effort.of_slow_calls()).await?;
    report.add(
        "connect per query by pooled, MariaDB",
        pooled.ratio,
        "×",
        Goal::Stated,
    );
    Ok(())
}

/// A read through the layer; with ids that never repeat, each is a miss that fills the cache.
#[derive(Clone)]
struct Layer {
    db: Manager,
    sql: &'static str,
}

impl Layer {
    /// Connects and fills the table.
    async fn prepare(url: &str) -> Result<Self> {
        let db = plexidb::connect(url).await?;
        let is_postgres = db.databases()[0].dialect() == plexidb::Dialect::Postgres;
        db.execute(
            "CREATE TABLE items (id BIGINT PRIMARY KEY, name VARCHAR(40), amount BIGINT)",
            params![],
        )
        .await?;
        for first in (0..ROWS).step_by(ROWS_PER_INSERT as usize) {
            let rows: Vec<String> = (first..first + ROWS_PER_INSERT)
                .map(|id| format!("({id}, 'the name of item {id}', {})", id * 3))
                .collect();
            db.execute(
                &format!("INSERT INTO items VALUES {}", rows.join(", ")),
                params![],
            )
            .await?;
        }
        Ok(Self {
            db,
            sql: if is_postgres {
                POINT_READ_NUMBERED
            } else {
                POINT_READ
            },
        })
    }
}

const POINT_READ: &str = "SELECT id, name, amount FROM items WHERE id = ?";
const POINT_READ_NUMBERED: &str = "SELECT id, name, amount FROM items WHERE id = $1";

impl Way for Layer {
    async fn read(&mut self, id: i64) -> Result<()> {
        let rows = self.db.query(self.sql, params![id]).await?;
        look(&rows, id)
    }
}

/// The same read of one id that is cached.
struct Hit(Layer);

impl Way for Hit {
    async fn read(&mut self, _id: i64) -> Result<()> {
        let rows = self.0.db.query(self.0.sql, params![7_i64]).await?;
        look(&rows, 7)
    }
}

fn look(rows: &plexidb::Rows, id: i64) -> Result<()> {
    let row = rows.rows().first().context("no row")?;
    anyhow::ensure!(row.get::<i64>(0)? == id, "another row");
    std::hint::black_box(row.get::<&str>(1)?);
    std::hint::black_box(row.get::<i64>(2)?);
    Ok(())
}
