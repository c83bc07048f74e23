//! Bodies as a server sends them, and cut off at every byte.

use super::*;

fn description() -> Vec<u8> {
    let mut body = vec![0, 2];
    for (name, oid) in [("id", 20_u32), ("näme", 25)] {
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(&[0, 0, 0, 0, 1, 0, 2]);
        body.extend_from_slice(&oid.to_be_bytes());
        body.extend_from_slice(&[0, 8, 255, 255, 255, 255, 0, 0]);
    }
    body
}

#[test]
fn a_row_description_is_read_in_full() {
    let columns = row_description(&description()).unwrap();
    let names: Vec<(&str, u32)> = columns.iter().map(|c| (c.name.as_str(), c.type_oid)).collect();
    assert_eq!(names, [("id", 20), ("näme", 25)]);
}

#[test]
fn truncated_bodies_are_malformed() {
    let body = description();
    for len in 0..body.len() {
        assert_eq!(row_description(&body[..len]), Err(Malformed), "{len} bytes");
    }
    assert_eq!(parameter_description(&[0, 1, 0, 0, 0]), Err(Malformed));
    assert_eq!(Fields(&[0, 0, 0, 5, 1]).nullable(), Err(Malformed));
    assert_eq!(Fields(&(-2_i32).to_be_bytes()).nullable(), Err(Malformed));
}

#[test]
fn command_tags_count_written_rows_only() {
    let affected = |tag: &str| command_complete(format!("{tag}\0").as_bytes()).rows_affected;
    assert_eq!(affected("INSERT 0 5"), 5);
    assert_eq!(affected("UPDATE 18446744073709551615"), u64::MAX);
    assert_eq!(affected("DELETE 0"), 0);
    assert_eq!(affected("COPY 7"), 7);
    assert_eq!(affected("SELECT 3"), 0);
    assert_eq!(affected("CREATE TABLE"), 0);
    assert!(command_complete(b"ROLLBACK\0").is_rollback);
    assert!(!command_complete(b"COMMIT\0").is_rollback);
}
