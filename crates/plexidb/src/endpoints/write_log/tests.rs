//! A write is found by all that depends on what it touched.

use plexidb_core::{Facet, Place, Tag};
use plexidb_sql::{Dependence, Dependencies};

use super::WriteLog;

fn on(tag: Tag) -> Dependencies {
    Dependencies {
        known: Dependence {
            always: [tag].into_iter().collect(),
            ..Dependence::default()
        },
        ..Dependencies::default()
    }
}

#[test]
fn the_last_write_counts_that_touched_what_a_read_depends_on() {
    let log = WriteLog::new();
    let (users, notes) = (Tag::table("public", "users"), Tag::table("public", "notes"));
    assert_eq!(log.newest(&on(users)), 0);
    log.note(&[users]);
    log.note(&[notes]);
    assert_eq!((log.newest(&on(users)), log.newest(&on(notes))), (1, 2));
    assert_eq!(log.acknowledged(), 2);
    log.note(&[Tag::DATABASE]);
    assert_eq!((log.newest(&on(users)), log.newest(&on(notes))), (3, 3));
}

#[test]
fn what_a_result_may_depend_on_counts_wherever_it_is_named() {
    let log = WriteLog::new();
    let column = Place::table("public", "users").tag(Facet::column("name"));
    log.note(&[column]);
    let dependence = Dependence {
        unless_found: [column].into_iter().collect(),
        ..Dependence::default()
    };
    let unknown = Dependencies {
        unknown: dependence,
        ..Dependencies::default()
    };
    assert_eq!(log.newest(&unknown), 1);
    let guarded = Dependencies {
        guards: vec![plexidb_sql::Guard {
            known: [column].into_iter().collect(),
            ..Default::default()
        }],
        ..Dependencies::default()
    };
    assert_eq!(log.newest(&guarded), 1);
}
