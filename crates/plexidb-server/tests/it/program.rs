//! Runs the built program and looks at everything that it gives back.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the program gave.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Standard output, of a run that succeeded.
    pub(crate) fn success(&self) -> &str {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        &self.stdout
    }

    /// The error stream, of a run that ended with this code.
    pub(crate) fn failure(&self, code: i32) -> &str {
        assert_eq!(
            self.code,
            Some(code),
            "stdout: {}\nstderr: {}",
            self.stdout,
            self.stderr
        );
        &self.stderr
    }
}

/// The program, in a clean environment.
pub(crate) fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plexidb"));
    command
        .args(words)
        .env_remove("DATABASE_URL")
        .env_remove("COLUMNS")
        .stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub(crate) fn run(words: &[&str]) -> Outcome {
    finish(command(words))
}

/// Runs the program with a text as its standard input.
pub(crate) fn run_with_input(words: &[&str], input: &str) -> Outcome {
    let mut command = command(words);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    outcome(child.wait_with_output().unwrap())
}

pub(crate) fn finish(mut command: Command) -> Outcome {
    outcome(command.output().unwrap())
}

fn outcome(output: std::process::Output) -> Outcome {
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder with a small SQLite database.
pub(crate) struct Sample {
    folder: tempfile::TempDir,
    pub(crate) url: String,
}

impl Sample {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.db");
        let url = format!("sqlite:{}", path.display());
        run_with_input(&["sql", &format!("{url}?mode=rwc")], SCHEMA).success();
        Self { folder, url }
    }

    /// A file in the folder.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `plexidb sql` on it.
    pub(crate) fn sql(&self, words: &[&str]) -> Outcome {
        run(&[&["sql", &self.url], words].concat())
    }
}

const SCHEMA: &str = "\
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, score REAL, photo BLOB, big INTEGER);
INSERT INTO users VALUES (1, 'Ada', 1.5, x'00ff', 9007199254740993);
INSERT INTO users VALUES (2, 'NULL', NULL, NULL, 9007199254740991);
INSERT INTO users VALUES (3, 'O''Hara, \"Tab\"\tand
two lines', -0.25, x'', NULL);
CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    author INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    body TEXT DEFAULT 'nothing'
);
CREATE UNIQUE INDEX posts_by_author ON posts (author, id);
CREATE VIEW names AS SELECT id, name FROM users;
";
