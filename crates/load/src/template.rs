//! Messages from a template: a text with places that differ from message to message.
//!
//! A template is compiled once to what stays and what is put in. Every byte of a message follows from
//! the connection, the message's number and the time at which it was due, so that an answer is
//! compared with what was sent by making it again.

use thiserror::Error;

use crate::identity::{Identity, mix};
use crate::nanos::Nanos;

/// Digits of the longest decimal number that is put in.
const LONGEST_NUMBER: usize = 20;
/// Digits of a time: nanoseconds since the Unix epoch, until the year 2286.
const TIME_DIGITS: usize = 19;
/// Most hexadecimal digits of one place.
const MOST_HEX: usize = 1024;
const HEX: &[u8; 16] = b"0123456789abcdef";

/// A template, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(Box<[u8]>),
    Slot(Slot),
}

/// Value that is put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    /// Number of the connection.
    Id,
    /// Number of the message on its connection.
    Seq,
    /// The same, counted from 1: the number of a request, by which its answer is known.
    Request,
    /// Random hexadecimal digits, so many.
    Hex(usize),
    /// Instant at which the message was due.
    NowNs,
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// A place that is not known.
    #[error(
        "at byte {at}: '{{{name}}}' is not known; there are {{id}}, {{conn}}, {{seq}}, \
         {{rand:hex:16}} and {{now_ns}}"
    )]
    Unknown {
        /// Byte at which it is, from 0.
        at: usize,
        /// Text between the braces.
        name: String,
    },
    /// A place that is not closed.
    #[error("at byte {at}: the place that begins here is not closed; write it like {{seq}}")]
    Unclosed {
        /// Byte at which it is, from 0.
        at: usize,
    },
    /// Digits that are not so many.
    #[error("at byte {at}: '{digits}' is no number of digits from 1 to {MOST_HEX}")]
    Digits {
        /// Byte at which it is, from 0.
        at: usize,
        /// Text in the place of the number.
        digits: String,
    },
    /// Two numbers without anything between, of which nobody could tell where one ends.
    #[error("at byte {at}: a number follows a number; put something other than digits between")]
    Joined {
        /// Byte at which the second begins, from 0.
        at: usize,
    },
}

