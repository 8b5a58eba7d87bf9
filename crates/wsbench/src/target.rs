//! The server under test, from the URL as people write it.
//!
//! It reads a URL by the URL standard and keeps what a WebSocket handshake needs. It resolves no
//! name and opens no connection.

use thiserror::Error;
use url::{Host, Url};
use wsbench_load::route::Target;

use crate::header::COLUMN;

/// The reason why a text does not name a server that this version can measure.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TargetError {
    /// A URL of the web rather than of a WebSocket.
    #[error("{scheme}:// is not a WebSocket URL; did you mean {meant}://{rest} ?")]
    Http {
        /// `http` or `https`.
        scheme: String,
        /// The WebSocket scheme that corresponds to it.
        meant: &'static str,
        /// The text behind it.
        rest: String,
    },
    /// A scheme of something else.
    #[error("'{scheme}://' is not a WebSocket URL; write it like ws://localhost:3000/path")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// A WebSocket URL has no fragment (RFC 6455 section 3).
    #[error(
        "'#{fragment}' is a fragment, which a WebSocket URL must not have (RFC 6455 section 3); \
         leave it out, or write %23 for a '#' that belongs to the path"
    )]
    Fragment {
        /// The text behind the number sign.
        fragment: String,
    },
    /// A user name or a password in the URL.
    #[error("the URL carries a user name or password; leave them out and give them as a header")]
    Credentials,
    /// A place for a row of a file, which would go to the server as it is written.
    #[error(
        "the URL takes no {{csv:FILE:COLUMN}}, for all connections have the same; put it into a header or \
         into a message"
    )]
    Row,
    /// A name that cannot be on the wire.
    #[error("port 0 cannot be connected to; give the port that the server listens on")]
    PortZero,
    /// Not a URL at all.
    #[error("'{text}' is not a URL ({reason}); write it like ws://localhost:3000/path")]
    Malformed {
        /// The text that was given.
        text: String,
        /// The words of the URL standard on it.
        reason: String,
    },
}

/// Reads `ws://HOST[:PORT][/PATH]`, `wss://…`, `//HOST…`, `HOST[:PORT][/PATH]`, and for a port of this
/// machine `:PORT[/PATH]` or `PORT[/PATH]`. Without a port that of the scheme is meant.
///
/// # Errors
/// Anything else; see [`TargetError`].
pub fn target(text: &str) -> Result<Target, TargetError> {
    let text = text.trim();
    if text.contains("://") || text.starts_with("//") {
        return parse(text);
    }
    let authority = text.split(['/', '?', '#']).next().unwrap_or(text);
    let port = authority.strip_prefix(':').unwrap_or(authority);
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if is_port {
        let behind = &text[authority.len()..];
        return parse(&format!("localhost:{port}{behind}"));
    }
    parse(text)
}

/// Reads `HOST[:PORT][/PATH]` as the older tool did: without a port, 80 is meant.
///
/// # Errors
/// Anything else; see [`TargetError`].
pub fn host_port_path(text: &str) -> Result<Target, TargetError> {
    parse(text.trim())
}

/// Reads a URL whose scheme may be missing.
fn parse(text: &str) -> Result<Target, TargetError> {
    let malformed = |reason: String| TargetError::Malformed {
        text: text.to_owned(),
        reason,
    };
    if text.contains(COLUMN) {
        return Err(TargetError::Row);
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme.to_lowercase(), rest),
        None => ("ws".to_owned(), text.trim_start_matches("//")),
    };
    match scheme.as_str() {
        "ws" | "wss" => {}
        "http" | "https" => {
            let rest = rest.to_owned();
            let meant = if scheme == "https" { "wss" } else { "ws" };
            return Err(TargetError::Http {
                scheme,
                meant,
                rest,
            });
        }
        _ => return Err(TargetError::Scheme { scheme }),
    }
    // The URL standard would read `ws:///chat` as the host `chat`; people mean a missing host.
    if rest.starts_with('/') {
        return Err(malformed("empty host".to_owned()));
    }
    let url = Url::parse(&format!("{scheme}://{rest}")).map_err(|e| malformed(e.to_string()))?;
    if let Some(fragment) = url.fragment() {
        return Err(TargetError::Fragment {
            fragment: fragment.to_owned(),
        });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetError::Credentials);
    }
    let host = match url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        None => return Err(malformed("empty host".to_owned())),
    };
    let secure = scheme == "wss";
    let port = url
        .port_or_known_default()
        .unwrap_or(if secure { 443 } else { 80 });
    if port == 0 {
        return Err(TargetError::PortZero);
    }
    let resource = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    Ok(Target {
        host,
        port,
        resource,
        secure,
    })
}

