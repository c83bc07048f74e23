//! Reads of what changes by itself: children that a cascade takes, fans that lose their parent, the ledger of a trigger, seats
//! under a composite key, a view that DDL redefines.

use super::Answer::{Count, Of, Rows};
use super::Argument::{Child, Hall, Order, Parent, Person, Place};
use super::Scope::{All, One};
use super::Shape;
use crate::coherence::fact::{Fact, NULL, Table, tuple};
use crate::coherence::unit::Family::{Gauge, Orders, Parents, Seats};

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "parent by id",
        sql: "SELECT id, title FROM parents WHERE id = ?",
        arguments: &[Parent],
        scope: One(Parents, |n| n[0] / 2),
        keep: |fact, n| is(fact, Table::Parents, 0, n[0]).then_some(fact.cells),
        answer: Rows,
    },
    Shape {
        name: "child by id",
        sql: "SELECT parent, note FROM children WHERE id = ?",
        arguments: &[Child],
        scope: One(Parents, |n| n[0] / 4),
        keep: |fact, n| is(fact, Table::Children, 0, n[0]).then(|| tuple(&[fact.cells[1], fact.cells[2]])),
        answer: Rows,
    },
    Shape {
        name: "children of a parent",
        sql: "SELECT id, note FROM children WHERE parent = ?",
        arguments: &[Parent],
        scope: One(Parents, |n| n[0] / 2),
        keep: |fact, n| is(fact, Table::Children, 1, n[0]).then(|| tuple(&[fact.cells[0], fact.cells[2]])),
        answer: Rows,
    },
    Shape {
        name: "number of children",
        sql: "SELECT count(*) FROM children WHERE parent = ?",
        arguments: &[Parent],
        scope: One(Parents, |n| n[0] / 2),
        keep: |fact, n| is(fact, Table::Children, 1, n[0]).then_some(fact.cells),
        answer: Count,
    },
    Shape {
        name: "number of all children",
        sql: "SELECT count(*) FROM children",
        arguments: &[],
        scope: All(&[Parents]),
        keep: |fact, _| (fact.table == Table::Children).then_some(fact.cells),
        answer: Count,
    },
    Shape {
        name: "fans of a parent",
        sql: "SELECT id FROM fans WHERE parent = ?",
        arguments: &[Parent],
        scope: One(Parents, |n| n[0] / 2),
        keep: |fact, n| is(fact, Table::Fans, 1, n[0]).then(|| tuple(&[fact.cells[0]])),
        answer: Rows,
    },
    Shape {
        name: "fans of nobody",
        sql: "SELECT id FROM fans WHERE parent IS NULL",
        arguments: &[],
        scope: All(&[Parents]),
        keep: |fact, _| is(fact, Table::Fans, 1, NULL).then(|| tuple(&[fact.cells[0]])),
        answer: Rows,
    },
    Shape {
        name: "children with their parent's title",
        sql: "SELECT c.id, p.title FROM children c JOIN parents p ON p.id = c.parent WHERE c.parent = ?",
        arguments: &[Parent],
        scope: One(Parents, |n| n[0] / 2),
        keep: |fact, n| match fact.table {
            Table::Parents => (fact.cells[0] == n[0]).then(|| tuple(&[0, fact.cells[1]])),
            Table::Children => (fact.cells[1] == n[0]).then(|| tuple(&[1, fact.cells[0]])),
            _ => None,
        },
        answer: Of(|facts, _| {
            let title = facts.iter().find(|cells| cells[0] == 0).map(|cells| cells[1]);
            let children = facts.iter().filter(|cells| cells[0] == 1);
            children
                .filter_map(|child| title.map(|title| tuple(&[child[1], title])))
                .collect()
        }),
    },
    Shape {
        name: "parent with or without children",
        sql: "SELECT p.id, c.id, c.note FROM parents p LEFT JOIN children c ON c.parent = p.id WHERE p.id = ?",
        arguments: &[Parent],
        scope: One(Parents, |n| n[0] / 2),
        keep: |fact, n| match fact.table {
            Table::Parents => (fact.cells[0] == n[0]).then(|| tuple(&[0])),
            Table::Children => (fact.cells[1] == n[0]).then(|| tuple(&[1, fact.cells[0], fact.cells[2]])),
            _ => None,
        },
        answer: Of(|facts, n| {
            if !facts.iter().any(|cells| cells[0] == 0) {
                return Vec::new();
            }
            let children = facts.iter().filter(|cells| cells[0] == 1);
            let rows: Vec<_> = children.map(|child| tuple(&[n[0], child[1], child[2]])).collect();
            if rows.is_empty() {
                return vec![tuple(&[n[0], NULL, NULL])];
            }
            rows
        }),
    },
    Shape {
        name: "order by id",
        sql: "SELECT quantity FROM orders WHERE id = ?",
        arguments: &[Order],
        scope: One(Orders, |n| n[0]),
        keep: |fact, n| is(fact, Table::Orders, 0, n[0]).then(|| tuple(&[fact.cells[1]])),
        answer: Rows,
    },
    Shape {
        name: "ledger of an order",
        sql: "SELECT quantity FROM ledger WHERE order_id = ?",
        arguments: &[Order],
        scope: One(Orders, |n| n[0]),
        keep: |fact, n| is(fact, Table::Ledger, 0, n[0]).then(|| tuple(&[fact.cells[1]])),
        answer: Rows,
    },
    Shape {
        name: "order beside its ledger",
        sql: "SELECT o.quantity, l.quantity FROM orders o JOIN ledger l ON l.order_id = o.id WHERE o.id = ?",
        arguments: &[Order],
        scope: One(Orders, |n| n[0]),
        keep: |fact, n| is(fact, Table::Orders, 0, n[0]).then(|| tuple(&[fact.cells[1], fact.cells[1]])),
        answer: Rows,
    },
    Shape {
        name: "seat by hall and place",
        sql: "SELECT holder FROM seats WHERE hall = ? AND place = ?",
        arguments: &[Hall, Place],
        scope: One(Seats, |n| n[1]),
        keep: |fact, n| (fact.cells[0] == n[0] && fact.cells[1] == n[1]).then(|| tuple(&[fact.cells[2]])),
        answer: Rows,
    },
    Shape {
        name: "seat by place",
        sql: "SELECT hall, holder FROM seats WHERE place = ?",
        arguments: &[Place],
        scope: One(Seats, |n| n[0]),
        keep: |fact, n| (fact.cells[1] == n[0]).then(|| tuple(&[fact.cells[0], fact.cells[2]])),
        answer: Rows,
    },
    Shape {
        name: "seats of a hall",
        sql: "SELECT place, holder FROM seats WHERE hall = ? ORDER BY place",
        arguments: &[Hall],
        scope: All(&[Seats]),
        keep: |fact, n| (fact.cells[0] == n[0]).then(|| tuple(&[fact.cells[1], fact.cells[2]])),
        answer: Rows,
    },
    Shape {
        name: "free seats of a hall",
        sql: "SELECT count(*) FROM seats WHERE hall = ? AND holder IS NULL",
        arguments: &[Hall],
        scope: All(&[Seats]),
        keep: |fact, n| (fact.cells[0] == n[0] && fact.cells[2] == NULL).then_some(fact.cells),
        answer: Count,
    },
    Shape {
        name: "seats of a person",
        sql: "SELECT hall, place FROM seats WHERE holder = ?",
        arguments: &[Person],
        scope: All(&[Seats]),
        keep: |fact, n| (fact.cells[2] == n[0]).then(|| tuple(&[fact.cells[0], fact.cells[1]])),
        answer: Rows,
    },
    Shape {
        name: "gauge",
        sql: "SELECT n FROM gauge",
        arguments: &[],
        scope: One(Gauge, |_| 0),
        keep: |fact, _| Some(tuple(&[fact.cells[1]])),
        answer: Rows,
    },
];

fn is(fact: &Fact, table: Table, position: usize, cell: i64) -> bool {
    fact.table == table && fact.cells[position] == cell
}
