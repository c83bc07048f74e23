//! Which server of a database with replicas runs what: tags, streams, read-only transactions, clocks, waits.

use std::time::Duration;

use plexidb::{
    Config, DatabaseConfig, Error, Execution, Isolation, Manager, Placement, ReplicaConfig, Replicas, Rows,
    TransactionOptions, params,
};
use plexidb_testkit::{MariaDbCluster, PostgresCluster, PostgresNode, Proxy, Traffic};

/// The longest that anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

const SELECT: &str = "SELECT body FROM notes WHERE id = 1";
const LAG: Replicas = Replicas::Lag(PATIENCE);

/// Which server it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Primary,
    Ordinary,
    Analytics,
}

/// A manager of a primary, a replica for whatever comes and one for analytics.
struct Trio {
    db: Manager,
    ports: [u16; 3],
}

fn database(urls: [String; 3]) -> DatabaseConfig {
    let [primary, ordinary, analytics] = urls;
    let analytics = ReplicaConfig {
        tags: vec!["analytics".to_owned()],
        ..ReplicaConfig::from_url(analytics)
    };
    DatabaseConfig {
        replicas: vec![ReplicaConfig::from_url(ordinary), analytics],
        replica_check_interval: Duration::from_millis(50),
        ..DatabaseConfig::from_url("chat", primary)
    }
}

async fn connect(database: DatabaseConfig) -> Manager {
    let config = Config::builder().database(database).build().unwrap();
    Manager::from_config(config).await.unwrap()
}

impl Trio {
    async fn of(cluster: &PostgresCluster, change: impl FnOnce(&mut DatabaseConfig)) -> Self {
        let nodes = [&cluster.primary, &cluster.replicas[0], &cluster.replicas[1]];
        let mut database = database(nodes.map(|node| node.url()));
        change(&mut database);
        Self {
            db: connect(database).await,
            ports: nodes.map(|node| node.port()),
        }
    }

    fn server(&self, endpoint: Option<&str>) -> Server {
        let endpoint = endpoint.unwrap();
        let is_at = |port: &u16| endpoint.contains(&format!(":{port}"));
        let servers = [Server::Primary, Server::Ordinary, Server::Analytics];
        servers[self.ports.iter().position(is_at).unwrap()]
    }

    async fn read(&self, sql: &str, execution: Execution) -> Result<(Server, Rows), Error> {
        let execution = Execution {
            no_cache: true,
            ..execution
        };
        let database = &self.db.databases()[0];
        let rows = database.query_with(sql, params![], execution).await?;
        Ok((self.server(rows.endpoint()), rows))
    }

    fn tagged(&self, replicas: Option<Replicas>) -> Execution {
        Execution {
            tag: Some(self.db.databases()[0].tag("analytics").unwrap()),
            replicas,
            ..Execution::default()
        }
    }

