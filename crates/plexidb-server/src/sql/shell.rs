//! The interactive shell: a line editor around the running of scripts.
//!
//! The editor draws on the error stream, so that the output can be redirected.

use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;

use plexidb::{Database, Dialect};
use reedline::{
    ColumnarMenu, Emacs, KeyCode, KeyModifiers, MenuBuilder as _, Reedline, ReedlineEvent, ReedlineMenu,
    Signal, ValidationResult, Validator, default_emacs_keybindings,
};

use super::batch::{End, Run, tell};
use super::output::Printer;
use super::script;
use super::session::Session;

mod completer;
mod history;
mod prompt;

use completer::SqlCompleter;
use prompt::SqlPrompt;

const MENU: &str = "completion";

/// Reads and runs until the user leaves.
pub(super) async fn run(mut session: Session, mut printer: Printer) -> anyhow::Result<ExitCode> {
    let mut editor = editor(session.database());
    let mut out = io::stdout();
    greet(session.database());
    loop {
        let prompt = SqlPrompt::new(session.database().dialect(), session.is_in_transaction());
        // The editor blocks its thread; other threads serve the connections meanwhile.
        let signal = tokio::task::block_in_place(|| editor.read_line(&prompt))?;
        let text = match signal {
            Signal::Success(text) => text,
            Signal::CtrlD => break,
            _ => continue,
        };
        if let Err(error) = editor.sync_history() {
            tell(&format!("note: the history cannot be written: {error}"));
        }
        let mut run = Run {
            session: &mut session,
            printer: &mut printer,
            out: &mut out,
            keeps_going: false,
            depth: 0,
        };
        match run.script(&text).await {
            End::Done | End::Failed | End::Interrupted => {}
            End::Quit | End::Closed => break,
        }
    }
    if session.abandon_transaction() {
        tell("note: the open transaction is rolled back");
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn greet(database: &Database) {
    let product = match database.dialect() {
        Dialect::Sqlite => "SQLite",
        Dialect::Postgres => "PostgreSQL",
        Dialect::MySql => "MySQL/MariaDB",
    };
    let version = database.catalog().server_version;
    tell(&format!(
        "plexidb {} on {product} {version}. A statement ends with a semicolon; \\? lists the commands.",
        env!("CARGO_PKG_VERSION")
    ));
}

fn editor(database: &Database) -> Reedline {
    let mut keys = default_emacs_keybindings();
    let complete = ReedlineEvent::UntilFound(vec![
        ReedlineEvent::Menu(MENU.to_owned()),
        ReedlineEvent::MenuNext,
    ]);
    keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, complete);
    let is_colour_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let editor = Reedline::create()
        .with_edit_mode(Box::new(Emacs::new(keys)))
        .with_validator(Box::new(StatementValidator {
            dialect: database.dialect(),
        }))
        .with_completer(Box::new(SqlCompleter::new(database.clone())))
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(
            ColumnarMenu::default().with_name(MENU),
        )))
        .with_quick_completions(true)
        .with_ansi_colors(io::stderr().is_terminal() && !is_colour_refused)
        .with_history_exclusion_prefix(Some(" ".to_owned()))
        .use_bracketed_paste(true);
    match history::open() {
        Ok(history) => editor.with_history(history),
        Err(error) => {
            tell(&format!("note: this session's history is not kept: {error:#}"));
            editor
        }
    }
}

/// Lets the editor read on until the statement is complete.
struct StatementValidator {
    dialect: Dialect,
}

impl Validator for StatementValidator {
    fn validate(&self, text: &str) -> ValidationResult {
        match script::is_finished(text, self.dialect) {
            true => ValidationResult::Complete,
            false => ValidationResult::Incomplete,
        }
    }
}
