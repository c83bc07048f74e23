//! BEGIN, COMMIT and their kin, as the library can do them.
//!
//! Connections are pooled, so that such a statement is never sent as it is. What the library cannot do is refused here,
//! never done differently.

use plexidb::{Dialect, Isolation, TransactionControl, TransactionOptions};

#[cfg(test)]
mod tests;

/// What is to be done with the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Begin(TransactionOptions),
    Commit,
    RollBack,
    Savepoint(String),
    Release(String),
    RollBackTo(String),
}

/// Reads a statement of this kind. `normalised` is its text with single blanks and without comments.
///
/// # Errors
///
/// What is not supported, for the user.
pub(super) fn read(
    control: TransactionControl,
    normalised: &str,
    dialect: Dialect,
) -> Result<Control, String> {
    let mut words = Words(normalised);
    match control {
        TransactionControl::Begin => options(words, dialect).map(Control::Begin),
        TransactionControl::Commit => plain(words, &["COMMIT", "END"]).map(|()| Control::Commit),
        TransactionControl::Rollback => plain(words, &["ROLLBACK", "ABORT"]).map(|()| Control::RollBack),
        TransactionControl::Savepoint => {
            words.skip("SAVEPOINT");
            words.name().map(Control::Savepoint)
        }
        TransactionControl::Release => {
            words.skip("RELEASE");
            words.skip("SAVEPOINT");
            words.name().map(Control::Release)
        }
        TransactionControl::RollbackTo => {
            for word in ["ROLLBACK", "WORK", "TRANSACTION", "TO", "SAVEPOINT"] {
                words.skip(word);
            }
            words.name().map(Control::RollBackTo)
        }
    }
}

/// The rest of a statement, read word by word.
#[derive(Clone, Copy)]
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn peek(self) -> &'a str {
        self.0.trim_start().split([' ', ',']).next().unwrap_or_default()
    }

    /// Passes over the word where it comes next.
    fn skip(&mut self, word: &str) -> bool {
        let next = self.peek();
        let is_next = next.eq_ignore_ascii_case(word);
        if is_next {
            let rest = self.0.trim_start();
            self.0 = rest
                .get(next.len()..)
                .unwrap_or_default()
                .trim_start_matches([' ', ',']);
        }
        is_next
    }

    fn skip_all(&mut self, words: &[&str]) -> bool {
        let before = *self;
        let all = words.iter().all(|word| self.skip(word));
        if !all {
            *self = before;
        }
        all
    }

    /// What is left, as the name of a savepoint.
    fn name(self) -> Result<String, String> {
        match self.0.trim() {
            "" => Err("the savepoint has no name".to_owned()),
            name => Ok(name.to_owned()),
        }
    }
}

fn plain(mut words: Words<'_>, names: &[&str]) -> Result<(), String> {
    let statement = words.0;
    let is_known = names.iter().any(|name| words.skip(name));
    let _ = words.skip("WORK") || words.skip("TRANSACTION");
    words.skip_all(&["AND", "NO", "CHAIN"]);
    if is_known && words.0.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{statement} is not supported here; use plain COMMIT or ROLLBACK"
    ))
}

fn options(mut words: Words<'_>, dialect: Dialect) -> Result<TransactionOptions, String> {
    let mut options = TransactionOptions::default();
    let _ = words.skip("BEGIN") || words.skip("START");
    // SQLite's transactions begin with the write lock anyway: there is nothing that a deferred one could not do.
    let _ = dialect == Dialect::Sqlite && (words.skip("IMMEDIATE") || words.skip("DEFERRED"));
    let _ = words.skip("WORK") || words.skip("TRANSACTION");
    while !words.0.is_empty() {
        if words.skip_all(&["ISOLATION", "LEVEL"]) {
            options.isolation = Some(isolation(&mut words)?);
        } else if words.skip_all(&["READ", "ONLY"]) {
            options.read_only = true;
        } else if !words.skip_all(&["READ", "WRITE"]) {
            return Err(format!(
                "BEGIN … {} is not supported here; BEGIN takes ISOLATION LEVEL … and READ ONLY",
                words.0
            ));
        }
    }
    Ok(options)
}

fn isolation(words: &mut Words<'_>) -> Result<Isolation, String> {
    if words.skip("SERIALIZABLE") {
        Ok(Isolation::Serializable)
    } else if words.skip_all(&["REPEATABLE", "READ"]) {
        Ok(Isolation::RepeatableRead)
    } else if words.skip_all(&["READ", "COMMITTED"]) {
        Ok(Isolation::ReadCommitted)
    } else {
        Err(format!(
            "isolation level {} is not supported; there are READ COMMITTED, REPEATABLE READ and SERIALIZABLE",
            words.0
        ))
    }
}
