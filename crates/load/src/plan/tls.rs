//! Encryption of connections.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::secret::Secret;

/// Encryption of connections (RFC 8446, RFC 5246).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tls {
    /// The name asked for with SNI (RFC 6066 section 3) and looked for in the certificate; absent
    /// it is the target's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// True where the certificate is verified. Without it anybody may be at the other end.
    pub verify: bool,
    /// Certificates of the authorities that are trusted, as PEM; absent they are the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorities: Option<Pem>,
    /// Identity that we show, where the server asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// The protocol's versions that are offered.
    pub versions: TlsVersions,
    /// Application protocols offered (ALPN, RFC 7301), in order of preference.
    pub alpn: Vec<String>,
    /// True where later connections may resume the sessions of earlier ones.
    pub resumes: bool,
}

impl Default for Tls {
    /// Verified against the system's authorities, every version, HTTP/1.1, no resumption: each
    /// handshake is a whole one, so that their times are of one kind.
    fn default() -> Self {
        Self {
            server_name: None,
            verify: true,
            authorities: None,
            identity: None,
            versions: TlsVersions::Any,
            alpn: vec!["http/1.1".to_owned()],
            resumes: false,
        }
    }
}

impl Tls {
    /// True if nothing was said.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The same without the key and the certificates.
    pub(super) fn redacted(&self) -> Self {
        Self {
            authorities: self.authorities.as_ref().map(Pem::redacted),
            identity: self.identity.as_ref().map(|identity| Identity {
                certificates: identity.certificates.redacted(),
                key: Secret::withheld(),
            }),
            ..self.clone()
        }
    }
}

/// A client certificate with its key, both as PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// The chain, the client's own certificate first.
    pub certificates: Pem,
    /// The private key (PKCS #8, PKCS #1 or SEC 1); never written.
    #[schemars(with = "String")]
    pub key: Secret<[u8]>,
}

/// Versions of TLS that are offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TlsVersions {
    /// 1.2 and 1.3.
    #[default]
    #[serde(rename = "any")]
    Any,
    /// 1.2 alone.
    #[serde(rename = "1.2")]
    V1_2,
    /// 1.3 alone.
    #[serde(rename = "1.3")]
    V1_3,
}

/// Certificates as the user's file holds them (RFC 7468), or their length alone in a stored plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pem {
    /// The content of the file.
    Held(Arc<[u8]>),
    /// Bytes of it.
    Withheld(u64),
}

impl Pem {
    /// The content; `None` where it was withheld.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Held(bytes) => Some(bytes),
            Self::Withheld(_) => None,
        }
    }

    fn redacted(&self) -> Self {
        match self {
            Self::Held(bytes) => Self::Withheld(bytes.len() as u64),
            Self::Withheld(length) => Self::Withheld(*length),
        }
    }
}

/// A file of certificates.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Pem")]
struct StoredPem {
    /// Length, bytes.
    bytes: u64,
    /// The content in base64; absent in results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl Serialize for Pem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = match self {
            Self::Held(bytes) => StoredPem {
                bytes: bytes.len() as u64,
                base64: Some(STANDARD.encode(bytes)),
            },
            Self::Withheld(length) => StoredPem {
                bytes: *length,
                base64: None,
            },
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Pem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = StoredPem::deserialize(deserializer)?;
        match stored.base64 {
            Some(base64) => {
                let bytes = STANDARD.decode(base64).map_err(D::Error::custom)?;
                Ok(Self::Held(bytes.into()))
            }
            None => Ok(Self::Withheld(stored.bytes)),
        }
    }
}

impl JsonSchema for Pem {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        StoredPem::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        StoredPem::json_schema(generator)
    }
}
