//! What the terminal can do: redraw in place, show colours.

use std::env;
use std::io::{self, IsTerminal as _};

/// What output may contain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// The error stream is a terminal that can redraw lines.
    pub(crate) is_live: bool,
    /// Standard output may be coloured.
    pub(crate) has_colour: bool,
}

/// A colour of text, or bold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    Bold,
    Green,
    Red,
}

impl Terminal {
    /// Looks at the streams and the environment; `NO_COLOR` is honoured.
    pub(crate) fn detect() -> Self {
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let is_colour_refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            is_live: io::stderr().is_terminal() && !is_dumb,
            has_colour: io::stdout().is_terminal() && !is_dumb && !is_colour_refused,
        }
    }

    /// The text in a style, where standard output may be coloured.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        if !self.has_colour {
            return text.to_owned();
        }
        let code = match style {
            Style::Bold => 1,
            Style::Green => 32,
            Style::Red => 31,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}
