//! URLs taken apart, and what their errors say and hide.

use secrecy::ExposeSecret;

use super::{DatabaseUrl, Scheme, parse_bool, parse_choice, parse_number};

fn url(text: &str) -> DatabaseUrl {
    text.parse().unwrap()
}

fn error(text: &str) -> String {
    text.parse::<DatabaseUrl>().unwrap_err().to_string()
}

#[test]
fn every_part_is_decoded() {
    let url =
        url("postgresql://a%40b:p%2Fw%25@%2Fvar%2Frun:5433/my%20db?application_name=x%26y&sslmode=require");
    assert_eq!(url.scheme(), Scheme::Postgres);
    assert_eq!(url.user(), Some("a@b"));
    assert_eq!(url.password().unwrap().expose_secret(), "p/w%");
    assert_eq!(url.host(), Some("/var/run"));
    assert_eq!(url.port(), Some(5433));
    assert_eq!(url.database(), Some("my db"));
    assert_eq!(url.option("application_name"), Some("x&y"));
    assert_eq!(url.option("sslmode"), Some("require"));
}

#[test]
fn missing_parts_are_none() {
    let url = url("mariadb://");
    assert_eq!(url.scheme(), Scheme::MySql);
    assert_eq!(
        (url.user(), url.host(), url.port(), url.database()),
        (None, None, None, None)
    );
    assert!(url.password().is_none() && url.options().is_empty());
}

#[test]
fn ipv6_addresses_take_brackets() {
    let parsed = url("mysql://root@[::1]:3307/app");
    assert_eq!((parsed.host(), parsed.port()), (Some("::1"), Some(3307)));
    assert_eq!(parsed.to_string(), "mysql://root@[::1]:3307/app");
    assert!(error("mysql://root@[::1/app").contains("not closed"));
}

#[test]
fn sqlite_paths_may_follow_no_two_or_three_slashes() {
    assert_eq!(url("sqlite:a/b.db").database(), Some("a/b.db"));
    assert_eq!(url("sqlite://a/b.db").database(), Some("a/b.db"));
    assert_eq!(url("sqlite:///a/b.db").database(), Some("/a/b.db"));
    assert_eq!(url("sqlite:/a/b.db").database(), Some("/a/b.db"));
    assert_eq!(url("sqlite::memory:").database(), Some(":memory:"));
    assert_eq!(url("sqlite://:memory:").database(), Some(":memory:"));
    assert_eq!(url("sqlite:what%3F.db?mode=ro").database(), Some("what?.db"));
    assert_eq!(url("sqlite:mail@home.db").database(), Some("mail@home.db"));
}

#[test]
fn a_password_is_never_printed() {
    let url = url("postgres://ada:hunter2@db/chat?password=hunter2&sslpassword=hunter2");
    for text in [url.to_string(), format!("{url:?}")] {
        assert!(!text.contains("hunter2") && text.contains("ada:***@db"), "{text}");
    }
    for bad in [
        "postgres://ada:hunter2/x@db/chat",
        "ada:hunter2@db/chat",
        "postgres://ada:hunter2%zz@db/chat",
        "postgres:ada:hunter2@db/chat",
    ] {
        assert!(!error(bad).contains("hunter2"), "{}", error(bad));
    }
}

#[test]
fn errors_say_what_to_write_instead() {
    assert!(error("").contains("sqlite:PATH"));
    assert!(error("postgres:/db").contains("postgres://user:password@host:port/database"));
    assert!(error("sqlite3:chat.db").contains("did you mean sqlite?"));
    assert!(
        error("oracle://x").contains("sqlite:PATH, postgres://…, postgresql://…, mysql://…, mariadb://…")
    );
    assert!(error("postgres://host:port/db").contains("\"port\" is no number from 1 to 65535"));
    assert!(error("postgres://host:0/db").contains("1 to 65535"));
    assert!(error("postgres://a:1,b:2/db").contains("several hosts"));
    assert!(error("sqlite:50%off.db").contains("%25"));
    assert!(error("sqlite:%00.db").contains("NUL"));
    assert!(error("postgres://u:p/w@host/db").contains("percent-encode"));
}

#[test]
fn an_unknown_option_names_the_nearest_one() {
    let known = ["busy_timeout", "journal_mode", "mode"];
    let message = |text: &str| url(text).check_options(&known).unwrap_err().to_string();
    assert!(message("sqlite:a?busytimeout=1").contains("\"busytimeout\"; did you mean busy_timeout?"));
    assert!(message("sqlite:a?zzz=1").contains("the known options are busy_timeout, journal_mode, mode"));
    assert!(url("sqlite:a?mode=ro").check_options(&known).is_ok());
}

#[test]
fn option_values_are_checked() {
    assert!(parse_bool("x", "ON").unwrap() && !parse_bool("x", "0").unwrap());
    assert!(
        parse_bool("x", "maybe")
            .unwrap_err()
            .to_string()
            .contains("x=maybe")
    );
    assert_eq!(parse_number::<u8>("n", "255", "things").unwrap(), 255);
    assert!(parse_number::<u8>("n", "256", "things").is_err());
    assert_eq!(parse_choice("m", "B", &[("a", 1), ("b", 2)]).unwrap(), 2);
    let error = parse_choice("m", "c", &[("a", 1), ("b", 2)]).unwrap_err();
    assert!(error.to_string().contains("m=c is none of a, b"));
}
