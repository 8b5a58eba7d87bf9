//! How connections are opened: where to, over what, and what the opening handshake asks for.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wsbench_wire::deflate::{Offer, Wish};

use crate::nanos::Nanos;
use crate::route::Route;
use crate::secret::{Secret, WITHHELD, credentials_in_text, is_credential};
use crate::template::Template;

/// Requests of the opening handshake (RFC 6455 section 4.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upgrade {
    /// Further request headers, in order.
    pub headers: Vec<Header>,
    /// Subprotocols offered, in order of preference, each once.
    pub subprotocols: Vec<String>,
    /// The `Origin` header.
    pub origin: Option<String>,
}

impl Upgrade {
    /// The headers as they are sent, with a `User-Agent` among them. Made once for all connections, but for
    /// values that differ between these.
    #[must_use]
    pub fn revealed(&self) -> RevealedHeaders {
        let pair = |it: &Header| (it.name.clone(), it.reveal().unwrap_or_default().to_owned());
        let is_named = |it: &Header| it.name.eq_ignore_ascii_case(USER_AGENT.0);
        // Some servers and many proxies turn away whoever does not say what he is.
        let own = (!self.headers.iter().any(is_named))
            .then(|| (USER_AGENT.0.to_owned(), USER_AGENT.1.to_owned()));
        let first = own.iter().len();
        let words = self.headers.iter().enumerate();
        let words = words.filter_map(|(at, it)| Some((first + at, it.words()?.clone())));
        RevealedHeaders {
            words: words.collect(),
            pairs: own
                .into_iter()
                .chain(self.headers.iter().map(pair))
                .collect(),
        }
    }
}

/// The name of this program, as the handshake gives it unless another is given (RFC 9110 section
/// 10.1.5).
const USER_AGENT: (&str, &str) = ("User-Agent", concat!("wsbench/", env!("CARGO_PKG_VERSION")));

/// Headers that the handshake sets by itself (RFC 6455 section 4.1).
pub const RESERVED_HEADERS: [&str; 8] = [
    "host",
    "upgrade",
    "connection",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
    "sec-websocket-protocol",
    "origin",
];

/// True if the handshake sets the header of this name by itself.
pub(super) fn is_reserved(name: &str) -> bool {
    let mut reserved = RESERVED_HEADERS.iter();
    reserved.any(|reserved| name.eq_ignore_ascii_case(reserved))
}

/// True if a text is a token (RFC 9110 section 5.6.2): the name of a header or a subprotocol.
#[must_use]
pub fn is_token(text: &str) -> bool {
    let is_tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(is_tchar)
}

/// True if a text may be the value of a header: no line break and no other control character, which
/// would end it.
#[must_use]
pub fn is_field_value(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\t')
}

/// True if a text may be an origin: visible ASCII without spaces (RFC 6454 section 7).
#[must_use]
pub fn is_origin(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Request headers with their values, credentials among them; `Debug` shows the names alone.
#[derive(Clone, PartialEq, Eq)]
pub struct RevealedHeaders {
    /// Names and values, in order.
    pairs: Box<[(String, String)]>,
    /// Values that differ between connections, and which of the pairs they are of.
    words: Box<[(usize, Template)]>,
}

impl RevealedHeaders {
    /// Names and values for connection number `connection`, in order.
    #[must_use]
    pub fn of(&self, connection: u32) -> Cow<'_, [(String, String)]> {
        let mut pairs = Cow::Borrowed(&*self.pairs);
        for (at, words) in &self.words {
            if let Some((_, value)) = pairs.to_mut().get_mut(*at) {
                *value = words.of_connection(connection);
            }
        }
        pairs
    }
}

impl fmt::Debug for RevealedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.pairs.iter().map(|(name, _)| name))
            .finish()
    }
}

/// A request header. Its name says whether its value is a credential, or a name within that does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The name, a token (RFC 9110 section 5.6.2).
    pub name: String,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Open(String),
    Secret(Secret),
    /// One for each connection, and that of the first.
    Each(Box<Template>, Secret),
}

