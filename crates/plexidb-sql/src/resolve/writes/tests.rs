//! Triggers that set off triggers, cascades and views, to the end.

use std::collections::HashMap;

use plexidb_core::{
    Catalog, CatalogColumn, Comparison, Dialect, ForeignKey, ForeignKeyAction, Key, KeyKind, Table,
    TableKind, TableName, Trigger, TriggerTiming,
};

use super::{Event, touched};
use crate::plan::PinnedValue;
use crate::profile::Profile;
use crate::reason::Unbounded;
use crate::resolve::image::{Image, Values};

mod oracle;

use Dialect::{MySql, Postgres, Sqlite};

fn table(name: &str) -> Table {
    let mut table = Table::new(TableName::new("main", name), TableKind::Table);
    let column = |name: &str| CatalogColumn {
        name: name.into(),
        type_name: "bigint".into(),
        is_nullable: name != "id",
        is_generated: false,
        default: None,
        collation: None,
        comparison: Comparison::Number,
        is_set_on_update: false,
        is_auto: false,
    };
    table.columns = ["id", "n", "p"].into_iter().map(column).collect();
    table.keys.push(Key {
        name: "key".into(),
        kind: KeyKind::Primary,
        columns: vec!["id".into()],
    });
    table
}

fn with_trigger(mut table: Table, timing: TriggerTiming, body: &str) -> Table {
    table.triggers.push(Trigger {
        timing,
        body: Some(body.into()),
        ..Trigger::unknown("trigger")
    });
    table
}

fn after(table: Table, body: &str) -> Table {
    with_trigger(table, TriggerTiming::After, body)
}

/// `table: event`, with a star where the rows are not known.
fn steps(sql: &str, dialect: Dialect, tables: Vec<Table>) -> Result<Vec<String>, Unbounded> {
    let catalog = Catalog::new(dialect, "1".into(), vec!["main".into()], tables, HashMap::new());
    let steps = touched(&Profile::analyze(sql, dialect), &catalog)?;
    let described = steps.iter().map(|step| {
        let event = match &step.event {
            Event::Insert => "insert".to_owned(),
            Event::Delete => "delete".to_owned(),
            Event::Update { columns, .. } => columns.as_ref().map_or_else(
                || "update".to_owned(),
                |columns| format!("update {}", columns.join(" ")),
            ),
            Event::Everything { .. } => "everything".to_owned(),
        };
        let star = if step.image == Image::Unknown { "*" } else { "" };
        format!("{}: {event}{star}", step.table.name.name)
    });
    let mut described: Vec<String> = described.collect();
    described.sort();
    Ok(described)
}

#[test]
fn what_mysql_cuts_to_fit_is_not_what_the_statement_says() {
    let id_of = |sql: &str, type_name: &str| {
        let mut table = table("a");
        table.columns[0].type_name = type_name.into();
        let catalog = Catalog::new(
            MySql,
            "1".into(),
            vec!["main".into()],
            vec![table],
            HashMap::new(),
        );
        let steps = touched(&Profile::analyze(sql, MySql), &catalog).unwrap();
        match &steps[0].image {
            Image::Rows(rows) => rows[0].value("id").cloned(),
            other => panic!("{sql}: {other:?}"),
        }
    };
    let of_seven = |sql: &str, type_name: &str| id_of(sql, type_name).is_some();
    assert!(of_seven("INSERT INTO a (id) VALUES (7)", "int"));
    for modifiers in ["IGNORE", "LOW_PRIORITY IGNORE", "ignore"] {
        let sql = format!("INSERT {modifiers} INTO a (id) VALUES (7)");
        // Whatever number it is, it fits the largest type.
        assert!(of_seven(&sql, "bigint(20)"));
        assert!(
            !of_seven(&sql, "int") && !of_seven(&sql, "bigint(20) unsigned") && !of_seven(&sql, "varchar(9)")
        );
    }
    assert_eq!(
        id_of("INSERT IGNORE INTO a (id) VALUES (?)", "bigint"),
        Some(PinnedValue::ParameterUnlessNull(0)),
        "NULL becomes 0"
    );
    let new_values = |sql: &str| {
        let catalog = Catalog::new(
            MySql,
            "1".into(),
            vec!["main".into()],
            vec![table("a")],
            HashMap::new(),
        );
        let steps = touched(&Profile::analyze(sql, MySql), &catalog).unwrap();
        match &steps[0].event {
            Event::Update { new, .. } => new.of("p").is_some(),
            other => panic!("{sql}: {other:?}"),
        }
    };
    assert!(new_values("UPDATE a SET p = 7 WHERE id = 1"));
    assert!(!new_values("UPDATE IGNORE a SET p = 7 WHERE id = 1"));
    assert!(!new_values("UPDATE LOW_PRIORITY IGNORE a SET p = 7 WHERE id = 1"));
}

