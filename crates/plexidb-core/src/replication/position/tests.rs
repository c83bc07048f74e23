//! The order of positions, against plain models, and texts that are none.

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Position {
    text.parse().unwrap()
}

const UUID_A: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const UUID_B: &str = "4e11fa47-71ca-11e1-9e33-c80aa9429562";

#[test]
fn a_log_covers_what_is_before_on_its_own_timeline() {
    assert!(at("wal:1@1/0").covers(&at("wal:1@0/FFFFFFFF")));
    assert!(at("wal:1@0/28").covers(&at("wal:1@0/28")));
    assert!(!at("wal:1@0/27").covers(&at("wal:1@0/28")));
    assert!(!at("wal:2@5/0").covers(&at("wal:1@0/28")));
    assert!(!at("wal:1@5/0").covers(&at("wal:2@0/28")));
    assert_eq!(at("wal:7@5/0").timeline(), Some(7));
    assert_eq!(at("mariadb:0-1-5").timeline(), None);
}

#[test]
fn domains_are_covered_one_by_one() {
    assert!(at("mariadb:0-1-100,7-1-3").covers(&at("mariadb:7-1-3")));
    assert!(at("mariadb:0-2-101").covers(&at("mariadb:0-1-100")));
    assert!(at("mariadb:0-1-5").covers(&at("mariadb:")));
    assert!(!at("mariadb:").covers(&at("mariadb:0-1-5")));
    assert!(!at("mariadb:0-1-100").covers(&at("mariadb:0-1-1,7-1-3")));
    assert!(!at("mariadb:1-1-100").covers(&at("mariadb:0-1-1")));
    // Two servers have given out the same number: one of the commits is not in the other's history.
    assert!(!at("mariadb:0-2-100").covers(&at("mariadb:0-1-100")));
}

#[test]
fn sources_are_covered_one_by_one() {
    let both = at(&format!("mysql:{UUID_A}:1-5,{UUID_B}:1-7"));
    assert!(both.covers(&at(&format!("mysql:{UUID_B}:1-7"))));
    assert!(!both.covers(&at(&format!("mysql:{UUID_B}:1-8"))));
    assert!(!at(&format!("mysql:{UUID_A}:1-9")).covers(&both));
}

#[test]
fn servers_of_two_kinds_do_not_compare() {
    let all = [at("wal:1@0/1"), at("mariadb:"), at("mysql:")];
    for (index, one) in all.iter().enumerate() {
        for (other_index, other) in all.iter().enumerate() {
            assert_eq!(one.covers(other), index == other_index, "{one} {other}");
            assert_eq!(one.join(other).is_some(), index == other_index, "{one} {other}");
        }
    }
}

#[test]
fn what_a_server_has_written_and_what_it_has_replayed_join() {
    let joined = at("mariadb:0-1-100,2-1-1").join(&at("mariadb:0-2-101,1-1-7"));
    assert_eq!(joined, Some(at("mariadb:0-2-101,1-1-7,2-1-1")));
    assert_eq!(at("mariadb:0-1-100").join(&at("mariadb:0-2-100")), None);
    assert_eq!(at("wal:1@0/1").join(&at("wal:1@0/2")), Some(at("wal:1@0/2")));
    assert_eq!(at("wal:1@0/1").join(&at("wal:2@0/2")), None);
}

#[test]
fn sets_as_mysql_sends_them() {
    let set = |text: &str| Position::from_mysql(text).unwrap();
    assert_eq!(
        set(&format!("{UUID_A}:1-5,\n{UUID_B}:1")),
        Some(at(&format!("mysql:{UUID_A}:1-5,{UUID_B}:1-1")))
    );
    assert_eq!(set(""), Some(at("mysql:")));
    for unclear in ["1-3:5-9", "2-3", "1-3:tag:1-2", "tag:1-2"] {
        assert_eq!(set(&format!("{UUID_A}:{unclear}")), None, "{unclear}");
    }
}

