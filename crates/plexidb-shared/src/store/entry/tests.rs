//! Keys differ where answers may.

use std::collections::HashSet;

use super::*;

#[test]
fn every_part_of_a_key_tells_it_apart() {
    let base = KeyParts {
        database: "chat",
        catalog: 1,
        scope: b"",
        sql: "SELECT 1",
        params: &[],
    };
    let keys = [
        base,
        KeyParts {
            database: "cha",
            ..base
        },
        KeyParts { catalog: 2, ..base },
        KeyParts { scope: b"t", ..base },
        KeyParts {
            database: "cha",
            scope: b"t",
            ..base
        },
        KeyParts {
            sql: "SELECT 2",
            ..base
        },
        KeyParts {
            params: &[ValueRef::Int(1)],
            ..base
        },
        KeyParts {
            params: &[ValueRef::UInt(1)],
            ..base
        },
        KeyParts {
            params: &[ValueRef::Text("1")],
            ..base
        },
        KeyParts {
            params: &[ValueRef::Text("ab"), ValueRef::Text("c")],
            ..base
        },
        KeyParts {
            params: &[ValueRef::Text("a"), ValueRef::Text("bc")],
            ..base
        },
    ];
    let distinct: HashSet<EntryKey> = keys.iter().map(EntryKey::new).collect();
    assert_eq!(distinct.len(), keys.len());
    assert_eq!(EntryKey::new(&base), EntryKey::new(&base));
}
