//! TLS as libpq's `sslmode` means it, with rustls and its ring provider.
//!
//! Invariant: nothing depends on a provider or root store that the process has set as its default.

use std::fmt::Display;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::settings::{Roots, TlsMode, TlsSettings};
use verifier::{AnyCertificate, SignedCertificate};

mod end_point;
mod verifier;

pub(super) use end_point::server_end_point;

/// The protocol's name for a handshake without the request before it.
const ALPN: &[u8] = b"postgresql";

/// Makes TLS streams; the certificates are read when the first one is made.
pub(super) struct TlsClient {
    config: OnceLock<Arc<ClientConfig>>,
}

impl TlsClient {
    pub(super) fn new() -> Self {
        Self {
            config: OnceLock::new(),
        }
    }

    /// Performs the handshake. The error says what failed and what to check.
    pub(super) async fn handshake(
        &self,
        settings: &TlsSettings,
        host: &str,
        stream: TcpStream,
    ) -> Result<Box<TlsStream<TcpStream>>, String> {
        let config = match self.config.get() {
            Some(config) => Arc::clone(config),
            None => {
                let config = Arc::new(client_config(settings)?);
                Arc::clone(self.config.get_or_init(|| config))
            }
        };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| format!("\"{host}\" is no name that a certificate can hold; connect by name"))?;
        let stream = TlsConnector::from(config).connect(name, stream).await;
        stream.map(Box::new).map_err(|error| advise(settings, &error))
    }
}

fn advise(settings: &TlsSettings, error: &std::io::Error) -> String {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    match cause {
        Some(rustls::Error::InvalidCertificate(cause)) => {
            let check = match &settings.roots {
                Roots::File(path) => format!("that {} holds the authority that signed it", path.display()),
                Roots::System => "sslrootcert, which names the file of a private authority".to_owned(),
            };
            format!("the server's certificate was not accepted: {cause}; check the host's name, and {check}")
        }
        _ => error.to_string(),
    }
}

fn client_config(settings: &TlsSettings) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = verifier(settings, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &settings.identity {
        Some((certificate, key)) => {
            let chain = read_certificates(certificate)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
            builder.with_client_auth_cert(chain, key)
        }
        None => Ok(builder.with_no_client_auth()),
    }
    .map_err(|error| format!("sslcert and sslkey are of no use: {error}"))?;
    config.enable_sni = settings.sends_server_name;
    if settings.is_direct {
        config.alpn_protocols = vec![ALPN.to_vec()];
    }
    Ok(config)
}

fn verifier(
    settings: &TlsSettings,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let is_pinned = matches!(settings.roots, Roots::File(_));
    if settings.mode < TlsMode::VerifyCa && !is_pinned {
        return Ok(Arc::new(AnyCertificate::new(Arc::clone(provider))));
    }
    let roots = Arc::new(root_store(&settings.roots)?);
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
        .build()
        .map_err(|error| error.to_string())?;
    Ok(match settings.mode {
        TlsMode::VerifyFull => verifier,
        _ => Arc::new(SignedCertificate::new(verifier)),
    })
}

fn root_store(roots: &Roots) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::File(path) => {
            for certificate in read_certificates(path)? {
                store.add(certificate).map_err(|error| unreadable(path, &error))?;
            }
        }
        Roots::System => {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            // A system whose store cannot be read in part still has Mozilla's roots.
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(store)
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(path, &error))?;
    if certificates.is_empty() {
        return Err(format!("{} holds no certificate in PEM form", path.display()));
    }
    Ok(certificates)
}

fn unreadable(path: &Path, error: &dyn Display) -> String {
    format!("cannot use {}: {error}", path.display())
}
