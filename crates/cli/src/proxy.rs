//! The proxy from the word of `--proxy`: a URL as curl takes it.

use std::fmt;

use thiserror::Error;
use url::{Host, Url};
use wsbench_load::plan::LONGEST_SOCKS_FIELD;
use wsbench_load::route::{Login, Place, Proxy, ProxyProtocol};
use wsbench_load::secret::Secret;

/// Why a word names no proxy. It says nothing of a login in it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum ProxyArgError {
    /// Not a URL.
    #[error("it is not a URL ({reason}); write it like http://proxy:3128 or socks5h://proxy:1080")]
    Malformed {
        /// Words of the URL standard on it.
        reason: String,
    },
    /// A scheme of something else.
    #[error("'{scheme}://' is not known; there are http://, socks5:// and socks5h://")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// A login that SOCKS cannot carry.
    #[error("user name and password have at most {LONGEST_SOCKS_FIELD} bytes each for SOCKS")]
    LongLogin,
}

/// The proxy that was asked for; prints without its login.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ProxyArg(pub(crate) Proxy);

impl fmt::Debug for ProxyArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyArg({})", self.0)
    }
}

/// Reads `[SCHEME://][USER:PASS@]HOST[:PORT]`; without a scheme HTTP is meant, as curl has it.
///
/// # Errors
/// Anything else.
pub(crate) fn proxy(text: &str) -> Result<ProxyArg, ProxyArgError> {
    let malformed = |reason: String| ProxyArgError::Malformed { reason };
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let (protocol, default_port) = match scheme.to_ascii_lowercase().as_str() {
        "http" => (ProxyProtocol::Http, 1080),
        "socks5" => (ProxyProtocol::Socks5, 1080),
        "socks5h" => (ProxyProtocol::Socks5Name, 1080),
        _ => {
            let scheme = scheme.to_owned();
            return Err(ProxyArgError::Scheme { scheme });
        }
    };
    // The URL standard knows the parts of a WebSocket URL, not those of a SOCKS one; and its default
    // port, which it drops, must not be one that people write.
    let given = rest.trim_end_matches('/');
    let url = Url::parse(&format!("ws://{given}")).map_err(|it| malformed(it.to_string()))?;
    let host = match url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        None => return Err(malformed("empty host".to_owned())),
    };
    let port = match url.port() {
        Some(0) => return Err(malformed("port 0".to_owned())),
        Some(port) => port,
        None if given.ends_with(":80") => 80,
        None => default_port,
    };
    let decoded = |text: &str| percent_decoded(text).ok_or_else(|| malformed("login".to_owned()));
    let login = match (url.username(), url.password()) {
        ("", None) => None,
        (user, password) => Some(Login {
            user: decoded(user)?,
            password: decoded(password.unwrap_or_default())?,
        }),
    };
    let is_long = |login: &Login| {
        login.user.len() > LONGEST_SOCKS_FIELD || login.password.len() > LONGEST_SOCKS_FIELD
    };
    if protocol != ProxyProtocol::Http && login.as_ref().is_some_and(is_long) {
        return Err(ProxyArgError::LongLogin);
    }
    Ok(ProxyArg(Proxy {
        protocol,
        place: Place { host, port },
        login: login.map(Secret::new),
    }))
}

/// `%40` is `@` (RFC 3986 section 2.1); `None` where it is no text then.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        if byte == b'%' {
            let (digits, behind) = behind.split_at_checked(2)?;
            let digits = std::str::from_utf8(digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = behind;
        } else {
            bytes.push(byte);
            rest = behind;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_a_url_as_curl_takes_it() {
        let read = |text: &str| proxy(text).unwrap().0;
        let shown = |text: &str| read(text).to_string();
        assert_eq!(shown("http://p:3128"), "http://p:3128");
        assert_eq!(shown("p:3128"), "http://p:3128");
        assert_eq!(shown("http://p:80/"), "http://p:80");
        assert_eq!(shown("SOCKS5://p"), "socks5://p:1080");
        assert_eq!(shown("socks5h://[::1]:9/"), "socks5h://[::1]:9");
        assert_eq!(read("http://p:1").login, None);
        let proxy = read("http://u%40x:p%3Aq@p:1");
        let login = proxy.login().unwrap();
        assert_eq!((&*login.user, &*login.password), ("u@x", "p:q"));
        let proxy = read("socks5://u@p:1");
        let login = proxy.login().unwrap();
        assert_eq!((&*login.user, &*login.password), ("u", ""));
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_repeating_a_login() {
        assert!(matches!(
            proxy("https://p"),
            Err(ProxyArgError::Scheme { .. })
        ));
        for text in [
            "",
            "http://",
            "http://u:hidden@",
            "http://u:hidden@h:99999",
            "http://h:0",
            "http://%ff:hidden@h:1",
        ] {
            let error = proxy(text).unwrap_err();
            assert!(
                matches!(error, ProxyArgError::Malformed { .. }),
                "{text}: {error}"
            );
            assert!(!error.to_string().contains("hidden"), "{error}");
        }
        let long = format!("socks5://{}:p@h", "u".repeat(256));
        assert_eq!(proxy(&long), Err(ProxyArgError::LongLogin));
        assert!(!format!("{:?}", proxy("http://u:hidden@h:1")).contains("hidden"));
    }
}
