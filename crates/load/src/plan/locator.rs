//! Places in messages: where a number or a text stands in what is received.

use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use wsbench_dialogue::Expression;

/// A place in a message, as users write it: `json:/id`, `prefix:43` or `regex:id=([0-9]+)`.
///
/// ```
/// use wsbench_load::plan::Locator;
/// let at: Locator = "json:/params/0/id".parse().unwrap();
/// assert_eq!(at.number(br#"{"params":[{"id":17}]}"#), Some(17));
/// assert_eq!(at.number(br#"{"params":[{"id":"17"}]}"#), Some(17), "a text of digits");
/// assert_eq!(at.number(b"no JSON"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Locator {
    /// A JSON pointer (RFC 6901).
    Json(Pointer),
    /// A text that messages begin with; the number stands behind it.
    Prefix(String),
    /// A regular expression; the number is its first group, or all of it without groups.
    Regex(Expression),
}

/// A JSON pointer in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    tokens: Vec<String>,
}

/// Why a text is no place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LocatorError {
    /// It begins otherwise.
    #[error(
        "'{0}' is no place in a message; write it like json:/id, prefix:43 or regex:id=([0-9]+)"
    )]
    Unknown(String),
    /// A pointer that does not begin with a slash (RFC 6901 section 3).
    #[error("'{0}' is no JSON pointer; it begins with a slash, like /id")]
    NoPointer(String),
    /// A regular expression that cannot be read.
    #[error("'{text}' is no regular expression: {why}")]
    NoRegex {
        /// The expression.
        text: String,
        /// What is wrong with it, in one line.
        why: String,
    },
    /// Nothing to look for.
    #[error("it is empty; write it like json:/id, prefix:43 or regex:id=([0-9]+)")]
    Empty,
}

impl FromStr for Locator {
    type Err = LocatorError;

    fn from_str(text: &str) -> Result<Self, LocatorError> {
        let unknown = || LocatorError::Unknown(text.to_owned());
        let (kind, rest) = text.split_once(':').ok_or_else(unknown)?;
        match (kind, rest) {
            ("json", pointer) => pointer.parse().map(Self::Json),
            ("prefix" | "regex", "") => Err(LocatorError::Empty),
            ("prefix", front) => Ok(Self::Prefix(front.to_owned())),
            ("regex", expression) => {
                let text = expression.to_owned();
                let compiled = expression.parse::<Expression>();
                compiled
                    .map(Self::Regex)
                    .map_err(|why| LocatorError::NoRegex { text, why })
            }
            _ => Err(unknown()),
        }
    }
}

impl FromStr for Pointer {
    type Err = LocatorError;

    fn from_str(text: &str) -> Result<Self, LocatorError> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(LocatorError::NoPointer(text.to_owned()));
        };
        let tokens = rest.split('/');
        // In this order (RFC 6901 section 4): "~01" is "~1".
        let tokens = tokens.map(|token| token.replace("~1", "/").replace("~0", "~"));
        Ok(Self {
            tokens: tokens.collect(),
        })
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(pointer) => write!(f, "json:{pointer}"),
            Self::Prefix(front) => write!(f, "prefix:{front}"),
            Self::Regex(expression) => write!(f, "regex:{}", expression.text()),
        }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.tokens {
            write!(f, "/{}", token.replace('~', "~0").replace('/', "~1"))?;
        }
        Ok(())
    }
}

impl Serialize for Locator {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Locator {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Locator {
    /// The place that most protocols have it at: the member `id` of a JSON object.
    #[must_use]
    pub fn usual() -> Self {
        let tokens = vec!["id".to_owned()];
        Self::Json(Pointer { tokens })
    }

    /// The number that stands at the place; `None` where there is none.
    #[must_use]
    pub fn number(&self, message: &[u8]) -> Option<u64> {
        match self {
            Self::Json(pointer) => match pointer.find(message)? {
                Spot::Number(number) => Some(number),
                Spot::Null | Spot::Other => None,
            },
            Self::Prefix(front) => {
                let rest = message.strip_prefix(front.as_bytes())?;
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                digits_of(&rest[..digits])
            }
            Self::Regex(expression) => {
                let found = expression.regex().captures(message)?;
                digits_of(found.get(1).or(found.get(0))?.as_bytes())
            }
        }
    }

