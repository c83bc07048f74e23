//! Which statement goes, and who has to close it.

use super::Statements;

fn get(statements: &mut Statements<u32>, sql: &str) -> Option<u32> {
    statements.get(sql).map(|prepared| prepared.statement)
}

#[test]
fn the_one_that_was_used_longest_ago_goes_first() {
    let mut statements = Statements::new(2);
    assert_eq!(statements.add("a", 1), None);
    assert_eq!(statements.add("b", 2), None);
    assert_eq!(get(&mut statements, "a"), Some(1));
    assert_eq!(statements.add("c", 3), Some(2));
    assert_eq!(get(&mut statements, "b"), None);
    assert_eq!(get(&mut statements, "a"), Some(1));
    assert_eq!(get(&mut statements, "c"), Some(3));
}

#[test]
fn a_cache_for_nothing_gives_every_statement_back() {
    let mut statements = Statements::new(0);
    assert_eq!(statements.add("a", 1), Some(1));
    assert_eq!(get(&mut statements, "a"), None);
}

#[test]
fn forgotten_statements_are_handed_back_to_be_closed() {
    let mut statements = Statements::new(4);
    statements.add("a", 1);
    statements.add("b", 2);
    assert_eq!(statements.remove("a"), Some(1));
    assert_eq!(statements.remove("a"), None);
    assert_eq!(statements.drain(), [2]);
    assert_eq!(get(&mut statements, "b"), None);
}
