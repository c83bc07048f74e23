//! Blocks of PL/pgSQL: what they write, what they make of the row, and what is not understood of them.

use plexidb_core::{Catalog, Table, TableKind, TableName, Trigger, TriggerTiming};

use super::super::super::image::Values;
use super::super::super::writes::Event;
use super::super::{RowChange, changes, effects};
use super::{Postgres, catalog, found, trigger, writes};

/// What a trigger with this body makes of an updated row; `None` where that may be anything.
fn changed(body: &str) -> Option<Vec<String>> {
    let mut table = Table::new(TableName::new("main", "t"), TableKind::Table);
    table.triggers.push(Trigger {
        timing: TriggerTiming::Before,
        ..trigger(body)
    });
    let update = Event::Update {
        columns: None,
        new: Values::default(),
    };
    match changes(&table, &update, &catalog(Postgres)) {
        RowChange::Columns(columns) => Some(columns),
        RowChange::Any => None,
    }
}

const MUCH: &str = "
    #variable_conflict use_column
    <<outermost>>
    DECLARE
      a int := pure(1); b constant numeric(10, 2) NOT NULL DEFAULT 2; c text[] = '{x,y}';
      r record; \"Odd\" counts.n%TYPE; w pairs%ROWTYPE;
    BEGIN
      -- The row, in each way.
      NEW.updated_at := now(); new . \"Mixed\" = 'x;'; NEW.tags[a + 1] := 'y'; OLD.seen = true;
      a := count(*) FROM log; c[2] := 'z'; r.x := 1; \"Odd\" := a;
      SELECT x, y INTO STRICT NEW.total, a FROM pairs WHERE id = NEW.id;
      SELECT INTO w * FROM pairs LIMIT 1;
      SELECT n FROM counts INTO a;
      IF TG_OP = 'INSERT' OR OLD.* IS DISTINCT FROM NEW.* THEN
        INSERT INTO log SELECT TG_OP, now(), NEW.*;
      ELSIF CASE WHEN a > 1 THEN true ELSE false END THEN
        UPDATE counts SET n = n + 1 WHERE id = NEW.id RETURNING n INTO NEW.n;
      ELSE
        DELETE FROM pairs USING log WHERE log.id = pairs.id;
      END IF;
      CASE a WHEN 1, 2 THEN PERFORM pg_notify('x', row_to_json(NEW)::text); ELSE NULL; END CASE;
      <<again>> LOOP EXIT again WHEN a > 3; CONTINUE; END LOOP again;
      WHILE a < 3 LOOP a := a + 1; END LOOP;
      FOR i IN REVERSE 9..a BY 2 LOOP NULL; END LOOP;
      FOR r IN SELECT * FROM log LOOP a := r.id; END LOOP;
      FOREACH NEW.word IN ARRAY c LOOP NULL; END LOOP;
      DECLARE inside int; BEGIN inside := 1; END;
      BEGIN
        INSERT INTO aux.log VALUES (1) ON CONFLICT (id) DO UPDATE SET note = excluded.note;
        GET DIAGNOSTICS a = ROW_COUNT, NEW.written = ROW_COUNT;
      EXCEPTION WHEN unique_violation OR SQLSTATE '23514' THEN RAISE NOTICE 'no: %', a USING HINT = 'x';
        WHEN OTHERS THEN RAISE;
      END;
      ASSERT a > 0, 'never';
      IF NEW.id < 0 THEN RAISE EXCEPTION 'negative %', NEW.id; END IF;
      IF a = 9 THEN RETURN NULL; ELSEIF a = 8 THEN RETURN OLD; END IF;
      RETURN COALESCE(NEW, OLD);
    END outermost;";

#[test]
fn blocks_are_looked_through() {
    let mut found = writes(MUCH, Postgres);
    found.sort();
    let expected = [
        "aux.log: insert",
        "aux.log: update note",
        "counts: update n",
        "log: insert",
        "pairs: delete",
    ];
    // Without a schema it may be the table of any.
    found.dedup();
    assert_eq!(found, expected);
    let columns = [
        "updated_at",
        "Mixed",
        "tags",
        "seen",
        "total",
        "n",
        "word",
        "written",
    ];
    assert_eq!(changed(MUCH).unwrap(), columns);
}

