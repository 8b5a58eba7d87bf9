//! What goes wrong in TLS, with the way out.

use std::io;

use rustls::{
    AlertDescription as Alert, CertificateError as Certificate, Error, InvalidMessage,
    PeerIncompatible as Incompatible,
};
use thiserror::Error;
use wsbench_setting::{Field, Text, Told, text};

use super::chain::Distrust;

/// Name of the reason why a certificate of X.509 version 1 is refused.
const VERSION_1: &str = "UnsupportedCertVersion";

/// A fault of TLS.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TlsFault {
    /// The server's certificate has expired.
    #[error("{}", expired())]
    Expired,
    /// The server's certificate is for other names.
    #[error("{}", wrong_host(.0))]
    WrongHost(String),
    /// Nobody who is trusted here vouches for the server's certificate.
    #[error("{}", untrusted(.0))]
    Untrusted(Distrust),
    /// The server's certificate is of X.509 version 1.
    #[error("{}", version_1())]
    Version1,
    /// Something else is wrong with the server's certificate.
    #[error("{}", bad_certificate(.0))]
    BadCertificate(String),
    /// The server answers, but not with TLS.
    #[error("what the server says is not TLS; is it a plain one (ws://)?")]
    PlainServer,
    /// The server refused, by an alert.
    #[error("the server refused: {0}")]
    Alert(Text),
    /// Both ends have no version or cipher suite in common.
    #[error("{0}")]
    Incompatible(Text),
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
                Self::Untrusted(Distrust::Unknown)
            }
            Error::InvalidCertificate(Certificate::Other(other)) if other.0.is::<Distrust>() => {
                let distrust = other.0.downcast_ref::<Distrust>();
                Self::Untrusted(distrust.cloned().unwrap_or(Distrust::Unknown))
            }
            // The library has no name for it, and shows what the one below it says.
            Error::InvalidCertificate(_) if fault.to_string().contains(VERSION_1) => Self::Version1,
            Error::InvalidCertificate(_) => Self::BadCertificate(fault.to_string()),
            Error::InvalidMessage(InvalidMessage::InvalidContentType) => Self::PlainServer,
            Error::AlertReceived(alert) => Self::Alert(alert_words(*alert)),
            Error::PeerIncompatible(reason) => Self::Incompatible(incompatible(reason)),
            _ => Self::Other(fault.to_string()),
        })
    }
}

impl Told for TlsFault {
    fn text(&self) -> Text {
        match self {
            Self::Expired => expired(),
            Self::WrongHost(words) => wrong_host(words),
            Self::Untrusted(distrust) => untrusted(distrust),
            Self::Version1 => version_1(),
            Self::BadCertificate(words) => bad_certificate(words),
            Self::Alert(alert) => text!["the server refused: "].then(alert.clone()),
            Self::Incompatible(words) => words.clone(),
            Self::PlainServer | Self::Other(_) => self.to_string().into(),
        }
    }
}

fn expired() -> Text {
    text![
        "the server's certificate has expired; ",
        Field::Insecure.brief(),
        " measures all the same",
    ]
}

fn wrong_host(words: &str) -> Text {
    text![
        format!("{words}; "),
        Field::ServerName,
        " asks for another name, ",
        Field::Insecure.brief(),
        " takes any",
    ]
}

fn untrusted(distrust: &Distrust) -> Text {
    // A server has to show all but the last of those who vouch for it (RFC 8446 section 4.4.2).
    let chain = match distrust {
        Distrust::NoIssuer { .. } => {
            "; an intermediate has to be shown by the server, behind its own certificate"
        }
        Distrust::SelfSigned | Distrust::Authority(_) | Distrust::Unknown => "",
    };
    text![
        format!("{distrust}{chain}; "),
        Field::Authorities,
        " trusts it, ",
        Field::Insecure.brief(),
        " takes any",
    ]
}

fn version_1() -> Text {
    text![
        "the certificate is of X.509 version 1, which says neither for which names nor for what it is; \
         make one of version 3, with its names (subjectAltName), or ",
        Field::Insecure.brief(),
        " takes any",
    ]
}

fn bad_certificate(words: &str) -> Text {
    text![format!("{words}; "), Field::Insecure.brief(), " takes any"]
}