impl Template {
    /// Compiles a text. A brace before a letter begins a place; any other stands for itself.
    ///
    /// ```
    /// use wsbench_load::template::Template;
    /// let template = Template::parse(r#"{"id":{id},"seq":{seq},"nonce":"{rand:hex:8}"}"#).unwrap();
    /// assert!(template.is_unique());
    /// assert!(Template::parse("{sequence}").unwrap_err().to_string().starts_with("at byte 0"));
    /// ```
    ///
    /// # Errors
    /// [`TemplateError`], with where it is wrong.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::compiled(text, Slot::Id)
    }

    /// Compiles the text of a request: in it `{id}` is the number of the request, counted from 1 on each
    /// connection, by which its answer is known.
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub fn for_requests(text: &str) -> Result<Self, TemplateError> {
        Self::compiled(text, Slot::Request)
    }

    fn compiled(text: &str, id: Slot) -> Result<Self, TemplateError> {
        let mut segments = Vec::new();
        let mut literal = Vec::new();
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let is_place =
                rest.starts_with('{') && rest[1..].starts_with(|c: char| c.is_ascii_alphabetic());
            if is_place {
                let len = rest.find('}').ok_or(TemplateError::Unclosed { at })?;
                let slot = slot(&rest[1..len], at, id)?;
                let joined = match (literal.last(), segments.last()) {
                    (Some(last), _) => slot.is_number() && u8::is_ascii_digit(last),
                    (None, Some(Segment::Slot(last))) => last.is_number() && slot.is_digits(),
                    (None, _) => false,
                };
                // Digits before a number are told apart by where they are, but not behind one.
                if joined && literal.is_empty() {
                    return Err(TemplateError::Joined { at });
                }
                if !literal.is_empty() {
                    segments.push(Segment::Literal(std::mem::take(&mut literal).into()));
                }
                segments.push(Segment::Slot(slot));
                at += len + 1;
                continue;
            }
            let next = rest.chars().next().map_or(1, char::len_utf8);
            let behind_number = literal.is_empty()
                && matches!(segments.last(), Some(Segment::Slot(last)) if last.is_number());
            if behind_number && rest.as_bytes()[0].is_ascii_digit() {
                return Err(TemplateError::Joined { at });
            }
            literal.extend_from_slice(&rest.as_bytes()[..next]);
            at += next;
        }
        if !literal.is_empty() {
            segments.push(Segment::Literal(literal.into()));
        }
        Ok(Self {
            text: text.to_owned(),
            segments,
        })
    }

    /// The text that it was compiled from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True if no two messages are the same, and each tells whose it is: connection and number are
    /// both in it.
    #[must_use]
    pub fn is_unique(&self) -> bool {
        let has = |slot| self.segments.contains(&Segment::Slot(slot));
        has(Slot::Id) && has(Slot::Seq)
    }

    /// True of a request that has its number in it.
    #[must_use]
    pub fn has_request_number(&self) -> bool {
        self.segments.contains(&Segment::Slot(Slot::Request))
    }

    /// The longest message that it makes, bytes.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.segments
            .iter()
            .map(|segment| match segment {
                Segment::Literal(bytes) => bytes.len(),
                Segment::Slot(slot) if slot.is_number() => LONGEST_NUMBER,
                Segment::Slot(Slot::Hex(digits)) => *digits,
                Segment::Slot(_) => TIME_DIGITS,
            })
            .sum()
    }

    /// Appends a message that was due at `due_ns` since the Unix epoch.
    pub(crate) fn fill(&self, identity: Identity, seed: u64, due_ns: u64, out: &mut Vec<u8>) {
        for (place, segment) in self.segments.iter().enumerate() {
            match segment {
                Segment::Literal(bytes) => out.extend_from_slice(bytes),
                Segment::Slot(Slot::Id) => push_number(identity.connection.into(), 1, out),
                Segment::Slot(Slot::Seq) => push_number(identity.sequence, 1, out),
                Segment::Slot(Slot::Request) => push_number(identity.sequence + 1, 1, out),
                Segment::Slot(Slot::NowNs) => push_number(due_ns, TIME_DIGITS, out),
                Segment::Slot(Slot::Hex(digits)) => {
                    let seed = mix(seed ^ u64::from(identity.connection) ^ ((place as u64) << 32));
                    push_hex(mix(seed ^ identity.sequence), *digits, out);
                }
            }
        }
    }

    /// Whose message begins like this; `None` where it is none of this template's, or is cut before
    /// that shows.
    pub(crate) fn identify(&self, bytes: &[u8]) -> Option<Identity> {
        let (mut connection, mut sequence) = (None, None);
        let mut rest = bytes;
        for (number, segment) in self.segments.iter().enumerate() {
            if let (Some(connection), Some(sequence)) = (connection, sequence) {
                return Some(Identity {
                    connection,
                    sequence,
                });
            }
            match segment {
                Segment::Literal(literal) => rest = rest.strip_prefix(&**literal)?,
                Segment::Slot(Slot::Hex(digits)) => rest = rest.get(*digits..)?,
                Segment::Slot(Slot::NowNs) => rest = rest.get(TIME_DIGITS..)?,
                Segment::Slot(slot) => {
                    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    let text = std::str::from_utf8(&rest[..digits]).ok()?;
                    rest = &rest[digits..];
                    // A number that is cut would be another one.
                    if rest.is_empty() && number + 1 < self.segments.len() {
                        return None;
                    }
                    match slot {
                        Slot::Id => connection = Some(text.parse().ok()?),
                        _ => sequence = Some(text.parse().ok()?),
                    }
                }
            }
        }
        Some(Identity {
            connection: connection?,
            sequence: sequence?,
        })
    }
}

impl Slot {
    /// Digits of which nobody knows beforehand how many they are.
    fn is_number(self) -> bool {
        matches!(self, Self::Id | Self::Seq | Self::Request)
    }

    /// True if it may begin with a digit.
    fn is_digits(self) -> bool {
        self.is_number() || matches!(self, Self::Hex(_) | Self::NowNs)
    }
}

/// The value that a name stands for; `id` says which the word `id` does.
fn slot(name: &str, at: usize, id: Slot) -> Result<Slot, TemplateError> {
    match name {
        "id" => Ok(id),
        "conn" => Ok(Slot::Id),
        "seq" => Ok(Slot::Seq),
        "now_ns" => Ok(Slot::NowNs),
        _ => match name.strip_prefix("rand:hex:") {
            Some(digits) => match digits.parse() {
                Ok(count @ 1..=MOST_HEX) => Ok(Slot::Hex(count)),
                _ => Err(TemplateError::Digits {
                    at,
                    digits: digits.to_owned(),
                }),
            },
            None => Err(TemplateError::Unknown {
                at,
                name: name.to_owned(),
            }),
        },
    }
}

/// A number in decimal, with zeros in front up to `least` digits.
fn push_number(mut number: u64, least: usize, out: &mut Vec<u8>) {
    let mut digits = [b'0'; LONGEST_NUMBER];
    let mut from = LONGEST_NUMBER;
    while number > 0 || from > LONGEST_NUMBER - least {
        from -= 1;
        digits[from] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&digits[from..]);
}

fn push_hex(seed: u64, digits: usize, out: &mut Vec<u8>) {
    let mut word = seed;
    for number in 0..digits {
        if number > 0 && number % 16 == 0 {
            word = mix(seed ^ (number as u64).rotate_left(32));
        }
        out.push(HEX[(word & 15) as usize]);
        word >>= 4;
    }
}

