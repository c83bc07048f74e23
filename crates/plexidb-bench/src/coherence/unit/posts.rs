//! The posts of one lane: each in a room, by an author, with a tag or none; they move, go and come.

use plexidb::{Dialect, Value};

use super::domain::{PEOPLE, ROOMS, TAGS};
use crate::coherence::edit::{Edit, insert_sql, values};
use crate::coherence::fact::{Fact, NULL, Table, Tuple, tuple};

pub(super) const UNITS: usize = 10;
/// Posts of a lane: their ids are lane × this + 0, 1, 2.
pub(crate) const POSTS_PER_LANE: i64 = 3;

const TABLE: Table = Table::Posts;
const LANE: usize = 1;
const ROOM: usize = 2;
const AUTHOR: usize = 3;
const TAG: usize = 4;
const AMOUNT: usize = 5;

pub(super) fn initial(lane: i64) -> Vec<Fact> {
    (0..POSTS_PER_LANE)
        .map(|number| {
            let id = lane * POSTS_PER_LANE + number;
            Fact::new(TABLE, &[id, lane, id % ROOMS, id % PEOPLE, NULL, 0])
        })
        .collect()
}

pub(super) fn edit(lane: i64, edit: &mut Edit<'_>) {
    let id = lane * POSTS_PER_LANE + edit.dice.number(POSTS_PER_LANE);
    match edit.dice.below(4) {
        0 => edit_lane(lane, edit),
        1 => come_or_go(lane, id, edit),
        _ => match edit.find(TABLE, 0, id) {
            Some(post) => edit_post(post, edit),
            None => come(lane, id, edit),
        },
    }
}

fn edit_post(post: Tuple, edit: &mut Edit<'_>) {
    let id = post[0];
    let is_it = move |cells: &Tuple| cells[0] == id;
    match edit.dice.below(11) {
        0 => {
            let amount = edit.fresh();
            edit.set(TABLE, id, "amount", amount);
        }
        1 | 2 => {
            let room = edit.dice.number(ROOMS);
            edit.set(TABLE, id, "room", room);
        }
        3 => {
            let author = edit.dice.number(PEOPLE);
            edit.set(TABLE, id, "author", author);
        }
        4 => {
            let tag = tag(edit);
            edit.set(TABLE, id, "tag", tag);
        }
        5 => {
            edit.run(
                "UPDATE posts SET amount = amount + 1 WHERE id = ?",
                vec![id.into()],
            );
            edit.update(TABLE, is_it, |cells| cells[AMOUNT] += 1);
        }
        // The old value of the key that moves stands in the statement.
        6 => {
            let room = edit.dice.number(ROOMS);
            edit.run(
                "UPDATE posts SET room = ? WHERE room = ? AND id = ?",
                vec![room.into(), post[ROOM].into(), id.into()],
            );
            edit.update(TABLE, is_it, |cells| cells[ROOM] = room);
        }
        // Where the row moves to does not stand in the statement.
        7 => {
            edit.run(
                "UPDATE posts SET room = (room + 1) % 5 WHERE id = ?",
                vec![id.into()],
            );
            edit.update(TABLE, is_it, |cells| cells[ROOM] = (cells[ROOM] + 1) % ROOMS);
        }
        8 if edit.dialect != Dialect::MySql => {
            let (room, amount) = (edit.dice.number(ROOMS), edit.fresh());
            edit.run_returning(
                "UPDATE posts SET room = ?, amount = ? WHERE id = ? RETURNING amount",
                vec![room.into(), amount.into(), id.into()],
            );
            edit.update(TABLE, is_it, |cells| {
                (cells[ROOM], cells[AMOUNT]) = (room, amount)
            });
        }
        9 => {
            let (author, amount) = (edit.dice.number(PEOPLE), edit.fresh());
            edit.run(
                "UPDATE posts SET author = ?, amount = ? WHERE author = ? AND lane = ? AND id = ?",
                vec![
                    author.into(),
                    amount.into(),
                    post[AUTHOR].into(),
                    post[LANE].into(),
                    id.into(),
                ],
            );
            edit.update(TABLE, is_it, |cells| {
                (cells[AUTHOR], cells[AMOUNT]) = (author, amount);
            });
        }
        _ => {
            let amount = edit.fresh();
            edit.run(
                "UPDATE posts SET amount = ? WHERE id + 0 = ?",
                vec![amount.into(), id.into()],
            );
            edit.update(TABLE, is_it, |cells| cells[AMOUNT] = amount);
        }
    }
}

