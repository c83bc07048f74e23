//! Every phase comes back as it was entered.

use super::*;

#[test]
fn the_phase_that_was_entered_last_is_told() {
    let progress = ConnectProgress::new();
    assert_eq!(progress.phase(), None);
    for phase in [
        ConnectPhase::Resolve,
        ConnectPhase::Dial,
        ConnectPhase::Tls,
        ConnectPhase::Auth,
        ConnectPhase::Setup,
        ConnectPhase::Dial,
    ] {
        progress.enter(phase);
        assert_eq!(progress.phase(), Some(phase));
    }
}
