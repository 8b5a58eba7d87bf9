//! Messages that are awaited: known by a part of them, which may have places that are filled in.
//!
//! What there is to fill in is found out once, when one is made, for many are held against each message
//! that comes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_dialogue::{Expression, Pattern};
use wsbench_wire::connection::MessageKind;

use crate::plan::error::Why;
use crate::plan::locator::{Leaf, Pointer};
use crate::secret::{Redactor, WITHHELD, is_credential, shown_text};
use crate::template::reading::{Named, Reading};
use crate::template::{LONGEST_NUMBER, Lookup, NotFound, Template, Values, decimal, octets};

/// A message that is awaited, wherever that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    kind: Option<MessageKind>,
    pattern: Pattern,
    parts: Box<[AwaitedPart]>,
}

/// One of the parts by which a message is known, ready to be held against any.
#[derive(Clone, Debug, PartialEq, Eq)]
enum AwaitedPart {
    /// One that is no text, into which nothing is put.
    Fixed(Pattern),
    /// All of it.
    Whole(Template),
    /// Its beginning.
    Front(Template),
    /// Its end.
    Back(Template),
    /// A text somewhere in it.
    Within(Template),
    /// A value of its JSON.
    Value { at: Pointer, value: Template },
}

impl Awaited {
    /// A message of this kind, or of either, by a pattern whose texts may have places that are filled in,
    /// as those that are said.
    #[must_use]
    pub fn new(kind: impl Into<Option<MessageKind>>, pattern: Pattern) -> Self {
        let parts = match &pattern {
            Pattern::All(all) => all.iter().map(AwaitedPart::of).collect(),
            one => Box::new([AwaitedPart::of(one)]) as Box<[_]>,
        };
        Self {
            kind: kind.into(),
            pattern,
            parts,
        }
    }

    /// Looks up what its texts name.
    ///
    /// # Errors
    /// The first that is not there.
    pub fn look_up(&mut self, find: &dyn Lookup) -> Result<(), NotFound> {
        let mut templates = self.parts.iter_mut().filter_map(AwaitedPart::template_mut);
        templates.try_for_each(|template| template.look_up(find))
    }

    /// The same without the values of its variables, and without what its texts say is a credential
    /// unless that is to be shown.
    pub(super) fn redacted(&self, shows_secrets: bool) -> Self {
        let pattern = match shows_secrets {
            true => self.pattern.clone(),
            false => shown(&self.pattern),
        };
        Self::new(self.kind, pattern)
    }

    /// Its values of JSON that are credentials by their names.
    pub(super) fn add_secrets(&self, all: &mut Redactor) {
        let parts = match &self.pattern {
            Pattern::All(all) => &all[..],
            one => std::slice::from_ref(one),
        };
        for part in parts {
            if let Pattern::Json { pointer, value } = part
                && is_credential_at(pointer, value)
            {
                all.add(value);
            }
        }
    }

    /// Text or binary; `None` of either.
    #[must_use]
    pub fn kind(&self) -> Option<MessageKind> {
        self.kind
    }

    /// The form of it.
    #[must_use]
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// The texts of the pattern that are filled in.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.parts.iter().filter_map(AwaitedPart::template)
    }

    /// Why what names a message cannot be read off one that comes in this form; `None` where it can.
    #[must_use]
    pub fn fault(&self) -> Option<Why> {
        if !self.templates().all(Template::is_readable) {
            return Some(Why::Unreadable);
        }
        let is_unclear = self.templates().any(Template::has_numbers_in_a_row);
        is_unclear.then_some(Why::NumbersInARow)
    }

    /// Form of the message with these values.
    pub(crate) fn filled(&self, values: &Values<'_>) -> Pattern {
        match &*self.parts {
            [one] => one.filled(values),
            all => Pattern::All(all.iter().map(|part| part.filled(values)).collect()),
        }
    }

    /// True of a message that fits with these values.
    pub(crate) fn fits(&self, kind: MessageKind, message: &[u8], values: &Values<'_>) -> bool {
        let reading = Reading {
            values,
            knows_number: true,
        };
        self.named(kind, message, reading).is_some()
    }

    /// The things that a message which fits with these values names; `None` of any other.
    pub(crate) fn named(
        &self,
        kind: MessageKind,
        message: &[u8],
        reading: Reading<'_>,
    ) -> Option<Named> {
        if self.kind.is_some_and(|it| it != kind) {
            return None;
        }
        let mut parts = self.parts.iter();
        parts.try_fold(Named::default(), |named, part| {
            named.and(part.named(message, reading)?)
        })
    }
}

