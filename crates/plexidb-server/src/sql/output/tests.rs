//! What a person sees on a terminal.

use std::time::Duration;

use plexidb::params;

use super::{Answer, Printer, Timed};

/// What the shell prints of this query's result on a terminal of this width.
async fn printed(sql: &str, width: u16) -> String {
    let database = plexidb::connect("sqlite::memory:").await.unwrap();
    let rows = database.query(sql, params![]).await.unwrap();
    let timed = Timed {
        answer: Answer::Rows(rows),
        elapsed: Duration::ZERO,
        note: None,
    };
    let mut out = Vec::new();
    Printer::on_terminal(width).answer(&mut out, &timed).unwrap();
    String::from_utf8(out).unwrap()
}

#[tokio::test]
async fn the_shell_prints_the_first_thousand_rows_and_says_so() {
    let count = |rows| {
        format!(
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT {rows}) SELECT x FROM c"
        )
    };
    let text = printed(&count(1_500), 80).await;
    assert!(text.ends_with("(first 1,000 of 1,500 rows)\n"), "{text}");
    assert!(text.contains("│ 1000 │") && !text.contains("1001"), "{text}");
    assert!(printed(&count(1_000), 80).await.ends_with("(1,000 rows)\n"));
}

#[tokio::test]
async fn a_table_is_no_wider_than_the_terminal() {
    let text = printed(
        "SELECT 'some words that need room, more than there is on this terminal' AS a, 2 AS b",
        40,
    )
    .await;
    assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
    assert!(text.contains("┆ b │") && text.contains("terminal"), "{text}");
}

#[tokio::test]
async fn more_columns_than_a_terminal_can_show_stand_below_each_other() {
    let columns: Vec<String> = (1..=12)
        .map(|number| format!("{number} AS column_{number}"))
        .collect();
    let text = printed(&format!("SELECT {}", columns.join(", ")), 80).await;
    assert!(
        text.starts_with("─[ 1 ]─") && text.contains("column_12 │ 12"),
        "{text}"
    );
}
