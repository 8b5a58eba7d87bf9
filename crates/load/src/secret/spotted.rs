//! Credentials within texts of any form, found by what stands in front of them: a name, or a command.
//!
//! A text is a message, a header's value or a template. What the form of it is nobody says, and nothing
//! is parsed: where a name and a value stand beside each other, that is enough.

use std::ops::Range;

use super::names::{is_credential, is_token_by_shape};
use super::urls::{credentials_in_url, urls_in_text};

/// Letters of the longest name and of the longest value.
const LONGEST_NAME: usize = 64;
const LONGEST_VALUE: usize = 8_192;
/// Commands whose argument is a credential, in capitals as lines of IRC, SMTP or Redis have them.
const COMMANDS: [&str; 9] = [
    "PASS",
    "PASSWORD",
    "AUTH",
    "AUTHENTICATE",
    "LOGIN",
    "OPER",
    "IDENTIFY",
    "TOKEN",
    "BEARER",
];
/// Words behind such a command that are none: names of methods, and what servers answer.
const NO_ARGUMENTS: [&str; 14] = [
    "+", "*", "OK", "ACK", "NAK", "NO", "PLAIN", "LOGIN", "EXTERNAL", "SUCCESS", "FAILED",
    "DENIED", "REQUIRED", "ERROR",
];
/// Words in front of a credential within the value of its name.
const SCHEMES: [&str; 4] = ["bearer", "basic", "token", "digest"];

/// A credential in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spotted<'t> {
    /// The name or the command that it goes by; empty where its shape tells it.
    pub name: &'t str,
    /// Its octets.
    pub span: Range<usize>,
}

/// The credentials of a text by their names, in order and none within another.
#[must_use]
pub fn credentials_in_text(text: &str) -> Vec<Spotted<'_>> {
    let mut found: Vec<Spotted<'_>> = named(text).chain(commanded(text)).collect();
    found.extend(tokens(text));
    found.extend(of_urls(text));
    found.sort_by_key(|it| (it.span.start, std::cmp::Reverse(it.span.end)));
    // What overlaps is withheld as one: of a span that is left out, a part may be told by no other.
    found.dedup_by(|it, kept| {
        let overlaps = it.span.start < kept.span.end;
        if overlaps {
            kept.span.end = kept.span.end.max(it.span.end);
        }
        overlaps
    });
    found
}

/// Names and values that stand beside each other, where the name is that of a credential:
/// `NAME: VALUE`, `"NAME":"VALUE"`, `NAME=VALUE`, with escapes or without.
fn named(text: &str) -> impl Iterator<Item = Spotted<'_>> {
    let is_pad = |letter: char| "\"'\\ ".contains(letter);
    let is_of_name = |octet: u8| octet.is_ascii_alphanumeric() || b"_-".contains(&octet);
    text.match_indices([':', '=']).filter_map(move |(at, _)| {
        let front = text[..at].trim_end_matches(is_pad);
        let letters = front.bytes().rev().take(LONGEST_NAME);
        let name = &front[front.len() - letters.take_while(|it| is_of_name(*it)).count()..];
        if !is_credential(name) || is_in_place(front) {
            return None;
        }
        let behind = text[at + 1..].trim_start_matches(is_pad);
        let from = text.len() - behind.len();
        let span = value(text, from);
        let value = &text[span.clone()];
        let is_word = ["true", "false", "null"].contains(&value);
        // Places of a template are filled in with what is known to be secret elsewhere.
        let is_value = !value.is_empty() && !is_word && !value.contains(['{', '[']);
        is_value.then_some(Spotted { name, span })
    })
}

/// True of a text that ends within a place of a template that names a file and a column of it.
fn is_in_place(front: &str) -> bool {
    let place = front.rfind("{csv:");
    place.is_some_and(|from| !front[from..].contains('}'))
}

/// The value that begins at `from`, behind the word of its scheme.
fn value(text: &str, from: usize) -> Range<usize> {
    let ends = |letter: char| {
        letter.is_whitespace() || letter.is_control() || "\"'\\&;,}]".contains(letter)
    };
    let end_of = |from: usize| {
        let mut letters = text[from..].char_indices();
        let end = letters.find(|(at, letter)| ends(*letter) || *at >= LONGEST_VALUE);
        end.map_or(text.len(), |(end, _)| from + end)
    };
    let end = end_of(from);
    let is_scheme = SCHEMES
        .iter()
        .any(|it| it.eq_ignore_ascii_case(&text[from..end]));
    match is_scheme && text[end..].starts_with(' ') {
        true => end + 1..end_of(end + 1),
        false => from..end,
    }
}

