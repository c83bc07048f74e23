//! Security scopes: each tenant sees its own rows from the cache, and no session keeps a scope.

use plexidb::{
    Config, Dialect, Error, Execution, Manager, Rows, ScopeError, Scoped, Source, TransactionOptions, params,
};
use plexidb_testkit::PostgresDatabase;

use crate::databases::{NONE, TestDatabase};

mod leaks;
mod policies;
mod tenants;

/// An application's role: it owns its tables, and still is subject to their policies.
struct Shop {
    db: Manager,
    _database: PostgresDatabase<'static>,
}

/// Documents of tenants; which of them a tenant may see besides, its grants say.
const SCHEMA: &str = "
    CREATE TABLE docs (id int PRIMARY KEY, tenant text NOT NULL, title text NOT NULL, views int NOT NULL DEFAULT 0);
    CREATE TABLE grants (doc int NOT NULL, tenant text NOT NULL, PRIMARY KEY (doc, tenant));
    CREATE TABLE prices (id int PRIMARY KEY, amount int NOT NULL);
    CREATE POLICY own ON docs USING (tenant = current_setting('app.tenant', true)) WITH CHECK (true);
    CREATE POLICY granted ON docs FOR SELECT USING (EXISTS (SELECT FROM grants g
        WHERE g.doc = docs.id AND g.tenant = current_setting('app.tenant', true)));
    CREATE VIEW titles WITH (security_invoker = true) AS SELECT title FROM docs;
    INSERT INTO docs VALUES (1, 'a', 'one'), (2, 'a', 'two'), (3, 'b', 'three');
    INSERT INTO prices VALUES (1, 10);
    ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
    ALTER TABLE docs FORCE ROW LEVEL SECURITY;
";

impl Shop {
    async fn open() -> Self {
        Self::with_connections(5).await
    }

    async fn with_connections(connections: usize) -> Self {
        let database = plexidb_testkit::postgres().fresh_database();
        let url = database.url();
        let (_, address) = url.split_once('@').unwrap();
        let name = url.rsplit('/').next().unwrap().split('?').next().unwrap();
        let role = format!("app_{name}");
        database.client(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'w'; GRANT CREATE, USAGE ON SCHEMA public TO {role}"
        ));
        let mut config = Config::for_url(&format!("postgres://{role}:w@{address}")).unwrap();
        config.databases[0].connection_pool_size = connections;
        config.databases[0].max_overflow = 0;
        let db = Manager::from_config(config).await.unwrap();
        db.execute_script(SCHEMA).await.unwrap();
        Self {
            db,
            _database: database,
        }
    }

    fn tenant(&self, name: &str) -> Scoped {
        self.db.scope("app.tenant", name).unwrap()
    }
}

const TITLES: &str = "SELECT title FROM docs ORDER BY id";

fn texts(rows: &Rows) -> Vec<String> {
    rows.rows()
        .iter()
        .map(|row| row.get::<String>(0).unwrap())
        .collect()
}

/// What a tenant reads, which must be what the database says, and where it came from.
async fn read(tenant: &Scoped, sql: &str) -> (Vec<String>, Source) {
    let rows = tenant.query(sql, NONE).await.unwrap();
    let direct = Execution {
        no_cache: true,
        ..Execution::default()
    };
    let fresh = tenant.query_with(sql, NONE, direct).await.unwrap();
    assert_eq!(texts(&rows), texts(&fresh), "stale: {sql}");
    (texts(&rows), rows.source())
}

/// Puts the result into the cache and shows that it is served from there.
async fn prime(tenant: &Scoped, sql: &str) -> Vec<String> {
    read(tenant, sql).await;
    let (rows, source) = read(tenant, sql).await;
    assert_eq!(source, Source::L1, "not cached: {sql}\n{}", tenant.explain(sql));
    rows
}