    /// The bytes that stand at the place: of JSON a text without its quotation marks and escapes, or
    /// another value as it is written; behind a prefix all that follows; of an expression its first
    /// group. `None` where there is nothing.
    ///
    /// ```
    /// # use wsbench_load::plan::Locator;
    /// let at: Locator = "json:/auth/token".parse().unwrap();
    /// assert_eq!(at.text(br#"{"auth":{"token":"a\u0062c"}}"#).unwrap(), b"abc");
    /// ```
    #[must_use]
    pub fn text(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Json(pointer) => {
                let json = serde_json::Deserializer::from_slice(message);
                let first = json.into_iter::<serde_json::Value>().next()?.ok()?;
                Some(match first.pointer(&pointer.to_string())? {
                    serde_json::Value::Null => return None,
                    serde_json::Value::String(text) => text.clone().into_bytes(),
                    other => other.to_string().into_bytes(),
                })
            }
            Self::Prefix(front) => message.strip_prefix(front.as_bytes()).map(<[u8]>::to_vec),
            Self::Regex(expression) => {
                let found = expression.regex().captures(message)?;
                Some(found.get(1).or(found.get(0))?.as_bytes().to_vec())
            }
        }
    }

    /// True where there is something at the place: in JSON anything but null.
    #[must_use]
    pub fn is_there(&self, message: &[u8]) -> bool {
        match self {
            Self::Json(pointer) => !matches!(pointer.find(message), None | Some(Spot::Null)),
            Self::Prefix(front) => message.starts_with(front.as_bytes()),
            Self::Regex(expression) => expression.regex().is_match(message),
        }
    }
}

/// A number in decimal digits, of 64 bits at most.
fn digits_of(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// What stands at a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spot {
    /// A whole number, or a text of its digits.
    Number(u64),
    Null,
    Other,
}

/// A value of JSON as it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Leaf<'a> {
    /// A text, without its quotation marks and escapes.
    Text(&'a str),
    /// A whole number, not below zero.
    Whole(u64),
    /// Nothing: `null`.
    Null,
    /// Anything else.
    Other,
}

impl Pointer {
    /// What stands at the place; `None` in what is no JSON up to there, or has no such place.
    fn find(&self, message: &[u8]) -> Option<Spot> {
        let mut found = None;
        self.look(message, |leaf| {
            found = Some(match leaf {
                Leaf::Text(text) => digits_of(text.as_bytes()).map_or(Spot::Other, Spot::Number),
                Leaf::Whole(number) => Spot::Number(number),
                Leaf::Null => Spot::Null,
                Leaf::Other => Spot::Other,
            });
        });
        found
    }

    /// Tells `see` what stands at the place, if that is there in what is JSON up to it. What comes behind
    /// is not looked at. Nothing is allocated but for texts with escapes.
    pub(crate) fn look(&self, message: &[u8], mut see: impl FnMut(Leaf<'_>)) {
        let mut json = serde_json::Deserializer::from_slice(message);
        let walk = Walk {
            tokens: &self.tokens,
            see: &mut see,
        };
        // Whoever writes what is no JSON behind the place has written the place all the same.
        let _ = walk.deserialize(&mut json);
    }
}

/// The way to a place through what is being read.
struct Walk<'a, F> {
    tokens: &'a [String],
    see: &'a mut F,
}

impl<'de, F: FnMut(Leaf<'_>)> DeserializeSeed<'de> for Walk<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<F: FnMut(Leaf<'_>)> Walk<'_, F> {
    /// A value that has nothing below it.
    fn end(self, value: Leaf<'_>) {
        if self.tokens.is_empty() {
            (self.see)(value);
        }
    }
}

