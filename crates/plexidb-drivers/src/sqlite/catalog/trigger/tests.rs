//! What SQLite keeps of a trigger tells when it acts and what it does.

use plexidb_core::TriggerTiming;

use super::trigger;

fn body(create: &str) -> Option<String> {
    trigger("t", create).body
}

#[test]
fn timing_event_and_body_are_read() {
    let found = trigger(
        "log",
        "CREATE TRIGGER log AFTER UPDATE OF name, age ON users FOR EACH ROW WHEN NEW.name <> 'BEGIN'\n\
         BEGIN INSERT INTO audit VALUES (NEW.id); END;",
    );
    assert_eq!(found.timing, TriggerTiming::After);
    assert!(found.is_on_update && !found.is_on_insert && !found.is_on_delete);
    assert_eq!(
        found.body.as_deref(),
        Some("BEGIN INSERT INTO audit VALUES (NEW.id); END")
    );
    let instead = trigger(
        "v",
        "create temp trigger if not exists main.v instead of delete on view begin select 1; end",
    );
    assert!(instead.is_on_delete && instead.timing == TriggerTiming::Before);
    assert_eq!(instead.body.as_deref(), Some("begin select 1; end"));
}

#[test]
fn strange_names_do_not_matter() {
    for create in [
        "CREATE TRIGGER before BEFORE INSERT ON t BEGIN SELECT 1; END",
        "CREATE TRIGGER \"a begin\" INSERT ON t BEGIN SELECT 1; END",
        "CREATE TRIGGER [begin] AFTER INSERT ON [begin] BEGIN SELECT 1; END",
        "CREATE TRIGGER main.\"x\" /* BEGIN */ AFTER INSERT ON t -- BEGIN\n WHEN NEW.begin > 1 BEGIN SELECT 1; END",
    ] {
        assert_eq!(body(create).as_deref(), Some("BEGIN SELECT 1; END"), "{create}");
    }
}

#[test]
fn what_is_not_understood_may_do_anything() {
    for create in [
        "",
        "CREATE TRIGGER",
        "CREATE TRIGGER t AFTER NOTHING ON x BEGIN SELECT 1; END",
        "CREATE TRIGGER t AFTER INSERT ON x",
    ] {
        let found = trigger("t", create);
        assert!(
            found.body.is_none() && found.is_on_insert && found.is_on_update && found.is_on_delete,
            "{create}"
        );
    }
}
