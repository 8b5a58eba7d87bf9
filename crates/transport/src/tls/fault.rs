//! What goes wrong in TLS, with the way out.

use std::io;

use rustls::{
    AlertDescription as Alert, CertificateError as Certificate, Error, InvalidMessage,
    PeerIncompatible as Incompatible,
};
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
            Error::AlertReceived(alert) => Self::Alert(alert_words(*alert)),
            Error::PeerIncompatible(reason) => Self::Incompatible(incompatible(reason)),
            _ => Self::Other(fault.to_string()),
        })
    }
}

/// An alert of the server in words, with what can be done about it (RFC 8446 section 6.2).
fn alert_words(alert: Alert) -> String {
    let words = match alert {
        Alert::CertificateRequired | Alert::NoCertificate => {
            "it wants a client certificate: --cert and --key"
        }
        Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied => {
            "it does not take the client certificate, or wants one: --cert and --key, of an \
             authority that it trusts"
        }
        Alert::CertificateExpired => "the client certificate (--cert) has expired",
        Alert::CertificateRevoked => "the client certificate (--cert) was revoked",
        Alert::ProtocolVersion => {
            "it speaks none of the versions of TLS that were offered; wsbench has 1.2 and 1.3, and \
             --tls offers one of them alone"
        }
        Alert::HandshakeFailure | Alert::InsufficientSecurity => {
            "no version, cipher suite or key exchange in common, or it wants a client certificate \
             (--cert and --key)"
        }
        Alert::UnrecognisedName => {
            "it does not know the host's name; --server-name asks for another"
        }
        Alert::NoApplicationProtocol => {
            "it speaks none of the application protocols that were offered (--alpn)"
        }
        other => return format!("alert {}, {other:?}", u8::from(other)),
    };
    format!("{words} (alert {})", u8::from(alert))
}

/// What both ends have not in common, in words.
fn incompatible(reason: &Incompatible) -> String {
    let words = match reason {
        Incompatible::NoCipherSuitesInCommon => "no cipher suite in common",
        Incompatible::NoKxGroupsInCommon => "no key exchange in common",
        Incompatible::NoSignatureSchemesInCommon
        | Incompatible::NoCertificateRequestSignatureSchemesInCommon => {
            "no way of signing in common"
        }
        Incompatible::ServerDoesNotSupportTls12Or13 => {
            "the server speaks versions of TLS that are older than 1.2, which wsbench does not"
        }
        Incompatible::ServerTlsVersionIsDisabledByOurConfig => {
            "the server chose a version of TLS that --tls left out"
        }
        other => return Error::PeerIncompatible(other.clone()).to_string(),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: Error) -> String {
        let error = io::Error::new(io::ErrorKind::InvalidData, error);
        TlsFault::of(&error).unwrap().to_string()
    }

    #[test]
    fn alerts_name_the_flag_that_helps() {
        for (alert, flag) in [
            (Alert::CertificateRequired, "--cert and --key"),
            (Alert::HandshakeFailure, "--cert and --key"),
            (Alert::UnknownCA, "--cert and --key"),
            (Alert::CertificateExpired, "--cert"),
            (Alert::ProtocolVersion, "--tls"),
            (Alert::UnrecognisedName, "--server-name"),
            (Alert::NoApplicationProtocol, "--alpn"),
        ] {
            let words = told(Error::AlertReceived(alert));
            assert!(words.starts_with("the server refused: "), "{words}");
            assert!(words.contains(flag), "{words}");
            assert!(!words.contains(&format!("{alert:?}")), "{words}");
        }
        assert_eq!(
            told(Error::AlertReceived(Alert::InternalError)),
            "the server refused: alert 80, InternalError"
        );
    }

    #[test]
    fn what_is_not_in_common_is_named() {
        let words = told(Incompatible::NoCipherSuitesInCommon.into());
        assert_eq!(words, "no cipher suite in common");
        let words = told(Incompatible::ServerDoesNotSupportTls12Or13.into());
        assert!(words.contains("older than 1.2"), "{words}");
    }
}
