//! The one list of what is a credential by its name: of headers, of parameters in URLs, of cookies,
//! of subprotocols that carry a token.

/// Words that make a name that of a credential, wherever they stand in it.
const ANYWHERE: [&str; 10] = [
    "apikey",
    "passcode",
    "token",
    "secret",
    "passw",
    "credential",
    "accesskey",
    "privatekey",
    "sessionid",
    "sessid",
];
/// The same where they are a word of the name: parted by anything but letters and digits, or by a
/// capital letter.
const AS_A_WORD: [&str; 19] = [
    "authorization",
    "authentication",
    "auth",
    "oauth",
    "bearer",
    "basic",
    "cookie",
    "cookies",
    "jwt",
    "key",
    "pass",
    "passphrase",
    "pin",
    "pwd",
    "session",
    "sid",
    "sig",
    "signature",
    "ticket",
];
/// Letters of the shortest text that is taken for a token by its shape.
const SHORTEST_TOKEN: usize = 20;

/// Whether what goes by this name is a credential: the value of a header or of a parameter.
#[must_use]
pub fn is_credential(name: &str) -> bool {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let letters = letters.to_ascii_lowercase();
    ANYWHERE.iter().any(|part| letters.contains(part))
        || words(name).any(|word| AS_A_WORD.contains(&word.as_str()))
}

/// The words of a name in lower case: of `X-Auth-Token`, `x_auth_token` and `xAuthToken` alike.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in name.chars() {
        let begins = before.is_ascii_lowercase() && letter.is_ascii_uppercase();
        if begins || !letter.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if letter.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(letter.to_ascii_lowercase());
        }
        before = letter;
    }
    words.into_iter().filter(|word| !word.is_empty())
}

/// Whether a text is a token by its shape: a JSON Web Token (RFC 7519), whose first part is the base64
/// of a text that begins with `{"`.
#[must_use]
pub fn is_token_by_shape(text: &str) -> bool {
    text.len() >= SHORTEST_TOKEN && text.starts_with("eyJ")
}

/// Whether a subprotocol carries a credential: by its shape, by a name in front of it
/// (`base64url.bearer.authorization.k8s.io.TOKEN`), or since the one before it says so
/// (`bearer, TOKEN`), as browsers, which cannot set headers, are made to do.
#[must_use]
pub(super) fn is_token_subprotocol(before: Option<&str>, name: &str) -> bool {
    let is_named = |name: &str| is_credential(name) && !name.contains("wamp");
    let carries = name.len() >= SHORTEST_TOKEN && is_named(name);
    is_token_by_shape(name) || carries || before.is_some_and(is_named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_credentials() {
        for name in [
            "Authorization",
            "COOKIE",
            "proxy-authorization",
            "X-Api-Key",
            "x-auth-token",
            "X-Amz-Access-Key",
            "X-Amz-Signature",
            "Client-Secret",
            "api_key",
            "apiKey",
            "access_token",
            "accessToken",
            "key",
            "sig",
            "jwt",
            "sessionId",
            "X-Session-Id",
            "PHPSESSID",
            "password",
            "passwd",
            "passcode",
        ] {
            assert!(is_credential(name), "{name}");
        }
        for name in [
            "X-Tenant",
            "X-Keyboard",
            "User-Agent",
            "Accept-Language",
            "author",
            "assignment",
            "monkey",
            "room",
            "v",
        ] {
            assert!(!is_credential(name), "{name}");
        }
    }

    #[test]
    fn subprotocols_that_carry_tokens_are_told_from_names() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln";
        for (before, name) in [
            (None, jwt),
            (Some("bearer"), "abc"),
            (Some("access_token"), "abc"),
            (None, "base64url.bearer.authorization.k8s.io.abc"),
        ] {
            assert!(is_token_subprotocol(before, name), "{name}");
        }
        for (before, name) in [
            (None, "bearer"),
            (None, "graphql-transport-ws"),
            (Some("mqtt"), "v4.channel.k8s.io"),
            (None, "wamp.2.json"),
        ] {
            assert!(!is_token_subprotocol(before, name), "{name}");
        }
    }
}