/// A template at work: room for one message, filled again for each.
#[derive(Clone, Debug)]
pub(crate) struct Filled {
    template: std::sync::Arc<Template>,
    seed: u64,
    /// Time of the wall clock when the run began, ns since the Unix epoch.
    epoch_ns: u64,
    bytes: Vec<u8>,
    /// Message that is in it.
    is: Option<(Identity, Nanos)>,
}

impl Filled {
    pub(crate) fn new(template: std::sync::Arc<Template>, seed: u64) -> Self {
        let bytes = Vec::with_capacity(template.longest());
        Self {
            template,
            seed,
            epoch_ns: 0,
            bytes,
            is: None,
        }
    }

    pub(crate) fn set_epoch(&mut self, epoch_ns: u64) {
        (self.epoch_ns, self.is) = (epoch_ns, None);
    }

    /// Fills in a message, unless it is there already.
    pub(crate) fn prepare(&mut self, identity: Identity, due: Nanos) {
        if self.is == Some((identity, due)) {
            return;
        }
        self.bytes.clear();
        let due_ns = self.epoch_ns.saturating_add(due.0);
        self.template
            .fill(identity, self.seed, due_ns, &mut self.bytes);
        self.is = Some((identity, due));
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn identify(&self, bytes: &[u8]) -> Option<Identity> {
        self.template.identify(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, connection: u32, sequence: u64) -> String {
        let identity = Identity {
            connection,
            sequence,
        };
        let mut out = Vec::new();
        let template = Template::parse(text).unwrap();
        template.fill(identity, 7, 1_700_000_000_000_000_001, &mut out);
        assert!(out.len() <= template.longest());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_put_in_is_put_where_it_belongs() {
        let text = r#"{"id":{id},"seq":{seq},"at":{now_ns},"ü":{}}"#;
        let expected = r#"{"id":3,"seq":0,"at":1700000000000000001,"ü":{}}"#;
        assert_eq!(filled(text, 3, 0), expected);
        assert_eq!(
            filled("{seq}/{id}", u32::MAX, u64::MAX),
            format!("{}/{}", u64::MAX, u32::MAX)
        );
        assert_eq!(
            filled("1{id}", 5, 0),
            "15",
            "digits before a number are no trouble"
        );
        let hex = filled("{rand:hex:40}", 1, 1);
        assert!(
            hex.len() == 40 && hex.bytes().all(|it| HEX.contains(&it)),
            "{hex}"
        );
        assert_eq!(
            hex,
            filled("{rand:hex:40}", 1, 1),
            "made again it is the same"
        );
        assert_ne!(hex, filled("{rand:hex:40}", 1, 2));
        assert_ne!(hex, filled("{rand:hex:40}", 2, 1));
    }

    #[test]
    fn in_a_request_the_id_is_its_number_counted_from_one() {
        let template = Template::for_requests(r#"{"id":{id},"of":{conn}}"#).unwrap();
        let mut out = Vec::new();
        let identity = Identity {
            connection: 9,
            sequence: 0,
        };
        template.fill(identity, 7, 0, &mut out);
        assert_eq!(out, br#"{"id":1,"of":9}"#);
        assert!(template.has_request_number() && !template.is_unique());
        assert!(!Template::parse("{id}").unwrap().has_request_number());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let error = |text: &str| Template::parse(text).unwrap_err();
        let name = "sequence".to_owned();
        assert_eq!(
            error("ab{sequence}"),
            TemplateError::Unknown { at: 2, name }
        );
        assert_eq!(error("a{seq"), TemplateError::Unclosed { at: 1 });
        for digits in ["0", "x", "1025", ""] {
            let text = format!("{{rand:hex:{digits}}}");
            assert!(
                matches!(error(&text), TemplateError::Digits { at: 0, .. }),
                "{text}"
            );
        }
        assert_eq!(error("{id}{seq}"), TemplateError::Joined { at: 4 });
        assert_eq!(error("{id}7"), TemplateError::Joined { at: 4 });
        assert_eq!(error("{seq}{rand:hex:4}"), TemplateError::Joined { at: 5 });
        assert!(Template::parse("{rand:hex:4}{seq}").is_ok());
    }

    #[test]
    fn a_message_tells_whose_it_is_unless_it_is_cut() {
        let text = r#"{"a":"{rand:hex:4}","id":{id},"t":{now_ns},"seq":{seq},"end":1}"#;
        let template = Template::parse(text).unwrap();
        assert!(template.is_unique());
        let message = filled(text, 12, 345);
        let expected = Some(Identity {
            connection: 12,
            sequence: 345,
        });
        assert_eq!(template.identify(message.as_bytes()), expected);
        let shown = message.find(",\"end").unwrap();
        for cut in 0..message.len() {
            let identity = template.identify(&message.as_bytes()[..cut]);
            assert_eq!(identity, expected.filter(|_| cut > shown), "cut at {cut}");
        }
        assert_eq!(template.identify(b"something else"), None);
        assert!(!Template::parse("{seq}").unwrap().is_unique());
        assert!(!Template::parse("{id}").unwrap().is_unique());
    }
}
