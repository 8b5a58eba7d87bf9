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
/// First letters of tokens: of JSON Web Tokens, and of those whose issuers mark them so that they can be
/// found where they should not be.
const FRONTS: [&str; 12] = [
    "eyJ",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "sk_live_",
    "sk-",
    "ya29.",
];
/// Letters of the shortest text that is taken for a token by its shape.
const SHORTEST_TOKEN: usize = 20;
/// Letters of the shortest query without a name that is taken for one.
const SHORTEST_MADE_UP: usize = 16;
/// Letters of the shortest segment of a path that is taken for the credential that the one before it
/// names, and of what stands behind such a name in a subprotocol.
const SHORTEST_IN_PATH: usize = 6;

/// True if what goes by this name is a credential: the value of a header or of a parameter.
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

/// True if a text is a token by its shape: a JSON Web Token (RFC 7519), whose first part is the base64
/// of a text that begins with `{"`, or one that says by its first letters who has issued it.
#[must_use]
pub fn is_token_by_shape(text: &str) -> bool {
    text.len() >= SHORTEST_TOKEN && FRONTS.iter().any(|front| text.starts_with(front))
}

/// True if a text looks made up: long, of letters and digits.
#[must_use]
pub(super) fn looks_made_up(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.as_bytes().iter().any(is);
    text.len() >= SHORTEST_MADE_UP && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
}

/// True if what stands behind this name in a path is a credential: `/token/VALUE`. Of fewer names than
/// elsewhere: `/auth/login` and `/session/new` are places.
#[must_use]
pub(super) fn is_credential_in_path(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_named = [
        "token", "apikey", "api_key", "api-key", "key", "secret", "jwt", "bearer",
    ];
    let has_digit = value.bytes().any(|it| it.is_ascii_digit());
    is_named.iter().any(|it| name.ends_with(it)) && has_digit && value.len() >= SHORTEST_IN_PATH
}

/// True if a subprotocol carries a credential: by its shape, by a name in front of it
/// (`base64url.bearer.authorization.k8s.io.TOKEN`), or since the one before it says so
/// (`bearer, TOKEN`), as browsers, which cannot set headers, are made to do.
#[must_use]
pub(super) fn is_token_subprotocol(before: Option<&str>, name: &str) -> bool {
    let is_named = |name: &str| is_credential(name) && !name.contains("wamp");
    let carries = name.len() >= SHORTEST_TOKEN && is_named(name);
    let parts = name.rsplit_once(['.', '-', '_', ':', '=']);
    let is_behind_name = parts.is_some_and(|(front, value)| {
        let has_digit = value.bytes().any(|it| it.is_ascii_digit());
        is_named(front) && has_digit && value.len() >= SHORTEST_IN_PATH
    });
    let carries = carries || is_behind_name;
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
            (None, "token.hunter2"),
            (None, "auth-ab12cd"),
            (None, "ghp_0123456789abcdefghij"),
        ] {
            assert!(is_token_subprotocol(before, name), "{name}");
        }
        for (before, name) in [
            (None, "bearer"),
            (None, "graphql-transport-ws"),
            (Some("mqtt"), "v4.channel.k8s.io"),
            (None, "wamp.2.json"),
            (None, "auth-v2"),
            (None, "session-protocol"),
        ] {
            assert!(!is_token_subprotocol(before, name), "{name}");
        }
    }
}
