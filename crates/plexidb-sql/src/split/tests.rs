//! Scripts and their statements.

use plexidb_core::Dialect::{self, MySql, Postgres, Sqlite};

use super::{StatementEnd, split_statements};

fn texts(script: &str, dialect: Dialect) -> Vec<&str> {
    split_statements(script, dialect)
        .map(|statement| statement.text(script))
        .collect()
}

fn ends(script: &str, dialect: Dialect) -> Vec<StatementEnd> {
    split_statements(script, dialect)
        .map(|statement| statement.end)
        .collect()
}

#[test]
fn delimiters_inside_literals_names_and_comments_split_nothing() {
    let script = "SELECT ';' /* ; */ FROM \"a;b\" -- ;\n; SELECT 2";
    for dialect in [Sqlite, Postgres, MySql] {
        assert_eq!(
            texts(script, dialect),
            ["SELECT ';' /* ; */ FROM \"a;b\" -- ;", "SELECT 2"],
            "{dialect}"
        );
    }
    assert_eq!(
        texts("SELECT $$;$$; SELECT 2", Postgres),
        ["SELECT $$;$$", "SELECT 2"]
    );
    assert_eq!(
        texts("SELECT '\\';'; SELECT 2", MySql),
        ["SELECT '\\';'", "SELECT 2"]
    );
}

#[test]
fn empty_statements_and_lone_comments_are_left_out() {
    assert_eq!(texts(";; SELECT 1 ;; -- the end\n", Sqlite), ["SELECT 1"]);
    assert_eq!(texts("-- one\n;/* two */", Postgres), Vec::<&str>::new());
    assert_eq!(
        texts("/*!40101 SET NAMES utf8 */;", MySql),
        ["/*!40101 SET NAMES utf8 */"]
    );
}

#[test]
fn the_end_tells_a_shell_whether_to_read_on() {
    use StatementEnd::{Delimiter, EndOfText, Unterminated};
    assert_eq!(ends("SELECT 1; SELECT 2", Sqlite), [Delimiter, EndOfText]);
    assert_eq!(ends("SELECT 'a", Sqlite), [Unterminated]);
    assert_eq!(ends("SELECT \"a", Postgres), [Unterminated]);
    assert_eq!(ends("SELECT 1 /* a", MySql), [Unterminated]);
    assert_eq!(ends("/* a", MySql), [Unterminated]);
    assert_eq!(ends("SELECT $x$ a;", Postgres), [Unterminated]);
    assert_eq!(ends("SELECT (1;", Postgres), [Unterminated]);
    assert_eq!(ends("SELECT (1;", Sqlite), [Delimiter]);
    assert_eq!(
        ends("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;", Sqlite),
        [Unterminated]
    );
}

#[test]
fn bodies_of_triggers_and_routines_stay_whole() {
    let trigger = "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET c = CASE WHEN 1 THEN 2 END; DELETE FROM d; END";
    let script = format!("{trigger}; SELECT 1");
    assert_eq!(texts(&script, Sqlite), [trigger, "SELECT 1"]);

    let atomic =
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END";
    let script = format!("{atomic}; SELECT 1");
    assert_eq!(texts(&script, Postgres), [atomic, "SELECT 1"]);
    let rule = "CREATE RULE r AS ON INSERT TO a DO (DELETE FROM b; DELETE FROM c)";
    let script = format!("{rule}; SELECT 1");
    assert_eq!(texts(&script, Postgres), [rule, "SELECT 1"]);

    let routine = "CREATE DEFINER=`a`@`b` PROCEDURE p() BEGIN IF x THEN SELECT 1; END IF; \
                   WHILE y DO CASE z WHEN 1 THEN SELECT 2; END CASE; END WHILE; BEGIN SELECT 3; END; END";
    let script = format!("{routine}; SELECT 1");
    assert_eq!(texts(&script, MySql), [routine, "SELECT 1"]);
    let block = "BEGIN NOT ATOMIC SELECT 1; SELECT 2; END";
    let script = format!("{block}; SELECT 1");
    assert_eq!(texts(&script, MySql), [block, "SELECT 1"]);
}

#[test]
fn transactions_are_no_bodies() {
    for dialect in [Sqlite, Postgres, MySql] {
        assert_eq!(
            texts("BEGIN; SELECT 1; COMMIT", dialect),
            ["BEGIN", "SELECT 1", "COMMIT"]
        );
    }
    assert_eq!(
        texts("CREATE TABLE t (a int); BEGIN; END;", Postgres),
        ["CREATE TABLE t (a int)", "BEGIN", "END"]
    );
}

#[test]
fn mysql_shells_may_set_another_delimiter() {
    let script = "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END//\nDELIMITER ;\nSELECT 2; SELECT 3";
    assert_eq!(
        texts(script, MySql),
        ["CREATE PROCEDURE p() BEGIN SELECT 1; END", "SELECT 2", "SELECT 3"]
    );
    let script = "delimiter $$\nSELECT 1; SELECT 2$$ SELECT '$$'$$";
    assert_eq!(texts(script, MySql), ["SELECT 1; SELECT 2", "SELECT '$$'"]);
}
