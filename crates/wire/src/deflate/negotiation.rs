//! What the two ends agree upon (RFC 7692 section 7.1): offers and responses, written and read.
//!
//! Parse, don't validate: an [`Offer`] or [`AgreedParameters`] in hand is in order by itself.
//! Whether a response answers an offer is [`AgreedParameters::check_against`]. Lists of extensions
//! are `handshake`'s affair; here one element of such a list is read.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The extension's name (RFC 7692 section 7).
const NAME: &str = "permessage-deflate";
const SERVER_NO_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_BITS: &str = "server_max_window_bits";
const CLIENT_BITS: &str = "client_max_window_bits";

/// The base-2 logarithm of an LZ77 window, 8 to 15 (RFC 7692 section 7.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowBits(u8);

impl WindowBits {
    /// 2^15 octets: what holds where nothing was said.
    pub const MAX: Self = Self(15);

    /// The window of 2^`bits` octets; `None` outside 8 to 15.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        match bits {
            8..=15 => Some(Self(bits)),
            _ => None,
        }
    }

    /// The logarithm.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Display for WindowBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Wish of one end for the extension, in either role. The default is what browsers ask for: windows
/// of any size, kept from message to message on both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The server is to forget each message before the next.
    pub server_no_takeover: bool,
    /// The client is to forget each message before the next.
    pub client_no_takeover: bool,
    /// The server's window is to be no larger.
    pub server_bits: Option<WindowBits>,
    /// The client's window is to be no larger.
    pub client_bits: Option<WindowBits>,
}

impl Wish {
    /// The client's offer. It always says that the client can bear a limit to its own window, as
    /// browsers do; else a server could not set one (RFC 7692 section 7.1.2.2).
    #[must_use]
    pub const fn offer(&self) -> Offer {
        Offer {
            server_no_takeover: self.server_no_takeover,
            client_no_takeover: self.client_no_takeover,
            server_bits: self.server_bits,
            client_bits: Some(self.client_bits),
        }
    }

    /// The server's answer to an offer: every offer in order can be accepted. What the client asks
    /// for is granted, and what the server wishes for is added as far as the offer lets it.
    #[must_use]
    pub fn accept(&self, offer: &Offer) -> AgreedParameters {
        let narrower = |one: Option<WindowBits>, other: Option<WindowBits>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        AgreedParameters {
            server_no_takeover: self.server_no_takeover || offer.server_no_takeover,
            client_no_takeover: self.client_no_takeover || offer.client_no_takeover,
            server_bits: narrower(self.server_bits, offer.server_bits),
            client_bits: offer
                .client_bits
                .and_then(|offered| narrower(self.client_bits, offered)),
        }
    }
}

/// A client's offer (RFC 7692 section 7.1). Written by `Display`, read by `FromStr`.
///
/// ```
/// use wsbench_wire::deflate::{Offer, Wish};
/// let offer = Wish::default().offer();
/// assert_eq!(offer.to_string(), "permessage-deflate; client_max_window_bits");
/// assert_eq!("permessage-deflate;client_max_window_bits".parse(), Ok(offer));
/// assert!("permessage-deflate; level=9".parse::<Offer>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The server must forget each message before the next (section 7.1.1.1).
    pub server_no_takeover: bool,
    /// The client is going to forget each message before the next: a hint (section 7.1.1.2).
    pub client_no_takeover: bool,
    /// The server's window must be no larger (section 7.1.2.1).
    pub server_bits: Option<WindowBits>,
    /// The client can bear a limit to its window, and a hint of how large that is going to be
    /// (section 7.1.2.2).
    pub client_bits: Option<Option<WindowBits>>,
}

/// Terms that the server has agreed to, its response (RFC 7692 section 7.1). Written by `Display`,
/// always in the same order, so that equal terms are equal texts; read by `FromStr`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AgreedParameters {
    /// The server forgets each message before the next.
    pub server_no_takeover: bool,
    /// The client must forget each message before the next.
    pub client_no_takeover: bool,
    /// The server's window is no larger.
    pub server_bits: Option<WindowBits>,
    /// The client's window must be no larger.
    pub client_bits: Option<WindowBits>,
}

