//! Scripts without a terminal: statements one after the other, answers on standard output, errors on the error stream.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use super::failure::Failure;
use super::output::Printer;
use super::script::{Piece, pieces};
use super::session::Session;
use crate::failure::{DATABASE, INTERRUPTED};

mod command;

pub(super) use command::{Next, run_command};

/// Files that include files.
const INCLUDES_MAX: usize = 16;

/// Runs scripts and returns the exit code.
pub(super) async fn run(
    mut session: Session,
    mut printer: Printer,
    scripts: &[String],
    keeps_going: bool,
) -> anyhow::Result<ExitCode> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut code = 0;
    for script in scripts {
        let mut run = Run {
            session: &mut session,
            printer: &mut printer,
            out: &mut out,
            keeps_going,
            depth: 0,
        };
        match run.script(script).await {
            End::Done => {}
            End::Failed if keeps_going => code = DATABASE,
            End::Failed => {
                code = DATABASE;
                break;
            }
            End::Quit => break,
            End::Interrupted => {
                code = INTERRUPTED;
                break;
            }
            End::Closed => return Ok(ExitCode::SUCCESS),
        }
    }
    if session.abandon_transaction() {
        tell("note: a transaction was open at the end and is rolled back");
    }
    out.flush()?;
    Ok(ExitCode::from(code))
}

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Done,
    Failed,
    Quit,
    Interrupted,
    /// Nobody reads the output any more.
    Closed,
}

/// What a script runs in.
pub(super) struct Run<'a> {
    pub(super) session: &'a mut Session,
    pub(super) printer: &'a mut Printer,
    pub(super) out: &'a mut dyn Write,
    pub(super) keeps_going: bool,
    /// How many files include this one.
    pub(super) depth: usize,
}

impl Run<'_> {
    /// Runs the pieces of a script; each failure is told.
    pub(super) async fn script(&mut self, script: &str) -> End {
        let mut has_failed = false;
        let dialect = self.session.database().dialect();
        for piece in pieces(script, dialect) {
            let (text, result) = match piece {
                Piece::Statement(sql) => (sql, self.statement(sql).await.map(|()| End::Done)),
                Piece::Command(line) => (line, Box::pin(self.command(line)).await),
            };
            match result {
                Ok(End::Done) => {}
                Ok(End::Failed) if self.keeps_going => has_failed = true,
                Ok(end) => return end,
                Err(failure) if failure.is_closed_output() => return End::Closed,
                Err(failure) => {
                    self.report(&failure, text);
                    if matches!(failure, Failure::Interrupted { .. }) {
                        return End::Interrupted;
                    }
                    has_failed = true;
                    if !self.keeps_going || matches!(failure, Failure::Output(_)) {
                        return End::Failed;
                    }
                }
            }
        }
        if has_failed { End::Failed } else { End::Done }
    }

    async fn statement(&mut self, sql: &str) -> Result<(), Failure> {
        if self.printer.is_streaming() && self.session.can_stream(sql) {
            let mut sink = self.printer.sink(self.out);
            let summary = self.session.stream(sql, &mut *sink).await?;
            drop(sink);
            if let Some(summary) = summary {
                self.printer.footer(self.out, &summary)?;
                return Ok(self.out.flush()?);
            }
        }
        let timed = self.session.run(sql).await?;
        self.printer.answer(self.out, &timed)?;
        // What was done is seen before the next statement, which may take long.
        self.out.flush()?;
        if let Some(note) = timed.note {
            tell(note);
        }
        Ok(())
    }

    async fn command(&mut self, line: &str) -> Result<End, Failure> {
        match run_command(self.session, self.printer, self.out, line).await? {
            Next::Statement => Ok(End::Done),
            Next::Quit => Ok(End::Quit),
            Next::Script(_) if self.depth >= INCLUDES_MAX => Err(Failure::Refused(format!(
                "files include each other more than {INCLUDES_MAX} deep"
            ))),
            Next::Script(script) => {
                self.depth += 1;
                let end = self.script(&script).await;
                self.depth -= 1;
                Ok(end)
            }
        }
    }

    fn report(&mut self, failure: &Failure, text: &str) {
        // The answers before it come first, also where both streams are one.
        let _ = self.out.flush();
        tell(&failure.report(text));
    }
}

/// A line on the error stream; where that is closed there is nobody to tell.
pub(super) fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
