//! Which name `verify_ca` asks for after the host's own did not fit.

use std::io;

use rustls::CertificateError;
use rustls::pki_types::ServerName;

use super::name_in_certificate;

fn name(presented: &[&str]) -> Option<String> {
    let fault = CertificateError::NotValidForNameContext {
        expected: ServerName::try_from("db.example").unwrap(),
        presented: presented.iter().map(|name| (*name).to_owned()).collect(),
    };
    name_in_certificate(&io::Error::other(rustls::Error::InvalidCertificate(fault)).into())
}

#[test]
fn the_first_usable_name_is_taken() {
    assert_eq!(name(&[r#"DnsName("a.example")"#]).as_deref(), Some("a.example"));
    assert_eq!(name(&["IpAddress(10.0.0.1)"]).as_deref(), Some("10.0.0.1"));
    assert_eq!(
        name(&["UniformResourceIdentifier(x)", r#"DnsName("b.example")"#]).as_deref(),
        Some("b.example")
    );
    assert_eq!(
        name(&[r#"DnsName("*.db.example")"#]).as_deref(),
        Some("any.db.example")
    );
}

#[test]
fn no_other_fault_of_a_certificate_is_passed_over() {
    assert_eq!(name(&[]), None);
    let fault = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
    assert_eq!(name_in_certificate(&io::Error::other(fault).into()), None);
    assert_eq!(
        name_in_certificate(&io::Error::from(io::ErrorKind::ConnectionReset).into()),
        None
    );
}
