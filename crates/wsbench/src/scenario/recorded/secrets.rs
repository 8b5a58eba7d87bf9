//! Credentials in what was said: none of them stands in the file; each is a variable of the environment.

use percent_encoding::percent_decode_str;
use wsbench_drive::relay::transcript::{Party, Transcript};
use wsbench_load::secret::{
    WITHHELD, credentials_in_url, is_credential, is_token_by_shape, shown_subprotocols,
};

use super::leaves::{Leaf, LeafKind, LeafParts};

/// Letters of the shortest value that is looked for everywhere; a shorter one is hidden where it stands.
const SHORTEST: usize = 4;
/// Credentials that are kept.
const MOST: usize = 1_000;

/// Credentials with the names of their variables.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets {
    known: Vec<Credential>,
    /// There are more than are kept, so that nobody knows whether a text is free of them.
    pub(super) are_too_many: bool,
}

#[derive(Clone, Debug)]
struct Credential {
    value: String,
    variable: String,
    /// Place where it was seen, in words.
    place: String,
    /// The file names its variable.
    is_used: bool,
}

impl Secrets {
    /// All that is in a transcript.
    pub(super) fn of(transcript: &Transcript) -> Self {
        let mut secrets = Self::default();
        for conversation in &transcript.conversations {
            for (name, value) in &conversation.headers {
                if is_credential(name) || is_token_by_shape(value) {
                    let (_, bare) = scheme(name, value);
                    secrets.add(bare, name, &format!("header {name}"));
                    for (cookie, value) in cookies(name, value) {
                        secrets.add(value, cookie, &format!("cookie {cookie}"));
                    }
                }
                secrets.add_tokens(value, &format!("header {name}"));
            }
            for (name, value) in of_url(&conversation.resource) {
                secrets.add(value, name, &format!("parameter {name} of the URL"));
                let decoded = percent_decode_str(value).decode_utf8_lossy().into_owned();
                secrets.add_as(&decoded, value);
            }
            let shown = shown_subprotocols(&conversation.subprotocols);
            for (shown, name) in shown.iter().zip(&conversation.subprotocols) {
                if shown == WITHHELD {
                    secrets.add(name, "subprotocol_token", "subprotocol");
                }
            }
            for said in &conversation.said {
                if let Ok(text) = str::from_utf8(&said.content) {
                    secrets.add_message(text, said.by);
                }
            }
        }
        secrets
            .known
            .sort_by_key(|it| std::cmp::Reverse(it.value.len()));
        secrets
    }

    fn add_message(&mut self, text: &str, by: Party) {
        let parts = LeafParts::of(text);
        let whose = match by {
            Party::Client => "a message of the client",
            Party::Server => "a message of the server",
        };
        for leaf in &parts.leaves {
            let value = leaf.value(text);
            let bare = bearer(&value).unwrap_or(&value);
            if is_secret(leaf, bare) {
                let name = if leaf.name.is_empty() {
                    "token"
                } else {
                    &leaf.name
                };
                let place = format!("{name} in {whose}");
                self.add(bare, name, &place);
                // As it stands there, with its escapes.
                self.add_as(&text[leaf.span.clone()], bare);
            }
        }
        // What is no JSON, or JSON within a text, names its credentials as well.
        for (name, value) in named_values(text) {
            self.add(value, name, &format!("{name} in {whose}"));
        }
        self.add_tokens(text, whose);
    }

