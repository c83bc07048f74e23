//! Pauses grow while a server keeps failing, and begin anew once it has held.

use super::*;

const MS: Duration = Duration::from_millis(1);

#[test]
fn pauses_double_up_to_the_longest_until_a_connection_has_held() {
    let mut backoff = Backoff::new(100 * MS, 500 * MS);
    assert_eq!(backoff.pause(Some(Duration::from_secs(60))), 100 * MS);
    assert_eq!(backoff.pause(None), 200 * MS);
    assert_eq!(backoff.pause(Some(20 * MS)), 400 * MS);
    assert_eq!(backoff.pause(None), 500 * MS);
    assert_eq!(backoff.pause(Some(3_999 * MS)), 500 * MS);
    assert_eq!(backoff.pause(Some(4_000 * MS)), 100 * MS);
}

#[test]
fn a_configuration_without_pauses_does_not_spin() {
    let mut backoff = Backoff::new(Duration::ZERO, Duration::ZERO);
    assert_eq!(backoff.pause(None), MS);
    assert_eq!(backoff.pause(None), MS);
}

#[test]
fn a_configuration_with_endless_pauses_does_not_overflow() {
    let mut backoff = Backoff::new(Duration::MAX, Duration::MAX);
    assert_eq!(backoff.pause(None), PAUSE_MAX);
    assert_eq!(backoff.pause(Some(Duration::MAX)), PAUSE_MAX);
}
