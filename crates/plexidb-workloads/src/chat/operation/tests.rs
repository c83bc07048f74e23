//! The operations, on a SQLite file.

use std::collections::HashMap;

use plexidb::{Dialect, Source, params};

use crate::chat::{Kind, Mix, Operation, Scale, Sequence, generate};

#[test]
fn each_dialect_gets_its_own_placeholders() {
    let post = Operation::Post {
        channel: 1,
        user: 2,
        body: "hello".into(),
        at_ms: 3,
    };
    assert!(post.sql(Dialect::Postgres).ends_with("VALUES ($1, $2, $3, $4)"));
    assert!(post.sql(Dialect::MySql).ends_with("VALUES (?, ?, ?, ?)"));
    let react = Operation::React {
        message: 1,
        user: 2,
        emoji: "👍",
    };
    assert_eq!(
        react.sql(Dialect::MySql),
        "INSERT IGNORE INTO reactions (message_id, user_id, emoji) VALUES (?, ?, ?)"
    );
    assert!(react.sql(Dialect::Sqlite).ends_with("ON CONFLICT DO NOTHING"));
}

#[tokio::test]
async fn all_operations_run_and_do_what_their_names_say() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("chat.db").display());
    let manager = plexidb::connect(&url).await.unwrap();
    let database = &manager.databases()[0];
    let scale = Scale::small();
    generate(database, scale, 5, |_| {}).await.unwrap();

    let mut runs: HashMap<Kind, u32> = HashMap::new();
    let mut rows: HashMap<Kind, usize> = HashMap::new();
    let mut hits = 0;
    for operation in Sequence::new(5, Mix::new(90).unwrap(), scale).take(3_000) {
        *runs.entry(operation.kind()).or_default() += 1;
        let result = operation
            .run(database)
            .await
            .unwrap_or_else(|error| panic!("{operation:?}: {error}"));
        assert_eq!(result.is_some(), operation.kind().is_read(), "{operation:?}");
        if let Some(result) = result {
            *rows.entry(operation.kind()).or_default() += result.len();
            hits += usize::from(result.source() == Source::L1);
        }
    }
    assert_eq!(runs.len(), Kind::ALL.len(), "{runs:?}");
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_read()) {
        assert!(
            database.explain(sql_of(kind, database.dialect())).is_cacheable(),
            "{}",
            kind.name()
        );
        assert!(rows[&kind] > 0, "{}", kind.name());
    }
    assert!(
        rows[&Kind::ChannelHistory] > 40 * runs[&Kind::ChannelHistory] as usize,
        "mostly full pages: {rows:?}"
    );
    assert!(hits > 0);

    let messages = manager
        .query("SELECT COUNT(*), COUNT(edited_at) FROM messages", params![])
        .await
        .unwrap();
    assert_eq!(
        messages[0].get::<u32>(0).unwrap(),
        scale.messages + runs[&Kind::Post]
    );
    assert!(messages[0].get::<u32>(1).unwrap() > 0);
    let seen = manager
        .query(
            "SELECT COUNT(*) FROM users WHERE last_seen > created_at",
            params![],
        )
        .await
        .unwrap();
    assert!(seen[0].get::<u32>(0).unwrap() > 0);
}

#[tokio::test]
async fn duplicates_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("chat.db").display());
    let manager = plexidb::connect(&url).await.unwrap();
    let database = &manager.databases()[0];
    generate(
        database,
        Scale {
            users: 50,
            channels: 5,
            messages: 100,
        },
        1,
        |_| {},
    )
    .await
    .unwrap();
    let (user, channel) = (3, 2);
    // The seed may have made the user a member already.
    Operation::Leave { user, channel }.run(database).await.unwrap();
    for (operation, table) in [
        (Operation::Join { user, channel }, "memberships"),
        (
            Operation::React {
                message: 7,
                user,
                emoji: "👀",
            },
            "reactions",
        ),
    ] {
        let sql = format!("SELECT * FROM {table} ORDER BY 1, 2, 3");
        operation.run(database).await.unwrap();
        let once = manager.query(&sql, params![]).await.unwrap().into_set();
        operation.run(database).await.unwrap();
        assert!(
            manager.query(&sql, params![]).await.unwrap().into_set() == once,
            "{operation:?}"
        );
    }
    // Who joins has nothing unread.
    let unread = Operation::UnreadCount { user, channel }
        .run(database)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(unread[0].get::<i64>("unread").unwrap(), 0);
    Operation::Leave { user, channel }.run(database).await.unwrap();
    let check = Operation::MembershipCheck { user, channel }
        .run(database)
        .await
        .unwrap()
        .unwrap();
    assert!(check.is_empty());
}

fn sql_of(kind: Kind, dialect: Dialect) -> &'static str {
    let mut operations = Sequence::new(5, Mix::new(90).unwrap(), Scale::small());
    operations
        .find(|operation| operation.kind() == kind)
        .unwrap()
        .sql(dialect)
}