    /// Tokens, which may stand in the middle of anything.
    fn add_tokens(&mut self, text: &str, whose: &str) {
        let ends = |c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c));
        for word in text.split(ends).filter(|word| is_token_by_shape(word)) {
            self.add(word, "token", &format!("a token in {whose}"));
        }
    }

    fn add(&mut self, value: &str, name: &str, place: &str) {
        let value = value.trim();
        if value.is_empty() || self.known.iter().any(|it| it.value == value) {
            return;
        }
        if self.known.len() >= MOST {
            self.are_too_many = true;
            return;
        }
        let variable = self.variable(name);
        self.known.push(Credential {
            value: value.to_owned(),
            variable,
            place: place.to_owned(),
            is_used: false,
        });
    }

    /// Another way in which a value is written.
    fn add_as(&mut self, written: &str, value: &str) {
        let known = self.known.iter().find(|it| it.value == value.trim());
        let is_new = !self.known.iter().any(|it| it.value == written);
        if let (Some(known), true) = (known, is_new && !written.is_empty()) {
            let known = Credential {
                value: written.to_owned(),
                ..known.clone()
            };
            self.known.push(known);
        }
    }

    /// A name for a variable that no other value has.
    fn variable(&self, name: &str) -> String {
        let mut variable = String::new();
        let mut before = '_';
        for letter in name.chars().take(40) {
            let begins = before.is_ascii_lowercase() && letter.is_ascii_uppercase();
            if (begins || !letter.is_ascii_alphanumeric()) && !variable.ends_with('_') {
                variable.push('_');
            }
            if letter.is_ascii_alphanumeric() {
                variable.push(letter.to_ascii_uppercase());
            }
            before = letter;
        }
        let mut base = variable.trim_matches('_').to_owned();
        if !base.starts_with(|first: char| first.is_ascii_alphabetic()) {
            base = format!("SECRET_{base}").trim_end_matches('_').to_owned();
        }
        let is_taken = |name: &str| self.known.iter().any(|it| it.variable == name);
        let numbered = (2..).map(|number| format!("{base}_{number}"));
        let mut names = std::iter::once(base.clone()).chain(numbered);
        names.find(|name| !is_taken(name)).unwrap_or(base)
    }

    /// The place in a template for a value that is a credential.
    pub(super) fn place_of(&mut self, value: &str) -> Option<String> {
        let known = self.known.iter_mut().find(|it| it.value == value.trim())?;
        known.is_used = true;
        let variable = known.variable.clone();
        for other in &mut self.known {
            other.is_used |= other.variable == variable;
        }
        Some(format!("{{env:{variable}}}"))
    }

    /// A value with a scheme such as `Bearer` in front of the variable.
    pub(super) fn header(&mut self, name: &str, value: &str) -> String {
        let (front, bare) = scheme(name, value);
        match self.place_of(bare) {
            Some(place) => format!("{front}{place}"),
            None => self.masked(value),
        }
    }

    /// The text with the place of its variable for each credential that is long enough to be known.
    pub(super) fn masked(&mut self, text: &str) -> String {
        if self.is_free(text) {
            return text.to_owned();
        }
        let (mut masked, mut rest) = (String::with_capacity(text.len()), text);
        // In one pass, the longest first: what is put in is not looked at again.
        while let Some(letter) = rest.chars().next() {
            let mut long = self
                .known
                .iter_mut()
                .filter(|it| it.value.len() >= SHORTEST);
            if let Some(known) = long.find(|it| rest.starts_with(&it.value)) {
                masked.push_str(&format!("{{env:{}}}", known.variable));
                known.is_used = true;
                rest = &rest[known.value.len()..];
            } else {
                masked.push(letter);
                rest = &rest[letter.len_utf8()..];
            }
        }
        masked
    }

    /// The text for a comment, without any credential.
    pub(super) fn withheld(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for known in self.known.iter().filter(|it| it.value.len() >= SHORTEST) {
            shown = shown.replace(&known.value, WITHHELD);
        }
        shown
    }

    /// True of a text in which no credential stands that is long enough to be known.
    pub(super) fn is_free(&self, text: &str) -> bool {
        let mut long = self.known.iter().filter(|it| it.value.len() >= SHORTEST);
        !long.any(|it| text.contains(&it.value))
    }

    /// Variables that the file names, each with where its value was seen.
    pub(super) fn used(&self) -> Vec<(String, String)> {
        let mut used: Vec<(String, String)> = Vec::new();
        for known in self.known.iter().filter(|it| it.is_used) {
            if !used.iter().any(|(name, _)| *name == known.variable) {
                used.push((known.variable.clone(), known.place.clone()));
            }
        }
        used.sort();
        used
    }
}

/// True of a leaf that is a credential, by its name or by its shape.
pub(super) fn is_secret(leaf: &Leaf, value: &str) -> bool {
    let has_value = !value.trim().is_empty() && leaf.kind != LeafKind::Constant;
    // JSON within a text is looked into by itself.
    let is_json = value.starts_with(['{', '['])
        && serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok();
    // An item of a list has the name of the list.
    let names = leaf.path.rsplit('/').find(|it| it.parse::<u32>().is_err());
    let is_named = is_credential(&leaf.name) || names.is_some_and(is_credential);
    has_value && !is_json && (is_named || is_token_by_shape(value))
}

/// Words behind `Bearer`, wherever that is said.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, bare) = value.split_once(' ')?;
    let is_scheme = ["bearer", "basic", "token"]
        .iter()
        .any(|it| scheme.eq_ignore_ascii_case(it));
    (is_scheme && !bare.trim().contains(' ')).then_some(bare)
}

/// The scheme of an `Authorization` with its blank, and what is behind it.
fn scheme<'a>(name: &str, value: &'a str) -> (&'a str, &'a str) {
    if !name.to_ascii_lowercase().ends_with("authorization") {
        return ("", value);
    }
    match value.find(' ') {
        Some(blank) => value.split_at(blank + 1),
        None => ("", value),
    }
}

/// Cookies of a header, name and value.
fn cookies<'a>(name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    if !name.eq_ignore_ascii_case("cookie") {
        return Vec::new();
    }
    let pairs = value.split(';').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.trim(), value.trim()));
    // The word of a setting stands in many texts.
    let is_secret = |(name, value): &(&str, &str)| is_credential(name) || value.len() >= 12;
    pairs.filter(is_secret).collect()
}

