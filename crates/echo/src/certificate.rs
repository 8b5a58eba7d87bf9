//! What the server shows of itself where it speaks TLS.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use wsbench_transport::tls::TlsServer;

/// A certificate with its key, both as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The chain, the server's own certificate first.
    pub chain: String,
    /// The private key.
    pub key: String,
}

/// Why a certificate is of no use.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// None could be made.
    #[error("no certificate can be made: {0}")]
    Making(#[from] rcgen::Error),
    /// Chain or key are no PEM.
    #[error("the certificate or its key cannot be read: {0}; both have to be PEM")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// The two do not belong together, or are of a kind that is not known.
    #[error("the certificate is of no use: {0}")]
    Unfit(#[from] rustls::Error),
}

impl Certificate {
    /// A self-signed certificate for these names and addresses, valid from now on.
    ///
    /// # Errors
    /// A name that cannot be in a certificate.
    pub fn self_signed(names: &[&str]) -> Result<Self, CertificateError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(names)?.self_signed(&key)?;
        Ok(Self {
            chain: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    /// Made ready for connections.
    pub(crate) fn server(&self) -> Result<TlsServer, CertificateError> {
        let chain = CertificateDer::pem_slice_iter(self.chain.as_bytes());
        let chain: Vec<_> = chain.collect::<Result<_, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes())?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if cfg!(feature = "http2") {
            config.alpn_protocols.push(b"h2".to_vec());
        }
        Ok(TlsServer::new(Arc::new(config)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_can_be_shown() {
        let certificate = Certificate::self_signed(&["localhost", "127.0.0.1"]).unwrap();
        certificate.server().unwrap();
        let other = Certificate::self_signed(&["localhost"]).unwrap();
        let mixed = Certificate {
            chain: certificate.chain,
            key: other.key,
        };
        assert!(matches!(mixed.server(), Err(CertificateError::Unfit(_))));
    }
}
