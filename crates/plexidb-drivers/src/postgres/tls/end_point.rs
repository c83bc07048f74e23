//! The hash of the server's certificate that binds a SCRAM login to its TLS channel (RFC 5929,
//! `tls-server-end-point`).
//!
//! Must not know the protocol; a certificate that cannot be understood only means no binding.

use rustls::SupportedCipherSuite;
use rustls::crypto::ring::cipher_suite::{TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384};

use super::super::socket::Socket;

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// Signature algorithms by their encoded object identifier. MD5 and SHA-1 are replaced by SHA-256, as the RFC says.
const ALGORITHMS: [(&[u8], SupportedCipherSuite); 7] = [
    // md5WithRSAEncryption, sha1WithRSAEncryption, sha256WithRSAEncryption, sha384WithRSAEncryption
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", TLS13_AES_128_GCM_SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", TLS13_AES_128_GCM_SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", TLS13_AES_128_GCM_SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", TLS13_AES_256_GCM_SHA384),
    // ecdsa-with-SHA1, ecdsa-with-SHA256, ecdsa-with-SHA384
    (b"\x2a\x86\x48\xce\x3d\x04\x01", TLS13_AES_128_GCM_SHA256),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", TLS13_AES_128_GCM_SHA256),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x03", TLS13_AES_256_GCM_SHA384),
];

/// The hash for this connection; `None` without TLS, or where the certificate is signed with another algorithm.
pub(in super::super) fn server_end_point(socket: &Socket) -> Option<Vec<u8>> {
    let Socket::Tls(stream) = socket else {
        return None;
    };
    let certificate = stream.get_ref().1.peer_certificates()?.first()?;
    let algorithm = signature_algorithm(certificate)?;
    let (_, suite) = ALGORITHMS.iter().find(|(oid, _)| *oid == algorithm)?;
    // A suite is the way to a hash function that rustls makes public.
    let hash = suite.tls13()?.common.hash_provider;
    Some(hash.hash(certificate).as_ref().to_vec())
}

/// The object identifier of `Certificate.signatureAlgorithm`.
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (fields, _) = element(certificate, SEQUENCE)?;
    let (_signed_part, rest) = element(fields, SEQUENCE)?;
    let (algorithm, _) = element(rest, SEQUENCE)?;
    Some(element(algorithm, OBJECT_IDENTIFIER)?.0)
}

/// Splits a DER element of this tag into its content and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = der.strip_prefix(&[tag])?;
    let (&first, rest) = rest.split_first()?;
    let (len, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let len = digits
                .iter()
                .fold(0_usize, |len, digit| len << 8 | usize::from(*digit));
            (len, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(len)
}
