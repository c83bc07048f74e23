//! What triggers write: bodies of SQLite and MySQL, and SQLite as the judge of what they really change.

use std::collections::HashMap;

use plexidb_core::{Catalog, Dialect, Table, TableKind, TableName, Trigger, TriggerTiming, Volatility};
use rusqlite::{Connection, types::Value};

use super::super::image::Values;
use super::super::writes::Event;
use super::{effects, fires};
use crate::profile::Change;
use crate::reason::Unbounded;

mod plpgsql;

use Dialect::{MySql, Postgres, Sqlite};

fn table(schema: &str, name: &str) -> Table {
    Table::new(TableName::new(schema, name), TableKind::Table)
}

fn catalog(dialect: Dialect) -> Catalog {
    let mut tables: Vec<Table> = ["t", "log", "counts", "pairs"]
        .iter()
        .map(|name| table("main", name))
        .collect();
    tables.extend([table("aux", "t"), table("aux", "log"), table("aux", "only_here")]);
    let mut view = table("main", "calling_view");
    view.kind = TableKind::View;
    view.view_definition = Some("SELECT writes_rows(id) AS w FROM log".into());
    tables.push(view);
    let mut hidden = table("aux", "hidden_view");
    hidden.kind = TableKind::View;
    hidden.view_definition = Some("SELECT writes_rows(id) AS w FROM log".into());
    tables.push(hidden);
    let functions = HashMap::from([
        ("pure".to_owned(), Volatility::Immutable),
        ("count".to_owned(), Volatility::Immutable),
        ("pg_trigger_depth".to_owned(), Volatility::Stable),
        ("writes_rows".to_owned(), Volatility::Volatile),
    ]);
    Catalog::new(dialect, "3.50".into(), vec!["main".into()], tables, functions)
}

fn trigger(body: &str) -> Trigger {
    Trigger {
        timing: TriggerTiming::After,
        body: Some(body.into()),
        ..Trigger::unknown("trigger")
    }
}

fn found(body: &str, dialect: Dialect, schema: &str, is_replacing: bool) -> Result<Vec<String>, Unbounded> {
    let catalog = catalog(dialect);
    let home = catalog.table(Some(schema), "t").unwrap();
    let writes = effects(home, &trigger(body), is_replacing, &catalog)?;
    let described = writes.iter().map(|write| {
        let name = &write.table.name;
        let what = match &write.change {
            Change::Insert => "insert".to_owned(),
            Change::Delete => "delete".to_owned(),
            Change::Update(Some(columns)) => format!("update {}", columns.join(" ")),
            other => format!("{other:?}"),
        };
        let schema = if name.schema == "main" { "" } else { "aux." };
        let mark = if write.is_replacing { " replacing" } else { "" };
        format!("{schema}{}: {what}{mark}", name.name)
    });
    Ok(described.collect())
}

fn writes(body: &str, dialect: Dialect) -> Vec<String> {
    found(body, dialect, "main", false).unwrap_or_else(|reason| panic!("{reason}: {body}"))
}

#[test]
fn the_statements_of_a_body_count_each() {
    for dialect in [Sqlite, MySql] {
        for (body, expected) in [
            ("INSERT INTO counts (n) VALUES (NEW.id)", vec!["counts: insert"]),
            (
                "UPDATE counts SET n = n + 1, m = OLD.id WHERE id = NEW.id;",
                vec!["counts: update m n"],
            ),
            ("DELETE FROM counts WHERE id = OLD.id", vec!["counts: delete"]),
            ("SELECT coalesce(NEW.id, 1);", vec![]),
            ("", vec![]),
            (
                "BEGIN INSERT INTO counts SELECT id, ';' FROM pairs WHERE a = NEW.a; DELETE FROM pairs; -- done\n END",
                vec!["counts: insert", "pairs: delete"],
            ),
        ] {
            assert_eq!(writes(body, dialect), expected, "{dialect:?}: {body}");
        }
    }
    // What only changes the row itself, as a driver may tell of a function in another language.
    assert_eq!(writes("", Postgres), Vec::<String>::new());
}

