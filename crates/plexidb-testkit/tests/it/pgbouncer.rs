//! A pooler before the server: it lets in, hands sessions on after each transaction, and obeys its console.

use plexidb_testkit::{PgBouncer, postgres};

#[test]
fn it_answers_for_the_server_and_forwards_a_url_to_itself() {
    let pooler = PgBouncer::start(postgres(), 2, &[("max_db_connections", "2")]).unwrap();
    assert!(pooler.try_console("SHOW VERSION").unwrap().contains("PgBouncer"));
    assert!(
        pooler
            .try_console("SHOW CONFIG")
            .unwrap()
            .contains("pool_mode|transaction|")
    );
    let url = pooler.through(&postgres().url());
    assert!(
        url.ends_with(&format!("@127.0.0.1:{}/postgres", pooler.port())),
        "{url}"
    );
    assert!(
        url.starts_with(&format!("postgres://{}:", postgres().user())),
        "{url}"
    );
}

#[test]
fn a_setting_that_it_does_not_know_stops_it_with_its_own_words() {
    let error = PgBouncer::start(postgres(), 1, &[("pool_mode", "nonsense")]).unwrap_err();
    assert!(format!("{error:#}").contains("pool_mode"), "{error:#}");
}