/// An alert of the server in words, with what can be done about it (RFC 8446 section 6.2).
fn alert_words(alert: Alert) -> Text {
    let words = match alert {
        Alert::CertificateRequired | Alert::NoCertificate => {
            text!["it wants a client certificate: "].then(client_certificate())
        }
        Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied => text!["it does not take the client certificate, or wants one: "]
            .then(client_certificate())
            .then(", of an authority that it trusts"),
        Alert::CertificateExpired => {
            text!["the client certificate (", Field::Identity, ") has expired"]
        }
        Alert::CertificateRevoked => {
            text!["the client certificate (", Field::Identity, ") was revoked"]
        }
        Alert::ProtocolVersion => text![
            "it speaks none of the versions of TLS that were offered; wsbench has 1.2 and 1.3, and ",
            Field::TlsVersions,
            " offers one of them alone",
        ],
        Alert::HandshakeFailure | Alert::InsufficientSecurity => text![
            "no version, cipher suite or key exchange in common, or it wants a client certificate ("
        ]
        .then(client_certificate())
        .then(")"),
        Alert::UnrecognisedName => text![
            "it does not know the host's name; ",
            Field::ServerName,
            " asks for another",
        ],
        Alert::NoApplicationProtocol => text![
            "it speaks none of the application protocols that were offered (",
            Field::Alpn,
            ")",
        ],
        other => return format!("alert {}, {other:?}", u8::from(other)).into(),
    };
    words.then(format!(" (alert {})", u8::from(alert)))
}

fn client_certificate() -> Text {
    text![Field::Identity, " and ", Field::IdentityKey]
}

/// Description of what both ends do not have in common.
fn incompatible(reason: &Incompatible) -> Text {
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
            return text![
                "the server chose a version of TLS that ",
                Field::TlsVersions,
                " left out",
            ];
        }
        other => return Error::PeerIncompatible(other.clone()).to_string().into(),
    };
    words.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(error: Error) -> TlsFault {
        let error = io::Error::new(io::ErrorKind::InvalidData, error);
        TlsFault::of(&error).unwrap()
    }

    fn told(error: Error) -> String {
        fault(error).to_string()
    }

    #[test]
    fn alerts_name_the_setting_that_helps() {
        let certificate: &[Field] = &[Field::Identity, Field::IdentityKey];
        for (alert, settings) in [
            (Alert::CertificateRequired, certificate),
            (Alert::HandshakeFailure, certificate),
            (Alert::UnknownCA, certificate),
            (Alert::CertificateExpired, &[Field::Identity]),
            (Alert::ProtocolVersion, &[Field::TlsVersions]),
            (Alert::UnrecognisedName, &[Field::ServerName]),
            (Alert::NoApplicationProtocol, &[Field::Alpn]),
        ] {
            let fault = fault(Error::AlertReceived(alert));
            let words = fault.to_string();
            assert!(words.starts_with("the server refused: "), "{words}");
            assert!(!words.contains(&format!("{alert:?}")), "{words}");
            let text = fault.text();
            let named: Vec<Field> = text.settings().map(|mention| mention.field).collect();
            assert_eq!(named, settings, "{words}");
        }
        for code in 0..=255 {
            let fault = fault(Error::AlertReceived(Alert::from(code)));
            assert_eq!(fault.text().to_string(), fault.to_string());
        }
        assert_eq!(
            told(Error::AlertReceived(Alert::InternalError)),
            "the server refused: alert 80, InternalError"
        );
    }

    #[test]
    fn who_is_not_trusted_is_named() {
        let distrust = Distrust::NoIssuer {
            of: "CN=leaf".to_owned(),
            issuer: "CN=middle".to_owned(),
        };
        let other = rustls::OtherError(std::sync::Arc::new(distrust.clone()));
        let fault = fault(Error::InvalidCertificate(Certificate::Other(other)));
        assert_eq!(fault, TlsFault::Untrusted(distrust));
        let words = fault.to_string();
        assert!(
            words.contains("'CN=leaf' was issued by 'CN=middle'"),
            "{words}"
        );
        let text = fault.text();
        let named: Vec<Field> = text.settings().map(|mention| mention.field).collect();
        assert_eq!(named, [Field::Authorities, Field::Insecure]);
    }

    #[test]
    fn what_is_not_in_common_is_named() {
        let words = told(Incompatible::NoCipherSuitesInCommon.into());
        assert_eq!(words, "no cipher suite in common");
        let words = told(Incompatible::ServerDoesNotSupportTls12Or13.into());
        assert!(words.contains("older than 1.2"), "{words}");
    }
}
