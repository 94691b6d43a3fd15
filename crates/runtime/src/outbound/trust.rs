//! Whose certificates are believed: those of the authorities that the machine knows, and of those in a file of one's own.

use std::{io, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

/// Authorities beside those of the machine.
#[derive(Debug)]
pub(super) struct Authorities(Vec<CertificateDer<'static>>);

/// Why a file of authorities can't be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesError {
    /// It can't be read.
    #[error("it can't be read")]
    Unreadable(#[source] io::Error),
    /// It has no certificates, or something else in their place.
    #[error("it has no certificates of authorities in the form of PEM")]
    Useless,
}

impl Authorities {
    /// Reads a file of certificates.
    pub(super) fn read(file: &Path) -> Result<Self, AuthoritiesError> {
        let text = std::fs::read(file).map_err(AuthoritiesError::Unreadable)?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let certificates = certificates.map_err(|_| AuthoritiesError::Useless)?;
        let (usable, _) = RootCertStore::empty().add_parsable_certificates(certificates.iter().cloned());
        if usable == 0 { Err(AuthoritiesError::Useless) } else { Ok(Self(certificates)) }
    }
}

/// How servers are spoken to over TLS.
pub(super) fn client(own: Option<&Authorities>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    // On Unix the variables SSL_CERT_FILE and SSL_CERT_DIR stand for the places where authorities are looked for.
    let known = rustls_native_certs::load_native_certs();
    for error in &known.errors {
        tracing::warn!(%error, "authorities of this machine can't be read");
    }
    let (mut usable, _) = roots.add_parsable_certificates(known.certs);
    if let Some(Authorities(certificates)) = own {
        usable += roots.add_parsable_certificates(certificates.iter().cloned()).0;
    }
    if usable == 0 {
        tracing::warn!("no authority is known: servers outside can't be reached over TLS");
    }
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks the default versions of the protocol")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
