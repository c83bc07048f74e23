//! No password is ever printed, wherever it landed.

use secrecy::ExposeSecret as _;

use super::super::Config;
use super::load;

const SECRET: &str = "hunter2";

#[test]
fn a_valid_configuration_shows_no_secrets() {
    let url = format!("postgres://ada:{SECRET}@db/chat");
    let parts = format!("type = \"mysql\"\nuser = \"u\"\npassword = \"{SECRET}\"\n");
    let text = format!(
        "[redis]\npassword = \"{SECRET}\"\n[database.url]\nurl = \"{url}\"\n[database.parts]\n{parts}"
    );
    let config = load(&text, []).unwrap();
    assert!(
        config
            .databases
            .iter()
            .all(|database| database.url().expose_secret().contains(SECRET))
    );
    assert!(!format!("{config:#?} {:?}", config.databases[1].url()).contains(SECRET));
}

#[test]
fn no_message_shows_a_value() {
    for text in [
        "[database.x]\nurl = \"postgres//ada:hunter2@db\"\n",
        "[database.x]\nurl = \"hunter2:x\"\n",
        "[database.x]\nurl = \"postgres://ada:hunter2@db\"\nport = \"hunter2\"\n",
        "[database.x]\nurl = \"postgres://ada:hunter2@db\n",
        "[database.x]\npassword = hunter2\n",
        "[database.x]\npassword = \"hunter2\" x\n",
        "[database.x]\nurl = \"sqlite:${hunter2\"\n",
        "[database.x]\nurl = \"postgres://u:${PW}@h/${\"\n",
        "[database.x]\nrole = \"${PW}\"\nurl = \"sqlite:x\"\n",
        "[redis]\nhost = 1\npassword = \"hunter2\"\nurl = \"hunter2\"\n",
    ] {
        let errors = load(text, [("PW", SECRET), ("PLEXIDB_CACHE_TTL", SECRET)]).unwrap_err();
        let shown = format!("{errors} {errors:?}");
        assert!(!shown.contains(SECRET), "{shown}");
    }
}

#[test]
fn a_builder_shows_nothing_of_its_texts() {
    let builder = Config::builder().toml(format!("password = \"{SECRET}\""));
    assert!(!format!("{builder:?}").contains(SECRET));
}
