//! Where statements and commands begin and end.

use plexidb::Dialect;

use super::Piece::{Command, Statement};
use super::{is_finished, pieces};

#[test]
fn commands_end_with_their_line_and_statements_with_their_delimiter() {
    let script = "SELECT 1;\n\\d users\nSELECT ';' ;\n\\timing on\n";
    let found = pieces(script, Dialect::Sqlite);
    assert_eq!(
        found,
        [
            Statement("SELECT 1"),
            Command("\\d users"),
            Statement("SELECT ';'"),
            Command("\\timing on")
        ]
    );
}

#[test]
fn a_backslash_within_a_statement_is_none_of_ours() {
    assert_eq!(
        pieces("SELECT '\n\\d'", Dialect::Sqlite),
        [Statement("SELECT '\n\\d'")]
    );
    assert_eq!(pieces("-- nothing\n;;", Dialect::Postgres), []);
}

#[test]
fn the_shell_reads_on_until_the_statement_is_complete() {
    for open in ["SELECT 1", "SELECT ';", "SELECT 1; SELECT 2", "SELECT 1 /* ;"] {
        assert!(!is_finished(open, Dialect::Sqlite), "{open} must go on");
    }
    for complete in ["SELECT 1;", "", "  ", "\\d", "SELECT 1; -- done", ";"] {
        assert!(
            is_finished(complete, Dialect::Sqlite),
            "{complete} must be complete"
        );
    }
    let trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b;";
    assert!(!is_finished(trigger, Dialect::Sqlite));
    assert!(is_finished(&format!("{trigger} END;"), Dialect::Sqlite));
}

#[test]
fn another_delimiter_lasts_until_the_usual_one_is_back() {
    let body = "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END//";
    assert!(!is_finished(body, Dialect::MySql));
    assert!(is_finished(&format!("{body}\nDELIMITER ;"), Dialect::MySql));
}
