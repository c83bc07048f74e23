//! The right command for each system: it is copied and run without a second look.

use super::*;

fn missing(kind: ServerKind) -> Missing {
    Missing {
        kind,
        programs: vec![],
    }
}

#[test]
fn systems_are_told_by_their_own_id_or_their_parents() {
    assert_eq!(system_of("NAME=x\nID=debian\n"), System::Debian);
    assert_eq!(
        system_of("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"),
        System::Debian
    );
    assert_eq!(
        system_of("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"),
        System::Fedora
    );
    assert_eq!(system_of("ID=manjaro\nID_LIKE=arch\n"), System::Arch);
    assert_eq!(system_of("ID=void\n"), System::Other);
}

#[test]
fn debian_users_get_a_command_with_all_missing_packages_and_no_others() {
    let text = instructions(
        &[missing(ServerKind::Postgres), missing(ServerKind::Redis)],
        System::Debian,
    );
    assert!(
        text.contains("sudo apt-get install -y postgresql postgresql-client redis-server redis-tools\n"),
        "{text}"
    );
    assert!(!text.contains("mariadb"), "{text}");
}

#[test]
fn an_unknown_system_gets_all_hints() {
    let text = instructions(&[missing(ServerKind::MariaDb)], System::Other);
    assert!(
        text.contains("apt-get install") && text.contains("brew install mariadb"),
        "{text}"
    );
}
