//! The embedded server behind TLS, with a certificate made for the occasion.

use std::fs;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tempfile::TempDir;

use crate::running::embedded::Embedded;

pub(crate) struct Certified {
    directory: TempDir,
    pub(crate) server: Embedded,
}

impl Certified {
    /// A server whose self-signed certificate is for `name`, and may have expired years ago.
    pub(crate) fn start(name: &str, has_expired: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if has_expired {
            parameters.not_before = date_time_ymd(2019, 1, 1);
            parameters.not_after = date_time_ymd(2020, 1, 1);
        }
        let certificate = parameters.self_signed(&key).unwrap();
        let [cert, private] = ["cert.pem", "key.pem"].map(|file| directory.path().join(file));
        fs::write(&cert, certificate.pem()).unwrap();
        fs::write(&private, key.serialize_pem()).unwrap();
        let [cert, private] = [&cert, &private].map(|path| path.to_str().unwrap());
        let server = Embedded::start(&["--cert", cert, "--key", private]);
        Self { directory, server }
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.directory.path().join("cert.pem")
    }
}

/// The embedded server with a certificate whose issuer, an intermediate, it does not show.
pub(crate) struct Chained {
    directory: TempDir,
    pub(crate) server: Embedded,
}

impl Chained {
    pub(crate) fn start() -> Self {
        let named = |name: &str| {
            let mut parameters = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
            parameters.distinguished_name.push(DnType::CommonName, name);
            parameters
        };
        let authority = |name: &str| {
            let mut parameters = named(name);
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            parameters
        };
        let root_key = KeyPair::generate().unwrap();
        let root = authority("the root").self_signed(&root_key).unwrap();
        // Who trusts the root alone is not shown who stands between.
        let by_middle = Issuer::new(authority("the middle"), KeyPair::generate().unwrap());
        let key = KeyPair::generate().unwrap();
        let leaf = named("a leaf").signed_by(&key, &by_middle).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let place = |file: &str| directory.path().join(file);
        fs::write(place("root.pem"), root.pem()).unwrap();
        fs::write(place("cert.pem"), leaf.pem()).unwrap();
        fs::write(place("key.pem"), key.serialize_pem()).unwrap();
        let [cert, private] = [place("cert.pem"), place("key.pem")];
        let flags = [
            "--cert",
            cert.to_str().unwrap(),
            "--key",
            private.to_str().unwrap(),
        ];
        let server = Embedded::start(&flags);
        Self { directory, server }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.directory.path().join("root.pem")
    }
}
