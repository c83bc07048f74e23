//! Which databases are on one server.

use super::*;

#[test]
fn databases_of_one_server_are_told_by_host_and_port() {
    assert_eq!(server("db.example:5432/chat"), server("DB.example:5432/audit"));
    assert_ne!(server("db.example:5432/chat"), server("db.example:5433/chat"));
    assert_eq!(server("[::1]:5432/chat"), "[::1]:5432");
    assert_eq!(server("db.example:3306/"), "db.example:3306");
}

#[test]
fn databases_behind_one_socket_are_on_one_server() {
    assert_eq!(server("/run/mysqld/mysqld.sock/chat"), "/run/mysqld/mysqld.sock");
    assert_eq!(server("/run/postgresql/chat"), server("/run/postgresql/audit"));
}

#[test]
fn of_several_bounds_for_one_server_the_lowest_holds_for_all_its_databases() {
    let database = |name: &str, host: &str, bound| DatabaseConfig {
        server_connections_max: bound,
        ..DatabaseConfig::from_url(name, format!("postgres://app@{host}/{name}"))
    };
    let databases = [
        database("a", "one", Some(8)),
        database("b", "one", Some(5)),
        database("c", "one", None),
        database("d", "two", None),
    ];
    let plans = Plan::all(&databases).unwrap();
    let bound = |plan: &Plan<'_>| {
        let budget = plan.budgets.get(&server(plan.primary().target()));
        budget.map(Budget::connections_max)
    };
    let bounds: Vec<_> = plans.iter().map(bound).collect();
    assert_eq!(bounds, [Some(5), Some(5), Some(5), None]);
}
