//! What is said and awaited on each connection before its load: the steps of a login.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_dialogue::{Expression, Pattern};
use wsbench_wire::connection::MessageKind;

use crate::nanos::Nanos;
use crate::plan::request::Locator;
use crate::seconds;
use crate::secret::{Secret, WITHHELD, shown_text};
use crate::template::{Captured, Template, TemplateError, Values, octets};

/// The steps of a login: messages that are sent, and messages that have to come. Without any,
/// which is the default, a connection is open once it is upgraded.
///
/// What is sent may be a credential, so neither `Debug` nor a document shows it.
///
/// ```
/// use wsbench_load::plan::{LoginSteps, Pattern};
/// use wsbench_wire::connection::MessageKind::Text;
/// let login = LoginSteps::default()
///     .send(Text, r#"{"token":"hidden"}"#)
///     .expect(Text, Pattern::Contains(b"welcome".to_vec()));
/// assert_eq!(login.steps().len(), 2);
/// assert!(!format!("{login:?}").contains("hidden"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LoginSteps {
    steps: Vec<LoginStep>,
    is_withheld: bool,
}

/// A step of a login.
#[derive(Clone, PartialEq, Eq)]
pub enum LoginStep {
    /// This is sent.
    Send(Spoken),
    /// This has to come.
    Expect(Expected),
    /// Nothing is done for so long; whatever comes meanwhile is passed over. For servers that do not
    /// say when they have done what they were asked for.
    Settle(Nanos),
}

/// A message that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// Text or binary.
    pub kind: MessageKind,
    /// Its text, with places that are filled in.
    pub words: Template,
}

/// A message that is awaited, wherever that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Text or binary; either where there is none.
    pub kind: Option<MessageKind>,
    /// Form of it. Its texts may have places that are filled in, as those that are said.
    pub pattern: Pattern,
    /// Variables of the environment that its texts name, as far as they were looked up.
    env: Vec<(String, Secret)>,
}

/// A message that has to come in a login, and what is taken from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The message.
    pub awaited: Awaited,
    /// Values taken from it, by name: later steps and messages have it at `{cap.NAME}`.
    pub captures: Vec<(String, Locator)>,
    /// It has to have come so long after what was sent before it, or after the upgrade; the plan's
    /// time-out where there is none.
    pub within: Option<Nanos>,
}

impl Spoken {
    /// A text message.
    #[must_use]
    pub fn text(words: Template) -> Self {
        Self {
            kind: MessageKind::Text,
            words,
        }
    }

    /// A binary message.
    #[must_use]
    pub fn binary(words: Template) -> Self {
        Self {
            kind: MessageKind::Binary,
            words,
        }
    }

    /// Bytes that are said as they are, or with places that are filled in where they have any.
    #[must_use]
    pub fn new(kind: MessageKind, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let words = std::str::from_utf8(&bytes).ok().map(Template::for_words);
        Self {
            kind,
            words: words
                .and_then(Result::ok)
                .unwrap_or_else(|| Template::of_bytes(bytes)),
        }
    }
}

impl Awaited {
    /// A message of this kind, or of either.
    #[must_use]
    pub fn new(kind: impl Into<Option<MessageKind>>, pattern: Pattern) -> Self {
        Self {
            kind: kind.into(),
            pattern,
            env: Vec::new(),
        }
    }

    /// Looks the variables of the environment up that its texts name.
    ///
    /// # Errors
    /// The name of the first that is not set.
    pub fn look_up(&mut self, find: &dyn Fn(&str) -> Option<String>) -> Result<(), String> {
        let mut env = Vec::new();
        for template in self.templates().unwrap_or_default() {
            for name in template.variables() {
                let value = find(name).ok_or_else(|| name.to_owned())?;
                env.push((name.to_owned(), Secret::new(value)));
            }
        }
        self.env = env;
        Ok(())
    }

    /// A text of the pattern with its variables of the environment.
    fn template(&self, text: &str) -> Result<Template, TemplateError> {
        let mut words = Template::for_words(text)?;
        let known = |name: &str| {
            let found = self.env.iter().find(|(known, _)| known == name);
            found.and_then(|(_, value)| value.reveal().map(str::to_owned))
        };
        // One that is not known stays unknown, and a plan with it is refused.
        let _ = words.look_up(&known);
        Ok(words)
    }

    /// The same without the values of its variables, and without what its texts say is a credential
    /// unless that is to be shown.
    pub(super) fn redacted(&self, shows_secrets: bool) -> Self {
        let pattern = self
            .pattern
            .mapped(&|text| match std::str::from_utf8(text) {
                Ok(text) if !shows_secrets => shown_text(text).into_owned().into_bytes(),
                _ => text.to_vec(),
            });
        Self::new(self.kind, pattern)
    }

    /// The texts of the pattern as they are filled in.
    ///
    /// # Errors
    /// [`TemplateError`] of the first that has a place which is not known.
    pub fn templates(&self) -> Result<Vec<Template>, TemplateError> {
        let texts = self.pattern.texts().into_iter();
        let texts = texts.filter_map(|text| std::str::from_utf8(text).ok());
        texts.map(|text| self.template(text)).collect()
    }

