//! Patterns of messages.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::words;

/// The messages that fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// This one alone.
    Equals(Vec<u8>),
    /// Those that begin with this.
    Prefix(Vec<u8>),
    /// Those that end with this.
    Suffix(Vec<u8>),
    /// Those that have this anywhere.
    Contains(Vec<u8>),
    /// Those that begin with JSON that has this value at a place.
    Json {
        /// The place, a JSON pointer (RFC 6901).
        pointer: String,
        /// The value: a text, or anything else as JSON writes it.
        value: String,
    },
    /// Those of these bytes, which are taken as they are.
    Bytes {
        /// The bytes.
        bytes: Vec<u8>,
        /// True where they are all of the message, and not its beginning alone.
        is_whole: bool,
    },
    /// Those that a regular expression matches somewhere.
    Matches(Expression),
    /// Those that fit each of these.
    All(Vec<Pattern>),
}

/// A regular expression. Two are the same that are written the same.
#[derive(Clone)]
pub struct Expression(regex::bytes::Regex);

impl Expression {
    /// The expression itself.
    #[must_use]
    pub fn regex(&self) -> &regex::bytes::Regex {
        &self.0
    }

    /// The expression as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Expression {
    /// The fault in words, on one line.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        regex::bytes::Regex::new(text).map(Self).map_err(|error| {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default();
            why.trim_start_matches("error: ").to_owned()
        })
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text())
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Expression {}

impl Pattern {
    /// True of a message that fits.
    ///
    /// ```
    /// use wsbench_dialogue::Pattern;
    /// assert!(Pattern::Contains(b"ok".to_vec()).fits(br#"{"ok":true}"#));
    /// assert!(!Pattern::Equals(b"ok".to_vec()).fits(b"okay"));
    /// assert!(Pattern::Contains(Vec::new()).fits(b""));
    /// ```
    #[must_use]
    pub fn fits(&self, message: &[u8]) -> bool {
        match self {
            Self::Equals(whole) => message == whole,
            Self::Prefix(front) => message.starts_with(front),
            Self::Suffix(back) => message.ends_with(back),
            Self::Contains(part) if part.is_empty() => true,
            Self::Contains(part) => {
                let mut parts = message.windows(part.len());
                parts.any(|window| window == part)
            }
            Self::Json { pointer, value } => {
                // What stands behind it, such as the end of a record, is no part of it.
                let json = serde_json::Deserializer::from_slice(message);
                let first = json.into_iter::<Value>().next();
                let found = first.and_then(Result::ok);
                match found.as_ref().and_then(|json| json.pointer(pointer)) {
                    Some(Value::String(text)) => text == value,
                    Some(other) => {
                        let written = other.to_string();
                        written == *value
                    }
                    None => false,
                }
            }
            Self::Bytes { bytes, is_whole } => {
                message.starts_with(bytes) && (!is_whole || message.len() == bytes.len())
            }
            Self::Matches(expression) => expression.0.is_match(message),
            Self::All(all) => all.iter().all(|pattern| pattern.fits(message)),
        }
    }

    /// The same with each of its texts changed; expressions, places and bytes stay.
    #[must_use]
    pub fn mapped(&self, change: &dyn Fn(&[u8]) -> Vec<u8>) -> Self {
        match self {
            Self::Equals(whole) => Self::Equals(change(whole)),
            Self::Prefix(front) => Self::Prefix(change(front)),
            Self::Suffix(back) => Self::Suffix(change(back)),
            Self::Contains(part) => Self::Contains(change(part)),
            Self::Json { pointer, value } => {
                let value = change(value.as_bytes());
                Self::Json {
                    pointer: pointer.clone(),
                    value: String::from_utf8_lossy(&value).into_owned(),
                }
            }
            Self::Bytes { .. } | Self::Matches(_) => self.clone(),
            Self::All(all) => Self::All(all.iter().map(|it| it.mapped(change)).collect()),
        }
    }

