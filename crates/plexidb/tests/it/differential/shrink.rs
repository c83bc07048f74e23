//! Makes a failing case small: takes away steps, reads, statements, columns and constraints while it still fails.

use std::future::Future;

use super::case::{Case, Part, Setup, Step};

/// Runs that one shrinking may take, so that it ends on a slow machine too.
const RUNS_MAX: usize = 400;

/// The smallest failing case that was found.
pub(super) async fn shrink<F, R>(mut case: Case, mut fails: F) -> Case
where
    F: FnMut(Case) -> R,
    R: Future<Output = bool>,
{
    let mut runs = 0;
    loop {
        let size_before = size(&case);
        let mut chunk = removable(&case).div_ceil(2).max(1);
        loop {
            let mut at = 0;
            while at < removable(&case) && runs < RUNS_MAX {
                runs += 1;
                let candidate = without(&case, at, chunk);
                if fails(candidate.clone()).await {
                    case = candidate;
                } else {
                    at += chunk;
                }
            }
            if chunk == 1 {
                break;
            }
            chunk = chunk.div_ceil(2);
        }
        if size(&case) == size_before || runs >= RUNS_MAX {
            return case;
        }
    }
}

/// How many things can be taken away; those that cut most come first.
fn removable(case: &Case) -> usize {
    let mut probe = Removal {
        at: 0,
        count: 0,
        seen: 0,
    };
    probe.apply(&mut case.clone());
    probe.seen
}

fn size(case: &Case) -> usize {
    removable(case)
}

fn without(case: &Case, at: usize, count: usize) -> Case {
    let mut case = case.clone();
    Removal { at, count, seen: 0 }.apply(&mut case);
    case
}

/// Takes away the things with the numbers `at..at + count`.
struct Removal {
    at: usize,
    count: usize,
    seen: usize,
}

impl Removal {
    fn apply(&mut self, case: &mut Case) {
        self.retain(&mut case.steps);
        self.retain(&mut case.reads);
        for step in &mut case.steps {
            match step {
                Step::Alone(_) => {}
                Step::Many { rows, .. } => self.retain(rows),
                Step::Transaction { parts, .. } => {
                    self.retain(parts);
                    for part in parts {
                        if let Part::Savepoint { writes, .. } = part {
                            self.retain(writes);
                        }
                    }
                }
            }
        }
        self.retain(&mut case.setup);
        for setup in &mut case.setup {
            if let Setup::Table { parts, .. } = setup {
                self.retain(parts);
            }
        }
    }

    fn retain<T>(&mut self, of: &mut Vec<T>) {
        of.retain(|_| {
            let number = self.seen;
            self.seen += 1;
            !(self.at..self.at + self.count).contains(&number)
        });
    }
}
