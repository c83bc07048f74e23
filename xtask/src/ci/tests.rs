//! The table must show which check failed and why.

use super::*;

#[test]
fn the_table_shows_verdict_duration_and_the_first_line_of_the_cause() {
    let failed = anyhow::anyhow!("README.md names a path that is gone\nand more");
    let steps = [
        Step {
            name: "format",
            result: Ok(()),
            duration: Duration::from_millis(1_250),
        },
        Step {
            name: "tidy",
            result: Err(failed),
            duration: Duration::from_millis(50),
        },
    ];
    assert_eq!(
        table(&steps),
        "format      1.2 s  ok\ntidy        0.1 s  FAILED: README.md names a path that is gone\n"
    );
}
