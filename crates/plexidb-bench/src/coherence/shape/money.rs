//! Reads of accounts, whose sums tell whether a transaction was seen in part.

use super::Answer::{Of, Rows, Sum};
use super::Argument::{Account, Owner};
use super::Scope::{All, One};
use super::Shape;
use crate::coherence::fact::{Tuple, tuple};
use crate::coherence::unit::Family::Accounts;

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "balance by id",
        sql: "SELECT balance FROM accounts WHERE id = ?",
        arguments: &[Account],
        scope: One(Accounts, |n| n[0] / 4),
        keep: |fact, n| (fact.cells[0] == n[0]).then(|| tuple(&[fact.cells[2]])),
        answer: Rows,
    },
    Shape {
        name: "accounts of an owner",
        sql: "SELECT id, balance FROM accounts WHERE owner = ?",
        arguments: &[Owner],
        scope: One(Accounts, |n| n[0]),
        keep: |fact, n| (fact.cells[1] == n[0]).then(|| tuple(&[fact.cells[0], fact.cells[2]])),
        answer: Rows,
    },
    Shape {
        name: "wealth of an owner",
        sql: "SELECT sum(balance) FROM accounts WHERE owner = ?",
        arguments: &[Owner],
        scope: One(Accounts, |n| n[0]),
        keep: |fact, n| (fact.cells[1] == n[0]).then(|| tuple(&[fact.cells[2]])),
        answer: Sum,
    },
    Shape {
        name: "all money",
        sql: "SELECT sum(balance) FROM accounts",
        arguments: &[],
        scope: All(&[Accounts]),
        keep: |fact, _| Some(tuple(&[fact.cells[2]])),
        answer: Sum,
    },
    Shape {
        name: "two accounts",
        sql: "SELECT id, balance FROM accounts WHERE id IN (?, ?)",
        arguments: &[Account, Account],
        scope: All(&[Accounts]),
        keep: |fact, n| {
            n[..2]
                .contains(&fact.cells[0])
                .then(|| tuple(&[fact.cells[0], fact.cells[2]]))
        },
        answer: Rows,
    },
    Shape {
        name: "an account beside the others of its owner",
        sql: "SELECT a.balance, b.id, b.balance FROM accounts a JOIN accounts b ON b.owner = a.owner WHERE a.id = ?",
        arguments: &[Account],
        scope: One(Accounts, |n| n[0] / 4),
        keep: |fact, _| Some(fact.cells),
        answer: Of(|accounts, n| {
            let own: Option<&Tuple> = accounts.iter().find(|account| account[0] == n[0]);
            let pair = |other: &Tuple| own.map(|own| tuple(&[own[2], other[0], other[2]]));
            accounts.iter().filter_map(pair).collect()
        }),
    },
    Shape {
        name: "wealth by owner",
        sql: "SELECT owner, sum(balance), count(*) FROM accounts GROUP BY owner HAVING owner = ?",
        arguments: &[Owner],
        scope: One(Accounts, |n| n[0]),
        keep: |fact, n| (fact.cells[1] == n[0]).then_some(fact.cells),
        answer: Of(|accounts, n| {
            let sum = accounts.iter().map(|account| account[2]).sum();
            vec![tuple(&[n[0], sum, accounts.len() as i64])]
        }),
    },
];
