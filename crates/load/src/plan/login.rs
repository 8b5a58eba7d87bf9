//! What is said and awaited on each connection before its load: the steps of a login.

mod handed;

use std::collections::BTreeMap;
use std::fmt;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_dialogue::Pattern;
use wsbench_wire::connection::MessageKind;

use crate::nanos::Nanos;
use crate::plan::awaited::{Awaited, StoredMessage, message};
use crate::plan::locator::Locator;
use crate::seconds;
use crate::secret::WITHHELD;
use crate::template::{Captured, Template, TemplateError};

pub use handed::{HandedLogin, NotHanded};

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

/// A text that stands around the tag and the filling of each message.
pub type Envelope = Arc<Spoken>;

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

    /// True where the name of a room stands in it.
    pub(super) fn has_room(&self) -> bool {
        match self {
            Self::Send(spoken) => spoken.words.has_room(),
            Self::Expect(expected) => expected.awaited.templates().any(Template::has_room),
            Self::Settle(_) => false,
        }
    }

    /// The texts that are filled in.
    pub(super) fn templates(&self) -> Vec<Template> {
        match self {
            Self::Send(spoken) => vec![spoken.words.clone()],
            Self::Expect(expected) => expected.awaited.templates().cloned().collect(),
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

/// A message that is said, as documents hold it: with its places, and without what was put there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SpokenMessage")]
pub(super) struct StoredWords {
    /// True of a binary message.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    binary: bool,
    /// True where the content is written as bytes: hexadecimal digits, texts in quotation marks, and
    /// what stands behind its length in braces.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    bytes: bool,
    /// The message, its places in braces.
    content: String,
}

impl StoredWords {
    pub(super) fn of(spoken: &Spoken) -> Self {
        Self {
            binary: spoken.kind == MessageKind::Binary,
            bytes: spoken.words.is_of_bytes(),
            content: spoken.words.text().to_owned(),
        }
    }

    pub(super) fn told(self) -> Result<Spoken, TemplateError> {
        Ok(Spoken {
            kind: match self.binary {
                true => MessageKind::Binary,
                false => MessageKind::Text,
            },
            words: match self.bytes {
                true => Template::for_bytes(&self.content)?,
                false => Template::for_words(&self.content)?,
            },
        })
    }
}

/// A step as documents hold it. Content of binary messages is in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
