//! What is wrong with a configuration: all of it at once, each with its place and its remedy.
//!
//! Invariant: no message contains a value, since any value may be a secret that landed under the wrong key.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// Where: `file:line:column`, the name of an environment variable, or a setting of the builder.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub advice: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.what, self.advice)
    }
}

/// Problems while they are gathered.
#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<ConfigProblem>);

impl Problems {
    pub(super) fn add(
        &mut self,
        place: impl Into<String>,
        what: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.0.push(ConfigProblem {
            place: place.into(),
            what: what.into(),
            advice: advice.into(),
        });
    }
}

/// Everything that is wrong with a configuration, at least one problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub(super) Vec<ConfigProblem>);

impl ConfigErrors {
    /// The problems, in the order of the sources: file, environment, builder, then what only their sum shows.
    #[must_use]
    pub fn problems(&self) -> &[ConfigProblem] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [problem] => write!(f, "the configuration is wrong: {problem}"),
            problems => {
                write!(f, "the configuration has {} problems:", problems.len())?;
                problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}

impl std::error::Error for ConfigErrors {}