impl AgreedParameters {
    /// Checks whether a server may answer this offer so.
    ///
    /// # Errors
    /// The connection must be failed (RFC 7692 sections 5.1, 7.1.1.1, 7.1.2.1 and 7.1.2.2).
    pub fn check_against(&self, offer: &Offer) -> Result<(), NegotiationError> {
        if offer.server_no_takeover && !self.server_no_takeover {
            return Err(NegotiationError::Ignored(SERVER_NO_TAKEOVER));
        }
        match (offer.server_bits, self.server_bits) {
            (Some(_), None) => return Err(NegotiationError::Ignored(SERVER_BITS)),
            (Some(most), Some(bits)) if bits > most => {
                return Err(NegotiationError::Widened {
                    parameter: SERVER_BITS,
                    most,
                    bits,
                });
            }
            _ => {}
        }
        match (offer.client_bits, self.client_bits) {
            (None, Some(_)) => Err(NegotiationError::Unasked(CLIENT_BITS)),
            (Some(Some(most)), Some(bits)) if bits > most => Err(NegotiationError::Widened {
                parameter: CLIENT_BITS,
                most,
                bits,
            }),
            _ => Ok(()),
        }
    }
}

/// Offer or response are not in order (RFC 7692 section 7.1). A server declines such an offer, a
/// client fails the connection.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NegotiationError {
    /// Another extension.
    #[error("extension \"{0}\" is not permessage-deflate")]
    OtherExtension(String),
    /// A parameter that the RFC does not define.
    #[error("permessage-deflate has no parameter \"{0}\"")]
    UnknownParameter(String),
    /// A parameter that is there twice.
    #[error("permessage-deflate with {0} twice")]
    Repeated(&'static str),
    /// A value for a parameter that takes none, none for one that needs one, or a number that is
    /// not 8 to 15 in decimal without leading zeros.
    #[error("permessage-deflate with a value of {parameter} that it cannot have: \"{value}\"")]
    InvalidValue {
        /// The parameter.
        parameter: &'static str,
        /// The value as it came; empty when there was none.
        value: String,
    },
    /// The response leaves out what was asked for, and yet accepts.
    #[error("the server accepted permessage-deflate, but left out {0}, which was asked for")]
    Ignored(&'static str),
    /// The response grants what may only be granted when it was asked for.
    #[error("the server answered {0}, which was not offered")]
    Unasked(&'static str),
    /// The response names a larger window than the offer.
    #[error("the server answered {parameter}={bits}, but at most {most} was offered")]
    Widened {
        /// The parameter.
        parameter: &'static str,
        /// Size of the window that was offered.
        most: WindowBits,
        /// Size of the window that came.
        bits: WindowBits,
    },
}

/// The parameters as they are on the wire, in either direction.
#[derive(Default)]
struct ExtensionParameters {
    server_no_takeover: bool,
    client_no_takeover: bool,
    server_bits: Option<WindowBits>,
    /// With or without a value.
    client_bits: Option<Option<WindowBits>>,
}

impl ExtensionParameters {
    fn parse(element: &str) -> Result<Self, NegotiationError> {
        let mut parts = element.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        if name != NAME {
            return Err(NegotiationError::OtherExtension(name.to_owned()));
        }
        let mut found = Self::default();
        for part in parts {
            let (parameter, value) = match part.split_once('=') {
                Some((parameter, value)) => (parameter.trim_end(), Some(unquoted(value.trim()))),
                None => (part, None),
            };
            found.put(parameter, value)?;
        }
        Ok(found)
    }

    fn put(&mut self, parameter: &str, value: Option<&str>) -> Result<(), NegotiationError> {
        let (name, is_repeated) = match parameter {
            SERVER_NO_TAKEOVER => {
                without_value(SERVER_NO_TAKEOVER, value)?;
                let before = std::mem::replace(&mut self.server_no_takeover, true);
                (SERVER_NO_TAKEOVER, before)
            }
            CLIENT_NO_TAKEOVER => {
                without_value(CLIENT_NO_TAKEOVER, value)?;
                let before = std::mem::replace(&mut self.client_no_takeover, true);
                (CLIENT_NO_TAKEOVER, before)
            }
            SERVER_BITS => {
                let bits = window_bits(SERVER_BITS, value.unwrap_or_default())?;
                (SERVER_BITS, self.server_bits.replace(bits).is_some())
            }
            CLIENT_BITS => {
                let bits = value.map(|value| window_bits(CLIENT_BITS, value));
                let before = self.client_bits.replace(bits.transpose()?);
                (CLIENT_BITS, before.is_some())
            }
            other => return Err(NegotiationError::UnknownParameter(other.to_owned())),
        };
        if is_repeated {
            return Err(NegotiationError::Repeated(name));
        }
        Ok(())
    }
}

/// A value may be a quoted string (RFC 6455 section 9.1).
fn unquoted(value: &str) -> &str {
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    inner.unwrap_or(value)
}

fn without_value(parameter: &'static str, value: Option<&str>) -> Result<(), NegotiationError> {
    match value {
        None => Ok(()),
        Some(value) => Err(NegotiationError::InvalidValue {
            parameter,
            value: value.to_owned(),
        }),
    }
}

fn window_bits(parameter: &'static str, value: &str) -> Result<WindowBits, NegotiationError> {
    let digits = value.bytes().all(|octet| octet.is_ascii_digit()) && !value.starts_with('0');
    let bits = value.parse().ok().filter(|_| digits);
    bits.and_then(WindowBits::new)
        .ok_or_else(|| NegotiationError::InvalidValue {
            parameter,
            value: value.to_owned(),
        })
}

impl FromStr for Offer {
    type Err = NegotiationError;

    fn from_str(element: &str) -> Result<Self, NegotiationError> {
        let found = ExtensionParameters::parse(element)?;
        Ok(Self {
            server_no_takeover: found.server_no_takeover,
            client_no_takeover: found.client_no_takeover,
            server_bits: found.server_bits,
            client_bits: found.client_bits,
        })
    }
}

impl FromStr for AgreedParameters {
    type Err = NegotiationError;

    fn from_str(element: &str) -> Result<Self, NegotiationError> {
        let found = ExtensionParameters::parse(element)?;
        let client_bits = match found.client_bits {
            // Without a value it is a hint that only an offer can give (section 7.1.2.2).
            Some(None) => {
                return Err(NegotiationError::InvalidValue {
                    parameter: CLIENT_BITS,
                    value: String::new(),
                });
            }
            bits => bits.flatten(),
        };
        Ok(Self {
            server_no_takeover: found.server_no_takeover,
            client_no_takeover: found.client_no_takeover,
            server_bits: found.server_bits,
            client_bits,
        })
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terms = AgreedParameters {
            server_no_takeover: self.server_no_takeover,
            client_no_takeover: self.client_no_takeover,
            server_bits: self.server_bits,
            client_bits: self.client_bits.flatten(),
        };
        terms.fmt(f)?;
        match self.client_bits {
            Some(None) => write!(f, "; {CLIENT_BITS}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for AgreedParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)?;
        if self.server_no_takeover {
            write!(f, "; {SERVER_NO_TAKEOVER}")?;
        }
        if self.client_no_takeover {
            write!(f, "; {CLIENT_NO_TAKEOVER}")?;
        }
        if let Some(bits) = self.server_bits {
            write!(f, "; {SERVER_BITS}={bits}")?;
        }
        if let Some(bits) = self.client_bits {
            write!(f, "; {CLIENT_BITS}={bits}")?;
        }
        Ok(())
    }
}
