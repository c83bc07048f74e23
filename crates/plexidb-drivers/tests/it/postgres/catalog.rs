//! The catalog of a schema with everything in it.

use plexidb_core::{Catalog, ForeignKeyAction, KeyKind, Table, TableKind, TriggerTiming, Volatility};
use plexidb_testkit::postgres;

use super::connect_to;

const SCHEMA: &str = r#"
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE DOMAIN stamped AS timestamptz DEFAULT now();
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE users (
    id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE nocase NOT NULL,
    email varchar(80) NOT NULL UNIQUE,
    mood mood DEFAULT 'happy',
    made stamped,
    "Odd Name" numeric(10,2)[],
    name_length int4 GENERATED ALWAYS AS (length(email)) STORED,
    CONSTRAINT unique_pair UNIQUE (email, mood),
    CONSTRAINT late UNIQUE (made) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX users_lower ON users (lower(email), id) INCLUDE (mood);
CREATE UNIQUE INDEX users_happy ON users (id) WHERE mood = 'happy';
CREATE UNIQUE INDEX users_bitwise ON users (name COLLATE "C");
CREATE SCHEMA other;
CREATE TABLE other.posts (
    author int8 NOT NULL REFERENCES users ON DELETE CASCADE ON UPDATE SET NULL,
    nr int4,
    reply_author int8, reply_nr int4,
    PRIMARY KEY (author, nr),
    CONSTRAINT reply FOREIGN KEY (reply_author, reply_nr) REFERENCES other.posts (author, nr) ON DELETE SET DEFAULT,
    CONSTRAINT late FOREIGN KEY (reply_author) REFERENCES users DEFERRABLE
);
ALTER TABLE other.posts ADD CONSTRAINT unchecked FOREIGN KEY (reply_author) REFERENCES users NOT VALID;
ALTER TABLE other.posts ENABLE ROW LEVEL SECURITY;
CREATE POLICY a_tenant ON other.posts USING (author = current_setting('app.author', true)::int8);
CREATE POLICY b_owner ON other.posts AS RESTRICTIVE FOR SELECT TO pg_read_all_data
    USING (EXISTS (SELECT FROM users WHERE users.id = posts.author AND users.email = 'x'));
CREATE POLICY c_writing ON other.posts FOR UPDATE USING (nr > 1);
CREATE POLICY d_adding ON other.posts FOR INSERT WITH CHECK (nr > 2);
CREATE POLICY e_open ON other.posts FOR SELECT;
CREATE VIEW happy AS SELECT id, name FROM users WHERE mood = 'happy';
CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM users;
CREATE UNIQUE INDEX counted_n ON counted (n);
CREATE TABLE events (at date NOT NULL, v int4, PRIMARY KEY (at, v)) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE base (id int4 PRIMARY KEY);
CREATE TABLE derived (extra text) INHERITS (base);
CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER watch BEFORE INSERT ON events_2024 FOR EACH ROW EXECUTE FUNCTION quiet();
CREATE TRIGGER idle BEFORE INSERT ON derived FOR EACH ROW EXECUTE FUNCTION quiet();
ALTER TABLE derived DISABLE TRIGGER idle;
CREATE TABLE daily (at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE daily_2024 PARTITION OF daily FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TRIGGER of_all BEFORE INSERT ON daily FOR EACH ROW EXECUTE FUNCTION quiet();
CREATE FUNCTION settled() RETURNS trigger LANGUAGE plpgsql SET work_mem = '1MB' AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION homely() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS 'BEGIN RETURN OLD; END';
CREATE TABLE watched (id int4, note tsvector);
CREATE TRIGGER a_each BEFORE INSERT OR UPDATE OF id ON watched FOR EACH ROW
    WHEN (NEW.id > 1) EXECUTE FUNCTION quiet('x');
CREATE TRIGGER b_once BEFORE DELETE ON watched FOR EACH STATEMENT EXECUTE FUNCTION homely();
CREATE TRIGGER c_settled AFTER TRUNCATE ON watched EXECUTE FUNCTION settled();
CREATE TRIGGER d_native BEFORE UPDATE ON watched FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE TABLE ruled (id int4);
CREATE RULE noop AS ON DELETE TO ruled DO ALSO NOTHING;
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE far (line text) SERVER files OPTIONS (filename '/dev/null');
CREATE FUNCTION twice(int4) RETURNS int4 IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2';
CREATE FUNCTION other.twice(text) RETURNS text VOLATILE LANGUAGE sql AS 'SELECT $1 || $1';
CREATE FUNCTION "Stable"() RETURNS int4 STABLE LANGUAGE sql AS 'SELECT 1';
CREATE TEMPORARY TABLE users (only_here int4);
"#;

async fn read() -> Catalog {
    let database = postgres().fresh_database();
    database.client(SCHEMA);
    let mut connection = connect_to(&database.url()).await;
    connection
        .control("CREATE TEMPORARY TABLE events (only_here int4)")
        .await
        .unwrap();
    connection.catalog().await.unwrap()
}

fn keys(table: &Table) -> Vec<(&str, KeyKind, Vec<&str>)> {
    let parts = table.keys.iter().map(|key| {
        let columns = key.columns.iter().map(String::as_str).collect();
        (key.name.as_str(), key.kind, columns)
    });
    parts.collect()
}

#[tokio::test]
async fn tables_and_columns_are_described() {
    let catalog = read().await;
    let kinds: Vec<(String, TableKind)> = catalog
        .tables()
        .iter()
        .map(|table| (table.name.to_string(), table.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("other.posts", TableKind::Table),
            ("public.base", TableKind::Table),
            ("public.counted", TableKind::MaterializedView),
            ("public.daily", TableKind::Partitioned),
            ("public.daily_2024", TableKind::Table),
            ("public.derived", TableKind::Table),
            ("public.events", TableKind::Partitioned),
            ("public.events_2024", TableKind::Table),
            ("public.far", TableKind::Foreign),
            ("public.happy", TableKind::View),
            ("public.ruled", TableKind::Table),
            ("public.users", TableKind::Table),
            ("public.watched", TableKind::Table),
        ]
        .map(|(name, kind)| (name.to_owned(), kind))
    );
    assert_eq!(catalog.search_path(), ["public"]);
    assert!(
        postgres()
            .client("SHOW server_version")
            .starts_with(&catalog.server_version)
    );

    let users = catalog.table(None, "users").unwrap();
    let columns: Vec<_> = users
        .columns
        .iter()
        .map(|column| {
            let default = column.default.as_deref();
            (
                column.name.as_str(),
                column.type_name.as_str(),
                column.is_nullable,
                column.is_generated,
                default,
                column.collation.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        columns,
        [
            (
                "id",
                "bigint",
                false,
                false,
                Some("GENERATED ALWAYS AS IDENTITY"),
                None
            ),
            ("name", "text", false, false, None, Some("public.nocase")),
            ("email", "character varying(80)", false, false, None, None),
            ("mood", "mood", true, false, Some("'happy'::mood"), None),
            ("made", "stamped", true, false, Some("now()"), None),
            ("Odd Name", "numeric(10,2)[]", true, false, None, None),
            ("name_length", "integer", true, true, None, None),
        ]
    );
    let happy = catalog.table(None, "happy").unwrap();
    assert!(
        happy
            .view_definition
            .as_deref()
            .unwrap()
            .contains("WHERE (users.mood = 'happy'::mood)")
    );
}

#[tokio::test]
async fn only_what_holds_for_all_rows_is_a_guarantee() {
    let catalog = read().await;
    assert_eq!(
        keys(catalog.table(None, "users").unwrap()),
        [
            ("users_pkey", KeyKind::Primary, vec!["id"]),
            ("late", KeyKind::Index, vec!["made"]),
            ("unique_pair", KeyKind::Unique, vec!["email", "mood"]),
            ("users_bitwise", KeyKind::Index, vec!["name"]),
            ("users_email_key", KeyKind::Unique, vec!["email"]),
            ("users_happy", KeyKind::Index, vec!["id"]),
            ("users_lower", KeyKind::Index, vec!["", "id"]),
        ]
    );
    assert_eq!(
        keys(catalog.table(None, "base").unwrap()),
        [("base_pkey", KeyKind::Index, vec!["id"])],
        "an inheritor's rows are not checked"
    );
    assert_eq!(
        keys(catalog.table(None, "events").unwrap()),
        [("events_pkey", KeyKind::Primary, vec!["at", "v"])]
    );

    let posts = catalog.table(Some("other"), "posts").unwrap();
    let foreign: Vec<_> = posts
        .foreign_keys
        .iter()
        .map(|key| {
            (
                key.parent.to_string(),
                key.columns.join(","),
                key.parent_columns.join(","),
                key.on_delete,
                key.on_update,
                key.is_enforced,
            )
        })
        .collect();
    let to_users = |columns: &str, on_delete, on_update, is_enforced| {
        (
            "public.users".to_owned(),
            columns.to_owned(),
            "id".to_owned(),
            on_delete,
            on_update,
            is_enforced,
        )
    };
    let refuse = ForeignKeyAction::Refuse;
    assert_eq!(
        foreign,
        [
            to_users("reply_author", refuse, refuse, false),
            to_users(
                "author",
                ForeignKeyAction::Cascade,
                ForeignKeyAction::SetNull,
                true
            ),
            (
                "other.posts".to_owned(),
                "reply_author,reply_nr".to_owned(),
                "author,nr".to_owned(),
                ForeignKeyAction::SetDefault,
                refuse,
                true
            ),
            to_users("reply_author", refuse, refuse, false),
        ]
    );
}

#[tokio::test]
async fn triggers_rules_partitions_and_policies_are_seen() {
    let catalog = read().await;
    let table = |name| catalog.table(None, name).unwrap();
    let with_triggers: Vec<&str> = catalog
        .tables()
        .iter()
        .filter(|table| !table.triggers.is_empty())
        .map(|table| table.name.name.as_str())
        .collect();
    let expected = ["daily", "daily_2024", "events", "events_2024", "ruled", "watched"];
    assert_eq!(with_triggers, expected);
    assert_eq!(table("events_2024").parents, [table("events").name.clone()]);
    assert_eq!(table("derived").parents, [table("base").name.clone()]);
    assert!(table("users").parents.is_empty());
    assert!(catalog.table(Some("other"), "posts").unwrap().has_row_security);
    let policies = &catalog.table(Some("other"), "posts").unwrap().row_policies;
    assert_eq!(policies.len(), 3, "{policies:#?}");
    assert_eq!(
        policies[0],
        "(author = (current_setting('app.author'::text, true))::bigint)"
    );
    assert!(policies[1].contains("FROM users"), "{policies:#?}");
    assert_eq!(policies[2], "true");
    assert!(!table("users").has_row_security && table("users").row_policies.is_empty());
    assert!(table("users").is_transactional && !table("far").is_transactional);
}

#[tokio::test]
async fn a_trigger_tells_when_it_acts_and_what_it_does() {
    let catalog = read().await;
    let of = |table| {
        let triggers = &catalog.table(None, table).unwrap().triggers;
        let told = triggers.iter().map(|trigger| {
            let events = [trigger.is_on_insert, trigger.is_on_update, trigger.is_on_delete].map(u8::from);
            let (name, timing) = (trigger.name.as_str(), trigger.timing);
            let condition = trigger.condition.as_deref().unwrap_or_default();
            (name, timing, events, condition, trigger.body.as_deref())
        });
        told.collect::<Vec<_>>()
    };
    let quiet = Some("BEGIN RETURN NEW; END");
    let watched = [
        ("a_each", TriggerTiming::Before, [1, 1, 0], "(new.id > 1)", quiet),
        (
            "b_once",
            TriggerTiming::After,
            [0, 0, 1],
            "",
            Some("BEGIN RETURN OLD; END"),
        ),
        ("c_settled", TriggerTiming::After, [0, 0, 0], "", None),
        ("d_native", TriggerTiming::Before, [0, 1, 0], "", None),
    ];
    assert_eq!(of("watched"), watched);
    let any = ("(any)", TriggerTiming::Before, [1, 1, 1], "", None);
    assert_eq!(of("ruled"), [any]);
    assert_eq!(
        of("events"),
        [any],
        "one of its partitions has a trigger of its own"
    );
    assert_eq!(
        of("daily"),
        [("of_all", TriggerTiming::Before, [1, 0, 0], "", quiet)]
    );
    assert_eq!(of("base"), [], "the trigger of its inheritor is disabled");
}

#[tokio::test]
async fn functions_have_the_worst_volatility_of_their_overloads() {
    let catalog = read().await;
    assert_eq!(catalog.function("twice"), Some(Volatility::Volatile));
    assert_eq!(catalog.function("stable"), Some(Volatility::Stable));
    assert_eq!(catalog.function("abs"), Some(Volatility::Immutable));
    assert_eq!(catalog.function("now"), Some(Volatility::Stable));
    assert_eq!(catalog.function("random"), Some(Volatility::Volatile));
    assert_eq!(catalog.function("no_such_function"), None);
}
