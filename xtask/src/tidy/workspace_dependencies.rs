//! Versions are stated once, in the root's `[workspace.dependencies]`; a crate's manifest only says that it inherits them.

use toml::{Table, Value};

use super::tree::Tree;

const SECTIONS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    for own in &tree.crates {
        let Ok(manifest) = own.manifest.parse::<Table>() else {
            violations.push(format!("the manifest of {} is not TOML", own.name));
            continue;
        };
        let targets = manifest
            .get("target")
            .and_then(Value::as_table)
            .into_iter()
            .flat_map(Table::values);
        for table in targets.filter_map(Value::as_table).chain([&manifest]) {
            violations.extend(not_inherited(table).map(|name| {
                format!(
                    "{} states a version of {name}: write `{name}.workspace = true`",
                    own.name
                )
            }));
        }
    }
    violations
}

fn not_inherited(table: &Table) -> impl Iterator<Item = &str> {
    let sections = SECTIONS
        .iter()
        .filter_map(|section| table.get(*section)?.as_table());
    let dependencies = sections.flat_map(Table::iter);
    dependencies.filter_map(|(name, value)| {
        let inherits = value.get("workspace").and_then(Value::as_bool) == Some(true);
        (!inherits).then_some(name.as_str())
    })
}

#[cfg(test)]
mod tests;
