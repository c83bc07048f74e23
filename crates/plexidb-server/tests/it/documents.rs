//! Help, completion scripts, manual pages and generated documents.

use crate::program::run;

#[test]
fn every_subcommand_has_help_with_examples() {
    let overview = run(&["--help"]);
    for name in ["demo", "sql", "explain", "completions", "man"] {
        assert!(
            overview.success().contains(&format!("\n  {name} ")),
            "{name}: {}",
            overview.stdout
        );
        let help = run(&[name, "--help"]);
        assert!(
            help.success().contains("Examples:\n  plexidb "),
            "{name}: {}",
            help.stdout
        );
    }
}

#[test]
fn completion_scripts_know_the_subcommands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]);
        assert!(
            script.success().contains("explain") && script.stdout.contains("keep-going"),
            "{shell}"
        );
    }
    run(&["completions", "tcsh"]).failure(2);
}

#[test]
fn manual_pages_are_printed_or_written() {
    assert!(run(&["man"]).success().contains(".TH plexidb 1"));
    assert!(run(&["man", "sql"]).success().contains("keep\\-going"));
    assert!(run(&["man", "nothing"]).failure(2).contains("no subcommand"));
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man1");
    run(&["man", "--out", out.to_str().unwrap()]).success();
    let mut pages: Vec<String> = std::fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    let names = [
        "plexidb-completions.1",
        "plexidb-demo.1",
        "plexidb-explain.1",
        "plexidb-man.1",
        "plexidb-sql.1",
    ];
    assert_eq!(pages, [&names[..], &["plexidb.1"]].concat());
}

#[test]
fn the_configuration_reference_is_made_from_the_code() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("docs");
    run(&["docs", "--out", out.to_str().unwrap()]).success();
    let reference = std::fs::read_to_string(out.join("configuration.md")).unwrap();
    assert!(reference.contains("enable_query_cache"));
}