impl<'de, F: FnMut(Leaf<'_>)> Visitor<'de> for Walk<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.end(Leaf::Other);
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.end(Leaf::Other);
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.end(Leaf::Whole(number));
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.end(Leaf::Other);
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.end(Leaf::Text(text));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.end(Leaf::Null);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((first, rest)) = self.tokens.split_first() else {
            (self.see)(Leaf::Other);
            return skip(items);
        };
        let Ok(index) = first.parse::<usize>() else {
            return skip(items);
        };
        for _ in 0..index {
            if items.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        let walk = Walk {
            tokens: rest,
            see: self.see,
        };
        items.next_element_seed(walk)?;
        skip(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Some((first, rest)) = self.tokens.split_first() else {
            (self.see)(Leaf::Other);
            while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        while let Some(is_it) = members.next_key_seed(KeyMatcher(first))? {
            if is_it {
                let walk = Walk {
                    tokens: rest,
                    see: &mut *self.see,
                };
                members.next_value_seed(walk)?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

fn skip<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
    while items.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Whether a key is the one that is looked for.
struct KeyMatcher<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for KeyMatcher<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyMatcher<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn locator(text: &str) -> Locator {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_stand_where_a_place_says() {
        for (place, message, number) in [
            (
                "json:/id",
                r#"{"jsonrpc":"2.0","id":7,"result":{"id":9}}"#,
                Some(7),
            ),
            ("json:/result/id", r#"{"id":7,"result":{"id":9}}"#, Some(9)),
            ("json:/1", r#"["join","12","topic"]"#, Some(12)),
            ("json:/a~1b/~0", r#"{"a/b":{"~":3}}"#, Some(3)),
            ("json:/id", r#"{"id":-7}"#, None),
            ("json:/id", r#"{"id":7.5}"#, None),
            ("json:/id", r#"{"id":null}"#, None),
            ("json:/id", r#"{"id":{}}"#, None),
            ("json:/id", r#"[7]"#, None),
            ("json:/5", r#"[7]"#, None),
            ("json:/id", r#"{"id":18446744073709551616}"#, None),
            ("json:/id", "", None),
            ("prefix:43", r#"4317["ok"]"#, Some(17)),
            ("prefix:43", r#"42["ok"]"#, None),
            ("prefix:43", "43", None),
            (r"regex:id=([0-9]+)", "x id=5;", Some(5)),
            (r"regex:[0-9]+", "x 5;", Some(5)),
            (r"regex:id=(\w+)", "id=x5", None),
        ] {
            assert_eq!(
                locator(place).number(message.as_bytes()),
                number,
                "{place} {message}"
            );
        }
    }

    #[test]
    fn failure_is_said_by_what_is_there() {
        let failed = locator("json:/error");
        assert!(failed.is_there(br#"{"id":1,"error":{"code":-32601}}"#));
        assert!(!failed.is_there(br#"{"id":1,"error":null}"#));
        assert!(!failed.is_there(br#"{"id":1,"result":"error"}"#));
        assert!(locator("prefix:44").is_there(b"44{}"));
        assert!(locator("regex:(?i)fail").is_there(b"a FAILURE"));
    }

    #[test]
    fn what_is_no_place_is_refused_in_one_line() {
        for text in [
            "", "id", "json:id", "json:", "prefix:", "regex:(", "jsn:/id",
        ] {
            let error = text.parse::<Locator>().unwrap_err().to_string();
            assert!(!error.contains('\n'), "{text}: {error}");
        }
        for text in ["json:/a~1b/~0", "prefix:43", "regex:id=([0-9]+)"] {
            assert_eq!(locator(text).to_string(), text);
        }
    }

    proptest! {
        /// Whatever a server sends is looked through, and nothing breaks.
        #[test]
        fn anything_is_looked_through(message in prop::collection::vec(any::<u8>(), 0..120)) {
            for place in ["json:/a/0/b", "prefix:x", "regex:a([0-9]+)b"] {
                let place = locator(place);
                let _ = (place.number(&message), place.is_there(&message));
            }
        }

        /// The place is what another reader of JSON says it is.
        #[test]
        fn a_pointer_is_read_as_serde_json_reads_it(
            key in "[a-z~/]{1,3}", other in "[a-z]{1,3}", number in any::<u64>(), at in 0_usize..4,
        ) {
            let json = serde_json::json!({ other: [1, 2], &key: [{"x": 0}, number, null, "z"] });
            let escaped = key.replace('~', "~0").replace('/', "~1");
            let pointer = format!("/{escaped}/{at}");
            let expected = json.pointer(&pointer).and_then(serde_json::Value::as_u64);
            let found = locator(&format!("json:{pointer}")).number(json.to_string().as_bytes());
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn depth_without_end_is_no_danger() {
        let deep = "[".repeat(100_000);
        assert_eq!(locator("json:/0/0/0").number(deep.as_bytes()), None);
    }
}
