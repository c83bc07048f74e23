//! The cache keeps what was used last.

use super::*;

fn insert(cache: &mut StatementCache, sql: &str) {
    let name = cache.next_name();
    let statement = Statement::new(name, &[], Vec::new(), &TypeRegistry::default());
    cache.insert(sql, Arc::new(statement));
}

#[test]
fn the_least_recently_used_statement_goes_first_and_is_closed() {
    let mut cache = StatementCache::new(2);
    insert(&mut cache, "a");
    insert(&mut cache, "b");
    assert_eq!(cache.get("a").unwrap().name, "s1");
    insert(&mut cache, "c");
    assert!(cache.get("b").is_none());
    assert_eq!(cache.take_dropped(), ["s2"]);
    assert!(cache.get("a").is_some() && cache.get("c").is_some());
}

#[test]
fn without_room_each_statement_is_closed_after_its_use() {
    let mut cache = StatementCache::new(0);
    insert(&mut cache, "a");
    assert!(cache.get("a").is_none());
    assert_eq!(cache.take_dropped(), ["s1"]);
    assert!(cache.take_dropped().is_empty());
}