impl Header {
    /// A header with this value.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        Self {
            value: if is_credential(&name) || !credentials_in_text(&value).is_empty() {
                Value::Secret(Secret::new(value))
            } else {
                Value::Open(value)
            },
            name,
        }
    }

    /// A header whose value is a credential whatever its name.
    #[must_use]
    pub fn secret(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: Value::Secret(Secret::new(value.into())),
        }
    }

    /// A header whose value is made for each connection, and is a credential.
    #[must_use]
    pub fn of_each(name: impl Into<String>, words: Template) -> Self {
        let first = Secret::new(words.of_connection(0));
        Self {
            name: name.into(),
            value: Value::Each(Box::new(words), first),
        }
    }

    /// The text of which each connection's value is made; `None` where all have the same.
    #[must_use]
    pub fn words(&self) -> Option<&Template> {
        match &self.value {
            Value::Each(words, _) => Some(words),
            Value::Open(_) | Value::Secret(_) => None,
        }
    }

    /// The value, for whoever sends it, of the first connection where each has its own; `None` where it was
    /// withheld.
    #[must_use]
    pub fn reveal(&self) -> Option<&str> {
        match &self.value {
            Value::Open(value) => Some(value),
            Value::Secret(secret) | Value::Each(_, secret) => secret.reveal(),
        }
    }

    /// The value for everybody: `(withheld)` in the place of a credential.
    #[must_use]
    pub fn shown(&self) -> &str {
        match &self.value {
            Value::Open(value) => value,
            Value::Secret(_) | Value::Each(..) => WITHHELD,
        }
    }

    /// True of one whose value is a credential.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        !matches!(self.value, Value::Open(_))
    }

    /// The same with a value that everybody may see. Values of files are not shown to anybody.
    pub(super) fn opened(&self) -> Self {
        if self.words().is_some() {
            return self.redacted();
        }
        Self {
            name: self.name.clone(),
            value: Value::Open(self.reveal().unwrap_or(WITHHELD).to_owned()),
        }
    }

    pub(super) fn redacted(&self) -> Self {
        Self {
            name: self.name.clone(),
            value: match &self.value {
                Value::Open(value) => Value::Open(value.clone()),
                Value::Secret(_) | Value::Each(..) => Value::Secret(Secret::withheld()),
            },
        }
    }
}

impl Serialize for Header {
    /// Writes name and value as shown.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.name, self.shown()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (name, value) = <(String, String)>::deserialize(deserializer)?;
        let header = Self::new(name, value);
        let is_withheld = header.reveal() == Some(WITHHELD);
        Ok(if is_withheld {
            header.redacted()
        } else {
            header
        })
    }
}

/// Way in which connections are opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Connect {
    /// Connections opened a second, over all threads; `None` opens as fast as they complete.
    pub rate_per_s: Option<f64>,
    /// Limit of each connection's TCP connect and upgrade together.
    pub timeout: Nanos,
    /// Addresses of the host that may be used.
    pub family: Family,
    /// The way to the server.
    pub route: Route,
    /// Transport under the WebSockets.
    pub http: Http,
}

impl Default for Connect {
    /// As fast as they complete, five seconds each, whatever address the resolver prefers.
    fn default() -> Self {
        Self {
            rate_per_s: None,
            timeout: Nanos::from_secs(5),
            family: Family::Any,
            route: Route::default(),
            http: Http::One,
        }
    }
}

/// The version of HTTP that WebSockets are opened over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Http {
    /// HTTP/1.1, each on a TCP connection of its own (RFC 6455).
    #[default]
    One,
    /// HTTP/2, several on each (RFC 8441).
    Two {
        /// As many on one TCP connection at most; the server may allow fewer. At least 1.
        streams: u32,
    },
}

/// Addresses of the host that may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Whatever the resolver prefers.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// Compression to offer (RFC 7692).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    /// Wish that is asked of both sides.
    pub wish: Wish,
    /// Level at which our side compresses, 0 (not at all) to 9 (smallest).
    pub level: u32,
}

impl Default for Compression {
    /// Compression as browsers do it: any window, takeover on both sides, zlib's default level.
    fn default() -> Self {
        Self {
            wish: Wish::default(),
            level: 6,
        }
    }
}

/// Compression that is offered (permessage-deflate, RFC 7692).
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct Offered {
    /// The extension and its parameters, as they stand in the upgrade request.
    offer: String,
    /// Level of our own compressor, 0 (not at all) to 9 (smallest).
    level: u32,
}

impl Serialize for Compression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let offered = Offered {
            offer: self.wish.offer().to_string(),
            level: self.level,
        };
        offered.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Compression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Offered { offer, level } = Offered::deserialize(deserializer)?;
        let offer: Offer = offer.parse().map_err(D::Error::custom)?;
        let wish = Wish {
            server_no_takeover: offer.server_no_takeover,
            client_no_takeover: offer.client_no_takeover,
            server_bits: offer.server_bits,
            client_bits: offer.client_bits.flatten(),
        };
        Ok(Self { wish, level })
    }
}
