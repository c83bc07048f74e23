//! Tenants side by side: hits of their own, rows of their own, and writes that reach both.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plexidb::{Source, params};

use super::{Shop, TITLES, prime, read, texts};
use crate::databases::NONE;

#[tokio::test]
async fn each_tenant_has_hits_of_its_own_and_without_a_scope_nothing_is_cached() {
    let shop = Shop::open().await;
    let (a, b) = (shop.tenant("a"), shop.tenant("b"));
    assert_eq!(prime(&a, TITLES).await, ["one", "two"]);
    assert_eq!(
        read(&b, TITLES).await,
        (vec!["three".to_owned()], Source::Database)
    );
    assert_eq!(prime(&b, TITLES).await, ["three"]);
    assert_eq!(prime(&a, TITLES).await, ["one", "two"]);
    assert_eq!(prime(&a, "SELECT title FROM titles").await, ["one", "two"]);
    for _ in 0..2 {
        let unscoped = shop.db.query(TITLES, NONE).await.unwrap();
        assert_eq!((texts(&unscoped).len(), unscoped.source()), (0, Source::Database));
    }
    // Other handles, names in another case, more variables in any order.
    assert_eq!(
        read(&shop.db.scope("APP.Tenant", "a").unwrap(), TITLES).await.1,
        Source::L1
    );
    let more = |first: &str, second: &str| {
        let value = |name: &str| if name == "app.tenant" { "a" } else { "u" };
        let scope = shop.db.scope(first, value(first)).unwrap();
        scope.scope(second, value(second)).unwrap()
    };
    assert_eq!(
        read(&more("app.tenant", "app.user"), TITLES).await.1,
        Source::Database
    );
    assert_eq!(read(&more("app.user", "app.tenant"), TITLES).await.1, Source::L1);
    assert_eq!(
        read(&a.scope("app.tenant", "b").unwrap(), TITLES).await.0,
        ["three"]
    );
    // A scope that lacks a variable which the policies read.
    let other = shop.db.scope("app.user", "u").unwrap();
    for _ in 0..2 {
        assert_eq!(read(&other, TITLES).await, (vec![], Source::Database));
    }
}

#[tokio::test]
async fn tables_without_row_security_are_cached_for_each_scope() {
    let shop = Shop::open().await;
    let sql = "SELECT amount::text FROM prices";
    assert_eq!(prime(&shop.tenant("a"), sql).await, ["10"]);
    assert_eq!(read(&shop.tenant("b"), sql).await.1, Source::Database);
    shop.tenant("b")
        .execute("UPDATE prices SET amount = 11", NONE)
        .await
        .unwrap();
    assert_eq!(
        read(&shop.tenant("a"), sql).await,
        (vec!["11".to_owned()], Source::Database)
    );
}

#[tokio::test]
async fn writes_drop_what_they_change_for_every_tenant() {
    let shop = Shop::open().await;
    let (a, b) = (shop.tenant("a"), shop.tenant("b"));
    let pinned = "SELECT title FROM docs WHERE id = 3";
    for (index, (write, is_by_a)) in [
        ("INSERT INTO docs VALUES (4, 'a', 'four')", true),
        // Of the other tenant's rows, through a policy that lets it write them.
        ("INSERT INTO docs VALUES (5, 'a', 'five')", false),
        ("UPDATE docs SET title = title || '!'", true),
        ("INSERT INTO grants VALUES (3, 'a')", false),
        ("DELETE FROM grants WHERE doc = 3", false),
        ("DELETE FROM docs WHERE id = 4", true),
        ("UPDATE docs SET title = 'last' WHERE id = 3", false),
    ]
    .into_iter()
    .enumerate()
    {
        for sql in [TITLES, pinned] {
            prime(&a, sql).await;
            prime(&b, sql).await;
        }
        let writer = if is_by_a { &a } else { &b };
        assert!(
            writer.execute(write, NONE).await.unwrap().rows_affected > 0,
            "{write}"
        );
        for tenant in [&a, &b] {
            read(tenant, pinned).await;
            read(tenant, TITLES).await;
        }
        // What a row's key tells apart stays, also under a scope.
        if index == 0 {
            assert_eq!(
                read(&b, "SELECT title FROM docs WHERE id = 3").await.1,
                Source::L1
            );
        }
    }
    // Columns that neither the statement nor a policy reads.
    prime(&a, TITLES).await;
    a.execute("UPDATE docs SET views = 1 WHERE id = 1", NONE)
        .await
        .unwrap();
    assert_eq!(read(&a, TITLES).await.1, Source::L1);
}

#[tokio::test]
async fn a_committed_transaction_under_a_scope_drops_what_it_changed() {
    let shop = Shop::open().await;
    let (a, b) = (shop.tenant("a"), shop.tenant("b"));
    prime(&a, TITLES).await;
    let mut transaction = a.begin().await.unwrap();
    transaction
        .execute(
            "UPDATE docs SET title = :title WHERE id = 1",
            params! { title: "uno" },
        )
        .await
        .unwrap();
    assert_eq!(prime(&b, TITLES).await, ["three"]);
    assert_eq!(
        read(&a, TITLES).await,
        (vec!["one".to_owned(), "two".to_owned()], Source::L1)
    );
    transaction.commit().await.unwrap();
    assert_eq!(
        read(&a, TITLES).await,
        (vec!["uno".to_owned(), "two".to_owned()], Source::Database)
    );
}

/// Many requests of two tenants and of none on few connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_never_see_each_other_on_shared_connections() {
    let shop = Arc::new(Shop::with_connections(2).await);
    let is_over = Arc::new(AtomicBool::new(false));
    let mut readers = Vec::new();
    for name in ["a", "b", "a", "b", ""] {
        let (shop, is_over) = (Arc::clone(&shop), Arc::clone(&is_over));
        readers.push(tokio::spawn(async move {
            let sql = "SELECT tenant FROM docs";
            let mut rounds = 0;
            while !is_over.load(Ordering::Relaxed) || rounds < 20 {
                rounds += 1;
                let rows = if name.is_empty() {
                    shop.db.query(sql, NONE).await
                } else {
                    shop.tenant(name).query(sql, NONE).await
                };
                let rows = texts(&rows.unwrap());
                assert!(rows.iter().all(|tenant| tenant == name), "{name} sees {rows:?}");
                assert_eq!(rows.is_empty(), name.is_empty());
            }
        }));
    }
    for round in 0..100 {
        let name = if round % 2 == 0 { "a" } else { "b" };
        let sql = "INSERT INTO docs (id, tenant, title) VALUES (:id, :tenant, 'new')";
        let id = 100 + round;
        shop.tenant(name)
            .execute(sql, params! { id: id, tenant: name })
            .await
            .unwrap();
    }
    is_over.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
}