    /// Form of the message with these values.
    pub(crate) fn filled(&self, values: &Values<'_>) -> Pattern {
        self.pattern.mapped(&|text| {
            let words = std::str::from_utf8(text).map(|text| self.template(text));
            let mut filled = Vec::new();
            match words {
                Ok(Ok(words)) => words.say(values, &mut filled),
                _ => filled.extend_from_slice(text),
            }
            filled
        })
    }

    /// True of a message that fits with these values.
    pub(crate) fn fits(&self, kind: MessageKind, message: &[u8], values: &Values<'_>) -> bool {
        let has_places = || self.pattern.texts().iter().any(|text| text.contains(&b'{'));
        let fits = || match has_places() {
            true => self.filled(values).fits(message),
            // Asked of each message of a server that confirms each of ours.
            false => self.pattern.fits(message),
        };
        self.kind.is_none_or(|it| it == kind) && fits()
    }
}

impl Expected {
    /// Values that it takes from a message that has come; what is not there is empty.
    pub(crate) fn captured(&self, message: &[u8]) -> impl Iterator<Item = Captured> {
        self.captures.iter().map(|(name, at)| Captured {
            name: name.clone(),
            bytes: at.text(message).unwrap_or_default(),
        })
    }
}

impl LoginSteps {
    /// The same, and then this message is sent.
    #[must_use]
    pub fn send(self, kind: MessageKind, message: impl Into<Vec<u8>>) -> Self {
        self.then(LoginStep::Send(Spoken::new(kind, message)))
    }

    /// The same, and then a message of this kind has to come that fits, within the plan's time-out
    /// from what was sent before it, or from the upgrade.
    #[must_use]
    pub fn expect(self, kind: MessageKind, pattern: Pattern) -> Self {
        self.then(LoginStep::Expect(Expected {
            awaited: Awaited::new(kind, pattern),
            captures: Vec::new(),
            within: None,
        }))
    }

    /// The same with one more step.
    #[must_use]
    pub fn then(mut self, step: LoginStep) -> Self {
        self.steps.push(step);
        self
    }

    /// The same with the steps of another one behind them.
    #[must_use]
    pub fn followed_by(mut self, other: &Self) -> Self {
        self.steps.extend(other.steps.iter().cloned());
        self.is_withheld |= other.is_withheld;
        self
    }

    /// The steps.
    #[must_use]
    pub fn steps(&self) -> &[LoginStep] {
        &self.steps
    }

    /// True where there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// True of one of whose messages nothing is left but that they were there, or whose variables of
    /// the environment were not looked up.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        let mut texts = self.steps.iter().flat_map(LoginStep::templates);
        self.is_withheld || texts.any(|it| it.is_withheld())
    }

    /// Its words.
    pub fn spoken(&self) -> impl Iterator<Item = &Spoken> {
        self.steps.iter().filter_map(|step| match step {
            LoginStep::Send(spoken) => Some(spoken),
            LoginStep::Expect(_) | LoginStep::Settle(_) => None,
        })
    }

    /// Names of what it takes.
    pub fn captures(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().flat_map(LoginStep::captures)
    }

    /// The same without the messages that are sent, of which even the kind is withheld.
    pub(super) fn redacted(&self, shows_secrets: bool) -> Self {
        let redacted = |step: &LoginStep| match step {
            LoginStep::Send(_) => LoginStep::Send(Spoken::new(MessageKind::Text, Vec::new())),
            LoginStep::Expect(expected) => LoginStep::Expect(Expected {
                awaited: expected.awaited.redacted(shows_secrets),
                ..expected.clone()
            }),
            LoginStep::Settle(length) => LoginStep::Settle(*length),
        };
        Self {
            steps: self.steps.iter().map(redacted).collect(),
            is_withheld: self.is_withheld || self.spoken().next().is_some(),
        }
    }

    pub(super) fn written(&self) -> Vec<StoredStep> {
        self.steps.iter().map(StoredStep::of).collect()
    }

    /// The login that was written so.
    ///
    /// # Errors
    /// Words for what cannot be read; they repeat nothing of it.
    pub(super) fn told(stored: Vec<StoredStep>) -> Result<Self, String> {
        let mut login = Self::default();
        for step in stored {
            login = step.add_to(login)?;
        }
        Ok(login)
    }
}

impl LoginStep {
    /// Names of what it takes.
    pub fn captures(&self) -> impl Iterator<Item = &str> {
        let captures = match self {
            Self::Expect(expected) => &expected.captures[..],
            Self::Send(_) | Self::Settle(_) => &[],
        };
        captures.iter().map(|(name, _)| name.as_str())
    }

    /// The texts that are filled in.
    pub(super) fn templates(&self) -> Vec<Template> {
        match self {
            Self::Send(spoken) => vec![spoken.words.clone()],
            Self::Expect(expected) => expected.awaited.templates().unwrap_or_default(),
            Self::Settle(_) => Vec::new(),
        }
    }
}

