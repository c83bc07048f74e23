//! The count of bytes before a reset is exact, and is used once.

use super::*;
use Direction::{ToClient, ToServer};

#[test]
fn the_reset_comes_after_exactly_the_bytes_asked_for_and_only_once() {
    let control = Control::new("127.0.0.1:1".into());
    assert_eq!(control.allow_bytes(ToClient, 1_000), Allowance::All);
    control.set_bytes_left(ToClient, 10);
    assert_eq!(control.allow_bytes(ToClient, 4), Allowance::All);
    assert_eq!(control.allow_bytes(ToServer, 1_000), Allowance::All);
    assert_eq!(control.allow_bytes(ToClient, 6), Allowance::All);
    assert_eq!(control.allow_bytes(ToClient, 5), Allowance::Then(0));
    assert_eq!(control.allow_bytes(ToClient, 5), Allowance::All);
    control.set_bytes_left(ToClient, 3);
    assert_eq!(control.allow_bytes(ToClient, 5), Allowance::Then(3));
}
