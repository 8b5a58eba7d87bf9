//! Texts that are signed: what protocols with private channels and tokens ask for (Pusher, JSON Web Tokens).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use super::{TemplateError, octets};

/// The header of all tokens.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
/// Bytes of a token around its claims, which are a third longer in it.
const AROUND_CLAIMS: usize = 36 + 43 + 2;
/// Hexadecimal digits of a signature.
const SIGNATURE_DIGITS: usize = 64;
/// Beginning of the name of a variable, which has the key.
const VARIABLE: &str = "env:";

/// A key, derived once for all that is signed by it.
#[derive(Clone, Debug)]
pub(super) struct SigningKey(Arc<hmac::Key>);

impl SigningKey {
    /// The key that a value of the user's own makes.
    pub(super) fn new(value: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, value.as_bytes());
        Self(Arc::new(key))
    }
}

impl PartialEq for SigningKey {
    /// Keys cannot be compared, and follow from the values beside them, which are.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for SigningKey {}

/// Form of what becomes of a text that is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignedAs {
    /// Its HMAC-SHA-256 (RFC 2104) alone, in hexadecimal digits.
    Hmac,
    /// A token with these claims (RFC 7519, RFC 7515 appendix A.1).
    Jwt,
}

/// A text to be signed, as it is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ToSign<'t> {
    pub(super) form: SignedAs,
    /// Variable of the environment with the key.
    pub(super) key: &'t str,
    /// The text, and the byte at which it begins.
    pub(super) text: &'t str,
    pub(super) from: usize,
    /// Bytes of all of it.
    pub(super) length: usize,
}

impl SignedAs {
    /// The forms, as they begin.
    const ALL: [(Self, &'static str, &'static str); 2] = [
        (Self::Hmac, "{hmac:", "sha256:"),
        (Self::Jwt, "{jwt:", "hs256:"),
    ];

    /// Bytes of what becomes of a text of so many at most.
    pub(super) fn longest(self, text: usize) -> usize {
        match self {
            Self::Hmac => SIGNATURE_DIGITS,
            Self::Jwt => AROUND_CLAIMS + text.div_ceil(3) * 4,
        }
    }

    /// Puts what becomes of it in the place of the text that stands in `out` from byte `from` on: nothing
    /// without a key, for what was not looked up is in no run.
    pub(super) fn put(self, key: Option<&SigningKey>, from: usize, out: &mut Vec<u8>) {
        let text = out.split_off(from);
        let Some(SigningKey(key)) = key else { return };
        match self {
            Self::Hmac => {
                let tag = hmac::sign(key, &text);
                out.extend_from_slice(octets::hex(tag.as_ref()).as_bytes());
            }
            Self::Jwt => {
                let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
                let claims = format!("{}.{}", encoded(HEADER.as_bytes()), encoded(&text));
                let tag = hmac::sign(key, claims.as_bytes());
                out.extend_from_slice(claims.as_bytes());
                out.push(b'.');
                out.extend_from_slice(encoded(tag.as_ref()).as_bytes());
            }
        }
    }
}

