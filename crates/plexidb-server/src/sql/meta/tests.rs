//! Commands as people type them.

use super::{Command, HELP, Listing, NAMES, parse};

#[test]
fn commands_and_their_arguments_are_read() {
    assert_eq!(parse("\\d"), Ok(Command::List(Listing::All)));
    assert_eq!(parse("\\d users;"), Ok(Command::Describe("users".to_owned())));
    assert_eq!(parse("\\x"), Ok(Command::Expanded(None)));
    assert_eq!(parse("\\timing OFF"), Ok(Command::Timing(Some(false))));
    assert_eq!(
        parse("\\explain SELECT  1;"),
        Ok(Command::Explain("SELECT  1".to_owned()))
    );
    assert_eq!(
        parse("\\i my file.sql"),
        Ok(Command::Include("my file.sql".into()))
    );
}

#[test]
fn what_is_no_command_is_told() {
    for line in [
        "\\",
        "\\nope",
        "\\timing perhaps",
        "\\explain",
        "\\i",
        "\\cache now",
    ] {
        let error = parse(line).expect_err(line);
        assert!(error.contains("\\"), "{line}: {error}");
    }
}

#[test]
fn every_completed_command_is_one_and_is_in_the_help() {
    for name in NAMES {
        let with_argument = format!("{name} x");
        let is_known = |parsed: &Result<Command, String>| !matches!(parsed, Err(error) if error.starts_with("there is no"));
        assert!(
            is_known(&parse(name)) && is_known(&parse(&with_argument)),
            "{name}"
        );
        assert!(HELP.contains(name) || *name == "\\?", "{name} is not in the help");
    }
}