#[test]
fn sqlite_refuses_upserts_and_replaces() {
    for (body, expected) in [
        ("SELECT RAISE(ABORT, 'no');", vec![]),
        (
            "SELECT CASE WHEN NEW.id < 0 THEN RAISE(IGNORE) WHEN 1 THEN RAISE(ROLLBACK, 'x') END",
            vec![],
        ),
        (
            "INSERT INTO counts VALUES (NEW.id, 1) ON CONFLICT (id) DO UPDATE SET n = n + 1;",
            vec!["counts: insert", "counts: update n"],
        ),
        (
            "INSERT OR REPLACE INTO counts VALUES (NEW.id, 1);",
            vec!["counts: insert replacing", "counts: delete replacing"],
        ),
        (
            "UPDATE OR REPLACE counts SET n = 1",
            vec!["counts: update n replacing", "counts: delete replacing"],
        ),
    ] {
        assert_eq!(writes(body, Sqlite), expected, "{body}");
    }
}

#[test]
fn blocks_of_mysql_are_looked_through() {
    let body = "
        main_block: BEGIN
          DECLARE a, b INT DEFAULT pure(1);
          DECLARE CONTINUE HANDLER FOR NOT FOUND, SQLSTATE VALUE '23000', 1062 SET a = 0;
          DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN INSERT INTO log VALUES (NEW.id); END;
          SELECT x, y INTO a, @b FROM pairs WHERE id = NEW.id;
          SELECT count(*) FROM pairs INTO b;
          SET NEW.name = CASE WHEN a = 1 THEN 'x' ELSE (SELECT max(y) FROM pairs) END, a := b + 1, @seen = 1;
          IF CASE WHEN a THEN 1 ELSE 0 END = 1 AND EXISTS (SELECT 1 FROM pairs) THEN
            UPDATE counts SET n = 1;
          ELSEIF IF(a, b, 1) THEN
            WHILE a < 3 DO SET a = a + 1; END WHILE;
          ELSE
            again: LOOP
              IF a THEN LEAVE again; END IF;
              ITERATE again;
            END LOOP again;
            REPEAT DELETE FROM pairs WHERE id = a; UNTIL a > 3 END REPEAT;
          END IF;
          CASE NEW.id WHEN 1 THEN REPLACE INTO counts VALUES (1); ELSE BEGIN END; END CASE;
          CASE WHEN NEW.id = 2 THEN SET a = 2; WHEN NEW.id = 3 THEN INSERT INTO pairs SET x = a; END CASE;
          SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'never mind';
        END main_block";
    let mut writes = writes(body, MySql);
    writes.sort();
    assert_eq!(
        writes,
        [
            "counts: delete",
            "counts: insert",
            "counts: update n",
            "log: insert",
            "pairs: delete",
            "pairs: insert"
        ]
    );
}

