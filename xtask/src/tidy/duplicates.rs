//! A ratchet on packages of which the lock file holds several versions: each costs build time, and two versions of one type
//! do not fit together. A new one must be argued for here; one that is gone must be taken off the list.

use std::collections::BTreeMap;

use super::tree::Tree;

/// Name, number of versions, and why we put up with it.
const KNOWN: &[(&str, usize, &str)] = &[
    (
        "base64",
        2,
        "postgres-protocol and mysql_common have the older, the pem of rcgen (tests only) the newer",
    ),
    ("bit-vec", 2, "yasna of rcgen and proptest, both for tests only"),
    (
        "block-buffer",
        2,
        "RustCrypto 0.10 in mysql_common, 0.11 in postgres-protocol",
    ),
    (
        "cpufeatures",
        2,
        "RustCrypto 0.10 in mysql_common, 0.11 in postgres-protocol",
    ),
    (
        "crypto-common",
        2,
        "RustCrypto 0.10 in mysql_common, 0.11 in postgres-protocol",
    ),
    (
        "digest",
        2,
        "RustCrypto 0.10 in mysql_common, 0.11 in postgres-protocol",
    ),
    (
        "fallible-iterator",
        2,
        "postgres-protocol has the older, rusqlite the newer",
    ),
    (
        "getrandom",
        3,
        "ring, mysql_common and rand are each at a version of their own",
    ),
    (
        "hashbrown",
        3,
        "sqlx (a peer in a benchmark) and dashmap of stateright (tests only) are each at an older one",
    ),
    ("hashlink", 2, "sqlx (a peer in a benchmark) has the older"),
    ("r-efi", 2, "getrandom on UEFI, never built by us"),
    (
        "rand",
        3,
        "shuttle and stateright (tests only) are each at an older one",
    ),
    ("rand_chacha", 2, "shuttle and stateright (tests only)"),
    (
        "rand_core",
        3,
        "shuttle and stateright (tests only) are each at an older one",
    ),
    (
        "sha2",
        2,
        "RustCrypto 0.10 in mysql_common, 0.11 in postgres-protocol",
    ),
    ("syn", 2, "the ecosystem is on its way from 2 to 3"),
    ("synstructure", 2, "follows syn"),
    ("wasi", 2, "targets that we do not build for"),
    (
        "windows-sys",
        3,
        "Windows only, each user at a version of its own",
    ),
];

pub(super) fn check(tree: &Tree) -> Vec<String> {
    compare(tree, KNOWN)
}

fn compare(tree: &Tree, known: &[(&str, usize, &str)]) -> Vec<String> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in &tree.third_party {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    let allowed = |name: &str| {
        known
            .iter()
            .find(|(known, _, _)| *known == name)
            .map_or(1, |(_, count, _)| *count)
    };
    let too_many = versions
        .iter()
        .filter(|(name, versions)| versions.len() > allowed(name))
        .map(|(name, versions)| {
            let list = versions.join(", ");
            format!("{name} is there in the versions {list}: use one, or say in this rule why not")
        });
    let gone = known.iter().filter_map(|(name, count, _)| {
        let now = versions.get(name).map_or(0, Vec::len);
        (now < *count).then(|| format!("{name} has {now} versions, no longer {count}: lower it in this rule"))
    });
    too_many.chain(gone).collect()
}

#[cfg(test)]
mod tests;
