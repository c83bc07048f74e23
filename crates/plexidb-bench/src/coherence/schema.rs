//! The checker's schema in each dialect.

use plexidb::Dialect;

use super::edit::{insert_sql, values};
use super::fact::Table;
use super::unit::{Family, gauge};
use super::work::placeholders;

/// Counters that everybody writes at once.
pub(crate) const COUNTERS: i64 = 4;

/// The statements that make the schema.
pub(crate) fn statements(dialect: Dialect) -> Vec<String> {
    let mut statements = Vec::new();
    let folding = match dialect {
        Dialect::Sqlite => "COLLATE NOCASE",
        Dialect::Postgres => {
            statements.push(
                "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
                    .to_owned(),
            );
            "COLLATE nocase"
        }
        Dialect::MySql => "COLLATE utf8mb4_general_ci",
    };
    statements.push(format!(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, handle VARCHAR(40) {folding} NOT NULL UNIQUE, name VARCHAR(40) NOT NULL, boss INTEGER)"
    ));
    let plain = [
        "CREATE INDEX people_boss ON people (boss)",
        "CREATE TABLE posts (id INTEGER PRIMARY KEY, lane INTEGER NOT NULL, room INTEGER NOT NULL, author INTEGER NOT NULL, \
         tag VARCHAR(40), amount INTEGER NOT NULL, FOREIGN KEY (author) REFERENCES people (id))",
        "CREATE INDEX posts_lane ON posts (lane)",
        "CREATE INDEX posts_room ON posts (room)",
        "CREATE INDEX posts_author ON posts (author)",
        "CREATE INDEX posts_tag ON posts (tag)",
        "CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, balance INTEGER NOT NULL)",
        "CREATE INDEX accounts_owner ON accounts (owner)",
        "CREATE TABLE parents (id INTEGER PRIMARY KEY, title VARCHAR(40) NOT NULL)",
        "CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, note INTEGER NOT NULL, \
         FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE)",
        "CREATE INDEX children_parent ON children (parent)",
        "CREATE TABLE fans (id INTEGER PRIMARY KEY, parent INTEGER, note INTEGER NOT NULL, \
         FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE SET NULL)",
        "CREATE INDEX fans_parent ON fans (parent)",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, quantity INTEGER NOT NULL)",
        "CREATE TABLE ledger (order_id INTEGER PRIMARY KEY, quantity INTEGER NOT NULL)",
        "CREATE TABLE seats (hall INTEGER NOT NULL, place INTEGER NOT NULL, holder INTEGER, PRIMARY KEY (hall, place))",
        "CREATE INDEX seats_place ON seats (place)",
        "CREATE TABLE counters (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)",
        "CREATE VIEW rosters AS SELECT p.id, p.room, p.amount, u.name FROM posts p JOIN people u ON u.id = p.author",
    ];
    statements.extend(plain.map(str::to_owned));
    statements.extend(triggers(dialect).map(str::to_owned));
    statements.push(format!("CREATE VIEW gauge AS {}", gauge::definition(0)));
    statements
}

fn triggers(dialect: Dialect) -> impl Iterator<Item = &'static str> {
    let statements: &[&str] = match dialect {
        Dialect::Sqlite => &[
            "CREATE TRIGGER ordered AFTER INSERT ON orders BEGIN INSERT INTO ledger VALUES (NEW.id, NEW.quantity); END",
            "CREATE TRIGGER changed AFTER UPDATE ON orders BEGIN UPDATE ledger SET quantity = NEW.quantity WHERE order_id = NEW.id; END",
            "CREATE TRIGGER cancelled AFTER DELETE ON orders BEGIN DELETE FROM ledger WHERE order_id = OLD.id; END",
        ],
        Dialect::MySql => &[
            "CREATE TRIGGER ordered AFTER INSERT ON orders FOR EACH ROW INSERT INTO ledger VALUES (NEW.id, NEW.quantity)",
            "CREATE TRIGGER changed AFTER UPDATE ON orders FOR EACH ROW UPDATE ledger SET quantity = NEW.quantity WHERE order_id = NEW.id",
            "CREATE TRIGGER cancelled AFTER DELETE ON orders FOR EACH ROW DELETE FROM ledger WHERE order_id = OLD.id",
        ],
        Dialect::Postgres => &[
            "CREATE FUNCTION book() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF TG_OP = 'INSERT' THEN INSERT INTO ledger VALUES (NEW.id, NEW.quantity); \
             ELSIF TG_OP = 'UPDATE' THEN UPDATE ledger SET quantity = NEW.quantity WHERE order_id = NEW.id; \
             ELSE DELETE FROM ledger WHERE order_id = OLD.id; END IF; RETURN NULL; END $$",
            "CREATE TRIGGER booked AFTER INSERT OR UPDATE OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION book()",
        ],
    };
    statements.iter().copied()
}

/// The statements that fill it, each with its rows of parameters. Rows that triggers make are left to them.
pub(crate) fn contents(dialect: Dialect) -> Vec<(String, Vec<Vec<plexidb::Value>>)> {
    let facts: Vec<_> = Family::ALL
        .into_iter()
        .flat_map(|family| (0..family.units()).flat_map(move |index| family.initial(index)))
        .collect();
    let mut contents: Vec<_> = Table::ALL
        .into_iter()
        .filter(|table| !matches!(table, Table::Ledger | Table::Gauge))
        .map(|table| {
            let rows = facts.iter().filter(|fact| fact.table == table);
            let rows = rows.map(|fact| values(table, &fact.cells)).collect();
            (placeholders(dialect, &insert_sql(table)), rows)
        })
        .collect();
    let counters = (0..COUNTERS).map(|id| vec![id.into()]).collect();
    contents.push((
        placeholders(dialect, "INSERT INTO counters (id, n) VALUES (?, 0)"),
        counters,
    ));
    contents
}
