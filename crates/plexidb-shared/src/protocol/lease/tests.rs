//! A lease is over a little earlier for hits, and a grant stays what it was when it was read.

use super::*;

#[test]
fn a_grant_that_was_read_before_the_lease_began_stays_invalid() {
    let lease = Lease::default();
    let before = lease.grant();
    lease.set(10_000_000);
    assert!(!before.is_valid_at(1));
    let grant = lease.grant();
    assert!(grant.is_valid_at(8_999_999));
    assert!(!grant.is_valid_at(9_000_000));
    lease.set(0);
    assert!(!lease.grant().is_valid_at(0));
}
