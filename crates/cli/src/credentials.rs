//! Names, passwords, tokens and cookies from the words of flags, and the headers that they become.
//!
//! None of them is printed: not by `Debug`, and not in a result, where the headers' values and the
//! words of the command line are withheld (`load::secret`, `shell_words`).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use wsbench_load::plan::Header;

/// Why a word is no credential. It says nothing of the word itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum CredentialsError {
    /// No colon between name and password (RFC 7617 section 2).
    #[error("there is no colon; write USER:PASS, or USER: for an empty password")]
    NoColon,
    /// A control character, which no header may hold.
    #[error("it holds a line break or another control character; remove it")]
    Control,
    /// A token with blanks or nothing in it (RFC 6750 section 2.1).
    #[error("it is empty or holds blanks or letters beyond ASCII, which no token has")]
    Token,
    /// A cookie without a name (RFC 6265 section 4.2.1).
    #[error("it is not NAME=VALUE, or several of those with '; ' between")]
    Cookie,
}

/// A name and a password for `Authorization: Basic` (RFC 7617).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct UserPass(String);

/// A token for `Authorization: Bearer` (RFC 6750).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Bearer(String);

/// One or several cookies, as they stand in the header (RFC 6265 section 4.2).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Cookie(String);

impl UserPass {
    /// The header.
    pub(crate) fn header(&self) -> Header {
        authorization(format!("Basic {}", STANDARD.encode(&self.0)))
    }
}

impl Bearer {
    /// The header.
    pub(crate) fn header(&self) -> Header {
        authorization(format!("Bearer {}", self.0))
    }
}

/// One header for all cookies: a request has no more than one (RFC 6265 section 5.4).
pub(crate) fn cookie_header(cookies: &[Cookie]) -> Header {
    let cookies: Vec<&str> = cookies.iter().map(|cookie| cookie.0.as_str()).collect();
    Header::new("Cookie", cookies.join("; "))
}

fn authorization(value: String) -> Header {
    Header::new("Authorization", value)
}

/// Reads `USER:PASS`.
///
/// # Errors
/// No colon, a control character.
pub(crate) fn user_pass(text: &str) -> Result<UserPass, CredentialsError> {
    match text {
        _ if !text.contains(':') => Err(CredentialsError::NoColon),
        _ if text.chars().any(char::is_control) => Err(CredentialsError::Control),
        _ => Ok(UserPass(text.to_owned())),
    }
}

/// Reads a token.
///
/// # Errors
/// Anything but visible ASCII.
pub(crate) fn bearer(text: &str) -> Result<Bearer, CredentialsError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(CredentialsError::Token);
    }
    Ok(Bearer(text.to_owned()))
}

/// Reads `NAME=VALUE`, or several with semicolons between.
///
/// # Errors
/// A part without a name, a control character.
pub(crate) fn cookie(text: &str) -> Result<Cookie, CredentialsError> {
    if text.chars().any(char::is_control) {
        return Err(CredentialsError::Control);
    }
    let pairs: Vec<&str> = text
        .trim()
        .trim_end_matches(';')
        .split(';')
        .map(str::trim)
        .collect();
    let is_pair = |pair: &&str| pair.find('=').is_some_and(|at| at > 0);
    if !pairs.iter().all(is_pair) {
        return Err(CredentialsError::Cookie);
    }
    Ok(Cookie(pairs.join("; ")))
}

impl fmt::Debug for UserPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserPass(withheld)")
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(withheld)")
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookie(withheld)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_credential_is_refused_and_not_repeated() {
        assert_eq!(user_pass("secret"), Err(CredentialsError::NoColon));
        assert_eq!(user_pass("u:p\r\nX: y"), Err(CredentialsError::Control));
        assert_eq!(bearer("a b"), Err(CredentialsError::Token));
        assert_eq!(bearer(""), Err(CredentialsError::Token));
        for text in ["", "secret", "=v", "a=b; secret", "a=b;;c=d"] {
            assert_eq!(cookie(text), Err(CredentialsError::Cookie), "{text}");
        }
        assert_eq!(cookie("a=b\n"), Err(CredentialsError::Control));
        assert_eq!(cookie(" a=b;c=d; "), Ok(Cookie("a=b; c=d".to_owned())));
    }

    #[test]
    fn nothing_of_them_is_printed() {
        let printed = format!(
            "{:?}{:?}{:?}",
            user_pass("u:hidden"),
            bearer("hidden"),
            cookie("a=hidden")
        );
        assert!(!printed.contains("hidden"), "{printed}");
    }
}
