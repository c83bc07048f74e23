//! Reads of posts: by keys that move, joined with their authors, counted, grouped, through a view.

use super::Answer::{Count, Of, Rows, Sum};
use super::Argument::{Handle, Lane, Person, Post, Room, Tag};
use super::Scope::{All, One};
use super::{Numbers, Shape};
use crate::coherence::fact::{Fact, NULL, Table, Tuple, tuple};
use crate::coherence::unit::Family::{People, Posts};
use crate::coherence::unit::POSTS_PER_LANE;

const ID: usize = 0;
const LANE: usize = 1;
const ROOM: usize = 2;
const AUTHOR: usize = 3;
const TAG: usize = 4;
const AMOUNT: usize = 5;

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "post by id",
        sql: "SELECT id, lane, room, author, tag, amount FROM posts WHERE id = ?",
        arguments: &[Post],
        scope: One(Posts, |n| n[0] / POSTS_PER_LANE),
        keep: |fact, n| (fact.cells[ID] == n[0]).then_some(fact.cells),
        answer: Rows,
    },
    Shape {
        name: "amount by id",
        sql: "SELECT amount FROM posts WHERE id = ?",
        arguments: &[Post],
        scope: One(Posts, |n| n[0] / POSTS_PER_LANE),
        keep: |fact, n| (fact.cells[ID] == n[0]).then(|| tuple(&[fact.cells[AMOUNT]])),
        answer: Rows,
    },
    Shape {
        name: "room by id",
        sql: "SELECT room FROM posts WHERE id = ?",
        arguments: &[Post],
        scope: One(Posts, |n| n[0] / POSTS_PER_LANE),
        keep: |fact, n| (fact.cells[ID] == n[0]).then(|| tuple(&[fact.cells[ROOM]])),
        answer: Rows,
    },
    Shape {
        name: "posts of a room",
        sql: "SELECT id, amount FROM posts WHERE room = ? ORDER BY id",
        arguments: &[Room],
        scope: All(&[Posts]),
        keep: |fact, n| (fact.cells[ROOM] == n[0]).then(|| tuple(&[fact.cells[ID], fact.cells[AMOUNT]])),
        answer: Rows,
    },
    Shape {
        name: "ids of a room",
        sql: "SELECT id FROM posts WHERE room = ?",
        arguments: &[Room],
        scope: All(&[Posts]),
        keep: |fact, n| (fact.cells[ROOM] == n[0]).then(|| tuple(&[fact.cells[ID]])),
        answer: Rows,
    },
    Shape {
        name: "last posts of a room",
        sql: "SELECT id, amount FROM posts WHERE room = ? ORDER BY id DESC LIMIT 3",
        arguments: &[Room],
        scope: All(&[Posts]),
        keep: |fact, n| (fact.cells[ROOM] == n[0]).then(|| tuple(&[fact.cells[ID], fact.cells[AMOUNT]])),
        answer: Of(|posts, _| {
            let mut posts = posts.to_vec();
            posts.sort_unstable();
            posts.into_iter().rev().take(3).collect()
        }),
    },
    Shape {
        name: "posts of a room with authors",
        sql: "SELECT p.id, p.amount, p.author, u.name FROM posts p JOIN people u ON u.id = p.author WHERE p.room = ? ORDER BY p.id",
        arguments: &[Room],
        scope: All(&[Posts, People]),
        keep: in_room,
        answer: Of(|facts, _| {
            joined(facts, |post, author| {
                tuple(&[post[ID], post[AMOUNT], post[AUTHOR], author[2]])
            })
        }),
    },
    Shape {
        name: "posts of a room with the authors' handles, through LEFT JOIN",
        sql: "SELECT p.id, p.author, u.handle FROM posts p LEFT JOIN people u ON u.id = p.author WHERE p.room = ?",
        arguments: &[Room],
        scope: All(&[Posts, People]),
        keep: in_room,
        answer: Of(|facts, _| joined(facts, |post, author| tuple(&[post[ID], post[AUTHOR], author[1]]))),
    },
    Shape {
        name: "roster of a room, through a view",
        sql: "SELECT id, amount, name FROM rosters WHERE room = ?",
        arguments: &[Room],
        scope: All(&[Posts, People]),
        keep: in_room,
        answer: Of(|facts, _| joined(facts, |post, author| tuple(&[post[ID], post[AMOUNT], author[2]]))),
    },
    Shape {
        name: "post with author by id",
        sql: "SELECT p.amount, u.name FROM posts p JOIN people u ON p.author = u.id WHERE p.id = ?",
        arguments: &[Post],
        scope: All(&[Posts, People]),
        keep: |fact, n| match fact.table {
            Table::Posts => (fact.cells[ID] == n[0]).then(|| marked(fact)),
            _ => Some(marked(fact)),
        },
        answer: Of(|facts, _| joined(facts, |post, author| tuple(&[post[AMOUNT], author[2]]))),
    },
    Shape {
        name: "posts by an author's handle",
        sql: "SELECT p.id, p.room FROM people u JOIN posts p ON p.author = u.id WHERE u.handle = ?",
        arguments: &[Handle],
        scope: All(&[Posts, People]),
        keep: |fact, n| match fact.table {
            Table::Posts => Some(marked(fact)),
            _ => (fact.cells[1] == n[0]).then(|| marked(fact)),
        },
        answer: Of(|facts, _| joined(facts, |post, _| tuple(&[post[ID], post[ROOM]]))),
    },
    Shape {
        name: "posts by subordinates, through IN (SELECT)",
        sql: "SELECT id FROM posts WHERE author IN (SELECT id FROM people WHERE boss = ?)",
        arguments: &[Person],
        scope: All(&[Posts, People]),
        keep: |fact, n| match fact.table {
            Table::Posts => Some(marked(fact)),
            _ => (fact.cells[3] == n[0]).then(|| marked(fact)),
        },
        answer: Of(|facts, _| joined(facts, |post, _| tuple(&[post[ID]]))),
    },
    Shape {
        name: "people with posts in a room, through EXISTS",
        sql: "SELECT u.id, u.name FROM people u WHERE EXISTS (SELECT 1 FROM posts p WHERE p.author = u.id AND p.room = ?)",
        arguments: &[Room],
        scope: All(&[Posts, People]),
        keep: in_room,
        answer: Of(|facts, _| {
            let mut people = joined(facts, |_, author| tuple(&[author[0], author[2]]));
            people.sort_unstable();
            people.dedup();
            people
        }),
    },
    Shape {
        name: "number of an author's posts",
        sql: "SELECT count(*) FROM posts WHERE author = ?",
        arguments: &[Person],
        scope: All(&[Posts]),
        keep: |fact, n| (fact.cells[AUTHOR] == n[0]).then_some(fact.cells),
        answer: Count,
    },
    Shape {
        name: "sum of an author's posts",
        sql: "SELECT coalesce(sum(amount), 0) FROM posts WHERE author = ?",
        arguments: &[Person],
        scope: All(&[Posts]),
        keep: |fact, n| (fact.cells[AUTHOR] == n[0]).then(|| tuple(&[fact.cells[AMOUNT]])),
        answer: Sum,
    },
    Shape {
        name: "posts of a tag",
        sql: "SELECT id, room FROM posts WHERE tag = ?",
        arguments: &[Tag],
        scope: All(&[Posts]),
        keep: |fact, n| (fact.cells[TAG] == n[0]).then(|| tuple(&[fact.cells[ID], fact.cells[ROOM]])),
        answer: Rows,
    },
    Shape {
        name: "posts without a tag",
        sql: "SELECT id FROM posts WHERE tag IS NULL",
        arguments: &[],
        scope: All(&[Posts]),
        keep: |fact, _| (fact.cells[TAG] == NULL).then(|| tuple(&[fact.cells[ID]])),
        answer: Rows,
    },
    Shape {
        name: "posts of two rooms",
        sql: "SELECT id, room FROM posts WHERE room IN (?, ?)",
        arguments: &[Room, Room],
        scope: All(&[Posts]),
        keep: |fact, n| {
            n[..2]
                .contains(&fact.cells[ROOM])
                .then(|| tuple(&[fact.cells[ID], fact.cells[ROOM]]))
        },
        answer: Rows,
    },
    Shape {
        name: "a post in a room",
        sql: "SELECT amount FROM posts WHERE id = ? AND room = ?",
        arguments: &[Post, Room],
        scope: One(Posts, |n| n[0] / POSTS_PER_LANE),
        keep: |fact, n| {
            (fact.cells[ID] == n[0] && fact.cells[ROOM] == n[1]).then(|| tuple(&[fact.cells[AMOUNT]]))
        },
        answer: Rows,
    },
    Shape {
        name: "posts of a room or of an author",
        sql: "SELECT id FROM posts WHERE room = ? OR author = ?",
        arguments: &[Room, Person],
        scope: All(&[Posts]),
        keep: |fact, n| {
            (fact.cells[ROOM] == n[0] || fact.cells[AUTHOR] == n[1]).then(|| tuple(&[fact.cells[ID]]))
        },
        answer: Rows,
    },
    Shape {
        name: "posts of a lane",
        sql: "SELECT id, amount FROM posts WHERE lane = ?",
        arguments: &[Lane],
        scope: One(Posts, |n| n[0]),
        keep: |fact, n| (fact.cells[LANE] == n[0]).then(|| tuple(&[fact.cells[ID], fact.cells[AMOUNT]])),
        answer: Rows,
    },
    Shape {
        name: "greatest amount of a lane",
        sql: "SELECT max(amount), count(*) FROM posts WHERE lane = ?",
        arguments: &[Lane],
        scope: One(Posts, |n| n[0]),
        keep: |fact, n| (fact.cells[LANE] == n[0]).then_some(fact.cells),
        answer: Of(|posts, _| {
            let greatest = posts.iter().map(|post| post[AMOUNT]).max();
            vec![tuple(&[greatest.unwrap_or(NULL), posts.len() as i64])]
        }),
    },
    Shape {
        name: "a room and a room, through UNION ALL",
        sql: "SELECT id FROM posts WHERE room = ? UNION ALL SELECT id FROM posts WHERE lane = ?",
        arguments: &[Room, Lane],
        scope: All(&[Posts]),
        keep: |fact, n| (fact.cells[ROOM] == n[0] || fact.cells[LANE] == n[1]).then_some(fact.cells),
        answer: Of(|posts, n| {
            let ids = |position: usize, wanted: i64| {
                let posts = posts.iter().filter(move |post| post[position] == wanted);
                posts.map(|post| tuple(&[post[ID]]))
            };
            ids(ROOM, n[0]).chain(ids(LANE, n[1])).collect()
        }),
    },
    Shape {
        name: "busy rooms, through a common table expression",
        sql: "WITH busy AS (SELECT room, count(*) AS posts FROM posts GROUP BY room) SELECT room, posts FROM busy WHERE room = ?",
        arguments: &[Room],
        scope: All(&[Posts]),
        keep: |fact, n| (fact.cells[ROOM] == n[0]).then(|| tuple(&[fact.cells[ID]])),
        answer: Of(|posts, n| match posts.len() {
            0 => Vec::new(),
            posts => vec![tuple(&[n[0], posts as i64])],
        }),
    },
];

/// A tuple that tells posts from people: a post's amount goes to its last cell, a person has -1 there.
fn marked(fact: &Fact) -> Tuple {
    let mut cells = fact.cells;
    if fact.table != Table::Posts {
        cells[AMOUNT] = -1;
    }
    cells
}

fn in_room(fact: &Fact, n: &Numbers) -> Option<Tuple> {
    match fact.table {
        Table::Posts => (fact.cells[ROOM] == n[0]).then(|| marked(fact)),
        _ => Some(marked(fact)),
    }
}

/// The posts with their authors, where both were kept.
fn joined(facts: &[Tuple], make: impl Fn(&Tuple, &Tuple) -> Tuple) -> Vec<Tuple> {
    let posts = facts.iter().filter(|cells| cells[AMOUNT] != -1);
    posts
        .filter_map(|post| {
            let author = |cells: &&Tuple| cells[AMOUNT] == -1 && cells[ID] == post[AUTHOR];
            facts.iter().find(author).map(|author| make(post, author))
        })
        .collect()
}
