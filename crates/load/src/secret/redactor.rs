//! The one place that redacts: URLs by the names of their parameters, and any text by the values
//! that are known to be credentials.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use super::WITHHELD;
use super::names::{is_credential, is_token_subprotocol};
use super::spotted::credentials_in_text;
use super::urls::credentials_in_url;

/// Letters of the shortest value that is looked for in texts: a shorter one stands in many words.
const SHORTEST: usize = 4;
/// As many letters from its beginning tell a longer value, though a text holds only a part of it.
const TELLING: usize = 8;

/// A URL, or any text in which one may stand, for everybody: without user and password, and without
/// the values of parameters that are credentials by their names or by their shape.
#[must_use]
pub fn shown_url(url: &str) -> Cow<'_, str> {
    let mut shown = Cow::Borrowed(url);
    for (at, length) in credentials_in_url(url).into_iter().rev() {
        shown.to_mut().replace_range(at..at + length, WITHHELD);
    }
    shown
}

/// A text of the user's own for everybody, such as the value of a header or a message: without what is a
/// credential in it by its name or by its shape.
#[must_use]
pub fn shown_text(text: &str) -> Cow<'_, str> {
    let mut shown = Cow::Borrowed(text);
    for found in credentials_in_text(text).into_iter().rev() {
        shown.to_mut().replace_range(found.span, WITHHELD);
    }
    shown
}

/// Subprotocols for everybody: `(withheld)` in the place of those that carry a token.
#[must_use]
pub fn shown_subprotocols(names: &[String]) -> Vec<String> {
    let mut before = None;
    let shown = names.iter().map(|name| {
        let is_secret = is_token_subprotocol(before.replace(name.as_str()), name);
        if is_secret {
            WITHHELD.to_owned()
        } else {
            name.clone()
        }
    });
    shown.collect()
}

/// Credentials by their values, which are looked for in what others say: a server may send back what
/// it was sent. `Debug` tells how many there are.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Redactor(Vec<String>);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} values)", self.0.len())
    }
}

impl Redactor {
    /// A value that no output shows.
    pub fn add(&mut self, value: &str) {
        self.add_all([value]);
    }

    /// Values that no output shows, of which there may be as many as a file has rows.
    pub fn add_all<'v>(&mut self, values: impl IntoIterator<Item = &'v str>) {
        let values = values.into_iter().map(str::trim);
        let values = values.filter(|value| value.len() >= SHORTEST && *value != WITHHELD);
        self.0.extend(values.map(str::to_owned));
        // The longest first: a shorter one may be a part of it.
        self.0
            .sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.0.dedup();
    }

    /// Credentials of a URL.
    pub fn add_url(&mut self, url: &str) {
        for (at, length) in credentials_in_url(url) {
            let value = &url[at..at + length];
            self.add(value);
            self.add(&percent_decode_str(value).decode_utf8_lossy());
            if let Some((_, password)) = value.split_once(':') {
                self.add(password);
            }
        }
    }

    /// The value of a header, where it is a credential.
    pub fn add_header(&mut self, name: &str, value: &str) {
        if !is_credential(name) {
            return self.add_text(value);
        }
        self.add(value);
        match value.trim().split_once(' ') {
            Some((scheme, value)) if scheme.eq_ignore_ascii_case("basic") => {
                self.add(value);
                let login = STANDARD.decode(value.trim()).unwrap_or_default();
                self.add_login(&String::from_utf8_lossy(&login));
            }
            Some((_, value)) => self.add(value),
            None => {}
        }
        for pair in value.split(';') {
            if let Some((_, value)) = pair.split_once('=') {
                self.add(value);
            }
        }
    }

    /// Credentials of a text of the user's own.
    pub fn add_text(&mut self, text: &str) {
        for found in credentials_in_text(text) {
            self.add(&text[found.span]);
        }
    }

    /// A name and a password, `USER:PASS`, as they are and as they are sent.
    pub fn add_login(&mut self, login: &str) {
        if let Some((_, password)) = login.split_once(':') {
            self.add(login);
            self.add(password);
            self.add(&STANDARD.encode(login));
        }
    }

    /// Subprotocols that carry a token.
    pub fn add_subprotocols(&mut self, names: &[String]) {
        for (shown, name) in shown_subprotocols(names).iter().zip(names) {
            if shown != name {
                self.add(name);
            }
        }
    }

    /// The text with `(withheld)` in the place of each credential, of what is left of one that was cut
    /// off, and of what is one by its name in a URL. What stands against a credential without a gap goes
    /// with it: a password of `pass` would be told by `(withheld)word`.
    #[must_use]
    pub fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut cleaned = Cow::Borrowed(text);
        for value in &self.0 {
            let telling: String = value.chars().take(TELLING).collect();
            let mut from = 0;
            while let Some(at) = cleaned[from..].find(&telling).map(|at| from + at) {
                let found = common(&cleaned[at..], value);
                let is_whole = found == value.len() || value.len() > TELLING;
                if is_whole {
                    let word = word_around(&cleaned, at..at + found);
                    from = word.start + WITHHELD.len();
                    cleaned.to_mut().replace_range(word, WITHHELD);
                } else {
                    from = at + telling.len();
                }
            }
        }
        match shown_in(&cleaned) {
            Some(shown) => Cow::Owned(shown),
            None => cleaned,
        }
    }
}