#[tokio::test]
async fn databases_without_row_security_and_names_that_cannot_be_are_refused() {
    for database in [TestDatabase::sqlite(), TestDatabase::mariadb()] {
        let db = database.connect().await;
        let refused = db.scope("app.tenant", "a").unwrap_err();
        assert!(
            matches!(refused, Error::Scope(ScopeError::Unsupported { .. })),
            "{refused}"
        );
        assert_ne!(db.databases()[0].dialect(), Dialect::Postgres);
    }
    let shop = Shop::with_connections(1).await;
    let refused = shop.db.scope("role", "postgres").unwrap_err();
    assert!(
        matches!(refused, Error::Scope(ScopeError::Name { .. })),
        "{refused}"
    );
    let refused = shop.tenant("a").scope("app.secret", "s\0").unwrap_err();
    assert!(
        matches!(refused, Error::Scope(ScopeError::Value { .. })),
        "{refused}"
    );
    assert!(!format!("{:?}", shop.tenant("hush")).contains("hush"));
    // What only the database can refuse: names that begin as those of a loaded extension.
    shop.db.execute("DO $$ BEGIN NULL; END $$", NONE).await.unwrap();
    let reserved = shop.db.scope("plpgsql.of_mine", "x").unwrap();
    assert!(reserved.query(TITLES, NONE).await.unwrap_err().driver().is_some());
    assert_eq!(prime(&shop.tenant("a"), TITLES).await, ["one", "two"]);
}

#[tokio::test]
async fn a_transaction_is_under_its_scope_until_its_end() {
    let shop = Shop::with_connections(1).await;
    for end in ["commit", "rollback", "drop"] {
        let mut transaction = shop.tenant("b").begin().await.unwrap();
        assert_eq!(texts(&transaction.query(TITLES, NONE).await.unwrap()), ["three"]);
        let sql = "UPDATE docs SET views = views + 1 WHERE id = :id";
        assert_eq!(
            transaction
                .execute(sql, params! { id: 3 })
                .await
                .unwrap()
                .rows_affected,
            1
        );
        assert_eq!(
            transaction
                .execute(sql, params! { id: 1 })
                .await
                .unwrap()
                .rows_affected,
            0
        );
        match end {
            "commit" => transaction.commit().await.unwrap(),
            "rollback" => transaction.rollback().await.unwrap(),
            _ => drop(transaction),
        }
        assert!(
            texts(&shop.db.query(TITLES, NONE).await.unwrap()).is_empty(),
            "after {end}"
        );
    }
    let read_only = TransactionOptions {
        read_only: true,
        ..TransactionOptions::default()
    };
    let mut transaction = shop.tenant("a").begin_with(read_only).await.unwrap();
    assert_eq!(
        texts(&transaction.query(TITLES, NONE).await.unwrap()),
        ["one", "two"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_way_to_run_a_statement_is_under_the_scope() {
    let shop = Shop::with_connections(1).await;
    let (a, b) = (shop.tenant("a"), shop.tenant("b"));
    let count = "SELECT count(*) FROM docs WHERE id > :least";
    for source in [Source::Database, Source::L1] {
        let rows = a.select(count).bind_named("least", 0).fetch().await.unwrap();
        assert_eq!((rows[0].get::<i64>(0).unwrap(), rows.source()), (2, source));
    }
    assert_eq!(
        b.select(count)
            .bind_named("least", 0)
            .fetch_one::<(i64,)>()
            .await
            .unwrap(),
        (1,)
    );
    let mut stream = b.stream(TITLES, NONE).await.unwrap();
    let mut streamed = Vec::new();
    while let Some(row) = stream.next().await.unwrap() {
        streamed.push(row.get::<String>(0).unwrap());
    }
    drop(stream);
    assert_eq!(streamed, ["three"]);
    let ids: Vec<_> = (1..=3).map(|id| vec![plexidb::Value::Int(id)]).collect();
    let update = "UPDATE docs SET views = views + 1 WHERE id = $1";
    assert_eq!(
        a.execute_many(update, &ids).await.unwrap().rows_affected,
        2,
        "its own"
    );
    // The only connection has no scope left.
    let rows = shop.db.query(TITLES, NONE).await.unwrap();
    assert!(rows.is_empty());
}
