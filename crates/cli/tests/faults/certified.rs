//! The embedded server behind TLS, with a certificate made for the occasion.

use std::fs;
use std::path::PathBuf;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
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
