//! The notation of bytes, in which binary messages are written: pairs of hexadecimal digits, texts in
//! quotation marks, and what stands behind its length.

use super::{Compiler, Enclosure, LengthAs, MOST_NESTED, Segment, TemplateError};

/// Most bytes that a length of two bytes can say, and one of MQTT.
const MOST_U16: usize = 0xffff;
const MOST_VARIABLE: usize = 0x0fff_ffff;

impl LengthAs {
    /// The forms, as they begin.
    const ALL: [(Self, &'static str); 2] = [(Self::U16, "{u16:"), (Self::Variable, "{var:")];

    /// Bytes of the longest.
    pub(super) fn longest(self) -> usize {
        match self {
            Self::U16 => 2,
            Self::Variable => 4,
        }
    }

    /// Most bytes that may follow.
    pub(super) fn most(self) -> usize {
        match self {
            Self::U16 => MOST_U16,
            Self::Variable => MOST_VARIABLE,
        }
    }

    /// Puts the length before what stands in `out` from byte `from` on, which is cut to the most that
    /// there may be.
    pub(super) fn put(self, from: usize, out: &mut Vec<u8>) {
        let len = (out.len() - from).min(self.most());
        out.truncate(from + len);
        let (mut bytes, mut count) = ([0; 4], 0);
        match self {
            Self::U16 => {
                bytes[..2].copy_from_slice(&(len as u16).to_be_bytes());
                count = 2;
            }
            Self::Variable => {
                let mut rest = len;
                while rest > 0 || count == 0 {
                    let more = if rest > 0x7f { 0x80 } else { 0 };
                    bytes[count] = (rest & 0x7f) as u8 | more;
                    (rest, count) = (rest >> 7, count + 1);
                }
            }
        }
        let end = out.len();
        out.extend_from_slice(&bytes[..count]);
        out.copy_within(from..end, from + count);
        out[from..from + count].copy_from_slice(&bytes[..count]);
    }
}

/// Adds a message in this notation.
pub(super) fn add(compiler: &mut Compiler, text: &str) -> Result<(), TemplateError> {
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_ascii_whitespace() {
            at += 1;
        } else if first == '}' && !open.is_empty() {
            compiler.add(Segment::Close);
            open.pop();
            at += 1;
        } else if first == '"' {
            at += 1 + quoted(compiler, at, &rest[1..])?;
        } else if let Some((length, begins)) = length_at(rest) {
            if open.len() == MOST_NESTED {
                return Err(TemplateError::Nested { at });
            }
            compiler.add(Segment::Open(Enclosure::Length(length)));
            open.push(at);
            at += begins.len();
        } else if first.is_ascii_hexdigit() {
            let digits = rest.find(|it: char| !it.is_ascii_hexdigit());
            let digits = &rest[..digits.unwrap_or(rest.len())];
            compiler.add_bytes(&pairs(digits, at)?);
            at += digits.len();
        } else {
            let found = rest.split_ascii_whitespace().next().unwrap_or_default();
            let found = found.chars().take(20).collect();
            return Err(TemplateError::NoBytes { at, found });
        }
    }
    match open.pop() {
        Some(at) => Err(TemplateError::Open { at }),
        None => Ok(()),
    }
}

/// Bytes from hexadecimal digits, between which there may be blanks.
///
/// # Errors
/// [`TemplateError::NoPairs`] of the first that are none, and [`TemplateError::NoBytes`].
pub fn from_hex(text: &str) -> Result<Vec<u8>, TemplateError> {
    let mut bytes = Vec::new();
    for word in text.split_ascii_whitespace() {
        let at = word.as_ptr() as usize - text.as_ptr() as usize;
        bytes.extend(pairs(word, at)?);
    }
    Ok(bytes)
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn length_at(text: &str) -> Option<(LengthAs, &'static str)> {
    let mut all = LengthAs::ALL.into_iter();
    all.find(|(_, begins)| text.starts_with(begins))
}

/// The bytes of pairs of digits, which stand at byte `at`.
fn pairs(digits: &str, at: usize) -> Result<Vec<u8>, TemplateError> {
    let error = || TemplateError::NoPairs {
        at,
        found: digits.chars().take(40).collect(),
    };
    if !digits.bytes().all(|it| it.is_ascii_hexdigit()) || !digits.len().is_multiple_of(2) {
        return Err(error());
    }
    let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16);
    let bytes = (0..digits.len()).step_by(2).map(pair);
    bytes.collect::<Result<_, _>>().map_err(|_| error())
}

/// Adds a text up to its quotation mark, which begins behind byte `at`; the bytes that it takes with
/// the mark behind it. A place may have escapes in it, so the text is read as a whole.
fn quoted(compiler: &mut Compiler, at: usize, text: &str) -> Result<usize, TemplateError> {
    let (mut plain, mut escapes) = (String::new(), Vec::new());
    let mut letters = text.char_indices();
    while let Some((from, letter)) = letters.next() {
        match letter {
            '"' => {
                // Each escape is a byte longer than what it stands for.
                let before = |byte: usize| escapes.iter().filter(|it| **it < byte).count();
                let added = compiler.add_text(&plain, 0);
                added.map_err(|error| error.moved(|byte| at + 1 + byte + before(byte)))?;
                return Ok(from + 1);
            }
            '\\' => {
                let Some((_, escaped)) = letters.next() else {
                    break;
                };
                escapes.push(plain.len());
                plain.push(unescaped(escaped).ok_or_else(|| TemplateError::NoBytes {
                    at: at + 1 + from,
                    found: format!("\\{escaped}"),
                })?);
            }
            other => plain.push(other),
        }
    }
    Err(TemplateError::Open { at })
}

/// The character that a letter behind a backslash stands for.
fn unescaped(letter: char) -> Option<char> {
    match letter {
        '"' | '\\' => Some(letter),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '0' => Some('\0'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Template, Values};
    use super::*;
    use proptest::prelude::*;

    fn said(text: &str) -> Vec<u8> {
        let values = Values {
            connection: 7,
            run: 9,
            room: "red",
            parts: [b"TAG", b"FILL"],
            ..Values::default()
        };
        let mut out = b"before".to_vec();
        Template::for_bytes(text).unwrap().say(&values, &mut out);
        out.split_off(6)
    }

    #[test]
    fn packets_of_mqtt_are_written_byte_by_byte() {
        for (text, bytes) in [
            ("c000", &b"\xc0\0"[..]),
            (
                r#"10 {var: 0004 "MQTT" 04 02 003c {u16: "wsb-{run}-{conn}"}}"#,
                b"\x10\x13\0\x04MQTT\x04\x02\0\x3c\0\x07wsb-9-7",
            ),
            (
                r#"30 {var: {u16: "bench/{room}"} "{tag}{fill}"}"#,
                b"\x30\x12\0\x09bench/redTAGFILL",
            ),
            (r#" "a\"\\\n{\"b\":1}" 0A "#, b"a\"\\\n{\"b\":1}\n"),
            ("{u16:}{var:}", b"\0\0\0"),
            ("", b""),
        ] {
            assert_eq!(said(text), bytes, "{text}");
        }
    }

    #[test]
    fn what_is_no_bytes_is_refused_where_it_stands() {
        for (text, words) in [
            ("10 0", "at byte 3: '0' is no pairs"),
            ("10 {room}", "at byte 3: '{room}' is none of what"),
            ("10 }", "at byte 3: '}' is none of what"),
            ("10 {u16: 00", "at byte 3: what begins here is not closed"),
            ("10 \"a", "at byte 3: what begins here is not closed"),
            ("\"a\\", "at byte 0: what begins here is not closed"),
            ("\"a\\q\"", "at byte 2: '\\q' is none of what"),
            ("00 \"x{rom}\"", "at byte 5: '{rom}' is not known"),
            (r#""\"ä\n{rom}\n""#, "at byte 7: '{rom}' is not known"),
            ("00 \"x{room\"", "at byte 5: the place that begins here"),
            ("äb", "at byte 0: 'äb' is none"),
        ] {
            let error = Template::for_bytes(text).unwrap_err().to_string();
            assert!(error.starts_with(words), "{text}: {error}");
        }
        let deep = "{u16:".repeat(9);
        let error = Template::for_bytes(&deep).unwrap_err().to_string();
        assert_eq!(
            error,
            "at byte 40: more than 8 lengths or signatures within each other"
        );
        assert_eq!(from_hex("20 02 0000").unwrap(), b"\x20\x02\0\0");
        assert!(from_hex("20 0").is_err() && from_hex("zz").is_err());
    }

    /// The token that <https://jwt.io> begins with, whose claims are these.
    #[test]
    fn claims_of_a_token_are_written_with_escapes() {
        let claims = r#"{\"sub\":\"1234567890\",\"name\":\"John Doe\",\"iat\":1516239022}"#;
        let text = format!("04 {{u16: \"{{jwt:hs256:env:K:{claims}}}\"}}");
        let mut words = Template::for_bytes(&text).unwrap();
        let key = |_: &str| Some("your-256-bit-secret".to_owned());
        words.look_up(&key).unwrap();
        let mut out = Vec::new();
        words.say(&Values::default(), &mut out);
        let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
             eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.\
             SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
        assert_eq!(out[..3], [4, 0, token.len() as u8]);
        assert_eq!(std::str::from_utf8(&out[3..]), Ok(token));
    }

    #[test]
    fn what_no_length_can_say_is_cut() {
        let long = "00".repeat(MOST_U16 + 9);
        let said = said(&format!("{{var: {{u16: {long}}}}}"));
        assert_eq!(said.len(), 3 + 2 + MOST_U16);
        // 65,537 = 1 + 0 · 128 + 4 · 128².
        assert_eq!(said[..5], [0x81, 0x80, 0x04, 0xff, 0xff]);
    }

    proptest! {
        /// A length is read as it was written.
        #[test]
        fn lengths_say_how_long_something_is(len in 0_usize..40_000) {
            let said = said(&format!("30 {{var: {}}}", "00".repeat(len)));
            let mut splitter = crate::splitter::Splitter::new(crate::plan::MessageUnit::Mqtt, 1 << 20);
            let mut rest = &said[..];
            prop_assert_eq!(splitter.next(&mut rest, true), Ok(Some(&said[..])));
        }

        /// Whatever stands in a text, it is bytes or refused.
        #[test]
        fn anything_is_read_or_refused(text in "[0-9a-f \"\\\\{}u16:varä]{0,40}") {
            let _ = (Template::for_bytes(&text), from_hex(&text));
        }
    }
}
