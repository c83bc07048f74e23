//! Reads of people: by primary key, by unique key in any case, by a key that may be NULL, all of them.

use super::Answer::{Count, Of, Rows};
use super::Argument::{Handle, Person};
use super::Scope::{All, One};
use super::Shape;
use crate::coherence::fact::{NULL, tuple};
use crate::coherence::unit::Family::People;

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "person by id",
        sql: "SELECT id, handle, name, boss FROM people WHERE id = ?",
        arguments: &[Person],
        scope: One(People, |n| n[0]),
        keep: |fact, n| (fact.cells[0] == n[0]).then_some(fact.cells),
        answer: Rows,
    },
    Shape {
        name: "name by id",
        sql: "SELECT name FROM people WHERE id = ?",
        arguments: &[Person],
        scope: One(People, |n| n[0]),
        keep: |fact, n| (fact.cells[0] == n[0]).then(|| tuple(&[fact.cells[2]])),
        answer: Rows,
    },
    Shape {
        name: "handle by id",
        sql: "SELECT handle FROM people WHERE id = ?",
        arguments: &[Person],
        scope: One(People, |n| n[0]),
        keep: |fact, n| (fact.cells[0] == n[0]).then(|| tuple(&[fact.cells[1]])),
        answer: Rows,
    },
    Shape {
        name: "name by handle",
        sql: "SELECT id, name FROM people WHERE handle = ?",
        arguments: &[Handle],
        scope: One(People, |n| n[0] / 3),
        keep: |fact, n| (fact.cells[1] == n[0]).then(|| tuple(&[fact.cells[0], fact.cells[2]])),
        answer: Rows,
    },
    Shape {
        name: "is the handle taken",
        sql: "SELECT count(*) FROM people WHERE handle = ?",
        arguments: &[Handle],
        scope: One(People, |n| n[0] / 3),
        keep: |fact, n| (fact.cells[1] == n[0]).then_some(fact.cells),
        answer: Count,
    },
    Shape {
        name: "names by list of ids",
        sql: "SELECT id, name FROM people WHERE id IN (?, ?, ?)",
        arguments: &[Person, Person, Person],
        scope: All(&[People]),
        keep: |fact, n| {
            n[..3]
                .contains(&fact.cells[0])
                .then(|| tuple(&[fact.cells[0], fact.cells[2]]))
        },
        answer: Rows,
    },
    Shape {
        name: "two handles",
        sql: "SELECT id, handle FROM people WHERE handle IN (?, ?)",
        arguments: &[Handle, Handle],
        scope: All(&[People]),
        keep: |fact, n| {
            n[..2]
                .contains(&fact.cells[1])
                .then(|| tuple(&[fact.cells[0], fact.cells[1]]))
        },
        answer: Rows,
    },
    Shape {
        name: "people of a boss",
        sql: "SELECT id, name FROM people WHERE boss = ?",
        arguments: &[Person],
        scope: All(&[People]),
        keep: |fact, n| (fact.cells[3] == n[0]).then(|| tuple(&[fact.cells[0], fact.cells[2]])),
        answer: Rows,
    },
    Shape {
        name: "people without a boss",
        sql: "SELECT id FROM people WHERE boss IS NULL",
        arguments: &[],
        scope: All(&[People]),
        keep: |fact, _| (fact.cells[3] == NULL).then(|| tuple(&[fact.cells[0]])),
        answer: Rows,
    },
    Shape {
        name: "people with a boss or this name's owner",
        sql: "SELECT id FROM people WHERE boss IS NOT NULL OR handle = ?",
        arguments: &[Handle],
        scope: All(&[People]),
        keep: |fact, n| (fact.cells[3] != NULL || fact.cells[1] == n[0]).then(|| tuple(&[fact.cells[0]])),
        answer: Rows,
    },
    Shape {
        name: "person with boss",
        sql: "SELECT p.id, p.name, b.name FROM people p LEFT JOIN people b ON b.id = p.boss WHERE p.id = ?",
        arguments: &[Person],
        scope: All(&[People]),
        // Bosses are among the first four.
        keep: |fact, n| (fact.cells[0] < 4 || fact.cells[0] == n[0]).then_some(fact.cells),
        answer: Of(|people, n| {
            let find = |id| people.iter().find(|person| person[0] == id);
            let Some(person) = find(n[0]) else {
                return Vec::new();
            };
            let boss = find(person[3]).map_or(NULL, |boss| boss[2]);
            vec![tuple(&[person[0], person[2], boss])]
        }),
    },
];
