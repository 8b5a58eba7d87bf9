//! What goes wrong in TLS, with the way out.

use std::io;

use rustls::{CertificateError as Certificate, Error, InvalidMessage};
use thiserror::Error;

/// A fault of TLS.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TlsFault {
    /// The server's certificate has expired.
    #[error("the server's certificate has expired; -k measures all the same")]
    Expired,
    /// The server's certificate is for other names.
    #[error("{0}; --server-name asks for another name, -k takes any")]
    WrongHost(String),
    /// Nobody who is trusted here vouches for the server's certificate.
    #[error(
        "the certificate is self-signed or of an authority that is not trusted here; --cacert \
         trusts it, -k takes any"
    )]
    Untrusted,
    /// Something else is wrong with the server's certificate.
    #[error("{0}")]
    BadCertificate(String),
    /// The server answers, but not with TLS.
    #[error("what the server says is not TLS; is it a plain one (ws://)?")]
    PlainServer,
    /// The server refused, by an alert.
    #[error("the server refused: {0}")]
    Alert(String),
    /// Both ends have no version or cipher suite in common.
    #[error("{0}")]
    Incompatible(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl TlsFault {
    /// The fault of TLS within an error of a connection, if there is one.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        let fault = error.get_ref()?.downcast_ref::<Error>()?;
        Some(match fault {
            Error::InvalidCertificate(
                Certificate::Expired | Certificate::ExpiredContext { .. },
            ) => Self::Expired,
            Error::InvalidCertificate(
                Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
            ) => Self::WrongHost(fault.to_string()),
            Error::InvalidCertificate(Certificate::UnknownIssuer | Certificate::BadSignature) => {
                Self::Untrusted
            }
            Error::InvalidCertificate(_) => Self::BadCertificate(fault.to_string()),
            Error::InvalidMessage(InvalidMessage::InvalidContentType) => Self::PlainServer,
            Error::AlertReceived(alert) => Self::Alert(format!("{alert:?}")),
            Error::PeerIncompatible(_) => Self::Incompatible(fault.to_string()),
            _ => Self::Other(fault.to_string()),
        })
    }
}
