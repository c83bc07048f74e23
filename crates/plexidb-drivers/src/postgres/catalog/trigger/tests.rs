//! What PostgreSQL tells of a trigger, and what it leaves open.

use plexidb_core::{Trigger, TriggerTiming};

use super::{Definition, trigger};

fn of(acts_on: &str, conditional: Option<&str>) -> Trigger {
    trigger(Definition {
        name: "t".into(),
        acts_on: acts_on.into(),
        conditional: conditional.map(str::to_owned),
        body: Some("BEGIN RETURN NEW; END".into()),
    })
}

#[test]
fn only_triggers_of_rows_change_what_is_written() {
    for (bits, timing) in [
        ("19", TriggerTiming::Before),
        ("18", TriggerTiming::After),
        ("17", TriggerTiming::After),
        ("81", TriggerTiming::Before),
    ] {
        let found = of(bits, None);
        assert_eq!(found.timing, timing, "{bits}");
        assert!(found.is_on_update && !found.is_on_insert && !found.is_on_delete);
    }
    let on_truncate = of("32", None);
    assert!(!on_truncate.is_on_insert && !on_truncate.is_on_update && !on_truncate.is_on_delete);
    assert!(of("29", None).is_on_insert && of("29", None).is_on_delete);
}

#[test]
fn a_condition_is_told_or_nothing_is() {
    let create = "CREATE TRIGGER t BEFORE UPDATE ON public.a FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) \
                  EXECUTE FUNCTION public.f('x')";
    let found = of("19", Some(create));
    assert_eq!(found.condition.as_deref(), Some("(old.* IS DISTINCT FROM new.*)"));
    assert!(found.body.is_some());
    for doubtful in [
        "CREATE TRIGGER \" WHEN (\" BEFORE UPDATE ON a FOR EACH ROW WHEN (f()) EXECUTE FUNCTION f()",
        "CREATE TRIGGER t BEFORE UPDATE ON a FOR EACH ROW WHEN (f()) EXECUTE FUNCTION f(' EXECUTE ')",
        "CREATE TRIGGER t BEFORE UPDATE ON a FOR EACH ROW EXECUTE FUNCTION f()",
    ] {
        assert_eq!(of("19", Some(doubtful)), Trigger::unknown("t"), "{doubtful}");
    }
    assert_eq!(of("no number", None), Trigger::unknown("t"));
}