impl fmt::Debug for LoginSteps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.written()).finish()
    }
}

impl fmt::Debug for LoginStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        StoredStep::of(self).fmt(f)
    }
}

/// A step as documents hold it. Content of binary messages is in base64.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "step", rename_all = "snake_case")]
#[schemars(rename = "LoginStep")]
pub(super) enum StoredStep {
    /// A message was sent.
    Send {
        /// True of a binary message.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        binary: bool,
        /// The message, which is never written.
        content: String,
    },
    /// A message had to come.
    Expect {
        /// The message.
        #[serde(flatten)]
        message: StoredMessage,
        /// Values that were taken from it: the name of each, and where it stood.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        #[schemars(with = "BTreeMap<String, String>")]
        take: BTreeMap<String, Locator>,
        /// Time within which it had to come, s; absent where it was the plan's time-out.
        #[serde(
            rename = "within_s",
            with = "seconds::option",
            default,
            skip_serializing_if = "Option::is_none"
        )]
        #[schemars(with = "Option<f64>")]
        within: Option<Nanos>,
    },
    /// Nothing was done for a while.
    Settle {
        /// Length of it, s.
        #[serde(rename = "for_s", with = "seconds")]
        #[schemars(with = "f64")]
        length: Nanos,
    },
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
        let is_binary = awaited.kind == Some(MessageKind::Binary);
        let written = |bytes: &[u8]| match is_binary {
            false => String::from_utf8_lossy(bytes).into_owned(),
            true => BASE64.encode(bytes),
        };
        let part = |pattern: &Pattern| {
            let (known, at, content) = match pattern {
                Pattern::Equals(whole) => (Known::Whole, None, written(whole)),
                Pattern::Prefix(front) => (Known::Prefix, None, written(front)),
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
                either: awaited.kind.is_none(),
                known,
                at,
                content,
                and: Vec::new(),
            }
        };
        match &awaited.pattern {
            Pattern::All(all) if !all.is_empty() => {
                let mut parts = all.iter().map(part);
                let first = parts.next().unwrap_or_else(|| part(&awaited.pattern));
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
        if self.and.is_empty() {
            let pattern = self.pattern()?;
            return Ok(Awaited::new(kind, pattern));
        }
        let further = self.and.clone();
        let mut all = vec![self.pattern()?];
        for part in further {
            all.push(part.pattern()?);
        }
        let pattern = Pattern::All(all);
        Ok(Awaited::new(kind, pattern))
    }

    fn pattern(self) -> Result<Pattern, String> {
        let (_, content) = match self.known {
            Known::Json | Known::Expression | Known::Bytes | Known::FirstBytes => {
                (MessageKind::Text, self.content.into_bytes())
            }
            _ => message(self.binary, self.content)?,
        };
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Ok(match self.known {
            Known::Whole => Pattern::Equals(content),
            Known::Prefix => Pattern::Prefix(content),
            Known::Part => Pattern::Contains(content),
            Known::Json => Pattern::Json {
                pointer: self.at.unwrap_or_default(),
                value: text(&content),
            },
            Known::Expression => Pattern::Matches(text(&content).parse::<Expression>()?),
            Known::Bytes | Known::FirstBytes => Pattern::Bytes {
                bytes: octets::from_hex(&text(&content)).map_err(|error| error.to_string())?,
                is_whole: self.known == Known::Bytes,
            },
        })
    }
}

impl StoredStep {
    fn of(step: &LoginStep) -> Self {
        match step {
            LoginStep::Send(_) => Self::Send {
                binary: false,
                content: WITHHELD.to_owned(),
            },
            LoginStep::Expect(expected) => Self::Expect {
                message: StoredMessage::of(&expected.awaited),
                take: expected.captures.iter().cloned().collect(),
                within: expected.within,
            },
            LoginStep::Settle(length) => Self::Settle { length: *length },
        }
    }

    fn add_to(self, login: LoginSteps) -> Result<LoginSteps, String> {
        match self {
            Self::Send { content, .. } if content == WITHHELD => Ok(LoginSteps {
                is_withheld: true,
                ..login.send(MessageKind::Text, [])
            }),
            Self::Send { binary, content } => {
                let (kind, content) = message(binary, content)?;
                Ok(login.send(kind, content))
            }
            Self::Expect {
                message,
                take,
                within,
            } => Ok(login.then(LoginStep::Expect(Expected {
                awaited: message.told()?,
                captures: take.into_iter().collect(),
                within,
            }))),
            Self::Settle { length } => Ok(login.then(LoginStep::Settle(length))),
        }
    }
}

/// A message as it is sent, from how it is stored.
fn message(binary: bool, content: String) -> Result<(MessageKind, Vec<u8>), String> {
    if !binary {
        return Ok((MessageKind::Text, content.into_bytes()));
    }
    let bytes = BASE64.decode(content);
    let bytes = bytes.map_err(|_| "a binary message of a login is not in base64".to_owned())?;
    Ok((MessageKind::Binary, bytes))
}