/// The text with its URLs shown as [`shown_url`] shows them; `None` where there is nothing to withhold.
fn shown_in(text: &str) -> Option<String> {
    if !text.contains("://") {
        return None;
    }
    let ends_url = |c: char| c.is_whitespace() || "\"'()<>".contains(c);
    let parts = text.split_inclusive(ends_url).map(|part| {
        let url = part.trim_end_matches(ends_url);
        let shown = if url.contains("://") {
            shown_url(url)
        } else {
            Cow::Borrowed(url)
        };
        (shown, &part[url.len()..])
    });
    let shown: String = parts
        .flat_map(|(shown, end)| [shown, Cow::Borrowed(end)])
        .collect();
    (shown != text).then_some(shown)
}

/// The span with the letters and digits that stand against it on both sides.
fn word_around(text: &str, span: Range<usize>) -> Range<usize> {
    let (before, after) = (&text[..span.start], &text[span.end..]);
    let start = before.trim_end_matches(char::is_alphanumeric).len();
    let behind = after.trim_start_matches(char::is_alphanumeric).len();
    start..text.len() - behind
}

/// Octets that two texts have in common from their beginning, in whole letters.
fn common(one: &str, other: &str) -> usize {
    let pairs = one.chars().zip(other.chars());
    let same = pairs.take_while(|(one, other)| one == other);
    same.map(|(letter, _)| letter.len_utf8()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_what_is_secret_in_them() {
        for (url, shown) in [
            ("ws://h/a?room=1", "ws://h/a?room=1"),
            ("ws://h/?token=x", "ws://h/?token=(withheld)"),
            (
                "wss://h:81/?room=1&access_token=ab%20c&v=2",
                "wss://h:81/?room=1&access_token=(withheld)&v=2",
            ),
            ("ws://h/?%74oken=x", "ws://h/?%74oken=(withheld)"),
            ("ws://u:p@h/x@y", "ws://(withheld)@h/x@y"),
            (
                "http://h/#id_token=x&a=b",
                "http://h/#id_token=(withheld)&a=b",
            ),
            (
                "ws://h/eyJhbGciOiJIUzI1NiJ9.e30.c2ln/x",
                "ws://h/(withheld)/x",
            ),
            ("h:1/?apiKey=x;b=c", "h:1/?apiKey=(withheld);b=c"),
            ("ws://h/?token=", "ws://h/?token="),
            ("/cb?token=x", "/cb?token=(withheld)"),
            ("u:p@h:1/x", "(withheld)@h:1/x"),
            ("h:1/a@b", "h:1/a@b"),
            ("ws://h/token/hunter2/x", "ws://h/token/(withheld)/x"),
            ("ws://h/token/refresh", "ws://h/token/refresh"),
            ("ws://h/auth/login2", "ws://h/auth/login2"),
            ("ws://h/?0123456789abcdef", "ws://h/?(withheld)"),
            ("ws://h/?room1&v2", "ws://h/?room1&v2"),
            ("ws://h/x/ghp_0123456789abcdefghij", "ws://h/x/(withheld)"),
        ] {
            assert_eq!(shown_url(url), shown);
            assert_eq!(shown_url(shown), shown, "withheld once is withheld");
        }
    }

    #[test]
    fn what_a_peer_sends_back_is_cleaned_of_credentials_whole_or_cut_off() {
        let mut secrets = Redactor::default();
        secrets.add_header("Authorization", "Bearer hidden-token-of-mine");
        secrets.add_header("Authorization", "Basic dXNlcjpodW50ZXIy");
        secrets.add_header("Cookie", "theme=x; sid=s3cr3t");
        secrets.add_header("X-Tenant", "visible");
        secrets.add_url("ws://h/?token=q%2Fuery-token");
        for (said, shown) in [
            ("no: hidden-token-of-mine!", "no: (withheld)!"),
            ("cut: hidden-token-o", "cut: (withheld)"),
            ("hunter2, visible", "(withheld), visible"),
            ("q/uery-token q%2Fuery-token", "(withheld) (withheld)"),
            ("s3cr3t s3cr", "(withheld) s3cr"),
            ("hidden", "hidden"),
            ("hunter22, xs3cr3t: no", "(withheld), (withheld): no"),
            ("hiddeñ-", "hiddeñ-"),
            (
                "302 → wss://h/?room=1&code=2&token=x (see \"http://u:p@h/\")",
                "302 → wss://h/?room=1&code=2&token=(withheld) (see \"http://(withheld)@h/\")",
            ),
            ("see ws://h/?room=1", "see ws://h/?room=1"),
        ] {
            assert_eq!(secrets.clean(said), shown);
        }
        assert_eq!(format!("{secrets:?}").matches("hidden").count(), 0);
    }

    proptest::proptest! {
        /// Whatever stands around it, and whatever the text is.
        #[test]
        fn no_value_is_left(
            value in "[ -~]{4,40}", before in "\\PC{0,20}", after in "\\PC{0,20}", url in "\\PC{0,60}",
        ) {
            let mut secrets = Redactor::default();
            secrets.add(&value);
            let value = value.trim();
            let text = format!("{before}{value}{after}");
            let shown = secrets.clean(&text);
            let is_common = value.len() < SHORTEST || WITHHELD.contains(value);
            proptest::prop_assert!(is_common || !shown.contains(value), "{}", shown);
            let _ = shown_url(&url);
        }
    }
}