/// The pattern for everybody: without what is a credential in it.
fn shown(pattern: &Pattern) -> Pattern {
    match pattern {
        Pattern::Json { pointer, value } if is_credential_at(pointer, value) => Pattern::Json {
            pointer: pointer.clone(),
            value: WITHHELD.to_owned(),
        },
        Pattern::All(all) => Pattern::All(all.iter().map(shown).collect()),
        other => other.mapped(&|text| match std::str::from_utf8(text) {
            Ok(text) => shown_text(text).into_owned().into_bytes(),
            Err(_) => text.to_vec(),
        }),
    }
}

/// True of a value that is a credential by the name that it goes by in JSON; an item of a list has the name
/// of the list. What places of a template are filled in with is known to be secret elsewhere.
fn is_credential_at(pointer: &str, value: &str) -> bool {
    let mut names = pointer.rsplit('/');
    let name = names.find(|name| name.parse::<u32>().is_err());
    let is_word = ["true", "false", "null"].contains(&value);
    let is_filled_in = Template::for_words(value).is_ok_and(|it| it.is_of_places_alone());
    name.is_some_and(is_credential) && !value.is_empty() && !is_word && !is_filled_in
}

impl AwaitedPart {
    fn of(pattern: &Pattern) -> Self {
        let fixed = || Self::Fixed(pattern.clone());
        let words = |text: &[u8]| Template::for_words(std::str::from_utf8(text).ok()?).ok();
        match pattern {
            Pattern::Equals(text) => words(text).map_or_else(fixed, Self::Whole),
            Pattern::Prefix(text) => words(text).map_or_else(fixed, Self::Front),
            Pattern::Suffix(text) => words(text).map_or_else(fixed, Self::Back),
            Pattern::Contains(text) => words(text).map_or_else(fixed, Self::Within),
            Pattern::Json { pointer, value } => {
                let at = pointer.parse::<Pointer>();
                let value = Template::for_words(value);
                match (at, value) {
                    (Ok(at), Ok(value)) => Self::Value { at, value },
                    _ => fixed(),
                }
            }
            Pattern::Bytes { .. } | Pattern::Matches(_) | Pattern::All(_) => fixed(),
        }
    }

    fn template(&self) -> Option<&Template> {
        match self {
            Self::Fixed(_) => None,
            Self::Whole(words) | Self::Front(words) | Self::Back(words) | Self::Within(words) => {
                Some(words)
            }
            Self::Value { value, .. } => Some(value),
        }
    }

    fn template_mut(&mut self) -> Option<&mut Template> {
        match self {
            Self::Fixed(_) => None,
            Self::Whole(words) | Self::Front(words) | Self::Back(words) | Self::Within(words) => {
                Some(words)
            }
            Self::Value { value, .. } => Some(value),
        }
    }

    fn filled(&self, values: &Values<'_>) -> Pattern {
        let said = |words: &Template| {
            let mut said = Vec::new();
            words.say(values, &mut said);
            said
        };
        match self {
            Self::Fixed(pattern) => pattern.clone(),
            Self::Whole(words) => Pattern::Equals(said(words)),
            Self::Front(words) => Pattern::Prefix(said(words)),
            Self::Back(words) => Pattern::Suffix(said(words)),
            Self::Within(words) => Pattern::Contains(said(words)),
            Self::Value { at, value } => Pattern::Json {
                pointer: at.to_string(),
                value: String::from_utf8_lossy(&said(value)).into_owned(),
            },
        }
    }

    fn named(&self, message: &[u8], reading: Reading<'_>) -> Option<Named> {
        match self {
            Self::Fixed(pattern) => pattern.fits(message).then(Named::default),
            Self::Whole(words) => words.read(message, reading),
            Self::Front(words) => Some(words.read_front(message, reading)?.0),
            Self::Back(words) => words.read_back(message, reading),
            Self::Within(words) => words.read_within(message, reading),
            Self::Value { at, value } => {
                let (mut named, mut is_other) = (None, false);
                at.look(message, |leaf| match leaf {
                    Leaf::Text(text) => named = value.read(text.as_bytes(), reading),
                    Leaf::Whole(number) => {
                        let mut digits = [b'0'; LONGEST_NUMBER];
                        named = value.read(decimal(number, 1, &mut digits), reading);
                    }
                    Leaf::Null => named = value.read(b"null", reading),
                    Leaf::Other => is_other = true,
                });
                if !is_other {
                    return named;
                }
                // True, below zero, with a fraction, or more than one value: as JSON writes it.
                let is_it = self.filled(reading.values).fits(message);
                is_it.then(Named::default)
            }
        }
    }
}

