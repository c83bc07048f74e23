//! The command line's own consistency.

use clap::CommandFactory as _;

#[test]
fn names_options_and_help_do_not_contradict_each_other() {
    super::Cli::command().debug_assert();
}
