//! The catalog of a schema with everything in it.

use plexidb_core::{
    Catalog, Connection, ForeignKeyAction, KeyKind, Table, TableKind, TableName, Value, Volatility,
};
use plexidb_testkit::{MariaDb, mariadb};

use super::{connect, value};

const SCHEMA: &str = "
CREATE TABLE users (
    id bigint unsigned NOT NULL AUTO_INCREMENT,
    email varchar(200) NOT NULL,
    name varchar(50) COLLATE utf8mb4_bin DEFAULT 'nobody',
    bio text,
    born date DEFAULT NULL,
    name_length int GENERATED ALWAYS AS (char_length(name)) STORED,
    PRIMARY KEY (id),
    UNIQUE KEY by_email (email),
    UNIQUE KEY by_bio (bio(20)),
    UNIQUE KEY by_both (born, email(10)),
    KEY by_name (name, born),
    FULLTEXT KEY by_words (bio)
);
CREATE TABLE posts (
    author bigint unsigned NOT NULL,
    number int NOT NULL,
    editor bigint unsigned,
    PRIMARY KEY (author, number),
    CONSTRAINT written_by FOREIGN KEY (author) REFERENCES users (id) ON DELETE CASCADE ON UPDATE RESTRICT,
    CONSTRAINT edited_by FOREIGN KEY (editor) REFERENCES users (id) ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE TABLE notes (author bigint unsigned, number int,
    CONSTRAINT of_post FOREIGN KEY (author, number) REFERENCES posts (author, number));
CREATE TABLE log (line text) ENGINE = Aria;
CREATE TABLE merged (line int) ENGINE = MRG_MyISAM;
CREATE TABLE by_year (y int NOT NULL, n int, PRIMARY KEY (y))
    PARTITION BY RANGE (y) (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE TABLE history (id int PRIMARY KEY) WITH SYSTEM VERSIONING;
CREATE SEQUENCE counter;
CREATE VIEW authors AS SELECT id, email FROM users WHERE id IN (SELECT author FROM posts);
CREATE TRIGGER on_post BEFORE INSERT ON posts FOR EACH ROW SET NEW.number = NEW.number + 1;
CREATE FUNCTION twice(n int) RETURNS int DETERMINISTIC NO SQL RETURN n * 2;
CREATE FUNCTION Guess() RETURNS int NOT DETERMINISTIC NO SQL RETURN rand() * 6;
CREATE FUNCTION size() RETURNS int DETERMINISTIC READS SQL DATA RETURN (SELECT count(*) FROM users);
";

async fn read(connection: &mut dyn Connection) -> Catalog {
    connection.catalog().await.unwrap()
}

fn table<'a>(catalog: &'a Catalog, name: &str) -> &'a Table {
    catalog
        .table(None, name)
        .unwrap_or_else(|| panic!("no table {name}"))
}

#[tokio::test]
async fn tables_and_columns() {
    let database = mariadb().fresh_database();
    database.client(SCHEMA);
    let mut connection = connect(&database.url()).await;
    let catalog = read(&mut *connection).await;
    assert_eq!(catalog.search_path(), [database.name()]);
    assert!(catalog.server_version.contains("MariaDB"));
    let users = table(&catalog, "users");
    assert_eq!(users.name, TableName::new(database.name(), "users"));
    let names: Vec<&str> = users.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "email", "name", "bio", "born", "name_length"]);
    let [id, email, name, _, born, name_length] = &users.columns[..] else {
        panic!("{names:?}")
    };
    assert_eq!(
        (id.type_name.as_str(), id.is_nullable),
        ("bigint(20) unsigned", false)
    );
    assert_eq!(
        (email.default.as_deref(), email.collation.as_deref()),
        (None, None)
    );
    assert_eq!(name.collation.as_deref(), Some("utf8mb4_bin"));
    assert_eq!(name.default.as_deref(), Some("'nobody'"));
    assert_eq!((born.is_nullable, born.default.as_deref()), (true, None));
    assert!(name_length.is_generated && !name.is_generated);
}

#[tokio::test]
async fn keys_promise_only_what_they_keep() {
    let database = mariadb().fresh_database();
    database.client(SCHEMA);
    let mut connection = connect(&database.url()).await;
    let catalog = read(&mut *connection).await;
    let keys = |name: &str| -> Vec<(String, KeyKind, Vec<String>)> {
        let keys = table(&catalog, name).keys.iter();
        keys.map(|key| (key.name.clone(), key.kind, key.columns.clone()))
            .collect()
    };
    let key = |name: &str, kind, columns: &[&str]| {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        (name.to_owned(), kind, columns)
    };
    let mut users = keys("users");
    users.sort_by(|left, right| left.0.cmp(&right.0));
    assert_eq!(
        users,
        [
            key("PRIMARY", KeyKind::Primary, &["id"]),
            key("by_bio", KeyKind::Index, &["bio"]),
            key("by_both", KeyKind::Index, &["born", "email"]),
            key("by_email", KeyKind::Unique, &["email"]),
            key("by_name", KeyKind::Index, &["name", "born"]),
        ]
    );
    assert!(keys("posts").contains(&key("PRIMARY", KeyKind::Primary, &["author", "number"])));
}

