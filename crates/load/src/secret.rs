//! Values that no output shows: passwords, tokens, cookies, keys.
//!
//! Which they are says `names`, by names alone; `urls` and `spotted` find them in URLs and in texts, and
//! `redactor` takes them out of what is shown. Everything that shows, stores or says something of others
//! goes by these.

mod names;
mod redactor;
mod spotted;
mod urls;

use std::fmt;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wsbench_wire::proxy::Login;

pub use names::{is_credential, is_token_by_shape};
pub use redactor::{Redactor, shown_subprotocols, shown_text, shown_url};
pub use spotted::{Spotted, credentials_in_text};
pub use urls::{credentials_in_url, urls_in_text};

/// The words in the place of a credential.
pub const WITHHELD: &str = "(withheld)";

/// A credential. `Debug` and the serialised form are `(withheld)`; read from that, it is known
/// to be one that was withheld.
pub struct Secret<T: ?Sized = str>(Option<Arc<T>>);

impl<T: ?Sized> Secret<T> {
    /// A credential that is known.
    pub fn new(value: impl Into<Arc<T>>) -> Self {
        Self(Some(value.into()))
    }

    /// A credential of which nothing is left but that it was there.
    #[must_use]
    pub fn withheld() -> Self {
        Self(None)
    }

    /// The value, for whoever sends it; `None` where it was withheld.
    #[must_use]
    pub fn reveal(&self) -> Option<&T> {
        self.0.as_deref()
    }

    /// True if the value is gone.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        self.0.is_none()
    }
}

impl<T: ?Sized> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: ?Sized + PartialEq> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T: ?Sized + Eq> Eq for Secret<T> {}

impl<T: ?Sized> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(WITHHELD)
    }
}

impl<T: ?Sized> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(WITHHELD)
    }
}

/// A value that is read from a text.
trait FromText {
    /// The value, or why it is none, without repeating it.
    fn from_text(text: &str) -> Result<Arc<Self>, &'static str>;
}

impl FromText for str {
    fn from_text(text: &str) -> Result<Arc<Self>, &'static str> {
        Ok(text.into())
    }
}

impl FromText for [u8] {
    fn from_text(text: &str) -> Result<Arc<Self>, &'static str> {
        Ok(text.as_bytes().into())
    }
}

impl FromText for Login {
    fn from_text(text: &str) -> Result<Arc<Self>, &'static str> {
        let (user, password) = text.split_once(':').ok_or("a login is USER:PASS")?;
        Ok(Arc::new(Self {
            user: user.to_owned(),
            password: password.to_owned(),
        }))
    }
}

impl<'de, T: ?Sized + FromText> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == WITHHELD {
            return Ok(Self::withheld());
        }
        T::from_text(&text)
            .map(|it| Self(Some(it)))
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_a_document_shows_a_secret() {
        let secret: Secret = Secret::new("hidden");
        let shown = format!("{secret:?} {}", serde_json::to_string(&secret).unwrap());
        assert_eq!(shown, "(withheld) \"(withheld)\"");
        assert_eq!(secret.reveal(), Some("hidden"));
        let read: Secret = serde_json::from_str("\"(withheld)\"").unwrap();
        assert!(read.is_withheld() && read.reveal().is_none());
        let read: Secret = serde_json::from_str("\"hidden\"").unwrap();
        assert_eq!(read, secret);
    }

    #[test]
    fn a_login_is_read_without_repeating_what_is_wrong() {
        let read: Secret<Login> = serde_json::from_str("\"u:p:q\"").unwrap();
        let login = read.reveal().unwrap();
        assert_eq!((&*login.user, &*login.password), ("u", "p:q"));
        let wrong = serde_json::from_str::<Secret<Login>>("\"hidden\"").unwrap_err();
        assert!(!wrong.to_string().contains("hidden"), "{wrong}");
    }
}
