//! The TLS settings of the client library for each `ssl-mode`.
//!
//! Invariant: a mode that verifies never falls back to one that does not.

use std::io;
use std::path::Path;

use mysql_async::{ClientIdentity, Error, IoError, SslOpts};
use plexidb_core::{ConnectPhase, DriverError};
use rustls::CertificateError;

use super::failure::certificate_error;
use super::settings::{Settings, SslMode};

#[cfg(test)]
mod tests;

/// The settings for the library; `name` is the name that the server's certificate has to hold, where that is not
/// the host's.
///
/// Without `ssl-ca` the authorities are Mozilla's, as built in; with it, that file's alone.
pub(super) fn ssl_opts(settings: &Settings, name: Option<String>) -> Result<SslOpts, DriverError> {
    // rustls takes a process-wide provider where several are compiled in; ours must not depend on that.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have been faster, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let read = |path: &Path| read(path, &settings.target);
    let mut opts = SslOpts::default();
    if let Some(authorities) = &settings.tls_files.authorities {
        opts = opts
            .with_root_certs(vec![read(authorities)?.into()])
            .with_disable_built_in_roots(true);
    }
    if let Some((certificate, key)) = &settings.tls_files.identity {
        let identity = ClientIdentity::new(read(certificate)?.into(), read(key)?.into());
        opts = opts.with_client_identity(Some(identity));
    }
    if let Some(name) = name {
        opts = opts.with_danger_tls_hostname_override(Some(name));
    }
    Ok(match settings.ssl_mode {
        SslMode::Disabled | SslMode::Preferred | SslMode::Required => {
            opts.with_danger_accept_invalid_certs(true)
        }
        SslMode::VerifyCa => opts.with_danger_skip_domain_validation(true),
        SslMode::VerifyIdentity => opts,
    })
}

fn read(path: &Path, target: &str) -> Result<Vec<u8>, DriverError> {
    std::fs::read(path).map_err(|error| {
        let reason = format!("cannot read {}: {error}; check the path", path.display());
        DriverError::Connect {
            target: target.to_owned(),
            phase: ConnectPhase::Tls,
            reason,
            source: Some(Box::new(error)),
        }
    })
}

/// A name that the server's certificate does hold, where the only fault that was found with it is the name.
///
/// The library's own way to skip the name looks for an error that rustls no longer reports. rustls looks at the name
/// after the chain to an authority, so a connection that asks for the certificate's own name verifies the authority
/// alone, which is what `verify_ca` means.
pub(super) fn name_in_certificate(error: &Error) -> Option<String> {
    let Error::Io(IoError::Io(error)) = error else {
        return None;
    };
    presented_name(error)
}

fn presented_name(error: &io::Error) -> Option<String> {
    let rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) =
        certificate_error(error)?
    else {
        return None;
    };
    presented.iter().find_map(|name| {
        let name = name
            .strip_prefix("DnsName(")
            .or_else(|| name.strip_prefix("IpAddress("))?;
        let name = name.strip_suffix(')')?.trim_matches('"');
        // No host is called by a wildcard, but any label in its place fits it.
        let name = name
            .strip_prefix("*.")
            .map_or_else(|| name.to_owned(), |rest| format!("any.{rest}"));
        rustls::pki_types::ServerName::try_from(name.as_str())
            .is_ok()
            .then_some(name)
    })
}