#[test]
fn triggers_of_triggers_are_followed_and_end() {
    let tables = || {
        vec![
            after(table("a"), "INSERT INTO b (id) VALUES (NEW.id)"),
            after(table("b"), "UPDATE c SET n = 1; INSERT INTO a (id) VALUES (1)"),
            table("c"),
        ]
    };
    let blocks = |mut tables: Vec<Table>| {
        for trigger in tables.iter_mut().flat_map(|table| &mut table.triggers) {
            trigger.body = trigger.body.as_ref().map(|body| format!("BEGIN {body}; END"));
        }
        tables
    };
    for dialect in [Sqlite, MySql] {
        assert_eq!(
            steps("INSERT INTO a (id) VALUES (7)", dialect, blocks(tables())).unwrap(),
            ["a: insert", "a: insert*", "b: insert*", "c: update n*"],
            "{dialect:?}"
        );
    }
    let mut unknown = tables();
    unknown[2].triggers.push(Trigger::unknown("(any)"));
    assert_eq!(
        steps("INSERT INTO a (id) VALUES (7)", Sqlite, unknown),
        Err(Unbounded::Trigger("main.c".into()))
    );
}

#[test]
fn a_trigger_of_another_event_does_nothing() {
    let mut a = after(table("a"), "DELETE FROM b");
    (a.triggers[0].is_on_insert, a.triggers[0].is_on_delete) = (false, false);
    let tables = || vec![a.clone(), table("b")];
    assert_eq!(
        steps("INSERT INTO a (id) VALUES (7)", Sqlite, tables()).unwrap(),
        ["a: insert"]
    );
    assert_eq!(
        steps("UPDATE a SET n = 1 WHERE id = 7", Sqlite, tables()).unwrap(),
        ["a: update n", "b: delete*"]
    );
}

#[test]
fn cascades_fire_triggers_and_triggers_cascade() {
    let refers = |mut child: Table, parent: &str| {
        child.foreign_keys.push(ForeignKey {
            columns: vec!["p".into()],
            parent: TableName::new("main", parent),
            parent_columns: vec!["id".into()],
            on_delete: ForeignKeyAction::Cascade,
            on_update: ForeignKeyAction::Cascade,
            is_enforced: true,
        });
        child
    };
    let tables = vec![
        table("a"),
        after(refers(table("b"), "a"), "DELETE FROM c WHERE id = OLD.id"),
        table("c"),
        refers(table("d"), "c"),
    ];
    assert_eq!(
        steps("DELETE FROM a WHERE id = 7", Sqlite, tables).unwrap(),
        ["a: delete", "b: delete", "c: delete*", "d: delete*"]
    );
}

/// The columns of which the values are known, for the step on this table.
fn known(sql: &str, dialect: Dialect, tables: Vec<Table>, step: usize) -> Vec<String> {
    let catalog = Catalog::new(dialect, "1".into(), vec!["main".into()], tables, HashMap::new());
    let steps = touched(&Profile::analyze(sql, dialect), &catalog).unwrap();
    let (old, new) = match (&steps[step].image, &steps[step].event) {
        (Image::Rows(rows), _) => {
            let columns = ["id", "n", "p"].into_iter();
            let known = columns.filter(|column| rows[0].value(column).is_some());
            (known.map(str::to_owned).collect(), Vec::new())
        }
        (Image::Fixed(values), event) => (names(values), new_names(event)),
        (Image::Unknown, event) => (Vec::new(), new_names(event)),
    };
    let new = new.into_iter().map(|name| format!("new {name}"));
    old.into_iter().chain(new).collect()
}