#[test]
fn what_is_not_understood_may_write_anything() {
    let both = [
        "INSERT INTO nowhere VALUES (1)",
        "DELETE FROM log WHERE writes_rows(id)",
        "SELECT writes_rows(1)",
        "SELECT 'open",
        "DROP TABLE log",
        "DELETE FROM log WHERE",
        "DELETE FROM log; nonsense",
        "BEGIN DELETE FROM log;",
        "BEGIN INSERT INTO nowhere VALUES (1); END",
    ];
    let mysql = [
        "CALL p()",
        "SELECT * FROM calling_view",
        "SELECT * FROM unknown_view",
        "SET NEW.a = writes_rows(1)",
        "SET NEW.a = 1, NEW.b = (SELECT writes_rows(2))",
        "SET sql_log_bin = 0",
        "SET @@foreign_key_checks = 0",
        "SET GLOBAL x = 1",
        "SET @a = 1, sql_mode = ''",
        "BEGIN DECLARE x INT DEFAULT writes_rows(1); END",
        "BEGIN DECLARE c CURSOR FOR SELECT 1; END",
        "BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION CALL p(); END",
        "IF writes_rows(1) THEN DELETE FROM log; END IF",
        "IF NEW.a THEN DELETE FROM log; ELSEIF writes_rows(1) THEN DELETE FROM log; END IF",
        "IF NEW.a THEN DELETE FROM log; ELSE CALL p(); END IF",
        "IF NEW.a THEN DELETE FROM log; END IF CALL p()",
        "WHILE writes_rows(1) DO DELETE FROM log; END WHILE",
        "REPEAT DELETE FROM log; UNTIL writes_rows(1) END REPEAT",
        "CASE writes_rows(1) WHEN 1 THEN DELETE FROM log; END CASE",
        "CASE NEW.a WHEN writes_rows(1) THEN DELETE FROM log; END CASE",
        "CASE NEW.a WHEN 1 THEN DELETE FROM log; WHEN 2 THEN CALL p(); END CASE",
        "FOR i IN 1..3 DO DELETE FROM log; END FOR",
        "SELECT 1 INTO OUTFILE '/x'",
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = writes_rows(1)",
        "BEGIN /*! CALL p(); */ END",
        "INSERT INTO only_here VALUES (1)",
    ];
    for (body, dialect) in both
        .iter()
        .flat_map(|body| [(body, Sqlite), (body, MySql), (body, Postgres)])
        .chain(mysql.iter().map(|body| (body, MySql)))
    {
        assert!(
            found(body, dialect, "main", false).is_err(),
            "{dialect:?}: {body}"
        );
    }
    let catalog = catalog(Sqlite);
    let home = catalog.table(None, "t").unwrap();
    assert_eq!(
        effects(home, &Trigger::unknown("(any)"), false, &catalog),
        Err(Unbounded::Trigger("main.t".into()))
    );
    let deep = format!("{}{}", "BEGIN ".repeat(10_000), "END; ".repeat(10_000));
    assert!(found(&deep, MySql, "main", false).is_err());
}

#[test]
fn names_mean_tables_of_the_triggers_own_schema() {
    let body = "DELETE FROM log";
    assert_eq!(found(body, MySql, "aux", false).unwrap(), ["aux.log: delete"]);
    assert_eq!(found(body, MySql, "main", false).unwrap(), ["log: delete"]);
    assert!(found("SELECT * FROM hidden_view", MySql, "aux", false).is_err());
    // A temporary trigger of SQLite looks into all.
    assert_eq!(
        found(body, Sqlite, "aux", false).unwrap(),
        ["log: delete", "aux.log: delete"]
    );
    assert_eq!(
        found("DELETE FROM only_here", Sqlite, "main", false).unwrap(),
        ["aux.only_here: delete"]
    );
}

#[test]
fn triggers_act_on_their_events() {
    let mut on_update = trigger("");
    (on_update.is_on_insert, on_update.is_on_delete) = (false, false);
    let update = Event::Update {
        columns: None,
        new: Values::default(),
    };
    assert!(fires(&on_update, &update));
    assert!(!fires(&on_update, &Event::Insert));
    assert!(!fires(&on_update, &Event::Delete));
    assert!(fires(&on_update, &Event::Everything { cascades: false }));
}

const SCHEMA: &str = "
    CREATE TABLE t (id INTEGER PRIMARY KEY, a INT);
    CREATE TABLE log (id INTEGER PRIMARY KEY, a INT, note TEXT);
    CREATE TABLE counts (id INT UNIQUE, n INT DEFAULT 0);
    CREATE TABLE pairs (a INT, b INT UNIQUE);
    INSERT INTO t VALUES (1, 1), (2, 2);
    INSERT INTO log VALUES (1, 1, 'one'), (2, 2, 'two');
    INSERT INTO counts VALUES (1, 1), (2, 2);
    INSERT INTO pairs VALUES (1, 1), (2, 2);";

type Row = Vec<Value>;

/// The rows of a table by their rowid, which the triggers below do not change.
fn rows(connection: &Connection, table: &str) -> HashMap<i64, Row> {
    let mut statement = connection
        .prepare(&format!("SELECT rowid, * FROM {table}"))
        .unwrap();
    let width = statement.column_count();
    let found = statement.query_map([], |row| {
        let cells: rusqlite::Result<Row> = (1..width).map(|index| row.get(index)).collect();
        Ok((row.get(0)?, cells?))
    });
    found.unwrap().map(Result::unwrap).collect()
}

