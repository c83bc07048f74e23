//! The databases' own functions: which are fixed by their arguments, and which are not but write no table.
//!
//! Invariant: a function is on a list only if every form of it behaves so; a user's table is never read by one.

mod mysql;
mod postgres;
mod sqlite;

pub(super) use mysql::mysql;
pub(super) use postgres::{is_silent_extension, postgres};
pub(super) use sqlite::sqlite;

/// How one of the database's own functions behaves. None of them writes a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builtin {
    /// Fixed by its arguments and the settings of the session.
    Pure,
    /// By the current time.
    Time,
    /// By the session's or the server's state.
    Session,
    /// By nothing.
    Volatile,
}

/// Whether a list of names, separated by blanks, holds this one.
fn holds(list: &str, name: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == name)
}

#[cfg(test)]
mod tests {
    use super::{mysql, postgres, sqlite};

    /// A name on two lists of one database would be judged by the order of the lists.
    #[test]
    fn no_name_is_on_two_lists() {
        for (database, lists) in [
            ("mysql", mysql::LISTS),
            ("postgres", postgres::LISTS),
            ("sqlite", sqlite::LISTS),
        ] {
            let mut names: Vec<&str> = lists
                .iter()
                .flat_map(|list| list.split_ascii_whitespace())
                .collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{database}");
        }
    }
}
