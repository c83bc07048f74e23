//! The message must name the packages: it is all that a newcomer sees.

use super::*;

#[test]
fn the_message_says_what_to_install() {
    let text = Missing {
        kind: ServerKind::MariaDb,
        programs: vec!["mariadbd"],
    }
    .to_string();
    assert!(
        text.starts_with("MariaDB is not installed (mariadbd not found): run `cargo xtask setup`"),
        "{text}"
    );
    assert!(
        text.contains("apt-get install mariadb-server mariadb-client"),
        "{text}"
    );
    assert!(text.contains("brew install mariadb"), "{text}");
}

#[test]
fn an_unknown_program_is_an_error_and_no_panic() {
    assert!(ServerKind::Redis.program("no-such-program").is_err());
}
