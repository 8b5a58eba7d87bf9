//! The certificates that a server shows, where nobody who is trusted vouches for them: what is
//! missing, by the names that stand in them.

use std::fmt;

use rustls::pki_types::CertificateDer;
use thiserror::Error;
use wsbench_wire::excerpt::excerpt;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// Certificates of a chain that are looked at.
const LONGEST_CHAIN: usize = 16;

/// A reason why nobody who is trusted vouches for the certificates that a server shows.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Distrust {
    /// The server's certificate is its own issuer.
    #[error("the certificate is self-signed")]
    SelfSigned,
    /// The issuer of the last certificate that leads on is not shown, and not trusted either.
    #[error(
        "the certificate of '{of}' was issued by '{issuer}', whose certificate the server does not \
         show and nobody here trusts"
    )]
    NoIssuer {
        /// Subject of the certificate.
        of: String,
        /// Its issuer.
        issuer: String,
    },
    /// The chain is whole, and ends with an authority that is not trusted.
    #[error("the certificates lead to the authority '{0}', which is not trusted here")]
    Authority(String),
    /// Certificates that cannot be read, or that lead to somebody who has not signed them.
    #[error("the certificate is of an authority that is not trusted here")]
    Unknown,
}

impl Distrust {
    /// Looks at the server's certificate and at those that it shows beside it.
    #[must_use]
    pub fn of(certificate: &CertificateDer<'_>, shown: &[CertificateDer<'_>]) -> Self {
        let Some(own) = CertificateNames::of(certificate) else {
            return Self::Unknown;
        };
        if own.is_self_signed() {
            return Self::SelfSigned;
        }
        let shown: Vec<CertificateNames> = shown
            .iter()
            .take(LONGEST_CHAIN)
            .filter_map(CertificateNames::of)
            .collect();
        let mut last = &own;
        // Each step leads to another certificate, so no more steps than there are certificates.
        for _ in 0..=shown.len() {
            match shown.iter().find(|next| next.subject == last.issuer) {
                Some(next) if next.is_self_signed() => {
                    return Self::Authority(next.subject.to_string());
                }
                Some(next) => last = next,
                None => {
                    return Self::NoIssuer {
                        of: last.subject.to_string(),
                        issuer: last.issuer.to_string(),
                    };
                }
            }
        }
        Self::Unknown
    }
}

/// Names in a certificate.
struct CertificateNames {
    subject: Name,
    issuer: Name,
}

/// A name as a line of text, of bounded length and without control characters.
#[derive(PartialEq, Eq)]
struct Name(String);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl CertificateNames {
    /// Names of a certificate; `None` where it cannot be read.
    fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let read = Certificate::from_der(certificate).ok()?;
        let name = |name: &x509_cert::name::Name| Name(excerpt(name.to_string().as_bytes()));
        Some(Self {
            subject: name(read.tbs_certificate().subject()),
            issuer: name(read.tbs_certificate().issuer()),
        })
    }

    fn is_self_signed(&self) -> bool {
        self.subject == self.issuer
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    use super::*;

    type Signer = Issuer<'static, KeyPair>;

    /// A certificate of this name, and who issues with it.
    fn made(name: &str, by: Option<&Signer>) -> (rcgen::Certificate, Signer) {
        let mut parameters = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = match by {
            Some(by) => parameters.signed_by(&key, by).unwrap(),
            None => parameters.self_signed(&key).unwrap(),
        };
        (certificate, Issuer::new(parameters, key))
    }

    #[test]
    fn what_a_chain_lacks_is_named() {
        let (root, by_root) = made("the root", None);
        let (middle, by_middle) = made("the middle", Some(&by_root));
        let (leaf, _) = made("a leaf", Some(&by_middle));
        let [root, middle, leaf] = [root, middle, leaf].map(|it| it.der().clone());
        let lacks = |of: &str, issuer: &str| Distrust::NoIssuer {
            of: format!("CN={of}"),
            issuer: format!("CN={issuer}"),
        };
        assert_eq!(Distrust::of(&leaf, &[]), lacks("a leaf", "the middle"));
        let beside = std::slice::from_ref(&root);
        assert_eq!(Distrust::of(&leaf, beside), lacks("a leaf", "the middle"));
        let shown = [middle.clone()];
        assert_eq!(Distrust::of(&leaf, &shown), lacks("the middle", "the root"));
        let whole = Distrust::of(&leaf, &[root.clone(), middle.clone()]);
        assert_eq!(whole, Distrust::Authority("CN=the root".to_owned()));
        assert_eq!(Distrust::of(&root, &[]), Distrust::SelfSigned);
        assert_eq!(
            Distrust::of(&vec![0x30, 0x80].into(), &[]),
            Distrust::Unknown
        );
    }

    /// Names that lead in a circle, or hold what no line should, end in an answer.
    #[test]
    fn odd_names_are_survived() {
        let (_, by_one) = made("one", None);
        let (two, by_two) = made("two", Some(&by_one));
        let (one, _) = made("one", Some(&by_two));
        let [one, two] = [one, two].map(|it| it.der().clone());
        let (leaf, _) = made("a leaf", Some(&by_two));
        let found = Distrust::of(leaf.der(), &[one, two]);
        assert_eq!(found, Distrust::Unknown);
        let (_, by_long) = made(&"\u{1b}[31m\nlong ".repeat(2_000), None);
        let (leaf, _) = made("a leaf", Some(&by_long));
        let told = Distrust::of(leaf.der(), &[]).to_string();
        assert!(
            told.len() < 600 && !told.contains(char::is_control),
            "{told}"
        );
    }
}
