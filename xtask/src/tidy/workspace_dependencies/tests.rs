//! A version that a crate states itself is found in every section where cargo looks for dependencies.

use super::*;
use crate::tidy::tree::OwnCrate;

fn violations(manifest: &str) -> Vec<String> {
    let own = OwnCrate {
        name: "a".into(),
        manifest: manifest.into(),
        ..OwnCrate::default()
    };
    check(&Tree {
        crates: vec![own],
        ..Tree::default()
    })
}

#[test]
fn inherited_dependencies_pass() {
    let manifest =
        "[dependencies]\nserde.workspace = true\ntokio = { workspace = true, features = [\"rt\"] }\n";
    assert_eq!(violations(manifest), [""; 0]);
}

#[test]
fn a_version_of_its_own_is_found_in_every_section() {
    for section in [
        "dependencies",
        "dev-dependencies",
        "build-dependencies",
        "target.'cfg(unix)'.dependencies",
    ] {
        for value in ["\"1\"", "{ version = \"1\" }", "{ path = \"../serde\" }"] {
            assert_eq!(
                violations(&format!("[{section}]\nserde = {value}\n")),
                ["a states a version of serde: write `serde.workspace = true`"],
                "{section} {value}"
            );
        }
    }
}
