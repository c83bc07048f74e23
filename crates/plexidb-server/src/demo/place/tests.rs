//! Which database is meant.

use std::path::{Path, PathBuf};

use super::{Place, cache_folder, url_of};

fn folder(variables: &[(&str, &str)]) -> Option<PathBuf> {
    cache_folder(|name| {
        variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| PathBuf::from(value))
    })
}

#[test]
fn the_cache_folder_is_the_users() {
    assert_eq!(
        folder(&[("XDG_CACHE_HOME", "/c"), ("HOME", "/h")]),
        Some("/c/plexidb".into())
    );
    assert_eq!(
        folder(&[("XDG_CACHE_HOME", "relative"), ("HOME", "/h")]),
        Some("/h/.cache/plexidb".into())
    );
    assert_eq!(folder(&[("HOME", "/h")]), Some("/h/.cache/plexidb".into()));
    assert_eq!(folder(&[]), None);
}

#[test]
fn a_path_means_a_sqlite_file_that_may_be_missing() {
    for (db, url) in [
        ("chat.db", "sqlite:chat.db?mode=rwc"),
        ("/tmp/50 %?#.db", "sqlite:/tmp/50 %25%3F%23.db?mode=rwc"),
        ("C:\\chat.db", "sqlite:C:\\chat.db?mode=rwc"),
        ("sqlite:chat.db", "sqlite:chat.db?mode=rwc"),
        ("sqlite:chat.db?mode=rw", "sqlite:chat.db?mode=rw"),
        ("postgres://me@localhost/chat", "postgres://me@localhost/chat"),
    ] {
        assert_eq!(url_of(db), url);
    }
}

#[test]
fn only_the_demos_own_file_may_be_deleted() {
    let own = Place::of(None, Some(Path::new("/d")), true).unwrap();
    assert_eq!(own.own_file, Some("/d/demo-small.db".into()));
    assert_eq!(
        Place::of(Some("/d/demo-small.db"), None, true).unwrap().own_file,
        None
    );
}