/// A message that is awaited, as documents hold it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AwaitedMessage")]
pub(super) struct StoredMessage {
    /// True of a binary message.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    binary: bool,
    /// True where it may be text or binary.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    either: bool,
    /// The part of it that is known.
    #[serde(default, skip_serializing_if = "Known::is_whole")]
    known: Known,
    /// Place of that part in JSON, a pointer; absent of anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// That part.
    content: String,
    /// Further parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    and: Vec<StoredMessage>,
}

/// The part of a message that is known beforehand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "LoginKnown")]
pub(super) enum Known {
    /// All of it.
    #[default]
    Whole,
    /// Its beginning.
    Prefix,
    /// Its end.
    Suffix,
    /// Some part, anywhere.
    Part,
    /// A value at a place of its JSON.
    Json,
    /// A regular expression that matches it somewhere.
    Expression,
    /// All of its bytes, in hexadecimal digits.
    Bytes,
    /// Its first bytes, in hexadecimal digits.
    FirstBytes,
}

impl Known {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands members over by reference"
    )]
    fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
}

impl StoredMessage {
    pub(super) fn of(awaited: &Awaited) -> Self {
        let is_binary = awaited.kind() == Some(MessageKind::Binary);
        let written = |bytes: &[u8]| match is_binary {
            false => String::from_utf8_lossy(bytes).into_owned(),
            true => BASE64.encode(bytes),
        };
        let part = |pattern: &Pattern| {
            let (known, at, content) = match pattern {
                Pattern::Equals(whole) => (Known::Whole, None, written(whole)),
                Pattern::Prefix(front) => (Known::Prefix, None, written(front)),
                Pattern::Suffix(back) => (Known::Suffix, None, written(back)),
                Pattern::Contains(part) => (Known::Part, None, written(part)),
                Pattern::Json { pointer, value } => {
                    (Known::Json, Some(pointer.clone()), value.clone())
                }
                Pattern::Matches(expression) => {
                    (Known::Expression, None, expression.text().to_owned())
                }
                Pattern::Bytes { bytes, is_whole } => {
                    let known = match is_whole {
                        true => Known::Bytes,
                        false => Known::FirstBytes,
                    };
                    (known, None, octets::hex(bytes))
                }
                // Of none, which is any message.
                Pattern::All(_) => (Known::Part, None, String::new()),
            };
            Self {
                binary: is_binary,
                either: awaited.kind().is_none(),
                known,
                at,
                content,
                and: Vec::new(),
            }
        };
        match awaited.pattern() {
            Pattern::All(all) if !all.is_empty() => {
                let mut parts = all.iter().map(part);
                let first = parts.next().unwrap_or_else(|| part(awaited.pattern()));
                Self {
                    and: parts.collect(),
                    ..first
                }
            }
            other => part(other),
        }
    }

    pub(super) fn told(self) -> Result<Awaited, String> {
        let kind = match (self.either, self.binary) {
            (true, _) => None,
            (false, true) => Some(MessageKind::Binary),
            (false, false) => Some(MessageKind::Text),
        };
        let mut first = self;
        let further = std::mem::take(&mut first.and);
        let pattern = match further.is_empty() {
            true => first.pattern()?,
            false => {
                let parts = std::iter::once(first).chain(further);
                Pattern::All(parts.map(Self::pattern).collect::<Result<_, _>>()?)
            }
        };
        Ok(Awaited::new(kind, pattern))
    }

    fn pattern(self) -> Result<Pattern, String> {
        let content = self.content;
        let bytes = |content| message(self.binary, content).map(|(_, bytes)| bytes);
        Ok(match self.known {
            Known::Whole => Pattern::Equals(bytes(content)?),
            Known::Prefix => Pattern::Prefix(bytes(content)?),
            Known::Suffix => Pattern::Suffix(bytes(content)?),
            Known::Part => Pattern::Contains(bytes(content)?),
            Known::Json => Pattern::Json {
                pointer: self.at.unwrap_or_default(),
                value: content,
            },
            Known::Expression => Pattern::Matches(content.parse::<Expression>()?),
            Known::Bytes | Known::FirstBytes => Pattern::Bytes {
                bytes: octets::from_hex(&content).map_err(|error| error.to_string())?,
                is_whole: self.known == Known::Bytes,
            },
        })
    }
}