/// The text to be signed that `text` begins with, which stands at byte `at`; `None` of any other. It ends
/// with the brace that closes the first, so that claims are written as JSON.
///
/// # Errors
/// Another algorithm than there is, no variable, or no end.
pub(super) fn at_front(text: &str, at: usize) -> Result<Option<ToSign<'_>>, TemplateError> {
    let mut all = SignedAs::ALL.into_iter();
    let Some((form, begins, algorithm)) = all.find(|(_, begins, _)| text.starts_with(begins))
    else {
        return Ok(None);
    };
    let unknown = || TemplateError::Signing {
        at,
        found: text.chars().take(20).collect(),
    };
    let rest = text[begins.len()..].strip_prefix(algorithm);
    let rest = rest.and_then(|rest| rest.strip_prefix(VARIABLE));
    let rest = rest.ok_or_else(unknown)?;
    let (key, rest) = rest.split_once(':').ok_or_else(unknown)?;
    let is_name = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    if key.is_empty() || !key.chars().all(is_name) {
        return Err(unknown());
    }
    let mut depth = 1;
    let end = rest.find(|sign| {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    let end = end.ok_or(TemplateError::Unclosed { at })?;
    let from = text.len() - rest.len();
    Ok(Some(ToSign {
        form,
        key,
        text: &rest[..end],
        from,
        length: from + end + 1,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::{Captured, NotFound, Template, Values};
    use super::*;

    fn said(text: &str, key: &str) -> String {
        let mut template = Template::for_words(text).unwrap();
        template.look_up(&|_: &str| Some(key.to_owned())).unwrap();
        let captures = [Captured {
            name: "socket_id".to_owned(),
            bytes: b"1234.1234".to_vec(),
        }];
        let values = Values {
            connection: 7,
            room: "private-foobar",
            captures: &captures,
            ..Values::default()
        };
        let mut out = Vec::new();
        template.say(&values, &mut out);
        let longest = template.longest() + "1234.1234private-foobar".len();
        assert!(out.len() <= longest, "{} of {longest}", out.len());
        String::from_utf8(out).unwrap()
    }

    /// RFC 4231 section 4.3, and the example of Pusher's protocol for private channels.
    #[test]
    fn a_signature_is_that_of_the_text() {
        assert_eq!(
            said("{hmac:sha256:env:K:what do ya want for nothing?}", "Jefe"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let auth =
            r#"{"auth":"278d425bdf160c739803:{hmac:sha256:env:SECRET:{cap.socket_id}:{room}}"}"#;
        assert_eq!(
            said(auth, "7ad3773142a6692b25b8"),
            r#"{"auth":"278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"}"#
        );
    }

    /// The token that <https://jwt.io> begins with, whose claims are these.
    #[test]
    fn a_token_has_its_claims_and_is_signed() {
        let claims = r#"{"sub":"1234567890","name":"John Doe","iat":1516239022}"#;
        assert_eq!(
            said(
                &format!("{{jwt:hs256:env:K:{claims}}}"),
                "your-256-bit-secret"
            ),
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
             eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.\
             SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
        );
        let each = said(r#"{jwt:hs256:env:K:{"sub":"user-{conn}"}}"#, "k");
        let claims = each.split('.').nth(1).unwrap();
        let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
        assert_eq!(claims, br#"{"sub":"user-7"}"#);
    }

    #[test]
    fn what_cannot_be_signed_is_told_with_its_place() {
        for text in [
            "a{hmac:md5:env:K:x}",
            "a{hmac:sha256:K:x}",
            "a{jwt:hs256:env::x}",
            "a{jwt:rs256:env:K:{}}",
            "a{hmac:sha256:env:K}",
        ] {
            let error = Template::for_words(text).unwrap_err();
            assert!(
                matches!(error, TemplateError::Signing { at: 1, .. }),
                "{text}: {error}"
            );
        }
        let open = Template::for_words(r#"{jwt:hs256:env:K:{"a":1}"#).unwrap_err();
        assert_eq!(open, TemplateError::Unclosed { at: 0 });
        let nested = |levels: usize| "{jwt:hs256:env:K:".repeat(levels) + &"}".repeat(levels);
        assert!(Template::for_words(&nested(8)).is_ok());
        let deep = Template::for_words(&nested(60)).unwrap_err();
        assert!(matches!(deep, TemplateError::Nested { .. }), "{deep:?}");
        let within = Template::for_words("{hmac:sha256:env:K:ab{rom}}").unwrap_err();
        assert!(
            matches!(within, TemplateError::UnknownWord { at: 21, .. }),
            "{within:?}"
        );
        let unset = Template::for_words("{hmac:sha256:env:K:a}")
            .unwrap()
            .look_up(&|_: &str| None);
        assert_eq!(unset, Err(NotFound::Variable("K".to_owned())));
    }
}
