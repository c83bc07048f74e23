//! Where the history is, and who may read it.

use std::path::PathBuf;

use super::{folder, make_private};

fn variables(given: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<PathBuf> {
    move |name| {
        given
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| PathBuf::from(value))
    }
}

#[test]
fn the_state_folder_is_the_users() {
    let home_only = variables(&[("HOME", "/home/ada")]);
    assert_eq!(folder(&home_only), Some("/home/ada/.local/state/plexidb".into()));
    let both = variables(&[("HOME", "/home/ada"), ("XDG_STATE_HOME", "/state")]);
    assert_eq!(folder(&both), Some("/state/plexidb".into()));
    let relative = variables(&[("HOME", "/home/ada"), ("XDG_STATE_HOME", "state")]);
    assert_eq!(folder(&relative), Some("/home/ada/.local/state/plexidb".into()));
    assert_eq!(folder(&variables(&[])), None);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_history_even_if_that_was_so_before() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plexidb/history");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    make_private(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
    std::fs::write(&path, "SELECT 1;\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    make_private(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "SELECT 1;\n");
}
