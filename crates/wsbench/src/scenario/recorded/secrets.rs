//! Credentials in what was said: none of them stands in the file; each is a variable of the environment.

use std::ops::Range;

use percent_encoding::percent_decode_str;
use wsbench_drive::relay::transcript::{Party, Transcript};
use wsbench_load::plan::MessageUnit;
use wsbench_load::secret::{
    WITHHELD, credentials_in_text, credentials_in_url, is_credential, is_token_by_shape,
    shown_subprotocols, urls_in_text,
};

use super::leaves::{Leaf, LeafKind, LeafParts};
use super::packets::{Packet, escaped};
use super::script::{LineContent, Script, pieces};

/// Letters of the shortest value that is looked for everywhere; a shorter one is hidden where its name
/// stands.
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
    /// All that is in a transcript, which was parted into these messages.
    pub(super) fn of(transcript: &Transcript, script: &Script<'_>) -> Self {
        let mut secrets = Self::default();
        for (conversation, lines) in transcript.conversations.iter().zip(&script.conversations) {
            for (name, value) in &conversation.headers {
                if is_credential(name) || is_token_by_shape(value) {
                    let (_, bare) = scheme(name, value);
                    secrets.add(bare, name, &format!("header {name}"));
                    for (cookie, value) in cookies(name, value) {
                        secrets.add(value, cookie, &format!("cookie {cookie}"));
                    }
                }
                secrets.add_spotted(value, &format!("header {name}"));
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
            for line in lines {
                if let LineContent::Packet(packet) = &line.content {
                    secrets.add_packet(packet, line.by);
                }
            }
            // What cannot be said may have one that is said elsewhere.
            for said in &conversation.said {
                if let Ok(text) = str::from_utf8(&said.content) {
                    for piece in pieces(text, script.unit) {
                        secrets.add_message(piece, said.by);
                    }
                }
            }
        }
        if script.unit == MessageUnit::Mqtt {
            secrets.add_escaped();
        }
        secrets
            .known
            .sort_by_key(|it| std::cmp::Reverse(it.value.len()));
        secrets
    }

    /// Those of a packet, by the names of its fields, and of what its texts say.
    fn add_packet(&mut self, packet: &Packet, by: Party) {
        self.add_leaves(&packet.text, &packet.parts, whose(by));
        for leaf in &packet.parts.leaves {
            self.add_message(&leaf.value(&packet.text), by);
        }
    }

    fn add_message(&mut self, text: &str, by: Party) {
        let whose = whose(by);
        self.add_leaves(text, &LeafParts::of(text), whose);
        for (name, value) in of_urls(text) {
            self.add(value, name, &format!("{name} of a URL in {whose}"));
        }
        // What is no JSON, or JSON within a text, names its credentials as well.
        self.add_spotted(text, whose);
    }

    fn add_leaves(&mut self, text: &str, parts: &LeafParts, whose: &str) {
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
                let raw = &text[leaf.span.clone()];
                self.add_as(bearer(raw).unwrap_or(raw), bare);
            }
        }
    }

    /// Credentials by their names in a text of any form, and tokens, which may stand in the middle of
    /// anything.
    fn add_spotted(&mut self, text: &str, whose: &str) {
        for found in credentials_in_text(text) {
            let value = &text[found.span];
            match found.name {
                "" => self.add(value, "token", &format!("a token in {whose}")),
                name => self.add(value, name, &format!("{name} in {whose}")),
            }
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

    /// All of them as they stand between the quotation marks of the notation of bytes.
    fn add_escaped(&mut self) {
        let values = self.known.iter().map(|it| it.value.clone());
        for value in values.collect::<Vec<_>>() {
            self.add_as(&escaped(&value), &value);
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
        let at = self.known.iter().position(|it| it.value == value.trim())?;
        Some(self.named(at))
    }

    /// The place of the variable of a known value, which the file names from now on.
    fn named(&mut self, at: usize) -> String {
        let variable = self.known[at].variable.clone();
        for known in &mut self.known {
            known.is_used |= known.variable == variable;
        }
        format!("{{env:{variable}}}")
    }

    /// A value with a scheme such as `Bearer` in front of the variable.
    pub(super) fn header(&mut self, name: &str, value: &str) -> String {
        let (front, bare) = scheme(name, value);
        match self.place_of(bare) {
            Some(place) => format!("{front}{place}"),
            None => self.masked(value),
        }
    }

    /// The text with the place of its variable for each credential: where one stands by its name, however
    /// short it is, and wherever one stands that is long enough to be known.
    pub(super) fn masked(&mut self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut end = 0;
        for (span, place) in self.found(text) {
            masked.push_str(&text[end..span.start]);
            masked.push_str(&self.named(place));
            end = span.end;
        }
        masked.push_str(&text[end..]);
        masked
    }

    /// The text for a comment, without any credential.
    pub(super) fn withheld(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for (span, _) in self.found(text).into_iter().rev() {
            shown.replace_range(span, WITHHELD);
        }
        shown
    }

    /// True of a text in which no credential stands.
    pub(super) fn is_free(&self, text: &str) -> bool {
        self.found(text).is_empty()
    }

    /// The credentials of a text, in order and none within another: where each stands, and which it is.
    fn found(&self, text: &str) -> Vec<(Range<usize>, usize)> {
        let parts = LeafParts::of(text);
        let leaves = parts.leaves.iter().filter(|leaf| {
            let value = leaf.value(text);
            is_secret(leaf, bearer(&value).unwrap_or(&value))
        });
        let spotted = credentials_in_text(text).into_iter().map(|it| it.span);
        let spans = leaves.map(|leaf| {
            let raw = &text[leaf.span.clone()];
            leaf.span.end - bearer(raw).unwrap_or(raw).len()..leaf.span.end
        });
        let spans = spans.chain(spotted);
        let mut found: Vec<(Range<usize>, usize)> = spans
            .filter_map(|span| {
                let value = text[span.clone()].trim();
                let place = self.known.iter().position(|it| it.value == value)?;
                Some((span, place))
            })
            .collect();
        // Those that are long are found wherever they stand, the longest first.
        let long = self.known.iter().enumerate();
        for (place, known) in long.filter(|(_, it)| it.value.len() >= SHORTEST) {
            let all = text.match_indices(&known.value);
            found.extend(all.map(|(at, value)| (at..at + value.len(), place)));
        }
        found.sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
        let mut end = 0;
        found.retain(|(span, _)| {
            let is_apart = span.start >= end;
            if is_apart {
                end = span.end;
            }
            is_apart
        });
        found
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

fn whose(by: Party) -> &'static str {
    match by {
        Party::Client => "a message of the client",
        Party::Server => "a message of the server",
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

/// Credentials of the URLs in a text, each with its name.
fn of_urls(text: &str) -> impl Iterator<Item = (&str, &str)> {
    urls_in_text(text).flat_map(|(_, url)| of_url(url))
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
        let transcript = Transcript {
            conversations: vec![conversation],
            left_out: 0,
            of_others: 0,
        };
        Secrets::of(&transcript, &Script::of(&transcript))
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
            ("PASS oauth:hidden1\r\n", "oauth:hidden1"),
            ("PASS hidden2", "hidden2"),
            ("see ws://user:hidden3@h/", "user:hidden3"),
        ] {
            let other = self::secrets(&[message]);
            assert!(!other.is_free(hidden), "{message}");
        }
        // However short, where their names stand, and nowhere else.
        for (message, masked) in [
            ("PASS abc", "PASS {env:PASS}"),
            (
                "CONNECT\npasscode:abc\n\n\0",
                "CONNECT\npasscode:{env:PASSCODE}\n\n\0",
            ),
            ("/x?pin=12&v=12", "/x?pin={env:PIN}&v=12"),
            (
                "{\"pin\":\"12\",\"v\":\"12\"}",
                "{\"pin\":\"{env:PIN}\",\"v\":\"12\"}",
            ),
            (
                "{\"pins\":[{\"pin\":\"1\"}]}",
                "{\"pins\":[{\"pin\":\"{env:PIN}\"}]}",
            ),
            ("token=a;x=a", "token={env:TOKEN};x=a"),
        ] {
            let mut other = self::secrets(&[message]);
            assert_eq!(other.masked(message), masked);
            let withheld = other.withheld(message);
            let place = &masked[masked.find('{').unwrap()..];
            assert!(withheld.contains(WITHHELD), "{place}: {withheld}");
            assert!(!other.is_free(message));
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
