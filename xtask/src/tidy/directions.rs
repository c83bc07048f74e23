//! Our crates depend on each other downwards only, siblings never; the test kit is for tests, benchmarks and automation.

use super::tree::Tree;

/// Layers from the bottom up. A crate may depend on any crate of a lower layer and on none of its own.
const LAYERS: &[&[&str]] = &[
    &["plexidb-core"],
    &[
        "plexidb-sql",
        "plexidb-drivers",
        "plexidb-pool",
        "plexidb-cache",
        "plexidb-monitor",
        "plexidb-shared",
    ],
    &["plexidb"],
    &["plexidb-workloads"],
    &["plexidb-server", "plexidb-bench", "plexidb-python"],
];

/// Knows none of the others. Every crate may use it in its tests.
const TEST_KIT: &str = "plexidb-testkit";
/// Crates that use the test kit also outside of tests.
const USERS_OF_THE_TEST_KIT: &[&str] = &["plexidb-bench", AUTOMATION];
/// Depends on the test kit and on nothing else of ours.
const AUTOMATION: &str = "xtask";

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    for own in &tree.crates {
        if !is_ours(&own.name) {
            violations.push(format!(
                "{} has no place in the layers; give it one in this rule",
                own.name
            ));
            continue;
        }
        for dependency in own
            .dependencies
            .iter()
            .filter(|dependency| is_ours(&dependency.name))
        {
            if !allowed(&own.name, &dependency.name, dependency.for_tests_only) {
                violations.push(format!(
                    "{} must not depend on {}: dependencies go down the layers, never up or sideways",
                    own.name, dependency.name
                ));
            }
        }
    }
    violations
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

fn is_ours(name: &str) -> bool {
    layer(name).is_some() || name == TEST_KIT || name == AUTOMATION
}

fn allowed(from: &str, to: &str, for_tests_only: bool) -> bool {
    if to == TEST_KIT {
        return for_tests_only || USERS_OF_THE_TEST_KIT.contains(&from);
    }
    matches!((layer(from), layer(to)), (Some(from), Some(to)) if to < from)
}

#[cfg(test)]
mod tests;
