//! TLS on the client's side: what the connections of a run have in common.
//!
//! From the plan to a configuration of `rustls`, once and before the run. How bytes are moved
//! through it is `wsbench-transport`'s affair.

mod verifier;

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, ClientConfig, InconsistentKeys, RootCertStore};
use thiserror::Error;
use wsbench_load::plan::{Identity, Pem, Tls, TlsVersions};
use wsbench_load::route::Target;
use wsbench_setting::{Field, Text, Told, text};
use wsbench_transport::tls::TlsClient;

use self::verifier::Verifier;

/// Why there can be no TLS as it was asked for. Occurs before anything is started.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The host is neither a name nor an address as certificates have them.
    #[error("{}", server_name(name))]
    ServerName {
        /// The name.
        name: String,
    },
    /// The system's trusted authorities cannot be read, or there are none.
    #[error("{}", no_authorities(reason))]
    NoAuthorities {
        /// Error of the system.
        reason: String,
    },
    /// The authorities that were given are no certificate.
    #[error("{}", unusable_authorities(reason))]
    Authorities {
        /// Reason why it is wrong.
        reason: String,
    },
    /// The certificate and the key that were given make no identity.
    #[error("{}", unusable_identity(reason))]
    Identity {
        /// Reason why they are wrong.
        reason: String,
    },
    /// The versions asked for are not to be had.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

impl Told for TlsError {
    fn text(&self) -> Text {
        match self {
            Self::ServerName { name } => server_name(name),
            Self::NoAuthorities { reason } => no_authorities(reason),
            Self::Authorities { reason } => unusable_authorities(reason),
            Self::Identity { reason } => unusable_identity(reason),
            Self::Setup(_) => self.to_string().into(),
        }
    }
}

fn server_name(name: &str) -> Text {
    text![
        format!("'{name}' cannot be a server's name in TLS; give one with "),
        Field::ServerName,
    ]
}

fn no_authorities(reason: &str) -> Text {
    text![
        format!(
            "no trusted authorities were found on this system ({reason}); install \
             ca-certificates, give one with "
        ),
        Field::Authorities,
        ", or do not verify (",
        Field::Insecure.brief(),
        ")",
    ]
}

fn unusable_authorities(reason: &str) -> Text {
    text![
        Field::Authorities,
        format!(" holds no certificate in PEM ({reason})"),
    ]
}

fn unusable_identity(reason: &str) -> Text {
    text![
        Field::Identity,
        " and ",
        Field::IdentityKey,
        format!(" make no client certificate: {reason}"),
    ]
}

/// Makes ready what `tls` asks for, for connections to `target`.
///
/// # Errors
/// See [`TlsError`].
pub fn client(tls: &Tls, target: &Target) -> Result<TlsClient, TlsError> {
    let name = tls.server_name.as_ref().unwrap_or(&target.host);
    let server_name = ServerName::try_from(name.clone())
        .map_err(|_| TlsError::ServerName { name: name.clone() })?;
    let provider = Arc::new(ring::default_provider());
    let versions: &[_] = match tls.versions {
        TlsVersions::Any => &[&TLS13, &TLS12],
        TlsVersions::V1_2 => &[&TLS12],
        TlsVersions::V1_3 => &[&TLS13],
    };
    let verifier = if tls.verify {
        let (roots, given) = authorities(tls)?;
        let known = Verifier::of_known(&provider, roots, given);
        known.map_err(|error| TlsError::NoAuthorities {
            reason: error.to_string(),
        })?
    } else {
        Verifier::of_anybody(&provider)
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &tls.identity {
        Some(identity) => {
            let shown = read_identity(identity, &provider)?;
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(shown)))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = tls.alpn.iter().map(|name| name.clone().into()).collect();
    if !tls.resumes {
        config.resumption = Resumption::disabled();
    }
    Ok(TlsClient::new(Arc::new(config), server_name))
}

/// The authorities to trust, those given or the system's; and the certificates that were given.
fn authorities(tls: &Tls) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), TlsError> {
    let mut roots = RootCertStore::empty();
    let mut given = Vec::new();
    if let Some(pem) = tls.authorities.as_ref().and_then(Pem::bytes) {
        let wrong = |reason: String| TlsError::Authorities { reason };
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
            given.push(certificate.clone());
            roots
                .add(certificate)
                .map_err(|error| wrong(error.to_string()))?;
        }
        if roots.is_empty() {
            let other = other_form(pem).unwrap_or("nothing between BEGIN and END CERTIFICATE");
            return Err(wrong(other.to_owned()));
        }
        return Ok((roots, given));
    }
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let reason = found.errors.first().map_or_else(
            || "the store is empty".to_owned(),
            std::string::ToString::to_string,
        );
        return Err(TlsError::NoAuthorities { reason });
    }
    Ok((roots, given))
}

fn read_identity(identity: &Identity, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let wrong = |reason: String| TlsError::Identity { reason };
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(identity.certificates.bytes().unwrap_or_default()).collect();
    let certificates = certificates.map_err(|error| wrong(error.to_string()))?;
    if certificates.is_empty() {
        let held = identity.certificates.bytes().unwrap_or_default();
        let other =
            other_form(held).unwrap_or("it holds nothing between BEGIN and END CERTIFICATE");
        return Err(wrong(format!("the certificate cannot be read: {other}")));
    }
    let held = identity.key.reveal().unwrap_or_default();
    let key = PrivateKeyDer::from_pem_slice(held).map_err(|error| {
        let other = other_form(held).map_or_else(|| error.to_string(), str::to_owned);
        wrong(format!("the key cannot be read: {other}"))
    })?;
    let key = provider.key_provider.load_private_key(key);
    let key = key.map_err(|error| wrong(format!("the key cannot be used: {error}")))?;
    let certified = CertifiedKey::new(certificates, key);
    match certified.keys_match() {
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Err(wrong("the key is not that of the certificate".to_owned()))
        }
        // What the library cannot read (X.509 version 1, say) it shows all the same: whether it is
        // taken is the server's to say. Nor does it know every key's public half.
        Ok(())
        | Err(rustls::Error::InconsistentKeys(_))
        | Err(rustls::Error::InvalidCertificate(CertificateError::Other(_))) => Ok(certified),
        Err(error) => Err(wrong(format!("the certificate cannot be read: {error}"))),
    }
}

/// The form in which certificates or keys are where they are not plain PEM, with what makes PEM of it;
/// `None` where it is none that is known.
fn other_form(held: &[u8]) -> Option<&'static str> {
    let has = |words: &[u8]| held.windows(words.len()).any(|window| window == words);
    if has(b"BEGIN ENCRYPTED PRIVATE KEY") || has(b"Proc-Type: 4,ENCRYPTED") {
        return Some("it is encrypted; `openssl pkey -in KEY -out PLAIN` takes the passphrase off");
    }
    // A sequence (ITU-T X.690 sections 8.1.3 and 8.9), whose length takes an octet (a key on a curve)
    // or two or three.
    let [0x30, length, rest @ ..] = held else {
        return None;
    };
    let content = match length {
        0..=0x7f => rest,
        0x81 => rest.get(1..)?,
        0x82 => rest.get(2..)?,
        _ => return None,
    };
    // PKCS #12 begins with its version, 3 (RFC 7292 section 4).
    Some(match content.starts_with(&[2, 1, 3]) {
        true => "it is PKCS #12; `openssl pkcs12 -in FILE -nodes -out PEM` makes PEM of it",
        false => {
            "it is DER; `openssl x509 -inform der -in FILE -out PEM`, or pkey in place of x509 for a \
             key, makes PEM of it"
        }
    })
}