/// Writes several posts by one statement.
fn edit_lane(lane: i64, edit: &mut Edit<'_>) {
    let is_here = move |cells: &Tuple| cells[LANE] == lane;
    match edit.dice.below(5) {
        0 => {
            let amount = edit.fresh();
            edit.run(
                "UPDATE posts SET amount = ? WHERE lane = ?",
                vec![amount.into(), lane.into()],
            );
            edit.update(TABLE, is_here, |cells| cells[AMOUNT] = amount);
        }
        1 => {
            let (room, other) = (edit.dice.number(ROOMS), edit.dice.number(ROOMS));
            edit.run(
                "UPDATE posts SET room = ? WHERE room = ? AND lane = ?",
                vec![room.into(), other.into(), lane.into()],
            );
            edit.update(
                TABLE,
                |cells| is_here(cells) && cells[ROOM] == other,
                |cells| cells[ROOM] = room,
            );
        }
        2 => {
            let (tag, first) = (tag(edit), lane * POSTS_PER_LANE);
            let mut params = vec![TABLE.value(TAG, tag)];
            params.extend((first..first + POSTS_PER_LANE).map(Value::from));
            edit.run("UPDATE posts SET tag = ? WHERE id IN (?, ?, ?)", params);
            edit.update(TABLE, is_here, |cells| cells[TAG] = tag);
        }
        3 => {
            edit.run(
                "DELETE FROM posts WHERE tag IS NULL AND lane = ?",
                vec![lane.into()],
            );
            edit.delete(TABLE, |cells| is_here(cells) && cells[TAG] == NULL);
        }
        _ => {
            let first = lane * POSTS_PER_LANE;
            let missing: Vec<i64> = (first..first + POSTS_PER_LANE)
                .filter(|id| edit.find(TABLE, 0, *id).is_none())
                .collect();
            if missing.is_empty() {
                let amount = edit.fresh();
                let rows = (first..first + POSTS_PER_LANE).map(|id| vec![amount.into(), id.into()]);
                edit.run_many("UPDATE posts SET amount = ? WHERE id = ?", rows.collect());
                edit.update(TABLE, is_here, |cells| cells[AMOUNT] = amount);
                return;
            }
            let posts: Vec<Tuple> = missing.into_iter().map(|id| new_post(lane, id, edit)).collect();
            edit.run_many(
                &insert_sql(TABLE),
                posts.iter().map(|post| values(TABLE, post)).collect(),
            );
            posts.into_iter().for_each(|post| edit.insert(TABLE, post));
        }
    }
}

fn come_or_go(lane: i64, id: i64, edit: &mut Edit<'_>) {
    let post = edit.find(TABLE, 0, id);
    match (post, edit.dice.below(4)) {
        (None, _) => come(lane, id, edit),
        (Some(_), 0) => edit.remove(TABLE, id),
        (Some(post), 1) => {
            edit.run(
                "DELETE FROM posts WHERE room = ? AND id = ?",
                vec![post[ROOM].into(), id.into()],
            );
            edit.delete(TABLE, |cells| cells[0] == id);
        }
        (Some(_), _) => upsert(lane, id, edit),
    }
}

fn come(lane: i64, id: i64, edit: &mut Edit<'_>) {
    let post = new_post(lane, id, edit);
    match edit.dice.below(4) {
        0 => {
            // The author's row must be there, which it always is; the statement does not tell it.
            edit.run(
                &placing("SELECT ?, ?, ?, id, NULL, ? FROM people WHERE id = ?"),
                vec![
                    id.into(),
                    lane.into(),
                    post[ROOM].into(),
                    post[AMOUNT].into(),
                    post[AUTHOR].into(),
                ],
            );
            let mut post = post;
            post[TAG] = NULL;
            edit.insert(TABLE, post);
        }
        1 => upsert(lane, id, edit),
        2 if edit.dialect != Dialect::MySql => {
            let sql = format!("{} RETURNING id", insert_sql(TABLE));
            edit.run_returning(&sql, values(TABLE, &post));
            edit.insert(TABLE, post);
        }
        _ => edit.add(TABLE, post),
    }
}

/// PostgreSQL wants to know the types of parameters in a SELECT list.
fn placing(select: &str) -> String {
    let select = select.replacen(
        "?, ?, ?,",
        "CAST(? AS INTEGER), CAST(? AS INTEGER), CAST(? AS INTEGER),",
        1,
    );
    let select = select.replacen("NULL, ?", "NULL, CAST(? AS INTEGER)", 1);
    format!("INSERT INTO posts (id, lane, room, author, tag, amount) {select}")
}

fn upsert(lane: i64, id: i64, edit: &mut Edit<'_>) {
    let post = new_post(lane, id, edit);
    let conflict = match edit.dialect {
        Dialect::MySql => {
            "ON DUPLICATE KEY UPDATE room = VALUES(room), author = VALUES(author), tag = VALUES(tag), amount = VALUES(amount)"
        }
        Dialect::Sqlite | Dialect::Postgres => {
            "ON CONFLICT (id) DO UPDATE SET room = excluded.room, author = excluded.author, tag = excluded.tag, amount = excluded.amount"
        }
    };
    let sql = match (edit.dialect, edit.dice.below(3)) {
        (Dialect::Sqlite | Dialect::MySql, 0) => insert_sql(TABLE).replacen("INSERT", "REPLACE", 1),
        _ => format!("{} {conflict}", insert_sql(TABLE)),
    };
    edit.run(&sql, values(TABLE, &post));
    edit.delete(TABLE, |cells| cells[0] == id);
    edit.insert(TABLE, post);
}

fn new_post(lane: i64, id: i64, edit: &mut Edit<'_>) -> Tuple {
    let (room, author) = (edit.dice.number(ROOMS), edit.dice.number(PEOPLE));
    let (tag, amount) = (tag(edit), edit.fresh());
    tuple(&[id, lane, room, author, tag, amount])
}

fn tag(edit: &mut Edit<'_>) -> i64 {
    match edit.dice.below(3) {
        0 => NULL,
        _ => edit.dice.number(TAGS),
    }
}