/// A message as it is sent, from how it is stored.
pub(super) fn message(binary: bool, content: String) -> Result<(MessageKind, Vec<u8>), String> {
    if !binary {
        return Ok((MessageKind::Text, content.into_bytes()));
    }
    let bytes = BASE64.decode(content);
    let bytes = bytes.map_err(|_| "a binary message of a login is not in base64".to_owned())?;
    Ok((MessageKind::Binary, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VALUES: Values<'static> = Values {
        connection: 3,
        sequence: 4,
        message: 0,
        run: 9,
        room: "red",
        now_ns: 0,
        parts: [&[], &[]],
        captures: &[],
    };

    fn json(pairs: &[(&str, &str)]) -> Awaited {
        let part = |(pointer, value): &(&str, &str)| Pattern::Json {
            pointer: (*pointer).to_owned(),
            value: (*value).to_owned(),
        };
        Awaited::new(None, Pattern::All(pairs.iter().map(part).collect()))
    }

    fn sequence(awaited: &Awaited, message: &str) -> Option<Option<u64>> {
        let reading = Reading {
            values: &VALUES,
            knows_number: false,
        };
        let named = awaited.named(MessageKind::Text, message.as_bytes(), reading);
        named.map(|named| named.sequence)
    }

    #[test]
    fn a_message_is_known_by_all_of_its_parts_and_names_its_number() {
        let ack = json(&[("/id", "m{seq}"), ("/type", "next")]);
        for (message, named) in [
            (r#"{"id":"m17","type":"next"}"#, Some(Some(17))),
            (r#"{"id":"m17","type":"error"}"#, None),
            (r#"{"id":"s17","type":"next"}"#, None),
            (r#"{"type":"next"}"#, None),
            ("no JSON", None),
        ] {
            assert_eq!(sequence(&ack, message), named, "{message}");
        }
        let counted = json(&[("/ack", "{n}")]);
        assert_eq!(sequence(&counted, r#"{"ack":5}"#), Some(Some(4)));
        assert_eq!(sequence(&counted, r#"{"ack":"5"}"#), Some(Some(4)));
        assert_eq!(sequence(&counted, r#"{"ack":-5}"#), None);
        let two = json(&[("/id", "{seq}"), ("/ref", "{seq}")]);
        assert_eq!(sequence(&two, r#"{"id":1,"ref":1}"#), Some(Some(1)));
        assert_eq!(sequence(&two, r#"{"id":1,"ref":2}"#), None);
    }

    #[test]
    fn a_value_whose_name_is_a_credentials_is_withheld() {
        let awaited = json(&[
            ("/type", "next"),
            ("/data/token", "t0psecret"),
            ("/keys/0", "k3y"),
            ("/password", "{env:PW}"),
            ("/secret", "{room}-s3cret"),
            ("/session", "true"),
            ("/auth", "{hmac:sha256:env:K:{room}:hear}"),
            ("/signature", "v1={hmac:sha256:env:K:a}"),
        ]);
        let shown = json(&[
            ("/type", "next"),
            ("/data/token", WITHHELD),
            ("/keys/0", "k3y"),
            ("/password", "{env:PW}"),
            ("/secret", WITHHELD),
            ("/session", "true"),
            // What is signed says nothing of its key, and beside it there is nothing.
            ("/auth", "{hmac:sha256:env:K:{room}:hear}"),
            ("/signature", WITHHELD),
        ]);
        assert_eq!(awaited.redacted(false), shown);
        assert_eq!(shown.redacted(false), shown, "withheld once is withheld");
        assert_eq!(awaited.redacted(true), awaited);
        assert!(shown.templates().any(Template::is_withheld));
        let mut secrets = Redactor::default();
        awaited.add_secrets(&mut secrets);
        assert_eq!(secrets.clean("no: t0psecret, next"), "no: (withheld), next");
    }

    proptest! {
        /// A part with its values filled in beforehand says the same as one that is read.
        #[test]
        fn reading_says_what_filling_in_says(
            form in 0_usize..5, front in "[a-c]{0,2}", back in "[a-c:]{0,2}", told in 0_u64..14,
            message in "[a-c:]{0,2}(4|5|14|)[a-c:]{0,2}(red)?",
        ) {
            let text = format!("{front}{{seq}}{back}{{room}}");
            let pattern = match form {
                0 => Pattern::Equals(text.into_bytes()),
                1 => Pattern::Prefix(text.into_bytes()),
                4 => Pattern::Suffix(text.into_bytes()),
                2 => Pattern::Contains(text.into_bytes()),
                _ => Pattern::Json { pointer: "/a".to_owned(), value: text },
            };
            let awaited = Awaited::new(None, pattern);
            let message = match form {
                3 => format!(r#"{{"b":{told},"a":"{message}"}}"#),
                _ => message,
            };
            let filled = awaited.filled(&VALUES).fits(message.as_bytes());
            let fits = awaited.fits(MessageKind::Text, message.as_bytes(), &VALUES);
            prop_assert_eq!(fits, filled, "{} {}", message, awaited.filled(&VALUES).words());
        }
    }
}
