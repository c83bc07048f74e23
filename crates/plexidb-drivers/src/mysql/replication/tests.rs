//! Answers that no cluster of a test gives: other versions, MySQL, several sources, users without rights.

use super::*;

const MARIADB: Vendor = Vendor {
    is_mariadb: true,
    version: (10, 11, 0),
};
const MYSQL: Vendor = Vendor {
    is_mariadb: false,
    version: (8, 4, 0),
};

/// Facts in the order of the question.
fn answers(facts: [&str; 6], lags: Option<&[Option<&str>]>) -> Answers {
    let [
        read_only,
        transaction_read_only,
        log,
        written,
        replayed,
        sources_running,
    ] = facts.map(|text| Some(text.to_owned()));
    let source = |lag: &Option<&str>| Source {
        lag: lag.map(str::to_owned),
    };
    Answers {
        facts: Facts {
            read_only,
            transaction_read_only,
            log,
            written,
            replayed,
            sources_running,
        },
        sources: lags.map(|lags| lags.iter().map(source).collect()),
    }
}

fn mariadb(facts: [&str; 6], lags: Option<&[Option<&str>]>) -> ReplicationState {
    assemble(MARIADB, &answers(facts, lags), "db").unwrap()
}

fn mysql(executed: &str, lags: Option<&[Option<&str>]>) -> ReplicationState {
    assemble(MYSQL, &answers(["1", "0", "ON", executed, "", ""], lags), "db").unwrap()
}

fn text(state: &ReplicationState) -> Option<String> {
    state.position.as_ref().map(ToString::to_string)
}

#[test]
fn a_primary_covers_what_it_has_logged_and_what_it_once_replayed() {
    let state = mariadb(["0", "0", "1", "0-2-101,7-2-1", "0-1-100,1-1-5", "0"], Some(&[]));
    assert_eq!(text(&state).unwrap(), "mariadb:0-2-101,1-1-5,7-2-1");
    assert_eq!(
        (state.role, state.refuses_writes),
        (ReplicationRole::Primary, false)
    );
    let fork = mariadb(["0", "0", "1", "0-2-100", "0-1-100", "0"], Some(&[]));
    assert_eq!(text(&fork), None);
    let without_log = mariadb(["0", "0", "0", "", "", "0"], Some(&[]));
    assert_eq!(text(&without_log), None);
}

#[test]
fn a_replica_stands_where_it_has_replayed_to_whatever_was_written_to_it() {
    let state = mariadb(["1", "0", "1", "0-9-999", "0-1-100", "1"], Some(&[Some("3")]));
    assert_eq!(text(&state).unwrap(), "mariadb:0-1-100");
    assert_eq!(state.role, ReplicationRole::Replica);
}

#[test]
fn the_lag_is_that_of_the_slowest_source_and_unknown_where_one_is_stopped() {
    let lag = |lags| mariadb(["1", "0", "1", "", "", "2"], Some(lags)).replay_lag;
    assert_eq!(lag(&[Some("3"), Some("7")]), Some(Duration::from_secs(7)));
    assert_eq!(lag(&[Some("3"), None]), None);
}

#[test]
fn who_may_not_ask_is_told_what_can_be_seen() {
    let role = |facts| mariadb(facts, None).role;
    assert_eq!(role(["0", "0", "1", "0-1-1", "", "0"]), ReplicationRole::Primary);
    assert_eq!(role(["0", "0", "1", "0-1-1", "", "1"]), ReplicationRole::Replica);
    // Stopped, and read-only as replicas are; promoted; the liar of old, which never followed.
    assert_eq!(
        role(["1", "0", "1", "0-1-1", "0-1-1", "0"]),
        ReplicationRole::Replica
    );
    assert_eq!(
        role(["0", "0", "1", "0-1-1", "0-1-1", "0"]),
        ReplicationRole::Primary
    );
    assert_eq!(role(["1", "0", "1", "0-1-1", "", "0"]), ReplicationRole::Primary);
    assert_eq!(
        mariadb(["1", "0", "1", "0-1-1", "0-1-1", "1"], None).replay_lag,
        None
    );
}

#[test]
fn read_only_has_many_words() {
    let refuses = |global, session| mariadb([global, session, "1", "", "", "0"], Some(&[])).refuses_writes;
    assert!(!refuses("0", "0") && !refuses("OFF", "OFF"));
    assert!(refuses("1", "0") && refuses("ON", "0") && refuses("NO_LOCK_NO_ADMIN", "0"));
    assert!(refuses("0", "1"));
}

#[test]
fn a_mysql_server_s_position_is_what_it_has_executed() {
    const SET: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5";
    let replica = mysql(SET, Some(&[Some("0")]));
    assert_eq!(text(&replica).unwrap(), format!("mysql:{SET}"));
    assert_eq!(
        (replica.role, replica.replay_lag),
        (ReplicationRole::Replica, Some(Duration::ZERO))
    );
    assert_eq!(text(&mysql(&format!("{SET}:7"), Some(&[]))), None);
    assert_eq!(mysql(SET, None).role, ReplicationRole::Replica);
    let without_gtids = answers(["0", "0", "OFF", "", "", ""], Some(&[]));
    assert_eq!(text(&assemble(MYSQL, &without_gtids, "db").unwrap()), None);
}

#[test]
fn each_version_is_asked_in_its_own_words() {
    let ask = |is_mariadb, version| questions(Vendor { is_mariadb, version }, true);
    assert!(
        ask(true, (10, 11, 0)).contains("tx_read_only")
            && ask(true, (10, 11, 0)).ends_with("SHOW ALL SLAVES STATUS")
    );
    assert!(ask(true, (11, 4, 0)).contains("transaction_read_only"));
    assert!(ask(false, (8, 4, 0)).ends_with("SHOW REPLICA STATUS"));
    assert!(ask(false, (8, 0, 21)).ends_with("SHOW SLAVE STATUS"));
    assert!(ask(false, (5, 7, 44)).contains("@@session.tx_read_only"));
    assert!(!questions(MARIADB, false).contains("SHOW"));
}

#[test]
fn nonsense_is_an_error_that_names_the_server() {
    let strange = answers(["0", "0", "1", "garbage", "", "0"], Some(&[]));
    let error = assemble(MARIADB, &strange, "db:3306/chat")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("db:3306/chat") && error.contains("garbage"),
        "{error}"
    );
}
