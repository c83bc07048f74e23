//! Every crate of ours says `MIT OR Apache-2.0`; every other package can be used under licences that ask no more than that.

use super::tree::Tree;

const OUR_LICENCE: &str = "MIT OR Apache-2.0";

/// Licences without conditions on the users of a program, and the weak ones for data that we pass on unchanged.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let ours = tree
        .crates
        .iter()
        .filter(|own| own.licence.as_deref() != Some(OUR_LICENCE))
        .map(|own| {
            format!(
                "{} must have `license.workspace = true`, that is {OUR_LICENCE}",
                own.name
            )
        });
    let theirs = tree.third_party.iter().filter_map(|package| {
        let (name, version) = (&package.name, &package.version);
        match &package.licence {
            None => Some(format!("{name} {version} names no licence")),
            Some(licence) if !acceptable(licence) => Some(format!(
                "{name} {version} has the licence {licence}, which is not in the list of this rule"
            )),
            Some(_) => None,
        }
    });
    ours.chain(theirs).collect()
}

/// Whether an SPDX expression can be fulfilled with allowed licences alone. Old manifests write `/` for `OR`.
fn acceptable(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let verdict = any(&mut rest);
    verdict && rest.is_empty()
}

fn any(words: &mut &[&str]) -> bool {
    let mut verdict = all(words);
    while take(words, "OR") {
        // Evaluated before it is combined: the words have to be consumed in any case.
        let next = all(words);
        verdict = verdict || next;
    }
    verdict
}

fn all(words: &mut &[&str]) -> bool {
    let mut verdict = one(words);
    while take(words, "AND") {
        let next = one(words);
        verdict = verdict && next;
    }
    verdict
}

fn one(words: &mut &[&str]) -> bool {
    if take(words, "(") {
        let verdict = any(words);
        return take(words, ")") && verdict;
    }
    let Some((licence, rest)) = words.split_first() else {
        return false;
    };
    *words = rest;
    let mut licence = licence.to_string();
    if take(words, "WITH")
        && let Some((exception, rest)) = words.split_first()
    {
        *words = rest;
        licence = format!("{licence} WITH {exception}");
    }
    ALLOWED.contains(&licence.as_str())
}

fn take(words: &mut &[&str], word: &str) -> bool {
    match words.split_first() {
        Some((first, rest)) if *first == word => {
            *words = rest;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