#[test]
fn the_usual_triggers_are_understood() {
    let stamp = "BEGIN\n  NEW.updated_at = now();\n  RETURN NEW;\nEND;";
    assert_eq!(writes(stamp, Postgres), Vec::<String>::new());
    assert_eq!(changed(stamp).unwrap(), ["updated_at"]);
    let audit = "BEGIN
        IF (TG_OP = 'DELETE') THEN
            INSERT INTO pairs SELECT 'D', now(), current_user, OLD.*; RETURN OLD;
        ELSIF (TG_OP = 'UPDATE') THEN
            INSERT INTO pairs SELECT 'U', now(), current_user, NEW.*; RETURN NEW;
        END IF;
        RETURN NULL;
    END;";
    assert_eq!(writes(audit, Postgres), ["pairs: insert"]);
    assert_eq!(changed(audit).unwrap(), Vec::<String>::new());
    // Emptied or computed anew, as if a statement did it.
    let all = "BEGIN TRUNCATE counts; REFRESH MATERIALIZED VIEW pairs; RETURN NULL; END";
    assert_eq!(
        writes(all, Postgres),
        ["counts: Truncate { is_cascading: false }", "pairs: Refresh"]
    );
}

#[test]
fn a_row_that_is_replaced_as_a_whole_may_hold_anything() {
    for body in [
        "DECLARE r t; BEGIN RETURN r; END",
        "BEGIN NEW := pure(NEW); RETURN NEW; END",
        "BEGIN SELECT * INTO NEW FROM pairs; RETURN NEW; END",
        "BEGIN NEW.a := 1; RETURN ROW(NEW.id, 2); END",
        "BEGIN EXECUTE 'x' INTO NEW.a; RETURN NEW; END",
        "",
    ] {
        assert_eq!(changed(body), None, "{body}");
    }
}

