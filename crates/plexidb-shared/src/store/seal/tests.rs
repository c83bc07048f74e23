//! Secrets that cannot be used are refused, and never printed.

use super::*;

#[test]
fn weak_and_repeated_secrets_are_refused_without_being_quoted() {
    let error = Keyring::new(&["fifteen bytes..".into()], "n").unwrap_err();
    assert_eq!(error, SecretError::TooShort { bytes: 15 });
    assert!(!error.to_string().contains("fifteen"));
    let twice: [SecretString; 2] = ["sixteen bytes...".into(), "sixteen bytes...".into()];
    assert_eq!(Keyring::new(&twice, "n").unwrap_err(), SecretError::Twice);
    assert!(Keyring::new(&[], "n").unwrap().is_none());
    let keyring = Keyring::new(&twice[..1], "n").unwrap();
    assert!(!format!("{keyring:?}").contains("sixteen"));
}

#[test]
fn equal_texts_are_sealed_into_different_bytes() {
    let keyring = Keyring::new(&["sixteen bytes...".into()], "n").unwrap().unwrap();
    let seal = || {
        let mut out = Vec::new();
        keyring.seal(b"bound", b"plain".to_vec(), &mut out).unwrap();
        out
    };
    let (one, two) = (seal(), seal());
    assert_ne!(one[HEADER_BYTES..], two[HEADER_BYTES..]);
    assert_eq!(keyring.open(b"bound", &one), Ok(b"plain".to_vec()));
    assert_eq!(keyring.open(b"other", &one), Err(Unsealable));
}
