//! The count of bytes before a reset is exact, and is used once.

use super::*;

#[test]
fn the_reset_comes_after_exactly_the_bytes_asked_for_and_only_once() {
    let control = Control::new();
    assert_eq!(control.allow_server_bytes(1_000), Allowance::All);
    control.set_server_bytes_left(10);
    assert_eq!(control.allow_server_bytes(4), Allowance::All);
    assert_eq!(control.allow_server_bytes(6), Allowance::All);
    assert_eq!(control.allow_server_bytes(5), Allowance::Then(0));
    assert_eq!(control.allow_server_bytes(5), Allowance::All);
    control.set_server_bytes_left(3);
    assert_eq!(control.allow_server_bytes(5), Allowance::Then(3));
}