#[test]
fn garbage_is_an_error_that_tells_what_was_expected() {
    for lsn in [
        "",
        "0",
        "0/",
        "/1",
        "+0/1",
        "0/-1",
        "0/1G",
        "0/123456789",
        "0/1/2",
        " 0/1",
    ] {
        let error = Position::from_wal(1, lsn).unwrap_err().to_string();
        assert!(error.contains("0/16B3748"), "{error}");
    }
    for gtids in [
        "0",
        "0-1",
        "0-1-",
        "0-1-2-3",
        "a-1-1",
        "0-1-+2",
        "0-1-1,",
        "0-1-1,0-2-2",
        "4294967296-1-1",
        "0-1-18446744073709551616",
    ] {
        Position::from_mariadb(gtids).unwrap_err();
    }
    for part in [
        "",
        ":",
        ":0-1",
        ":3-2",
        ":1-",
        ":1-2-3",
        ":1-18446744073709551616",
        ":1:",
        ":-",
    ] {
        Position::from_mysql(&format!("{UUID_A}{part}")).unwrap_err();
    }
    for set in [
        format!("{UUID_A}:1,{UUID_A}:1"),
        format!("{UUID_A}0:1"),
        "3e11fa47:1".to_owned(),
    ] {
        Position::from_mysql(&set).unwrap_err();
    }
    for text in ["", "wal", "wal:1", "wal:@0/1", "wal:-1@0/1", "lsn:1@0/1", "mysql"] {
        text.parse::<Position>().unwrap_err();
    }
}

#[test]
fn a_position_is_bounded() {
    let list = |count: usize| {
        let gtids: Vec<String> = (0..count).map(|domain| format!("{domain}-1-1")).collect();
        gtids.join(",")
    };
    Position::from_mariadb(&list(Position::MEMBERS_MAX)).unwrap();
    let error = Position::from_mariadb(&list(Position::MEMBERS_MAX + 1)).unwrap_err();
    assert!(error.to_string().len() < 300, "{error}");
}

fn log() -> impl Strategy<Value = Position> {
    (0..3u32, 0..4u64).prop_map(|(timeline, lsn)| Position::from_wal_bytes(timeline, lsn))
}

/// Few domains, servers and numbers, so that equal ones meet.
fn gtids() -> impl Strategy<Value = Position> {
    proptest::collection::btree_map(0..3u32, (1..3u32, 1..4u64), 0..3).prop_map(|domains| {
        let gtids = domains
            .iter()
            .map(|(domain, (server, sequence))| format!("{domain}-{server}-{sequence}"));
        Position::from_mariadb(&gtids.collect::<Vec<_>>().join(",")).unwrap()
    })
}

fn sets() -> impl Strategy<Value = Position> {
    proptest::collection::btree_map(0..3u128, 1..4u64, 0..3).prop_map(|sources| {
        let sources = sources
            .into_iter()
            .map(|(source, last)| SourceGtids { source, last });
        Position(History::Sources(sources.collect()))
    })
}

fn any_position() -> impl Strategy<Value = Position> {
    prop_oneof![log(), gtids(), sets()]
}

proptest! {
    #[test]
    fn the_text_form_is_the_position(position in any_position()) {
        prop_assert_eq!(at(&position.to_string()), position);
    }

    #[test]
    fn covering_is_a_partial_order(a in any_position(), b in any_position(), c in any_position()) {
        prop_assert!(a.covers(&a));
        prop_assert_eq!(a.covers(&b) && b.covers(&a), a == b);
        prop_assert!(!(a.covers(&b) && b.covers(&c)) || a.covers(&c));
        prop_assert_eq!(a >= b, a.covers(&b));
        prop_assert_eq!(a < b, b.covers(&a) && a != b);
    }

    #[test]
    fn a_join_is_the_least_that_covers_both(a in gtids(), b in gtids(), other in gtids()) {
        match a.join(&b) {
            Some(join) => {
                prop_assert!(join.covers(&a) && join.covers(&b));
                prop_assert!(!(other.covers(&a) && other.covers(&b)) || other.covers(&join));
                prop_assert_eq!(b.join(&a), Some(join));
            }
            None => prop_assert!(!a.covers(&b) && !b.covers(&a)),
        }
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,40}", hexes in "[0-9a-f:,/@-]{0,60}") {
        for text in [&text, &hexes] {
            let _ = Position::from_wal(1, text);
            let _ = Position::from_mariadb(text);
            let _ = Position::from_mysql(text);
            for kind in ["", "wal:", "mariadb:", "mysql:"] {
                if let Ok(position) = format!("{kind}{text}").parse::<Position>() {
                    prop_assert_eq!(at(&position.to_string()), position);
                }
            }
        }
    }
}