/// Arguments of commands, which stand at the beginning of a line or of what IRC has behind a colon.
fn commanded(text: &str) -> impl Iterator<Item = Spotted<'_>> {
    let lines = text.split_inclusive(['\n', '\r', '\0', '\u{1e}']);
    let mut at = 0;
    let lines = lines.map(move |line| {
        at += line.len();
        (at - line.len(), line)
    });
    let starts = lines.flat_map(|(at, line)| {
        let behind_colons = line.match_indices(" :").map(move |(colon, _)| colon + 2);
        let all = std::iter::once(0).chain(behind_colons);
        all.map(move |from| (at + from, &line[from..]))
    });
    starts.filter_map(|(at, line)| {
        let bare = line.trim_start_matches(['/', ':', '"', ' ']);
        let (name, rest) = bare.split_once(' ')?;
        // Before anything else, for what follows looks at all of the line.
        if !COMMANDS.contains(&name) {
            return None;
        }
        let is_edge = |letter: char| letter.is_whitespace() || letter.is_control();
        let rest = rest.trim_start_matches(|letter| is_edge(letter) || ":\"".contains(letter));
        let argument = rest.trim_end_matches(|letter| is_edge(letter) || letter == '"');
        let is_argument = !argument.is_empty()
            && !argument.contains('{')
            && !NO_ARGUMENTS.contains(&argument)
            && !argument.starts_with("SCRAM-");
        let from = at + line.len() - rest.len();
        is_argument.then(|| Spotted {
            name,
            span: from..from + argument.len(),
        })
    })
}

/// Credentials in the URLs of a text: logins, tokens in paths, parameters by their names. What they go by
/// is said by the URL.
fn of_urls(text: &str) -> impl Iterator<Item = Spotted<'_>> {
    urls_in_text(text).flat_map(|(at, url)| {
        let places = credentials_in_url(url).into_iter();
        let places = places.filter(|(_, length)| *length > 0);
        places.map(move |(from, length)| Spotted {
            name: "",
            span: at + from..at + from + length,
        })
    })
}

/// Tokens by their shape, which may stand in the middle of anything.
fn tokens(text: &str) -> impl Iterator<Item = Spotted<'_>> {
    let is_of_token = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let mut at = 0;
    let words = text.split_inclusive(move |letter| !is_of_token(letter));
    words.filter_map(move |word| {
        let from = at;
        at += word.len();
        let bare = word.trim_end_matches(|letter| !is_of_token(letter));
        is_token_by_shape(bare).then(|| Spotted {
            name: "",
            span: from..from + bare.len(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let all = credentials_in_text(text).into_iter();
        all.map(|it| &text[it.span]).collect()
    }

    #[test]
    fn credentials_are_found_by_what_stands_in_front_of_them() {
        for (text, secrets) in [
            ("CONNECT\npasscode:abc\n\n\0", &["abc"][..]),
            ("{\"password\":\"x\",\"room\":\"a\"}", &["x"]),
            ("token=1&room=2;sid=3", &["1", "3"]),
            ("{\"auth\":\"Bearer abc\"}", &["abc"]),
            ("Authorization: Basic dTpw", &["dTpw"]),
            ("PASS oauth:abc\r\nNICK me\r\n", &["oauth:abc"]),
            ("PASS hunter2", &["hunter2"]),
            ("AUTH hunter2\r\n", &["hunter2"]),
            ("LOGIN me hunter2", &["me hunter2"]),
            ("PRIVMSG NickServ :IDENTIFY hunter2", &["hunter2"]),
            (
                "see eyJhbGciOiJIUzI1NiJ9.e30.c2ln!",
                &["eyJhbGciOiJIUzI1NiJ9.e30.c2ln"],
            ),
            ("{\"a\":\"{\\\"token\\\":\\\"in\\\"}\"}", &["in"]),
            ("{\"url\":\"https://me:pw@h/x\"}", &["me:pw"]),
            ("see ws://h/token/hunter2/x now", &["hunter2"]),
            // What overlaps is one.
            ("wss://token:abc@h/?key=xyz", &["token:abc@h/?key=xyz"]),
        ] {
            assert_eq!(found(text), secrets, "{text}");
        }
    }

    #[test]
    fn what_is_no_credential_is_left() {
        for text in [
            "room=1",
            "{\"token\":\"{env:TOKEN}\"}",
            "{\"token\":\"{csv:tokens:token}\",\"room\":1}",
            "{\"token\":true,\"key\":null}",
            "AUTHENTICATE PLAIN",
            "AUTH OK",
            "Pass the salt",
            "the key is under the mat",
            "",
            "PASS ",
            "=",
            ":",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }

    proptest::proptest! {
        /// Whatever the text is, spans are of whole letters, in order and apart.
        #[test]
        fn any_text_is_survived(text in "(\\PC|[ \":={}\\\\\n\r/@?&]|://|PASS |token|eyJ){0,60}") {
            let mut end = 0;
            for it in credentials_in_text(&text) {
                proptest::prop_assert!(it.span.start >= end && !text[it.span.clone()].is_empty());
                end = it.span.end;
            }
        }
    }
}
