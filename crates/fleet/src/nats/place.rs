//! Where a bus is, who we are to it, and which fleet of it is meant.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use thiserror::Error;

/// A fleet's place on a bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusPlace {
    /// The server: `nats://HOST[:PORT]`, or `tls://HOST[:PORT]`; a login in it is never told.
    pub url: String,
    /// File with credentials (a JWT and its key, as `nsc` writes them).
    pub creds: Option<PathBuf>,
    /// Authorities that its certificate may come from, besides those that this system trusts.
    pub cacert: Option<PathBuf>,
    /// Name of the fleet: agents of other fleets on the same bus are strangers.
    pub fleet: String,
}

impl BusPlace {
    /// The place in words, without a login.
    #[must_use]
    pub fn shown(&self) -> String {
        let (scheme, rest) = self.url.split_once("://").unwrap_or(("nats", &self.url));
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{host}")
    }

    /// The login in the URL: a user and, where there is one, a password. One without is a token.
    pub(super) fn login(&self) -> Option<(String, Option<String>)> {
        let (_, rest) = self.url.split_once("://").unwrap_or(("", &self.url));
        let (login, _) = rest.rsplit_once('@')?;
        let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        Some(match login.split_once(':') {
            Some((user, password)) => (plain(user), Some(plain(password))),
            None => (plain(login), None),
        })
    }

    /// Name of the fleet's stream.
    pub(super) fn stream(&self) -> String {
        format!("wsb_{}", self.fleet)
    }
}

/// A name that cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("'{0}' is no name: 1 to 48 letters, digits, '-' or '_'")]
pub struct NoName(String);

/// A name of a fleet, of an agent or of a run: it is part of subjects and keys.
///
/// # Errors
/// [`NoName`].
pub fn name(text: &str) -> Result<String, NoName> {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !text.is_empty() && text.len() <= 48 && text.chars().all(is_fit) {
        true => Ok(text.to_owned()),
        false => Err(NoName(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_without_its_login() {
        let place = |url: &str| BusPlace {
            url: url.to_owned(),
            creds: None,
            cacert: None,
            fleet: "f".to_owned(),
        };
        assert_eq!(place("tls://u:hidden@h:4222").shown(), "tls://h:4222");
        assert_eq!(place("h").shown(), "nats://h");
        let login = |url: &str| place(url).login();
        assert_eq!(login("tls://h:4222"), None);
        assert_eq!(login("nats://t0ken@h"), Some(("t0ken".to_owned(), None)));
        assert_eq!(
            login("tls://u:a%40b:c@h"),
            Some(("u".to_owned(), Some("a@b:c".to_owned())))
        );
    }

    #[test]
    fn names_are_parts_of_subjects() {
        assert!(name("rack-3_a").is_ok());
        for wrong in ["", "a.b", "a b", "a*", ">", &"x".repeat(49)] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }
}