#[tokio::test]
async fn foreign_keys_keep_their_columns_and_actions() {
    let database = mariadb().fresh_database();
    database.client(SCHEMA);
    let mut connection = connect(&database.url()).await;
    let catalog = read(&mut *connection).await;
    let posts = &table(&catalog, "posts").foreign_keys;
    let written = posts.iter().find(|key| key.columns == ["author"]).unwrap();
    assert_eq!(written.parent, TableName::new(database.name(), "users"));
    assert_eq!(written.parent_columns, ["id"]);
    assert_eq!(written.on_delete, ForeignKeyAction::Cascade);
    assert_eq!(written.on_update, ForeignKeyAction::Refuse);
    assert!(!written.is_enforced, "rows may have come without checks");
    let edited = posts.iter().find(|key| key.columns == ["editor"]).unwrap();
    assert_eq!(edited.on_delete, ForeignKeyAction::SetNull);
    assert_eq!(edited.on_update, ForeignKeyAction::Cascade);
    let [of_post] = &table(&catalog, "notes").foreign_keys[..] else {
        panic!("notes has one foreign key")
    };
    assert_eq!(of_post.columns, ["author", "number"]);
    assert_eq!(of_post.parent_columns, ["author", "number"]);
}

#[tokio::test]
async fn kinds_triggers_engines_and_views() {
    let database = mariadb().fresh_database();
    database.client(SCHEMA);
    let mut connection = connect(&database.url()).await;
    let catalog = read(&mut *connection).await;
    let kind = |name: &str| table(&catalog, name).kind;
    assert_eq!(kind("users"), TableKind::Table);
    assert_eq!(kind("by_year"), TableKind::Table);
    assert_eq!(kind("history"), TableKind::Table);
    assert_eq!(kind("authors"), TableKind::View);
    assert_eq!(kind("merged"), TableKind::Foreign);
    assert_eq!(kind("counter"), TableKind::Foreign);
    assert!(table(&catalog, "users").is_transactional);
    assert!(!table(&catalog, "log").is_transactional);
    assert!(!table(&catalog, "posts").triggers.is_empty());
    assert!(table(&catalog, "users").triggers.is_empty());
    let definition = table(&catalog, "authors").view_definition.as_deref().unwrap();
    assert!(definition.contains("`users`"), "{definition}");
}

#[tokio::test]
async fn functions_are_as_fixed_as_they_declare() {
    let database = mariadb().fresh_database();
    database.client(SCHEMA);
    let mut connection = connect(&database.url()).await;
    let catalog = read(&mut *connection).await;
    assert_eq!(catalog.function("twice"), Some(Volatility::Immutable));
    assert_eq!(catalog.function("guess"), Some(Volatility::Volatile));
    assert_eq!(catalog.function("size"), Some(Volatility::Volatile));
    assert_eq!(catalog.function("rand"), None);
}

#[tokio::test]
async fn names_differ_by_case_as_on_the_server() {
    let database = mariadb().fresh_database();
    database.client("CREATE TABLE Users (id int); CREATE TABLE users (name text)");
    let mut connection = connect(&database.url()).await;
    let catalog = read(&mut *connection).await;
    assert_eq!(table(&catalog, "Users").columns[0].name, "id");
    assert_eq!(table(&catalog, "users").columns[0].name, "name");
    assert!(catalog.table(None, "USERS").is_none());
}

#[tokio::test]
async fn other_databases_are_there_and_the_servers_own_are_not() {
    let (mine, other) = (mariadb().fresh_database(), mariadb().fresh_database());
    other.client("CREATE TABLE elsewhere (id int)");
    let mut connection = connect(&mine.url()).await;
    let catalog = read(&mut *connection).await;
    assert!(catalog.table(Some(other.name()), "elsewhere").is_some());
    assert!(catalog.table(None, "elsewhere").is_none());
    assert!(catalog.table(Some("mysql"), "user").is_none());
    assert!(catalog.table(Some("sys"), "version").is_none());
}

#[tokio::test]
async fn a_changed_schema_is_read_anew_and_the_connection_goes_on() {
    let database = mariadb().fresh_database();
    let mut connection = connect(&database.url()).await;
    assert!(read(&mut *connection).await.table(None, "t").is_none());
    connection.execute("CREATE TABLE t (id int)", &[]).await.unwrap();
    assert!(read(&mut *connection).await.table(None, "t").is_some());
    assert_eq!(value(&mut *connection, "SELECT 1", &[]).await, Value::Int(1));
}

/// Who may not see triggers cannot know that there are none.
#[tokio::test]
async fn without_the_right_to_see_triggers_every_table_may_have_some() {
    let server = MariaDb::start_private().unwrap();
    let database = server.fresh_database();
    database.client("CREATE TABLE seen (id int); CREATE TABLE hidden (id int)");
    let name = database.name();
    server.client(&format!(
        "CREATE USER reader IDENTIFIED BY 'x'; GRANT SELECT ON {name}.* TO reader; \
         GRANT TRIGGER ON {name}.seen TO reader; CREATE USER owner IDENTIFIED BY 'x'; \
         GRANT ALL ON {name}.* TO owner"
    ));
    let has_triggers = async |user: &str, table_name: &str| {
        let url = format!("mysql://{user}:x@{}:{}/{name}", server.host(), server.port());
        let mut connection = connect(&url).await;
        let catalog = read(&mut *connection).await;
        !table(&catalog, table_name).triggers.is_empty()
    };
    assert!(has_triggers("reader", "hidden").await);
    assert!(!has_triggers("reader", "seen").await);
    assert!(!has_triggers("owner", "hidden").await);
}
