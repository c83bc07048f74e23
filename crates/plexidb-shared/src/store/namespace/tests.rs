//! Names that would mean something to a store are refused.

use super::*;

#[test]
fn patterns_hash_tags_and_blanks_are_no_namespaces() {
    for name in ["app", "my-app:prod.2", &"x".repeat(64)] {
        assert_eq!(Namespace::new(name).unwrap().as_str(), name);
    }
    for name in ["", "a*", "a?b", "[a]", "{a}", "a b", "ž", &"x".repeat(65)] {
        assert_eq!(Namespace::new(name), Err(MalformedNamespace), "{name}");
    }
}
