//! Reads whose plan is easily too narrow, each with a write that changes its result.
//!
//! Invariant: each write changes the result of its read, or it is no trap.

/// Each with the rows of the schema to begin with.
pub(super) const TRAPS: &[(&str, &str)] = &[
    // The value of a key changes, but not in the eyes of its collation.
    (
        "SELECT handle FROM users WHERE handle = 'A'",
        "UPDATE users SET handle = 'A' WHERE id = 1",
    ),
    (
        "SELECT tag FROM posts WHERE tag = 'a'",
        "UPDATE posts SET tag = 'A' WHERE id = 1",
    ),
    (
        "SELECT p.id, p.tag, u.handle FROM posts p JOIN users u ON u.handle = p.tag",
        "UPDATE users SET handle = 'A' WHERE id = 1",
    ),
    (
        "SELECT p.tag, u.handle FROM posts p LEFT JOIN users u ON u.handle = p.tag",
        "UPDATE users SET handle = 'A' WHERE id = 1",
    ),
    // Columns that seem to be shown alone.
    (
        "SELECT id, body FROM posts WHERE channel = 1",
        "UPDATE posts SET body = 'z' WHERE id = 2",
    ),
    (
        "SELECT id, body FROM posts WHERE channel = 1",
        "UPDATE posts SET body = 'z' WHERE channel = 1",
    ),
    (
        "SELECT id, body FROM posts WHERE channel = 1",
        "UPDATE posts SET id = 9 WHERE id = 2",
    ),
    (
        "SELECT id, body AS kind FROM posts ORDER BY kind DESC LIMIT 1",
        "UPDATE posts SET body = 'z' WHERE id = 1",
    ),
    (
        "SELECT id, body FROM posts ORDER BY 2 DESC LIMIT 1",
        "UPDATE posts SET body = 'z' WHERE id = 1",
    ),
    (
        "SELECT id, body FROM posts ORDER BY \"BODY\" DESC LIMIT 1",
        "UPDATE posts SET body = 'z' WHERE id = 1",
    ),
    (
        "SELECT id, body FROM posts AS p WHERE EXISTS (SELECT 1 FROM posts q WHERE q.[body] = 'y' AND q.id > p.id)",
        "UPDATE posts SET body = 'z' WHERE id = 5",
    ),
    (
        "SELECT DISTINCT channel, body FROM posts",
        "UPDATE posts SET body = 'z' WHERE id = 5",
    ),
    // Of a key that is NULL nobody knows which row it is.
    (
        "SELECT handle, name FROM users WHERE boss = 2",
        "UPDATE users SET name = 'z' WHERE id = 4",
    ),
    // A partner that comes.
    (
        "SELECT p.tag, u.name FROM posts p LEFT JOIN users u ON u.handle = p.tag",
        "INSERT INTO users (id, handle, name) VALUES (5, '3', 'e')",
    ),
    (
        "SELECT p.tag, u.name FROM users u RIGHT JOIN posts p ON u.handle = p.tag ORDER BY p.id LIMIT 4",
        "INSERT INTO users (id, handle, name) VALUES (5, '3', 'e')",
    ),
    // An outer join without a condition, of which WHERE makes an inner one.
    (
        "SELECT p.tag, u.name FROM posts p LEFT JOIN users u ON 1 = 1 WHERE p.tag = u.handle",
        "INSERT INTO users (id, handle) VALUES (5, '3')",
    ),
    (
        "SELECT p.parent, q.body FROM posts p LEFT JOIN posts q ON true WHERE p.parent = q.id",
        "INSERT INTO posts (id, channel) VALUES (0, 1)",
    ),
    (
        "SELECT p.tag, c.id FROM users u JOIN posts p ON p.tag = u.handle RIGHT JOIN channels c ON c.id = p.channel",
        "INSERT INTO users (id, handle) VALUES (5, '3')",
    ),
    // SQLite's comma joins no looser than JOIN: what is before it is on the left of an outer join as well.
    (
        "SELECT c.id FROM channels o JOIN users u ON u.id = 5, posts p RIGHT JOIN channels c ON c.id = p.channel",
        "INSERT INTO users (id) VALUES (5)",
    ),
    (
        "SELECT u.id, c.id FROM channels o JOIN users u ON u.id = 5, posts p RIGHT JOIN channels c ON c.id = p.id",
        "INSERT INTO users (id) VALUES (5)",
    ),
    (
        "SELECT u.id, c.id FROM channels o JOIN users u ON u.id = 5, posts p FULL JOIN channels c ON c.id = p.id",
        "INSERT INTO users (id) VALUES (5)",
    ),
    // A row that was skipped or cut off.
    (
        "SELECT p.id, p.tag, u.name FROM posts p JOIN users u ON u.handle = p.tag ORDER BY p.id LIMIT 2 OFFSET 1",
        "DELETE FROM users WHERE id = 1",
    ),
    (
        "SELECT p.id, p.tag, u.name FROM posts p JOIN users u ON u.handle = p.tag ORDER BY p.id DESC LIMIT 2",
        "INSERT INTO users (id, handle) VALUES (5, '3')",
    ),
    (
        "SELECT p.tag AS id, u.id AS tag FROM posts p JOIN users u ON u.handle = p.tag ORDER BY tag LIMIT 1",
        "UPDATE users SET id = 0 WHERE id = 2",
    ),
    (
        "SELECT p.author, sum(u.score) OVER () FROM posts p JOIN users u ON u.id = p.author ORDER BY p.id LIMIT 1",
        "UPDATE users SET score = 9 WHERE id = 3",
    ),
    (
        "SELECT name FROM users WHERE id IN (1, 5)",
        "INSERT INTO users (id, name) VALUES (5, 'e')",
    ),
    (
        "SELECT u.name FROM users u JOIN users v ON u.name = v.handle WHERE v.handle = 'a'",
        "UPDATE users SET name = 'a' WHERE id = 3",
    ),
    (
        "SELECT p.body FROM posts p JOIN channels c ON p.tag = c.kind WHERE c.kind = '2'",
        "UPDATE posts SET tag = '2.0' WHERE id = 3",
    ),
    // Names that belong to something else.
    (
        "SELECT id FROM users u WHERE EXISTS (SELECT 1 FROM channels WHERE id = 3 AND u.name = 'Bob')",
        "DELETE FROM channels WHERE id = 3",
    ),
    (
        "SELECT (SELECT count(*) FROM channels WHERE handle = 'a') FROM users",
        "INSERT INTO channels (id, owner) VALUES (5, 1)",
    ),
    (
        "SELECT id AS name, name AS id FROM users ORDER BY id DESC LIMIT 1",
        "UPDATE users SET name = 'zz' WHERE id = 1",
    ),
    (
        "WITH users AS (SELECT id, title AS name FROM channels) SELECT name FROM users WHERE id = 1",
        "UPDATE channels SET title = 'q' WHERE id = 1",
    ),
    (
        "SELECT u.name FROM (SELECT 1 AS id) AS users, users AS u WHERE users.id = 1",
        "UPDATE users SET name = 'q' WHERE id = 3",
    ),
    // Precedence.
    (
        "SELECT name FROM users WHERE id = 1 = 0",
        "UPDATE users SET name = 'q' WHERE id = 3",
    ),
    (
        "SELECT name FROM users WHERE id = 1 < 1",
        "INSERT INTO users (id) VALUES (0)",
    ),
    (
        "SELECT name FROM users WHERE score = 1 IS NULL",
        "UPDATE users SET name = 'q' WHERE id = 3",
    ),
    (
        "SELECT name FROM users WHERE id = 1 IN (1) IS NOT NULL",
        "UPDATE users SET name = 'q' WHERE id = 3",
    ),
    (
        "SELECT name FROM users WHERE NOT id = 1",
        "UPDATE users SET name = 'q' WHERE id = 3",
    ),
    (
        "SELECT name FROM users WHERE id = 1 OR id = 2 AND id = 3 OR 1",
        "UPDATE users SET name = 'q' WHERE id = 3",
    ),
    (
        "SELECT name FROM users WHERE id = 3 BETWEEN 0 AND 1",
        "UPDATE users SET name = 'q' WHERE id = 2",
    ),
    (
        "SELECT name FROM users WHERE id = 1 | 2",
        "UPDATE users SET name = 'q' WHERE id = 3",
    ),
    (
        "SELECT name FROM users WHERE handle = 'b' COLLATE BINARY IS NOT 1",
        "UPDATE users SET name = 'q' WHERE id = 1",
    ),
    // A value of another type, or spelled otherwise.
    (
        "SELECT name FROM users WHERE id = '3'",
        "UPDATE users SET name = 'q' WHERE id = 3",
    ),
    (
        "SELECT name FROM users WHERE id = '3.0'",
        "UPDATE users SET name = 'q' WHERE id = 3",
    ),
    (
        "SELECT name FROM users WHERE id = 3e0",
        "UPDATE users SET name = 'q' WHERE id = 3",
    ),
    (
        "SELECT name FROM users WHERE id = 0x3",
        "UPDATE users SET name = 'q' WHERE id = 3",
    ),
    (
        "SELECT name FROM users WHERE id IN ('3', 9)",
        "UPDATE users SET name = 'q' WHERE id = 3",
    ),
    (
        "SELECT name FROM users WHERE handle = \"name\"",
        "UPDATE users SET name = 'b' WHERE id = 2",
    ),
    (
        "SELECT id FROM users WHERE handle = \"nobody\"",
        "UPDATE users SET handle = 'NOBODY' WHERE id = 2",
    ),
    (
        "SELECT name FROM users WHERE score = 3.0",
        "UPDATE users SET score = '3' WHERE id = 2",
    ),
    // Outer joins.
    (
        "SELECT u.name, p.body FROM users u LEFT JOIN posts p ON p.author = u.id AND u.id = 1",
        "UPDATE users SET name = 'q' WHERE id = 3",
    ),
    (
        "SELECT u.name, p.body FROM posts p RIGHT JOIN users u ON p.author = u.id AND u.id = 1",
        "UPDATE users SET name = 'q' WHERE id = 3",
    ),
    (
        "SELECT u.name, p.body FROM posts p FULL JOIN users u ON p.author = u.id AND u.id = 1 AND p.id = 1",
        "UPDATE posts SET body = 'q' WHERE id = 3",
    ),
    (
        "SELECT u.id, b.name FROM users u LEFT JOIN users b ON b.id = u.boss",
        "DELETE FROM users WHERE id = 2",
    ),
    (
        "SELECT u.id FROM users u LEFT JOIN posts p ON p.author = u.id WHERE p.id IS NULL",
        "INSERT INTO posts (id, channel, author) VALUES (9, 1, 4)",
    ),
    // Rows that become visible by what happens to another table.
    (
        "SELECT m.role, c.title FROM members m JOIN channels c ON c.id = m.channel AND c.kind = 1 WHERE m.member = 1",
        "UPDATE channels SET kind = 1 WHERE id = 2",
    ),
    (
        "SELECT twice FROM users WHERE id = 1",
        "UPDATE users SET score = 9 WHERE id = 1",
    ),
    (
        "SELECT rowid FROM users WHERE handle = 'a'",
        "REPLACE INTO users (id, handle) VALUES (9, 'a')",
    ),
    (
        "SELECT id, staff FROM chiefs JOIN users USING (id)",
        "UPDATE users SET boss = 2 WHERE id = 3",
    ),
    (
        "SELECT p.id FROM posts p JOIN users USING (id) WHERE p.id = 3",
        "DELETE FROM users WHERE id = 3",
    ),
    (
        "SELECT p.channel, m.member FROM posts p JOIN members m USING (channel) WHERE p.id = 1",
        "DELETE FROM members WHERE member = 2",
    ),
    (
        "SELECT count(*) FROM posts NATURAL JOIN users",
        "UPDATE users SET id = 9 WHERE id = 4",
    ),
];
