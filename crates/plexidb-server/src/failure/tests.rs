//! Exit codes and messages that scripts and people rely on.

use anyhow::Context as _;
use plexidb::DriverError;

use super::{CONNECT, DATABASE, USAGE, code, message, usage};

fn file_error() -> plexidb::Error {
    DriverError::File {
        path: "a.db".into(),
        reason: "no such file".into(),
        is_corrupt: false,
    }
    .into()
}

#[test]
fn the_kind_of_an_error_decides_the_exit_code_however_deep_it_is() {
    let deep = Err::<(), _>(file_error())
        .context("cannot open the demo")
        .context("demo")
        .unwrap_err();
    assert_eq!(code(&deep), CONNECT);
    assert_eq!(code(&usage("--nope").context("demo")), USAGE);
    let locked = plexidb::Error::from(DriverError::Locked {
        message: "busy".into(),
    });
    assert_eq!(code(&anyhow::Error::new(locked)), DATABASE);
    let url = plexidb::Error::from(DriverError::InvalidUrl {
        reason: "no scheme".into(),
    });
    assert_eq!(code(&anyhow::Error::new(url)), USAGE);
    assert_eq!(code(&anyhow::anyhow!("something else")), DATABASE);
}

#[test]
fn causes_are_told_once() {
    let error = anyhow::Error::new(file_error()).context("cannot open the demo");
    assert_eq!(message(&error), "cannot open the demo: a.db: no such file");
    let repeated = anyhow::Error::new(file_error()).context("it failed: a.db: no such file");
    assert_eq!(message(&repeated), "it failed: a.db: no such file");
}
