//! What is said and awaited on each connection before its load: the steps of a login.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_dialogue::{Expect, Pattern, Sent, Step};
use wsbench_wire::connection::MessageKind;

use crate::secret::WITHHELD;

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
    /// Of all that there are, those of messages alone.
    steps: Vec<Step>,
    is_withheld: bool,
}

impl LoginSteps {
    /// The same, and then this message is sent.
    #[must_use]
    pub fn send(mut self, kind: MessageKind, message: impl Into<Vec<u8>>) -> Self {
        self.steps
            .push(Step::Send(Sent::Message(kind, message.into())));
        self
    }

    /// The same, and then a message of this kind has to come that fits, within the plan's time-out
    /// from what was sent before it, or from the upgrade.
    #[must_use]
    pub fn expect(mut self, kind: MessageKind, pattern: Pattern) -> Self {
        self.steps
            .push(Step::Expect(Expect::Message(kind, pattern)));
        self
    }

    /// The steps.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// True where there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// True of one of whose messages nothing is left but that they were there.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        self.is_withheld
    }

    /// The same without the messages that are sent, of which even the kind is withheld.
    pub(super) fn redacted(&self) -> Self {
        let redacted = |step: &Step| match step {
            Step::Send(_) => Step::Send(Sent::Message(MessageKind::Text, Vec::new())),
            other => other.clone(),
        };
        Self {
            steps: self.steps.iter().map(redacted).collect(),
            is_withheld: self.is_withheld || self.steps.iter().any(is_sent),
        }
    }

    pub(super) fn written(&self) -> Vec<StoredStep> {
        self.steps.iter().filter_map(StoredStep::of).collect()
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

fn is_sent(step: &Step) -> bool {
    matches!(step, Step::Send(_))
}

impl fmt::Debug for LoginSteps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.written()).finish()
    }
}

/// A step as documents hold it. Content of binary messages is in base64.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
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
        /// True of a binary message.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        binary: bool,
        /// The part of it that is known.
        #[serde(default, skip_serializing_if = "Known::is_whole")]
        known: Known,
        /// That part.
        content: String,
    },
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

impl StoredStep {
    fn of(step: &Step) -> Option<Self> {
        match step {
            Step::Send(_) => Some(Self::Send {
                binary: false,
                content: WITHHELD.to_owned(),
            }),
            Step::Expect(Expect::Message(kind, pattern)) => {
                let (known, content) = match pattern {
                    Pattern::Equals(whole) => (Known::Whole, whole),
                    Pattern::Prefix(front) => (Known::Prefix, front),
                    Pattern::Contains(part) => (Known::Part, part),
                };
                let content = match kind {
                    MessageKind::Text => String::from_utf8_lossy(content).into_owned(),
                    MessageKind::Binary => BASE64.encode(content),
                };
                Some(Self::Expect {
                    binary: *kind == MessageKind::Binary,
                    known,
                    content,
                })
            }
            // No login has any: see `LoginSteps`.
            _ => None,
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
                binary,
                known,
                content,
            } => {
                let (kind, content) = message(binary, content)?;
                let pattern = match known {
                    Known::Whole => Pattern::Equals(content),
                    Known::Prefix => Pattern::Prefix(content),
                    Known::Part => Pattern::Contains(content),
                };
                Ok(login.expect(kind, pattern))
            }
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