/// True of a host that is this very machine by its name or address alone: no resolver is asked.
pub fn is_loopback(host: &str) -> bool {
    let name = host.trim_end_matches('.');
    name == "localhost"
        || name.ends_with(".localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str, port: u16, resource: &str) -> Result<Target, TargetError> {
        Ok(Target {
            host: host.to_owned(),
            port,
            resource: resource.to_owned(),
            secure: false,
        })
    }

    #[test]
    fn urls_as_people_write_them() {
        assert_eq!(target("ws://localhost:3000"), at("localhost", 3000, "/"));
        assert_eq!(
            target("WS://Example.com/Chat?x=1"),
            at("example.com", 80, "/Chat?x=1")
        );
        assert_eq!(target("//example.com/a b"), at("example.com", 80, "/a%20b"));
        assert_eq!(
            target("localhost:3000/chat"),
            at("localhost", 3000, "/chat")
        );
        assert_eq!(target("127.0.0.1:3000"), at("127.0.0.1", 3000, "/"));
        assert_eq!(target("[::1]:3000/x"), at("::1", 3000, "/x"));
        assert_eq!(target("ws://[::1]/"), at("::1", 80, "/"));
        assert_eq!(target("ws://h:80?q"), at("h", 80, "/?q"));
        assert_eq!(target("localhost"), at("localhost", 80, "/"));
        assert_eq!(target("example.com/chat"), at("example.com", 80, "/chat"));
        assert_eq!(target(":3000"), at("localhost", 3000, "/"));
        assert_eq!(target("3000/chat?x"), at("localhost", 3000, "/chat?x"));
        assert_eq!(target("[::1]"), at("::1", 80, "/"));
    }

    #[test]
    fn a_row_of_a_file_is_no_part_of_a_url() {
        for text in [
            "ws://h/?token={csv:users.csv:token}",
            "h:80/{csv:users.csv:name}",
            "{csv:hosts.csv:host}:80/",
        ] {
            assert_eq!(target(text), Err(TargetError::Row), "{text}");
        }
        assert_eq!(target("h/?x={csv}"), at("h", 80, "/?x={csv}"));
    }

    #[test]
    fn a_secure_url_has_a_port_of_its_own() {
        let secure = target("wss://example.com/x").unwrap();
        assert_eq!((secure.port, secure.secure), (443, true));
        assert_eq!(secure.url(), "wss://example.com/x");
        assert_eq!(
            target("WSS://h:8443").unwrap().url(),
            "wss://h:8443/",
            "another port is told"
        );
    }

    #[test]
    fn the_older_form_needs_no_port() {
        assert_eq!(host_port_path("localhost:3000"), at("localhost", 3000, "/"));
        assert_eq!(
            host_port_path("example.com/chat"),
            at("example.com", 80, "/chat")
        );
        assert_eq!(
            host_port_path("ws://example.com"),
            at("example.com", 80, "/")
        );
    }

    #[test]
    fn what_cannot_be_measured_is_named_with_the_way_out() {
        let message = |text| target(text).unwrap_err().to_string();
        assert_eq!(
            message("https://example.com/x"),
            "https:// is not a WebSocket URL; did you mean wss://example.com/x ?"
        );
        assert_eq!(
            message("http://localhost:3000/x"),
            "http:// is not a WebSocket URL; did you mean ws://localhost:3000/x ?"
        );
        assert!(message("ftp://x").starts_with("'ftp://' is not a WebSocket URL"));
        assert_eq!(
            target("ws://h/a#b"),
            Err(TargetError::Fragment {
                fragment: "b".to_owned()
            })
        );
        assert_eq!(target("ws://u:p@h/"), Err(TargetError::Credentials));
        assert_eq!(target("ws://h:0/"), Err(TargetError::PortZero));
        for text in [
            "",
            "ws://",
            "ws:///chat",
            "ws://h:99999/",
            ":99999",
            "99999",
            ":",
            "h:port",
        ] {
            let error = target(text).unwrap_err();
            assert!(
                matches!(error, TargetError::Malformed { .. }),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn loopback_is_told_by_name() {
        for url in [
            "localhost:1",
            "127.0.0.9:1",
            "[::1]:1",
            "a.localhost:1",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(is_loopback(&target(url).unwrap().host), "{url}");
        }
        for url in ["example.com:1", "10.0.0.1:1", "[::2]:1", "notlocalhost:1"] {
            assert!(!is_loopback(&target(url).unwrap().host), "{url}");
        }
    }
}
