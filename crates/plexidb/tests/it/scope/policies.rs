//! Policies of all kinds: what may be cached under a scope, what not, and what `explain` says of it.

use plexidb::{Cacheability, Source};

use super::{Shop, TITLES, prime, read};
use crate::databases::NONE;

#[tokio::test]
async fn explain_tells_what_a_scope_must_set() {
    let shop = Shop::open().await;
    let explained = shop.db.explain(TITLES);
    assert!(!explained.is_cacheable());
    let text = explained.to_string();
    assert!(
        text.contains("row-level security applies to public.docs"),
        "{text}"
    );
    assert!(
        text.contains("cacheable under a scope that sets app.tenant\n"),
        "{text}"
    );
    let scoped = shop.tenant("a").explain(TITLES);
    assert_eq!(scoped.cacheability, Cacheability::Cacheable);
    let text = scoped.to_string();
    assert!(text.contains("cacheable    yes"), "{text}");
    assert!(text.contains("public.grants"), "{text}");
    let other = shop.db.scope("app.user", "u").unwrap();
    assert!(!other.explain(TITLES).is_cacheable());
}

#[tokio::test]
async fn a_policy_that_reads_the_session_otherwise_is_never_cached() {
    let shop = Shop::open().await;
    let tenant = shop.tenant("a");
    for (policy, told) in [
        ("tenant = current_user", "current_user"),
        (
            "tenant = current_setting('app.' || 'tenant', true)",
            "current_setting",
        ),
        ("now() > '2000-01-01'", "now"),
        ("tenant = own_tenant()", "own_tenant"),
        ("random() < 2", "random"),
    ] {
        shop.db
            .execute_script(&format!(
                "CREATE OR REPLACE FUNCTION own_tenant() RETURNS text STABLE LANGUAGE sql AS 'SELECT ''a''';
                 DROP POLICY own ON docs; CREATE POLICY own ON docs USING ({policy}) WITH CHECK (true)"
            ))
            .await
            .unwrap();
        for _ in 0..2 {
            assert_eq!(read(&tenant, TITLES).await.1, Source::Database, "{policy}");
        }
        let text = shop.db.explain(TITLES).to_string();
        assert!(text.contains("not under a scope either"), "{text}");
        assert!(text.to_lowercase().contains(told), "{text}");
    }
}

#[tokio::test]
async fn another_policy_counts_at_once() {
    let shop = Shop::open().await;
    let tenant = shop.tenant("a");
    assert_eq!(prime(&tenant, TITLES).await, ["one", "two"]);
    let db = &shop.db;
    db.execute(
        "ALTER POLICY own ON docs USING (tenant = current_setting('app.tenant', true) AND id > 1)",
        NONE,
    )
    .await
    .unwrap();
    assert_eq!(
        read(&tenant, TITLES).await,
        (vec!["two".to_owned()], Source::Database)
    );
    assert_eq!(prime(&tenant, TITLES).await, ["two"]);
    let restrictive = "CREATE POLICY narrow ON docs AS RESTRICTIVE FOR SELECT \
                       USING (title <> current_setting('app.hidden', true))";
    db.execute(restrictive, NONE).await.unwrap();
    assert_eq!(read(&tenant, TITLES).await.1, Source::Database);
    assert_eq!(
        read(&tenant, TITLES).await.1,
        Source::Database,
        "app.hidden is not in the scope"
    );
    let both = tenant.scope("app.hidden", "two").unwrap();
    assert!(prime(&both, TITLES).await.is_empty());
    assert_eq!(
        prime(&tenant.scope("app.hidden", "x").unwrap(), TITLES).await,
        ["two"]
    );
}

#[tokio::test]
async fn a_value_that_means_the_current_time_is_not_cached() {
    let shop = Shop::open().await;
    shop.db
        .execute_script(
            "DROP POLICY own ON docs;
             CREATE POLICY own ON docs USING (current_setting('app.day')::text::date >= '2000-01-01')",
        )
        .await
        .unwrap();
    let of_day = |day: &str| shop.tenant("b").scope("app.day", day).unwrap();
    let mut sources = Vec::new();
    for day in ["today", "today", "2026-01-02", "2026-01-02"] {
        let (rows, source) = read(&of_day(day), TITLES).await;
        assert_eq!(rows.len(), 3);
        sources.push(source);
    }
    assert_eq!(sources[..3], [Source::Database; 3]);
}