#[test]
fn what_is_not_known_of_a_block_may_be_anything() {
    for body in [
        "BEGIN EXECUTE 'DELETE FROM log'; RETURN NEW; END",
        "BEGIN EXECUTE format('DELETE FROM %I', TG_TABLE_NAME); END",
        "BEGIN FOR r IN EXECUTE 'x' LOOP NULL; END LOOP; END",
        "BEGIN CALL p(); RETURN NEW; END",
        "BEGIN PERFORM writes_rows(1); RETURN NEW; END",
        "BEGIN NEW.a := writes_rows(1); RETURN NEW; END",
        "BEGIN NEW.a[writes_rows(1)] := 1; RETURN NEW; END",
        "BEGIN NEW.a := NEW.writes_rows; RETURN NEW; END",
        "BEGIN RETURN writes_rows(1); END",
        "BEGIN IF writes_rows(1) THEN NULL; END IF; END",
        "BEGIN IF false THEN NULL; ELSIF writes_rows(1) THEN NULL; END IF; END",
        "BEGIN CASE writes_rows(1) WHEN 1 THEN NULL; END CASE; END",
        "BEGIN CASE 1 WHEN writes_rows(1) THEN NULL; END CASE; END",
        "BEGIN CASE 1 WHEN 1 THEN NULL; ELSE CALL p(); END CASE; END",
        "BEGIN WHILE writes_rows(1) LOOP NULL; END LOOP; END",
        "BEGIN LOOP CALL p(); END LOOP; END",
        "BEGIN LOOP EXIT WHEN writes_rows(1); END LOOP; END",
        "BEGIN FOR i IN 1..writes_rows(1) LOOP NULL; END LOOP; END",
        "BEGIN FOR i IN writes_rows(1)..2 LOOP NULL; END LOOP; END",
        "BEGIN FOR i IN 1..2 BY writes_rows(1) LOOP NULL; END LOOP; END",
        "BEGIN FOR i IN 1..2 LOOP CALL p(); END LOOP; END",
        "DECLARE r record; BEGIN FOR r IN SELECT writes_rows(1) LOOP NULL; END LOOP; END",
        "DECLARE r int; BEGIN FOREACH r IN ARRAY writes_rows(1) LOOP NULL; END LOOP; END",
        "BEGIN FOR NEW IN SELECT * FROM t LOOP NULL; END LOOP; END",
        "DECLARE c CURSOR FOR SELECT writes_rows(1); BEGIN OPEN c; END",
        "DECLARE x int := writes_rows(1); BEGIN RETURN NEW; END",
        "DECLARE x ALIAS FOR NEW; BEGIN x.a := 1; RETURN NEW; END",
        "DECLARE new t; BEGIN RETURN NEW; END",
        "<<f>> BEGIN f.new.a := 1; RETURN NEW; END",
        "DECLARE f record; BEGIN f.new := 1; RETURN NEW; END",
        "BEGIN undeclared := 1; RETURN NEW; END",
        "BEGIN SELECT 1 INTO undeclared; RETURN NEW; END",
        "DECLARE x int; BEGIN SELECT 1 INTO x FROM t INTO x; RETURN NEW; END",
        "BEGIN RAISE NOTICE '%', writes_rows(1); END",
        "BEGIN RAISE EXCEPTION 'x' USING DETAIL = writes_rows(1); END",
        "BEGIN ASSERT writes_rows(1) = 1; END",
        "BEGIN NULL; EXCEPTION WHEN OTHERS THEN CALL p(); END",
        "BEGIN SET LOCAL session_replication_role = replica; END",
        "BEGIN COMMIT; END",
        "BEGIN LOCK TABLE log; END",
        "BEGIN INSERT INTO log SELECT * FROM new_rows; END",
        "BEGIN PERFORM * FROM calling_view; END",
        "BEGIN PERFORM * FROM hidden_view; END",
        "BEGIN DELETE FROM log; END; DELETE FROM log",
        "BEGIN DELETE FROM log END",
        "BEGIN NULL END IF; END",
        "NEW.a := 1",
        "DECLARE x int",
        "BEGIN NEW.a 1; END",
        "BEGIN NEW.; END",
        "BEGIN RETURN NEW; END 'open",
    ] {
        assert!(found(body, Postgres, "main", false).is_err(), "{body}");
    }
    let deep = format!("{}{}", "BEGIN ".repeat(10_000), "END; ".repeat(10_000));
    assert!(found(&deep, Postgres, "main", false).is_err());
    // What a search path of the function's own would find is found wherever it is.
    let elsewhere = "BEGIN DELETE FROM only_here; RETURN NULL; END";
    assert_eq!(writes(elsewhere, Postgres), ["aux.only_here: delete"]);
}

#[test]
fn a_condition_calls_functions_too() {
    let catalog = catalog(Postgres);
    let home = catalog.table(None, "t").unwrap();
    let of = |condition: &str| {
        let trigger = Trigger {
            condition: Some(condition.into()),
            ..trigger("BEGIN RETURN NEW; END")
        };
        effects(home, &trigger, false, &catalog).map(|writes| writes.len())
    };
    assert_eq!(of("(old.* IS DISTINCT FROM new.*)"), Ok(0));
    assert_eq!(
        of("((pg_trigger_depth() = 0) AND ((new.a)::text = 'x'::text))"),
        Ok(0)
    );
    assert!(of("writes_rows(new.id)").is_err());
    assert!(of("(new.id > ").is_err());
}

#[test]
fn the_users_word_counts_where_a_body_is_not_understood() {
    let catalog = catalog(Postgres);
    let executed = "BEGIN EXECUTE 'DELETE FROM log'; RETURN NEW; END";
    let of = |catalog: &Catalog, body: &str, declared: Option<&str>| {
        let trigger = Trigger {
            writes: declared.map(|table| vec![table.to_owned()]),
            ..trigger(body)
        };
        let home = catalog.table(None, "t").unwrap();
        let writes = effects(home, &trigger, false, catalog).ok()?;
        Some(
            writes
                .iter()
                .map(|write| write.table.name.to_string())
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(of(&catalog, executed, None), None);
    assert_eq!(of(&catalog, executed, Some("log")).unwrap(), ["main.log"]);
    assert_eq!(of(&catalog, executed, Some("nowhere")), None);
    let understood = "BEGIN DELETE FROM counts; RETURN NEW; END";
    assert_eq!(of(&catalog, understood, Some("log")).unwrap(), ["main.counts"]);
}