fn names(values: &Values) -> Vec<String> {
    values.0.iter().map(|(name, _)| name.clone()).collect()
}

fn new_names(event: &Event) -> Vec<String> {
    match event {
        Event::Update { new, .. } => names(new),
        _ => Vec::new(),
    }
}

/// A table whose rows a trigger changes on their way, and the body by which it does that.
fn before(dialect: Dialect, assignment: &str) -> Vec<Table> {
    let body = match dialect {
        Postgres => format!("BEGIN NEW.{assignment}; RETURN NEW; END"),
        _ => format!("SET NEW.{assignment}"),
    };
    vec![with_trigger(table("a"), TriggerTiming::Before, &body)]
}

#[test]
fn a_row_that_a_trigger_may_change_is_not_what_the_statement_says() {
    let insert = "INSERT INTO a (id, n) VALUES (7, 1)";
    let update = "UPDATE a SET n = 1 WHERE id = 7";
    for dialect in [Postgres, MySql] {
        assert_eq!(known(insert, dialect, before(dialect, "id = 1"), 0), ["n", "p"]);
        assert_eq!(known(insert, dialect, before(dialect, "N = 1"), 0), ["id", "p"]);
        // The row is found by what it held, and gets what the trigger gives it.
        assert_eq!(
            steps(update, dialect, before(dialect, "p = 1")).unwrap(),
            ["a: update n p"]
        );
        assert_eq!(
            known(update, dialect, before(dialect, "p = 1"), 0),
            ["id", "new n"]
        );
        assert_eq!(known(update, dialect, before(dialect, "n = 2"), 0), ["id"]);
        assert_eq!(
            steps(update, dialect, before(dialect, "id = 2")).unwrap(),
            ["a: update n id"]
        );
        let delete = "DELETE FROM a WHERE id = 7";
        assert_eq!(known(delete, dialect, before(dialect, "p = 1"), 0), ["id"]);
    }
    // What a function in another language does to the row is not told.
    let opaque = |body| vec![with_trigger(table("a"), TriggerTiming::Before, body)];
    assert_eq!(steps(insert, Postgres, opaque("")).unwrap(), ["a: insert*"]);
    assert_eq!(steps(update, Postgres, opaque("")).unwrap(), ["a: update*"]);
    // SQLite's NEW cannot be assigned to, and afterwards it is too late.
    assert_eq!(steps(insert, Sqlite, opaque("SELECT 1")).unwrap(), ["a: insert"]);
    assert_eq!(
        steps(update, Sqlite, opaque("SELECT 1")).unwrap(),
        ["a: update n"]
    );
    let late = after(table("a"), "BEGIN NEW.p := 1; RETURN NULL; END");
    assert_eq!(steps(update, Postgres, vec![late]).unwrap(), ["a: update n"]);
}

#[test]
fn a_trigger_may_lead_an_upsert_to_another_row() {
    let upsert = "INSERT INTO a (id) VALUES (7) ON CONFLICT (id) DO UPDATE SET n = 1";
    let tables = |assignment| {
        let mut tables = before(Postgres, assignment);
        tables[0].triggers[0].is_on_update = false;
        tables
    };
    assert_eq!(known(upsert, Postgres, vec![table("a")], 0), ["id", "new n"]);
    assert_eq!(known(upsert, Postgres, tables("id = 1"), 0), ["new n"]);
    // On INSERT alone: what the row that is there gets is not changed.
    assert_eq!(known(upsert, Postgres, tables("n = 1"), 0), ["id", "new n"]);
    assert_eq!(
        steps(upsert, Postgres, tables("n = 1")).unwrap(),
        ["a: insert", "a: update n"]
    );
    assert_eq!(
        steps(upsert, Postgres, before(Postgres, "p = 1")).unwrap(),
        ["a: insert", "a: update n p"]
    );
}

