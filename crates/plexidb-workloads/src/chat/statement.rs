//! The SQL of each operation, written once with `?` and once more only where a dialect demands it.

use std::sync::LazyLock;

use plexidb::Dialect;

/// A statement of the workload; an [`Operation`](super::Operation) is one of these with its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    ChannelHistory,
    Profile,
    UserChannels,
    UnreadCount,
    MembershipCheck,
    ReactionCounts,
    Heartbeat,
    Post,
    React,
    MarkRead,
    Edit,
    Join,
    Leave,
}

const COUNT: usize = Statement::Leave as usize + 1;

/// In the order of [`Statement`], for SQLite.
const TEXTS: [&str; COUNT] = [
    "SELECT m.id, m.body, m.created_at, m.edited_at, u.id AS author_id, u.name, u.avatar \
     FROM messages m JOIN users u ON u.id = m.user_id WHERE m.channel_id = ? ORDER BY m.id DESC LIMIT 50",
    "SELECT id, name, email, avatar, bio, created_at FROM users WHERE id = ?",
    "SELECT c.id, c.name, c.topic FROM memberships m JOIN channels c ON c.id = m.channel_id \
     WHERE m.user_id = ? ORDER BY c.name",
    "SELECT COUNT(*) AS unread FROM messages WHERE channel_id = ? \
     AND id > (SELECT last_read FROM memberships WHERE user_id = ? AND channel_id = ?)",
    "SELECT 1 AS is_member FROM memberships WHERE user_id = ? AND channel_id = ?",
    "SELECT emoji, COUNT(*) AS reactions FROM reactions WHERE message_id = ? \
     GROUP BY emoji ORDER BY COUNT(*) DESC, emoji",
    "UPDATE users SET last_seen = ? WHERE id = ?",
    "INSERT INTO messages (channel_id, user_id, body, created_at) VALUES (?, ?, ?, ?)",
    "INSERT INTO reactions (message_id, user_id, emoji) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    "UPDATE memberships SET last_read = (SELECT COALESCE(MAX(id), 0) FROM messages WHERE channel_id = ?) \
     WHERE user_id = ? AND channel_id = ?",
    "UPDATE messages SET body = ?, edited_at = ? WHERE id = ?",
    "INSERT INTO memberships (user_id, channel_id, last_read) \
     VALUES (?, ?, (SELECT COALESCE(MAX(id), 0) FROM messages WHERE channel_id = ?)) ON CONFLICT DO NOTHING",
    "DELETE FROM memberships WHERE user_id = ? AND channel_id = ?",
];

static POSTGRES: LazyLock<[String; COUNT]> = LazyLock::new(|| TEXTS.map(number_placeholders));
static MYSQL: LazyLock<[String; COUNT]> = LazyLock::new(|| TEXTS.map(ignore_duplicates));

impl Statement {
    pub(super) fn sql(self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => TEXTS[self as usize],
            Dialect::Postgres => &POSTGRES[self as usize],
            Dialect::MySql => &MYSQL[self as usize],
        }
    }
}

/// None of the texts has a `?` in a literal.
fn number_placeholders(text: &str) -> String {
    let mut parts = text.split('?');
    let mut sql = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        sql.push('$');
        sql.push_str(&(index + 1).to_string());
        sql.push_str(part);
    }
    sql
}

fn ignore_duplicates(text: &str) -> String {
    match text.strip_suffix(" ON CONFLICT DO NOTHING") {
        Some(insert) => insert.replacen("INSERT INTO", "INSERT IGNORE INTO", 1),
        None => text.to_owned(),
    }
}