/// What happened to a table, in the words of [`found`].
fn happened(
    table: &str,
    columns: &[&str],
    before: &HashMap<i64, Row>,
    after: &HashMap<i64, Row>,
) -> Vec<String> {
    let mut events = Vec::new();
    if before.keys().any(|id| !after.contains_key(id)) {
        events.push(format!("{table}: delete"));
    }
    for (id, row) in after {
        match before.get(id) {
            None => events.push(format!("{table}: insert")),
            Some(old) => events.extend(
                (0..columns.len())
                    .filter(|index| old[*index] != row[*index])
                    .map(|index| format!("{table}: update {}", columns[index])),
            ),
        }
    }
    events
}

#[test]
fn sqlite_changes_nothing_that_was_not_told() {
    let bodies = [
        "INSERT INTO log (a) VALUES (NEW.id); UPDATE counts SET n = n + NEW.a WHERE id = NEW.id;",
        "DELETE FROM pairs WHERE a = NEW.a;",
        "INSERT INTO counts VALUES (NEW.id, 5) ON CONFLICT (id) DO UPDATE SET n = excluded.n + 7;",
        "INSERT OR REPLACE INTO counts VALUES (NEW.id, 5);",
        "REPLACE INTO log VALUES (1, NEW.a, CASE WHEN NEW.a THEN 'x;' END);",
        "INSERT INTO counts VALUES (NEW.a, 9);",
        "UPDATE pairs SET b = 2 WHERE a = 1;",
        "UPDATE OR REPLACE pairs SET b = 2 WHERE a = 1; SELECT RAISE(IGNORE) WHERE NEW.id = 77;",
        "UPDATE log SET note = p.b, a = 3 FROM pairs p WHERE p.a = log.id;",
        "INSERT OR IGNORE INTO counts SELECT a, b FROM pairs; DELETE FROM log WHERE id IN (SELECT a FROM pairs);",
        "SELECT RAISE(ABORT, 'no') WHERE NEW.a = 99; UPDATE t SET a = NEW.a + 1 WHERE id = 1;",
    ];
    let statements = [
        "INSERT INTO t VALUES (3, 1)",
        "INSERT OR REPLACE INTO t VALUES (2, 2)",
    ];
    let mut events = 0;
    for body in bodies {
        for statement in statements {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(SCHEMA).unwrap();
            let create = format!("CREATE TRIGGER x AFTER INSERT ON t BEGIN {body} END");
            connection
                .execute_batch(&create)
                .unwrap_or_else(|error| panic!("{create}: {error}"));
            let tables: [(&str, &[&str]); 3] = [
                ("log", &["id", "a", "note"]),
                ("counts", &["id", "n"]),
                ("pairs", &["a", "b"]),
            ];
            let before = tables.map(|(table, _)| rows(&connection, table));
            // A conflict that nothing resolves changes nothing.
            let is_done = connection.execute(statement, []).is_ok();
            let told = found(body, Sqlite, "main", statement.contains("REPLACE")).unwrap();
            for ((table, columns), before) in tables.into_iter().zip(&before) {
                for event in happened(table, columns, before, &rows(&connection, table)) {
                    assert!(is_done, "{statement}, {body}");
                    events += 1;
                    let is_told = told.iter().any(|told| {
                        let told = told.trim_end_matches(" replacing");
                        match event.split_once(": update ") {
                            // Where rows are replaced, another row may have taken the number.
                            Some((_, column)) => {
                                told == format!("{table}: delete")
                                    || told
                                        .strip_prefix(&format!("{table}: update "))
                                        .is_some_and(|columns| columns.split(' ').any(|told| told == column))
                            }
                            None => told == event,
                        }
                    });
                    assert!(is_told, "{event} by {statement}, {body}: {told:?}");
                }
            }
        }
    }
    assert!(events > 20, "{events}");
}