#[test]
fn rows_that_a_trigger_changes_cascade() {
    let mut child = table("c");
    child.foreign_keys.push(ForeignKey {
        columns: vec!["p".into()],
        parent: TableName::new("main", "a"),
        parent_columns: vec!["id".into()],
        on_delete: ForeignKeyAction::SetNull,
        on_update: ForeignKeyAction::Cascade,
        is_enforced: true,
    });
    let stamp = "BEGIN NEW.n := 1; RETURN NEW; END";
    child = with_trigger(child, TriggerTiming::Before, stamp);
    let with = |assignment| {
        let mut tables = before(Postgres, assignment);
        tables.push(child.clone());
        tables
    };
    let update = "UPDATE a SET n = 1 WHERE id = 7";
    // The trigger moves the parent, and the child's own trigger fires for the child.
    assert_eq!(
        steps(update, Postgres, with("id = 1")).unwrap(),
        ["a: update n id", "c: update p n"]
    );
    assert_eq!(steps(update, Postgres, with("p = 1")).unwrap(), ["a: update n p"]);
    let mut plain = with("p = 1");
    plain[0].triggers.clear();
    assert_eq!(
        steps("DELETE FROM a WHERE id = 7", Postgres, plain).unwrap(),
        ["a: delete", "c: update p n"]
    );
}

#[test]
fn a_partition_has_the_triggers_of_its_parent() {
    let mut parent = before(Postgres, "p = 1").remove(0);
    parent.kind = TableKind::Partitioned;
    let mut partition = table("b");
    partition.parents.push(parent.name.clone());
    let tables = || vec![parent.clone(), partition.clone()];
    for target in ["a", "b"] {
        let sql = format!("UPDATE {target} SET n = 1 WHERE id = 7");
        let mut found = steps(&sql, Postgres, tables()).unwrap();
        found.dedup();
        assert_eq!(found, ["a: update n p", "b: update n p"], "{sql}");
    }
}

#[test]
fn triggers_that_change_rows_and_set_off_each_other_end() {
    for change in ["", "NEW.n := 1;"] {
        let body = |sql| format!("BEGIN {change} {sql}; RETURN NEW; END");
        let tables = vec![
            with_trigger(table("a"), TriggerTiming::Before, &body("UPDATE b SET n = 1")),
            with_trigger(table("b"), TriggerTiming::Before, &body("UPDATE a SET p = 1")),
        ];
        let found = steps("UPDATE a SET n = 1 WHERE id = 7", Postgres, tables).unwrap();
        let again = if change.is_empty() {
            "a: update p*"
        } else {
            "a: update p n*"
        };
        assert_eq!(found, ["a: update n", again, "b: update n*"]);
    }
}

#[test]
fn or_replace_holds_for_what_triggers_write() {
    let tables = || {
        vec![
            after(table("a"), "INSERT INTO b (id) VALUES (1)"),
            after(table("b"), "UPDATE c SET n = 1"),
            table("c"),
        ]
    };
    let replaced = steps("INSERT OR REPLACE INTO a (id) VALUES (7)", Sqlite, tables()).unwrap();
    assert!(replaced.contains(&"b: delete*".to_owned()), "{replaced:?}");
    assert!(replaced.contains(&"c: delete*".to_owned()), "{replaced:?}");
    let inserted = steps("INSERT INTO a (id) VALUES (7)", Sqlite, tables()).unwrap();
    assert_eq!(inserted, ["a: insert", "b: insert*", "c: update n*"]);
}

#[test]
fn instead_of_a_view_its_triggers_write() {
    let view = |body| {
        let mut view = with_trigger(table("v"), TriggerTiming::Before, body);
        view.kind = TableKind::View;
        view.view_definition = Some("SELECT id FROM a".into());
        vec![view, table("a"), table("b")]
    };
    let insert = "INSERT INTO v (id) VALUES (7)";
    assert_eq!(
        steps(
            insert,
            Sqlite,
            view("INSERT INTO b (id) VALUES (NEW.id); DELETE FROM v")
        )
        .unwrap(),
        ["b: insert*"]
    );
    // PostgreSQL has triggers on views that act besides, and for some events alone.
    assert_eq!(steps(insert, Postgres, view("")).unwrap(), ["a: insert*"]);
}