    /// Its texts.
    #[must_use]
    pub fn texts(&self) -> Vec<&[u8]> {
        match self {
            Self::Equals(text) | Self::Prefix(text) | Self::Suffix(text) | Self::Contains(text) => {
                vec![text]
            }
            Self::Json { value, .. } => vec![value.as_bytes()],
            Self::Bytes { .. } | Self::Matches(_) => Vec::new(),
            Self::All(all) => all.iter().flat_map(Self::texts).collect(),
        }
    }

    /// The pattern in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Equals(whole) => words::payload(whole),
            Self::Prefix(front) => format!("one that begins with {}", words::payload(front)),
            Self::Suffix(back) => format!("one that ends with {}", words::payload(back)),
            Self::Contains(part) => format!("one with {} in it", words::payload(part)),
            Self::Json { pointer, value } => format!("one with “{value}” at {pointer}"),
            Self::Bytes { bytes, is_whole } => {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                match is_whole {
                    true => format!("the bytes {digits}"),
                    false => format!("one that begins with the bytes {digits}"),
                }
            }
            Self::Matches(expression) => format!("one that {} matches", expression.text()),
            Self::All(all) => {
                let all: Vec<String> = all.iter().map(Self::words).collect();
                all.join(" and ")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_looked_into_and_expressions_are_tried() {
        let json = |pointer: &str, value: &str| Pattern::Json {
            pointer: pointer.to_owned(),
            value: value.to_owned(),
        };
        let reply: &[u8] = br#"["1","2","room:a","phx_reply",{"status":"ok","n":7,"x":null}]"#;
        for (pointer, value, fits) in [
            ("/3", "phx_reply", true),
            ("/4/status", "ok", true),
            ("/4/n", "7", true),
            ("/4/x", "null", true),
            ("/4/status", "no", false),
            ("/9", "ok", false),
        ] {
            assert_eq!(json(pointer, value).fits(reply), fits, "{pointer}");
        }
        assert!(
            json("/a", "1").fits(b"{\"a\":1}\x1e"),
            "a record with its end"
        );
        assert!(!json("/a", "1").fits(b"{\"a\":1") && !json("/a", "1").fits(b""));
        let expression = |text: &str| Pattern::Matches(text.parse().unwrap());
        assert!(expression("^PONG").fits(b"PONG\r\n") && !expression("^ONG").fits(b"PONG"));
        assert!("(".parse::<Expression>().is_err());
        let bytes = |is_whole| Pattern::Bytes {
            bytes: vec![0x20, 0x02],
            is_whole,
        };
        assert!(bytes(true).fits(b"\x20\x02") && !bytes(true).fits(b"\x20\x02\0"));
        assert!(bytes(false).fits(b"\x20\x02\0") && !bytes(false).fits(b"\x20"));
        assert_eq!(bytes(false).words(), "one that begins with the bytes 2002");
        let both = Pattern::All(vec![json("/3", "phx_reply"), json("/4/n", "8")]);
        assert!(!both.fits(reply));
        assert_eq!(
            both.words(),
            "one with “phx_reply” at /3 and one with “8” at /4/n"
        );
        assert_eq!(both.texts(), [&b"phx_reply"[..], b"8"]);
        let changed = both.mapped(&|text| {
            text.iter()
                .map(|byte| byte - 1 + u8::from(*byte > b'9'))
                .collect()
        });
        assert!(changed.fits(reply), "{changed:?}");
    }

    #[test]
    fn a_message_fits_where_its_place_does() {
        let part = || b"ab".to_vec();
        for (message, equals, prefix, suffix, contains) in [
            (&b"ab"[..], true, true, true, true),
            (b"abc", false, true, false, true),
            (b"cab", false, false, true, true),
            (b"cabc", false, false, false, true),
            (b"a b", false, false, false, false),
            (b"a", false, false, false, false),
            (b"", false, false, false, false),
        ] {
            let patterns = [
                Pattern::Equals(part()),
                Pattern::Prefix(part()),
                Pattern::Suffix(part()),
                Pattern::Contains(part()),
            ];
            let fits = patterns.each_ref().map(|pattern| pattern.fits(message));
            assert_eq!(fits, [equals, prefix, suffix, contains], "{message:?}");
        }
    }
}
