//! One empty database a test, of each kind.

use plexidb::{Manager, Params, Rows, Source};
use plexidb_testkit::{MariaDbDatabase, PostgresDatabase};

/// An empty database that goes away with the value.
pub(crate) struct TestDatabase {
    pub(crate) url: String,
    _owner: Owner,
}

#[expect(dead_code, reason = "each owns its database until it is dropped")]
enum Owner {
    Sqlite(tempfile::TempDir),
    Postgres(PostgresDatabase<'static>),
    MariaDb(MariaDbDatabase<'static>),
}

impl TestDatabase {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}?mode=rwc", folder.path().join("test.db").display());
        Self {
            url,
            _owner: Owner::Sqlite(folder),
        }
    }

    pub(crate) fn postgres() -> Self {
        let database = plexidb_testkit::postgres().fresh_database();
        Self {
            url: database.url(),
            _owner: Owner::Postgres(database),
        }
    }

    pub(crate) fn mariadb() -> Self {
        let database = plexidb_testkit::mariadb().fresh_database();
        Self {
            url: database.url(),
            _owner: Owner::MariaDb(database),
        }
    }

    pub(crate) async fn connect(&self) -> Manager {
        plexidb::connect(&self.url).await.unwrap()
    }

    /// A connection to a database with the chat-like schema of these tests.
    pub(crate) async fn with_schema(&self) -> Manager {
        let db = self.connect().await;
        db.execute_script(SCHEMA).await.unwrap();
        db
    }
}

/// Teams and their members: one cascading foreign key, one view.
const SCHEMA: &str = "
    CREATE TABLE teams (id INTEGER PRIMARY KEY, title VARCHAR(50) NOT NULL);
    CREATE TABLE members (
        id INTEGER PRIMARY KEY,
        name VARCHAR(50) NOT NULL,
        score INTEGER,
        team_id INTEGER,
        FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE
    );
    CREATE TABLE notes (id INTEGER PRIMARY KEY, body VARCHAR(200));
    CREATE VIEW rosters AS
        SELECT teams.title, members.name FROM teams JOIN members ON members.team_id = teams.id;
    INSERT INTO teams VALUES (1, 'red'), (2, 'blue');
    INSERT INTO members VALUES (1, 'Ada', 10, 1), (2, 'Grace', 20, 1), (3, 'Edsger', NULL, 2);
    INSERT INTO notes VALUES (1, 'first');
";

pub(crate) const NONE: Params<'static> = Params::Positional(&[]);

/// Puts the result into the cache and shows that it is served from there.
pub(crate) async fn prime(db: &Manager, sql: &str) -> Rows {
    db.query(sql, NONE).await.unwrap();
    let rows = db.query(sql, NONE).await.unwrap();
    assert_eq!(
        rows.source(),
        Source::L1,
        "not cached: {sql}\n{}",
        db.explain(sql)
    );
    rows
}

/// Shows that the layer answers as the database does, and returns where the answer came from.
pub(crate) async fn assert_fresh(db: &Manager, sql: &str) -> Source {
    let rows = db.query(sql, NONE).await.unwrap();
    let direct = db.select(sql).no_cache().fetch().await.unwrap();
    assert_eq!(rows.clone().into_set(), direct.into_set(), "stale: {sql}");
    rows.source()
}

/// Makes one test a kind of database of an async function that takes a [`TestDatabase`].
macro_rules! on_each_database {
    ($($test:ident)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(crate::databases::TestDatabase::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(crate::databases::TestDatabase::postgres()).await;
            })*
        }
        mod mariadb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(crate::databases::TestDatabase::mariadb()).await;
            })*
        }
    };
}

pub(crate) use on_each_database;
