//! The server's certificate: whose is taken, and what has to be right about it all the same.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use wsbench_transport::tls::Distrust;

/// A check of the server's certificate. The handshake's signatures have to be right under it,
/// whosever it is.
#[derive(Debug)]
pub(super) struct Verifier {
    /// Those who are trusted; anybody where there is nothing.
    known: Option<Known>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// Those who are trusted.
#[derive(Debug)]
struct Known {
    /// Whoever an authority vouches for.
    by_issuer: Arc<WebPkiServerVerifier>,
    /// The very certificates that were given: a server's own, self-signed or not, is trusted by
    /// those who name it, as OpenSSL, curl and Go have it.
    given: Vec<CertificateDer<'static>>,
}

impl Verifier {
    /// Trusts whom these authorities vouch for, and the certificates that were given themselves.
    ///
    /// # Errors
    /// There is no authority.
    pub(super) fn of_known(
        provider: &Arc<CryptoProvider>,
        roots: RootCertStore,
        given: Vec<CertificateDer<'static>>,
    ) -> Result<Self, VerifierBuilderError> {
        let roots = Arc::new(roots);
        let by_issuer = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider));
        let by_issuer = by_issuer.build()?;
        Ok(Self {
            known: Some(Known { by_issuer, given }),
            ..Self::of_anybody(provider)
        })
    }

    /// Trusts whoever answers.
    pub(super) fn of_anybody(provider: &CryptoProvider) -> Self {
        Self {
            known: None,
            algorithms: provider.signature_verification_algorithms,
        }
    }

    /// The judgement on a signature. One under a certificate that the library cannot read (X.509
    /// version 1, say) is taken where anybody is: nobody asked whose it is. One that can be checked
    /// has to be right.
    fn judged(
        &self,
        checked: Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match checked {
            Err(rustls::Error::InvalidCertificate(error))
                if self.known.is_none() && error != CertificateError::BadSignature =>
            {
                Ok(HandshakeSignatureValid::assertion())
            }
            checked => checked,
        }
    }
}

/// True if a certificate is refused for itself, whoever vouches for it.
fn is_of_itself(error: &CertificateError) -> bool {
    matches!(
        error,
        CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }
            | CertificateError::NotValidForName
            | CertificateError::NotValidForNameContext { .. }
            | CertificateError::BadEncoding
    )
}

/// The refusal with who it is that nobody trusts, where that is its reason.
fn named(
    refused: CertificateError,
    certificate: &CertificateDer<'_>,
    shown: &[CertificateDer<'_>],
) -> CertificateError {
    // An authority that shows itself, as `openssl req -x509` makes it, is refused for what it is: the
    // library has no name for that.
    let distrust = Distrust::of(certificate, shown);
    match refused {
        CertificateError::UnknownIssuer => CertificateError::Other(OtherError(Arc::new(distrust))),
        CertificateError::Other(_) if distrust == Distrust::SelfSigned => {
            CertificateError::Other(OtherError(Arc::new(distrust)))
        }
        refused => refused,
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(Known { by_issuer, given }) = &self.known else {
            return Ok(ServerCertVerified::assertion());
        };
        let judged = by_issuer.verify_server_cert(certificate, intermediates, name, ocsp, now);
        let refused = match judged {
            Err(rustls::Error::InvalidCertificate(error)) if !is_of_itself(&error) => error,
            judged => return judged,
        };
        if !given.iter().any(|given| given == certificate) {
            return Err(named(refused, certificate, intermediates).into());
        }
        verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.algorithms;
        self.judged(verify_tls12_signature(
            message,
            certificate,
            signature,
            algorithms,
        ))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.algorithms;
        self.judged(verify_tls13_signature(
            message,
            certificate,
            signature,
            algorithms,
        ))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