    /// Reads until this server serves it.
    async fn read_until(&self, server: Server, sql: &str, execution: Execution) -> Rows {
        let reading = async {
            loop {
                let (by, rows) = self.read(sql, execution).await.unwrap();
                if by == server {
                    return rows;
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap()
    }

    /// The server that a stream runs on.
    async fn stream(&self, replicas: Option<Replicas>, tag: Option<&str>) -> Server {
        let mut select = self.db.select(SELECT);
        if let Some(replicas) = replicas {
            select = select.replicas(replicas);
        }
        if let Some(tag) = tag {
            select = select.tagged(tag);
        }
        let mut stream = select.stream().await.unwrap();
        assert!(stream.next().await.unwrap().is_some());
        assert!(stream.next().await.unwrap().is_none());
        self.server(stream.endpoint())
    }

    /// The server that runs a transaction with these options, and what it shows.
    async fn transaction(&self, options: TransactionOptions) -> (Server, String) {
        let mut transaction = self.db.begin_with(options).await.unwrap();
        let rows = transaction.query(SELECT, params![]).await.unwrap();
        let shown = (self.server(rows.endpoint()), body(&rows).to_owned());
        transaction.commit().await.unwrap();
        shown
    }

    async fn write(&self, body: &str) {
        let sql = "UPDATE notes SET body = $1 WHERE id = 1";
        self.db.execute(sql, params![body]).await.unwrap();
    }
}

/// Tries until this server does it: a replica may not have replayed everything yet.
async fn until<F: Future<Output = Server>>(server: Server, mut attempt: impl FnMut() -> F) {
    let trying = async {
        while attempt().await != server {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    tokio::time::timeout(PATIENCE, trying).await.unwrap();
}

fn body(rows: &Rows) -> &str {
    rows[0].get("body").unwrap()
}

fn read_only(replicas: Option<Replicas>) -> TransactionOptions {
    TransactionOptions {
        read_only: true,
        replicas,
        ..TransactionOptions::default()
    }
}

const SCHEMA: &str = "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
     INSERT INTO notes VALUES (1, 'old');";

#[tokio::test(flavor = "multi_thread")]
async fn each_statement_runs_where_it_may_and_is_asked_to() {
    let cluster = PostgresCluster::start(2).unwrap();
    let trio = Trio::of(&cluster, |_| {}).await;
    trio.db.execute_script(SCHEMA).await.unwrap();
    trio.db
        .execute_script("CREATE SEQUENCE numbers; CREATE FUNCTION score() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT count(*) FROM notes'")
        .await
        .unwrap();
    let plain = Execution::default();
    let tagged = trio.tagged(None);
    trio.read_until(Server::Ordinary, SELECT, plain).await;
    trio.read_until(Server::Analytics, SELECT, tagged).await;

    statements_that_are_not_cached(&trio).await;
    streams(&trio).await;
    transactions(&trio).await;
    // What is for analytics is kept free of the rest.
    for _ in 0..50 {
        let (server, _) = trio.read(SELECT, plain).await.unwrap();
        assert_ne!(server, Server::Analytics);
    }
    what_is_told_of_servers(&trio);

    let each = |act: fn(&PostgresNode)| cluster.replicas.iter().for_each(act);
    let pause = |replica: &PostgresNode| replica.pause_replay().unwrap();
    let resume = |replica: &PostgresNode| replica.resume_replay().unwrap();
    trio.read_until(Server::Ordinary, SELECT, plain).await;
    each(pause);
    what_a_transaction_has_seen_does_not_vanish(&trio, &cluster).await;
    each(resume);
    trio.read_until(Server::Ordinary, SELECT, plain).await;
    each(pause);
    // A replica that is behind serves nobody who would miss something.
    trio.write("new").await;
    let strict = trio.transaction(read_only(Some(Replicas::Strict))).await;
    assert_eq!(strict, (Server::Primary, "new".to_owned()));
    for _ in 0..20 {
        for execution in [plain, tagged] {
            let (server, rows) = trio.read(SELECT, execution).await.unwrap();
            assert_eq!((server, body(&rows)), (Server::Primary, "new"));
        }
        let strict = trio.transaction(read_only(Some(Replicas::Strict))).await;
        assert_eq!(strict, (Server::Primary, "new".to_owned()));
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    let (server, rows) = trio.read(SELECT, trio.tagged(Some(LAG))).await.unwrap();
    assert_eq!((server, body(&rows)), (Server::Analytics, "foreign"));
    let lagging = trio.transaction(read_only(Some(LAG))).await;
    assert_eq!(lagging, (Server::Ordinary, "foreign".to_owned()));
    let select = trio.db.select(SELECT).tagged("analytics").replicas(LAG);
    let rows = select.fetch().await.unwrap();
    assert!(!rows.is_kept());
    assert_eq!(body(&trio.db.query(SELECT, params![]).await.unwrap()), "new");

    a_primary_that_serves_no_tag(&cluster).await;
    each(resume);
    let rows = trio.read_until(Server::Analytics, SELECT, tagged).await;
    assert_eq!(body(&rows), "new");
    trio.db.close().await;
}

async fn statements_that_are_not_cached(trio: &Trio) {
    let (plain, tagged) = (Execution::default(), trio.tagged(None));
    // Chance is the same everywhere; a clock and a function that reads are another's only for those who ask for it.
    trio.read_until(Server::Ordinary, "SELECT id FROM notes ORDER BY random()", plain)
        .await;
    for sql in [
        "SELECT body FROM notes WHERE now() > '2000-01-01'::timestamptz",
        "SELECT score()",
    ] {
        for _ in 0..10 {
            let (server, _) = trio.read(sql, plain).await.unwrap();
            assert_eq!(server, Server::Primary, "{sql}");
        }
        trio.read_until(Server::Analytics, sql, tagged).await;
        let lag = Execution {
            replicas: Some(LAG),
            ..plain
        };
        trio.read_until(Server::Ordinary, sql, lag).await;
    }
    for sql in [
        "SELECT nextval('numbers')",
        "SELECT now(), nextval('numbers')",
        "SELECT body FROM notes FOR UPDATE",
        "SELECT pg_is_in_recovery()",
        "INSERT INTO notes VALUES (2, 'more') RETURNING id",
        "DELETE FROM notes WHERE id = 2 RETURNING id",
    ] {
        let rows = trio
            .db
            .select(sql)
            .tagged("analytics")
            .replicas(LAG)
            .fetch()
            .await
            .unwrap();
        assert_eq!(rows.len(), 1, "{sql}");
        assert!(
            rows.endpoint()
                .is_none_or(|endpoint| trio.server(Some(endpoint)) == Server::Primary)
        );
    }
    trio.read_until(Server::Ordinary, SELECT, plain).await;
    trio.read_until(Server::Analytics, SELECT, tagged).await;

    let placement = |sql: &str| trio.db.explain(sql).placement.unwrap();
    assert_eq!(placement(SELECT), Placement::Replica);
    assert!(matches!(
        placement("SELECT now() FROM notes"),
        Placement::ReplicaOnRequest(_)
    ));
    assert!(matches!(
        placement("SELECT nextval('numbers')"),
        Placement::Primary(Some(_))
    ));
    assert_eq!(placement("DELETE FROM notes"), Placement::Primary(None));
    let explained = trio.db.explain("SELECT body FROM notes FOR UPDATE").to_string();
    assert!(
        explained.contains("the primary alone: it locks rows"),
        "{explained}"
    );

    let error = trio
        .db
        .select(SELECT)
        .tagged("reporting")
        .fetch()
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::NoSuchTag { available, .. } if available == &["analytics"]),
        "{error}"
    );
}

async fn streams(trio: &Trio) {
    let mut stream = trio.db.stream(SELECT, params![]).await.unwrap();
    assert!(stream.next().await.unwrap().is_some());
    assert_eq!(trio.server(stream.endpoint()), Server::Primary);
    drop(stream);
    assert_eq!(trio.stream(None, None).await, Server::Primary);
    let strict = Some(Replicas::Strict);
    until(Server::Ordinary, || trio.stream(strict, None)).await;
    until(Server::Analytics, || trio.stream(None, Some("analytics"))).await;
}

async fn transactions(trio: &Trio) {
    let strict = read_only(Some(Replicas::Strict));
    assert_eq!(trio.transaction(read_only(None)).await.0, Server::Primary);
    until(Server::Ordinary, || async { trio.transaction(strict).await.0 }).await;
    let tag = Some(trio.db.databases()[0].tag("analytics").unwrap());
    let analytics = TransactionOptions {
        tag,
        ..read_only(None)
    };
    until(Server::Analytics, || async {
        trio.transaction(analytics).await.0
    })
    .await;
    let serializable = TransactionOptions {
        isolation: Some(Isolation::Serializable),
        ..strict
    };
    assert_eq!(trio.transaction(serializable).await.0, Server::Primary);

    // What the replica refuses is the caller's own wish, and no reason to leave the server.
    let mut transaction = trio.db.begin_with(strict).await.unwrap();
    let error = transaction
        .execute("DELETE FROM notes", params![])
        .await
        .unwrap_err();
    assert_eq!(
        error.driver().unwrap().kind(),
        plexidb::ErrorKind::ReadOnly,
        "{error}"
    );
    transaction.rollback().await.unwrap();
    until(Server::Ordinary, || async { trio.transaction(strict).await.0 }).await;

    let writing = TransactionOptions {
        read_only: false,
        ..strict
    };
    let error = trio.db.begin_with(writing).await.map(drop).unwrap_err();
    assert!(error.to_string().contains("read_only"), "{error}");
}

fn what_is_told_of_servers(trio: &Trio) {
    let servers = trio.db.databases()[0].servers();
    let told: Vec<_> = servers
        .iter()
        .map(|server| {
            assert!(server.reads > 0 && server.errors == 0, "{server:?}");
            assert!(server.takes_writes || server.lag.is_some(), "{server:?}");
            (
                trio.server(Some(&server.name)),
                server.takes_writes,
                server.is_reserved,
                server.tags.len(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (Server::Primary, true, false, 0),
            (Server::Ordinary, false, false, 0),
            (Server::Analytics, false, true, 1)
        ]
    );
}

/// While no replica replays.
async fn what_a_transaction_has_seen_does_not_vanish(trio: &Trio, cluster: &PostgresCluster) {
    // Nobody has told plexidb of it.
    cluster
        .primary
        .client("UPDATE notes SET body = 'foreign' WHERE id = 1");
    let lag = || trio.db.databases()[0].servers()[1].lag.unwrap_or_default();
    let checked = lag() + Duration::from_millis(500);
    let waiting = async {
        while lag() < checked {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
    let foreign = (Server::Primary, "foreign".to_owned());
    assert_eq!(trio.transaction(read_only(None)).await, foreign);
    for _ in 0..10 {
        let (server, rows) = trio.read(SELECT, Execution::default()).await.unwrap();
        assert_eq!((server, body(&rows).to_owned()), foreign);
    }
}

/// While no replica has replayed the last write.
async fn a_primary_that_serves_no_tag(cluster: &PostgresCluster) {
    let trio = Trio::of(cluster, |database| database.tagged_reads_on_primary = false).await;
    trio.write("newer").await;
    trio.write("new").await;
    for sql in [SELECT, "SELECT body FROM notes FOR UPDATE"] {
        let error = trio.read(sql, trio.tagged(None)).await.unwrap_err();
        assert!(
            matches!(&error, Error::NoServerOfTag { servers, .. } if servers.len() == 1),
            "{error}"
        );
    }
    let (server, _) = trio.read(SELECT, trio.tagged(Some(LAG))).await.unwrap();
    assert_eq!(server, Server::Analytics);
    assert_eq!(
        trio.read(SELECT, Execution::default()).await.unwrap().0,
        Server::Primary
    );
    trio.db.close().await;

    // The tag of the primary itself counts.
    let trio = Trio::of(cluster, |database| {
        database.tagged_reads_on_primary = false;
        database.tags = vec!["analytics".to_owned()];
    })
    .await;
    trio.write("new").await;
    assert_eq!(
        trio.read(SELECT, trio.tagged(None)).await.unwrap().0,
        Server::Primary
    );
    trio.db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_waits_for_its_replica_and_leaves_one_that_gives_no_connection() {
    let cluster = PostgresCluster::start(2).unwrap();
    let proxy = Proxy::start(format!("127.0.0.1:{}", cluster.replicas[0].port())).unwrap();
    let mut trio = Trio::of(&cluster, |database| {
        database.replicas[0].url = proxy.through(&cluster.replicas[0].url()).into();
        database.replica_wait = PATIENCE;
        database.connect_timeout = Duration::from_secs(2);
    })
    .await;
    trio.ports[1] = proxy.port();
    trio.db.execute_script(SCHEMA).await.unwrap();
    trio.read_until(Server::Ordinary, SELECT, Execution::default())
        .await;
    for round in 0..20 {
        let written = format!("round {round}");
        trio.write(&written).await;
        let (server, rows) = trio.read(SELECT, Execution::default()).await.unwrap();
        assert_eq!((server, body(&rows)), (Server::Ordinary, written.as_str()));
    }
    assert_eq!(
        trio.transaction(read_only(Some(Replicas::Strict))).await.0,
        Server::Ordinary
    );

    // Its connections are cut and no new ones are made: reads under way are sent once more, later ones go elsewhere.
    proxy.set(Traffic::Refuse).unwrap();
    proxy.reset_connections().unwrap();
    for _ in 0..50 {
        let (server, rows) = trio.read(SELECT, Execution::default()).await.unwrap();
        assert_eq!((server, body(&rows)), (Server::Primary, "round 19"));
    }
    assert_eq!(
        trio.transaction(read_only(Some(Replicas::Strict))).await.0,
        Server::Primary
    );
    let ordinary = &trio.db.databases()[0].servers()[1];
    assert!(ordinary.errors > 0, "{ordinary:?}");

    proxy.set(Traffic::Pass).unwrap();
    trio.read_until(Server::Ordinary, SELECT, Execution::default())
        .await;
    trio.db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_of_mariadb_serve_tags_streams_and_transactions() {
    let cluster = MariaDbCluster::start(1).unwrap();
    cluster.primary.client("CREATE DATABASE chat");
    cluster.catch_up().unwrap();
    let url = |url: String| format!("{}/chat", url.trim_end_matches('/'));
    let replica = ReplicaConfig {
        tags: vec!["analytics".to_owned()],
        ..ReplicaConfig::from_url(url(cluster.replicas[0].url()))
    };
    let db = connect(DatabaseConfig {
        replicas: vec![replica],
        replica_check_interval: Duration::from_millis(50),
        replica_wait: PATIENCE,
        ..DatabaseConfig::from_url("chat", url(cluster.primary.url()))
    })
    .await;
    db.execute_script(SCHEMA).await.unwrap();
    let replica_port = format!(":{}", cluster.replicas[0].port());
    let is_of_replica = |endpoint: Option<&str>| endpoint.unwrap().contains(&replica_port);
    let analytics = || db.select(SELECT).tagged("analytics").no_cache();
    // Reads without the tag have no replica, so that they do not wait for one.
    for round in 0..10 {
        let written = format!("round {round}");
        let sql = "UPDATE notes SET body = ? WHERE id = 1";
        db.execute(sql, params![written.as_str()]).await.unwrap();
        let rows = analytics().fetch().await.unwrap();
        assert_eq!(
            (is_of_replica(rows.endpoint()), body(&rows)),
            (true, written.as_str())
        );
        let rows = db.select(SELECT).no_cache().fetch().await.unwrap();
        assert_eq!(
            (is_of_replica(rows.endpoint()), body(&rows)),
            (false, written.as_str())
        );
    }
    let stream = analytics().stream().await.unwrap();
    assert!(is_of_replica(stream.endpoint()));
    drop(stream);

    let tag = Some(db.databases()[0].tag("analytics").unwrap());
    let options = TransactionOptions {
        tag,
        ..read_only(None)
    };
    let mut transaction = db.begin_with(options).await.unwrap();
    let rows = transaction.query(SELECT, params![]).await.unwrap();
    assert_eq!((is_of_replica(rows.endpoint()), body(&rows)), (true, "round 9"));
    transaction
        .execute("DELETE FROM notes", params![])
        .await
        .unwrap_err();
    transaction.rollback().await.unwrap();
    let rows = db
        .select("SELECT body, now() AS at FROM notes")
        .tagged("analytics")
        .fetch()
        .await
        .unwrap();
    assert!(is_of_replica(rows.endpoint()) && !rows.is_kept());
    db.close().await;
}

#[tokio::test]
async fn a_database_without_replicas_has_every_tag() {
    let db = plexidb::connect("sqlite::memory:").await.unwrap();
    let rows = db
        .select("SELECT 1 AS one")
        .tagged("analytics")
        .fetch()
        .await
        .unwrap();
    assert_eq!(rows[0].get::<i64>("one").unwrap(), 1);
    assert!(db.databases()[0].servers().is_empty());
    assert_eq!(db.explain(SELECT).placement, None);
}
