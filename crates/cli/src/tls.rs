//! The flags of TLS, and what a plan makes of them.
//!
//! Files are read here, once and before the run; what is in them is `drive`'s affair.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use wsbench::bounded::{self, LARGEST_WRITTEN};
use wsbench_load::plan::{Http, Identity, Pem, Tls, TlsVersions};
use wsbench_load::route::Target;
use wsbench_load::secret::Secret;

use crate::usage::UsageError;

/// Encryption of connections.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "TLS (wss://)")]
pub(crate) struct TlsArgs {
    /// Do not verify the server's certificate: anybody may be at the other end.
    #[arg(short = 'k', long)]
    insecure: bool,
    /// Trust the authorities in F (PEM) in place of the system's.
    #[arg(long, value_name = "F")]
    cacert: Option<PathBuf>,
    /// Show the client certificate in F (PEM), where the server asks for one.
    #[arg(long, value_name = "F", requires = "key")]
    cert: Option<PathBuf>,
    /// The private key of --cert (PEM).
    #[arg(long, value_name = "F", requires = "cert")]
    key: Option<PathBuf>,
    /// Ask for this name (SNI) and look for it in the certificate [default: the URL's host].
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Offer this version of TLS alone [default: 1.2 and 1.3].
    #[arg(long, value_name = "VERSION")]
    tls: Option<TlsVersionArg>,
    /// Offer these application protocols (ALPN), the preferred one first; none with an empty one
    /// [default: http/1.1, or h2 with --http 2].
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    alpn: Option<Vec<String>>,
    /// Resume TLS sessions; else each connection makes a whole handshake.
    #[arg(long)]
    tls_resume: bool,
}

/// One version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TlsVersionArg {
    /// RFC 5246.
    #[value(name = "1.2")]
    V1_2,
    /// RFC 8446.
    #[value(name = "1.3")]
    V1_3,
}

impl TlsArgs {
    /// Settings of TLS that the plan needs for the server at `url`, or where redirects lead on from
    /// there, to speak `http` over it.
    ///
    /// # Errors
    /// A flag of TLS for a server that is not reached by it; a file that cannot be read.
    pub(crate) fn plan(
        &self,
        url: Option<&Target>,
        may_lead_on: bool,
        http: Http,
    ) -> Result<Tls, UsageError> {
        if !url.is_some_and(|url| url.secure || may_lead_on) {
            let flags = [
                (self.insecure, "--insecure"),
                (self.cacert.is_some(), "--cacert"),
                (self.cert.is_some(), "--cert"),
                (self.server_name.is_some(), "--server-name"),
                (self.tls.is_some(), "--tls"),
                (self.tls_resume, "--tls-resume"),
            ];
            return match flags.into_iter().find(|(is_given, _)| *is_given) {
                Some((_, flag)) => Err(UsageError::TlsFlag { flag }),
                None => Ok(Tls::default()),
            };
        }
        let read =
            |flag, path: &Option<PathBuf>| path.as_deref().map(|path| pem(flag, path)).transpose();
        let identity = read("--cert", &self.cert)?.zip(read("--key", &self.key)?);
        Ok(Tls {
            server_name: self.server_name.clone(),
            verify: !self.insecure,
            authorities: read("--cacert", &self.cacert)?.map(Pem::Held),
            identity: identity.map(|(certificates, key)| Identity {
                certificates: Pem::Held(certificates),
                key: Secret::new(key),
            }),
            versions: match self.tls {
                None => TlsVersions::Any,
                Some(TlsVersionArg::V1_2) => TlsVersions::V1_2,
                Some(TlsVersionArg::V1_3) => TlsVersions::V1_3,
            },
            alpn: match (&self.alpn, http) {
                (Some(given), _) => {
                    let names = given.iter().filter(|name| !name.is_empty());
                    names.cloned().collect()
                }
                (None, Http::One) => Tls::default().alpn,
                (None, Http::Two { .. }) => vec!["h2".to_owned()],
            },
            resumes: self.tls_resume,
        })
    }
}

/// The content of a file of certificates or of a key, named by `flag`.
fn pem(flag: &'static str, path: &Path) -> Result<Arc<[u8]>, UsageError> {
    let read = bounded::octets_of(path, LARGEST_WRITTEN);
    read.map(Into::into)
        .map_err(|source| UsageError::FileUnreadable {
            flag,
            path: path.to_owned(),
            source,
        })
}
