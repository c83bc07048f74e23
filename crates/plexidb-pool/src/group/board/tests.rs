//! The board chooses what is fit, follows the roles, and loses nobody.

use std::time::Duration;

use super::super::balance::Balance;
use super::super::mark::Mark;
use super::super::role::Role;
use super::*;

mod failover;
mod model;
mod probes;
mod reads;
mod simulation;

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

fn traits(name: &str, role: Role, weight: u32) -> Traits {
    Traits {
        name: name.to_owned(),
        role,
        weight,
        tags: Vec::new(),
        is_reserved: false,
    }
}

fn config() -> GroupConfig {
    GroupConfig {
        seed: Some(42),
        ..GroupConfig::default()
    }
}

/// A primary with the name `a` and replicas `b`, `c`, ... with these weights.
fn board(replicas: &[u32], balance: Balance) -> Board {
    let names = ["b", "c", "d", "e"];
    let replicas = replicas
        .iter()
        .zip(names)
        .map(|(&weight, name)| traits(name, Role::Replica, weight));
    let all = [traits("a", Role::Primary, 1)].into_iter().chain(replicas);
    Board::new(all.collect(), GroupConfig { balance, ..config() })
}

fn enter(board: &mut Board, need: &Need, now: Instant) -> Result<usize, Refusal> {
    let ticket = board.enter(need, Tried::default(), now)?;
    board.leave(ticket, || now);
    Ok(ticket.index)
}
