//! The private certificate authority of a test run: servers present certificates from it, clients trust its PEM file.
//! A second authority that signed nothing serves the tests which must see verification fail.

use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// Names that every server certificate is valid for.
const SERVER_NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// An authority and the certificate of a stranger.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    stranger_pem: String,
}

impl Authority {
    /// The one authority of this process, so that PostgreSQL and MariaDB share it.
    pub(crate) fn of_this_process() -> Result<&'static Self> {
        static AUTHORITY: OnceLock<Result<Authority, String>> = OnceLock::new();
        let authority = AUTHORITY.get_or_init(|| Self::generate().map_err(|error| format!("{error:#}")));
        authority.as_ref().map_err(|message| anyhow!("{message}"))
    }

    fn generate() -> Result<Self> {
        let (pem, issuer) = self_signed("plexidb test authority")?;
        let (stranger_pem, _) = self_signed("plexidb test stranger")?;
        Ok(Self {
            issuer,
            pem,
            stranger_pem,
        })
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    pub(crate) fn stranger_pem(&self) -> &str {
        &self.stranger_pem
    }

    /// A new server certificate and its key, both as PEM.
    pub(crate) fn issue(&self) -> Result<(String, String)> {
        let key = KeyPair::generate().context("cannot generate a key")?;
        let names = SERVER_NAMES.map(String::from);
        let mut parameters = CertificateParams::new(names).context("cannot name a certificate")?;
        parameters
            .distinguished_name
            .push(DnType::CommonName, SERVER_NAMES[0]);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        parameters.use_authority_key_identifier_extension = true;
        let certificate = parameters
            .signed_by(&key, &self.issuer)
            .context("cannot sign a certificate")?;
        Ok((certificate.pem(), key.serialize_pem()))
    }
}

fn self_signed(common_name: &str) -> Result<(String, Issuer<'static, KeyPair>)> {
    let key = KeyPair::generate().context("cannot generate the authority's key")?;
    let mut parameters = CertificateParams::new(Vec::new()).context("cannot name the authority")?;
    parameters
        .distinguished_name
        .push(DnType::CommonName, common_name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = parameters
        .self_signed(&key)
        .context("cannot sign the authority's certificate")?;
    Ok((certificate.pem(), Issuer::new(parameters, key)))
}