/// Names and values that stand beside each other in a text of whatever form, where the name is that of a
/// credential: `NAME: VALUE`, `"NAME":"VALUE"`, `NAME=VALUE`, with escapes or without.
fn named_values(text: &str) -> impl Iterator<Item = (&str, &str)> {
    const LONGEST_NAME: usize = 64;
    const LONGEST_VALUE: usize = 8_192;
    let is_pad = |letter: char| "\"'\\ ".contains(letter);
    let is_of_name = |octet: u8| octet.is_ascii_alphanumeric() || b"_-".contains(&octet);
    let ends = |letter: char| {
        letter.is_whitespace() || letter.is_control() || "\"'\\&;,}]".contains(letter)
    };
    text.match_indices([':', '=']).filter_map(move |(at, _)| {
        let front = text[..at].trim_end_matches(is_pad);
        let letters = front.bytes().rev().take(LONGEST_NAME);
        let name = &front[front.len() - letters.take_while(|it| is_of_name(*it)).count()..];
        if !is_credential(name) {
            return None;
        }
        let behind = text[at + 1..].trim_start_matches(is_pad);
        let mut letters = behind.char_indices().take(LONGEST_VALUE);
        let end = letters.find(|(_, letter)| ends(*letter));
        let value = &behind[..end.map_or(behind.len(), |(end, _)| end)];
        let is_word = ["true", "false", "null"].contains(&value);
        let is_value = value.len() >= SHORTEST && !is_word && !value.starts_with(['{', '[']);
        is_value.then_some((name, value))
    })
}

/// Credentials of a URL, by the one rule of what is shown of one, each with its name.
fn of_url(resource: &str) -> impl Iterator<Item = (&str, &str)> {
    credentials_in_url(resource)
        .into_iter()
        .map(|(at, length)| {
            let pair = resource[..at].rsplit(['?', '&', ';', '#', '/']).next();
            let name = pair.and_then(|pair| pair.strip_suffix('='));
            (name.unwrap_or("url_token"), &resource[at..at + length])
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wsbench_drive::relay::transcript::{Conversation, Transcribed};
    use wsbench_load::nanos::Nanos;
    use wsbench_wire::connection::MessageKind;

    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl";

    fn secrets(messages: &[&str]) -> Secrets {
        let said = messages.iter().map(|text| Transcribed {
            at: Nanos(0),
            by: Party::Client,
            kind: MessageKind::Text,
            content: text.as_bytes().to_vec(),
            is_cut: false,
        });
        let conversation = Conversation {
            resource: "/ws?room=1&access_token=q%2Fuery&v=2".to_owned(),
            headers: vec![
                ("Authorization".to_owned(), "Bearer abcdef".to_owned()),
                ("Cookie".to_owned(), "sid=s3cr3t; theme=dark".to_owned()),
                ("X-Tenant".to_owned(), "seven".to_owned()),
            ],
            subprotocols: vec!["bearer".to_owned(), "sub-secret".to_owned()],
            said: said.collect(),
            ..Conversation::default()
        };
        Secrets::of(&Transcript {
            conversations: vec![conversation],
            left_out: 0,
        })
    }

    #[test]
    fn credentials_of_every_place_have_a_variable() {
        let message = format!(r#"{{"type":"auth","password":"pa\"ss!","note":"see {JWT}"}}"#);
        let mut secrets = secrets(&[&message, "CONNECT\npasscode:st0mp\n\n\0"]);
        assert_eq!(
            secrets.header("Authorization", "Bearer abcdef"),
            "Bearer {env:AUTHORIZATION}"
        );
        assert_eq!(
            secrets.header("Cookie", "sid=s3cr3t; theme=dark"),
            "{env:COOKIE}"
        );
        assert_eq!(
            secrets.masked("/ws?room=1&access_token=q%2Fuery&v=2"),
            "/ws?room=1&access_token={env:ACCESS_TOKEN}&v=2"
        );
        assert_eq!(secrets.masked("sub-secret"), "{env:SUBPROTOCOL_TOKEN}");
        assert_eq!(
            secrets.masked(&message),
            r#"{"type":"auth","password":"{env:PASSWORD}","note":"see {env:TOKEN}"}"#
        );
        assert_eq!(secrets.masked("passcode:st0mp"), "passcode:{env:PASSCODE}");
        assert_eq!(
            secrets.masked("the value s3cr3t, q/uery"),
            "the value {env:SID}, {env:ACCESS_TOKEN}"
        );
        assert!(secrets.is_free("seven"));
        assert!(!secrets.is_free("x st0mp"));
        for (message, hidden) in [
            ("[\"CONNECT\\npasscode:guest1\\n\\n\\u0000\"]", "guest1"),
            ("SEND\n\n{\"password\":\"letmein\"}\0", "letmein"),
            ("{}\u{1e}{\"accessToken\":\"second1\"}\u{1e}", "second1"),
            ("{\"url\":\"wss://h/?token=within\"}", "within"),
            ("{\"tokens\":[\"of-a-list\"]}", "of-a-list"),
            ("{\"password\":\"{braced\"}", "{braced"),
        ] {
            let other = self::secrets(&[message]);
            assert!(!other.is_free(hidden), "{message}");
        }
        let used: Vec<String> = secrets.used().into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            used,
            [
                "ACCESS_TOKEN",
                "AUTHORIZATION",
                "COOKIE",
                "PASSCODE",
                "PASSWORD",
                "SID",
                "SUBPROTOCOL_TOKEN",
                "TOKEN",
            ]
        );
    }
}
