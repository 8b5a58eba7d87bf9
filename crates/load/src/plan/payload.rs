//! The messages: what they carry, and how closely their answers are compared with them.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::corpus::Corpus;
use crate::secret::{WITHHELD, credentials_in_text, shown_text};
use crate::template::{Template, TemplateError};

/// Bytes of the largest message that is sent.
pub const LARGEST_MESSAGE: u32 = 64 << 20;
/// Messages up to this length are stored with a result; of longer ones only the length is.
const LONGEST_STORED_BYTES: usize = 4096;

/// Text or binary messages (RFC 6455 section 5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8 text.
    Text,
    /// Arbitrary bytes.
    Binary,
}

/// Messages of the server's own at the beginning of a connection, or between its answers, that are taken
/// and are nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Greeting {
    /// So many, whatever they say, before anything is answered.
    Count(u32),
    /// All that hold this text.
    Holding(String),
}

impl Greeting {
    /// True if a message is one, of a connection that has had so many, and of which nothing has been
    /// answered yet where it `is_opening`.
    #[must_use]
    pub fn is(&self, message: &[u8], had: u32, is_opening: bool) -> bool {
        match self {
            Self::Count(count) => is_opening && had < *count,
            Self::Holding(text) => {
                let text = text.as_bytes();
                text.is_empty() || message.windows(text.len()).any(|window| window == text)
            }
        }
    }
}

/// The messages that a population sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A tag that makes the message unique, then filling.
    Generated {
        /// Text or binary.
        encoding: Encoding,
        /// Smallest message, in bytes on the wire.
        min: u32,
        /// Largest message, in bytes on the wire; sizes are drawn evenly from `min..=max`.
        max: u32,
        /// Fill text messages with ASCII alone, so that bytes and characters are the same count
        /// (the older tool's `--s`). Otherwise one letter in seven of the filling is not ASCII.
        ascii: bool,
    },
    /// The user's own bytes, the same in every message. Text is UTF-8.
    Fixed {
        /// Text or binary.
        encoding: Encoding,
        /// The message.
        bytes: Arc<[u8]>,
    },
    /// A tag that makes the message unique, then a line of a text: the lines in their order, from
    /// another one on for each connection.
    Corpus {
        /// Text or binary. For text the lines are UTF-8.
        encoding: Encoding,
        /// The lines.
        corpus: Arc<Corpus>,
    },
    /// A text with places that differ from message to message.
    Template {
        /// Text or binary.
        encoding: Encoding,
        /// The text.
        template: Arc<Template>,
    },
    /// Messages of which a stored plan holds the facts alone. No run is made of them.
    Withheld {
        /// Facts that are known.
        facts: PayloadFacts,
        /// Way in which answers were matched: whether each told whose it was.
        matching: Matching,
    },
}

impl Payload {
    /// Text or binary.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        match self {
            Self::Generated { encoding, .. }
            | Self::Fixed { encoding, .. }
            | Self::Corpus { encoding, .. }
            | Self::Template { encoding, .. } => *encoding,
            Self::Withheld { facts, .. } => facts.encoding(),
        }
    }

    /// The largest message in bytes.
    #[must_use]
    pub fn max_len(&self) -> usize {
        match self {
            Self::Generated { max, .. } => *max as usize,
            Self::Fixed { bytes, .. } => bytes.len(),
            Self::Corpus { encoding, corpus } => Self::tag_len(*encoding) + corpus.longest(),
            Self::Template { template, .. } => template.longest(),
            Self::Withheld { .. } => 0,
        }
    }

    /// Bytes that a tag takes at the front of a message.
    #[must_use]
    pub fn tag_len(encoding: Encoding) -> usize {
        match encoding {
            Encoding::Text => 22,
            Encoding::Binary => 16,
        }
    }

    /// True if every message carries a tag, or tells otherwise whose it is, so that answers are
    /// matched by identity. Otherwise they are matched in order, and the result says so.
    #[must_use]
    pub fn is_tagged(&self) -> bool {
        match self {
            Self::Generated { encoding, min, .. } => *min as usize >= Self::tag_len(*encoding),
            Self::Fixed { .. } => false,
            Self::Corpus { .. } => true,
            Self::Template { template, .. } => template.is_unique(),
            Self::Withheld { matching, .. } => *matching == Matching::Tag,
        }
    }

    /// Way in which answers are matched with what was sent.
    #[must_use]
    pub fn matching(&self) -> Matching {
        if self.is_tagged() {
            Matching::Tag
        } else {
            Matching::Order
        }
    }

    /// Facts that a document tells of the messages, without the messages.
    #[must_use]
    pub fn facts(&self) -> PayloadFacts {
        match self {
            Self::Generated {
                encoding,
                min,
                max,
                ascii,
            } => PayloadFacts::Generated {
                encoding: *encoding,
                min_bytes: *min,
                max_bytes: *max,
                ascii: *ascii,
            },
            Self::Fixed { encoding, bytes } => PayloadFacts::Fixed {
                encoding: *encoding,
                bytes: bytes.len() as u64,
                base64: None,
            },
            Self::Corpus { encoding, corpus } => PayloadFacts::Corpus {
                encoding: *encoding,
                name: corpus.name().to_owned(),
                lines: corpus.len() as u64,
                bytes: corpus.bytes(),
                base64: None,
            },
            Self::Template { encoding, template } => PayloadFacts::Template {
                encoding: *encoding,
                template: beginning(template.text()).to_owned(),
                longest_bytes: template.longest() as u64,
            },
            Self::Withheld { facts, .. } => facts.clone(),
        }
    }

    /// The facts with the messages, from which the payload is made again.
    pub(super) fn written(&self) -> PayloadFacts {
        let mut facts = self.facts();
        match (self, &mut facts) {
            (Self::Fixed { bytes, .. }, PayloadFacts::Fixed { base64, .. }) => {
                *base64 = Some(STANDARD.encode(bytes));
            }
            (Self::Corpus { corpus, .. }, PayloadFacts::Corpus { base64, .. }) => {
                *base64 = Some(STANDARD.encode(corpus.text()));
            }
            (
                Self::Template {
                    template: whole, ..
                },
                PayloadFacts::Template { template, .. },
            ) => {
                whole.text().clone_into(template);
            }
            _ => {}
        }
        facts
    }

    /// The same, with long messages, all texts, and messages with credentials withheld unless those are
    /// to be shown, as results store it.
    pub(super) fn redacted(&self, shows_secrets: bool) -> Self {
        let is_long = match self {
            Self::Generated { .. } | Self::Withheld { .. } => false,
            Self::Fixed { bytes, .. } => bytes.len() > LONGEST_STORED_BYTES,
            Self::Corpus { .. } => true,
            Self::Template { template, .. } => template.text().len() > LONGEST_STORED_BYTES,
        };
        let text = match self {
            Self::Fixed { bytes, .. } => std::str::from_utf8(bytes).unwrap_or_default(),
            Self::Template { template, .. } => template.text(),
            Self::Generated { .. } | Self::Withheld { .. } | Self::Corpus { .. } => "",
        };
        // What is long is withheld in any case.
        let is_secret = || !shows_secrets && !credentials_in_text(text).is_empty();
        if !is_long && !is_secret() {
            return self.clone();
        }
        let mut facts = self.facts();
        if let PayloadFacts::Template { template, .. } = &mut facts
            && !shows_secrets
        {
            *template = shown_text(template).into_owned();
        }
        Self::Withheld {
            facts,
            matching: self.matching(),
        }
    }

    /// The messages that a document tells of, matched as it says where it does not hold them.
    pub(super) fn told(facts: PayloadFacts, matched: Option<Matching>) -> Result<Self, String> {
        let withheld = |facts: PayloadFacts, matching| Self::Withheld {
            matching: matched.unwrap_or(matching),
            facts,
        };
        let bytes = |base64: &str| STANDARD.decode(base64).map_err(|error| error.to_string());
        Ok(match facts {
            PayloadFacts::Generated {
                encoding,
                min_bytes,
                max_bytes,
                ascii,
            } => Self::Generated {
                encoding,
                min: min_bytes,
                max: max_bytes,
                ascii,
            },
            PayloadFacts::Fixed {
                encoding,
                base64: Some(base64),
                ..
            } => Self::Fixed {
                encoding,
                bytes: bytes(&base64)?.into(),
            },
            PayloadFacts::Fixed { .. } => withheld(facts, Matching::Order),
            PayloadFacts::Corpus {
                encoding,
                name,
                base64: Some(base64),
                ..
            } => {
                let corpus = Corpus::new(name, bytes(&base64)?, LARGEST_MESSAGE as usize);
                Self::Corpus {
                    encoding,
                    corpus: Arc::new(corpus.map_err(|error| error.to_string())?),
                }
            }
            PayloadFacts::Corpus { .. } => withheld(facts, Matching::Tag),
            PayloadFacts::Template {
                encoding,
                ref template,
                longest_bytes,
            } => match template_of(template, matched) {
                Ok(template) if template.text().contains(WITHHELD) => {
                    withheld(facts, Matching::Order)
                }
                // One that was cut makes shorter messages, if any.
                Ok(template) if template.longest() as u64 == longest_bytes => Self::Template {
                    encoding,
                    template: Arc::new(template),
                },
                _ => withheld(facts, Matching::Order),
            },
        })
    }
}

/// The messages as documents tell them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schemars(rename = "Payload")]
pub enum PayloadFacts {
    /// Made for each message: different every time.
    Generated {
        /// Text or binary.
        encoding: Encoding,
        /// Smallest message, bytes on the wire.
        min_bytes: u32,
        /// Largest message, bytes on the wire.
        max_bytes: u32,
        /// True where text is filled with ASCII alone.
        ascii: bool,
    },
    /// The same bytes in every message.
    Fixed {
        /// Text or binary.
        encoding: Encoding,
        /// Length, bytes.
        bytes: u64,
        /// The message in base64; absent when longer than 4 KiB.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base64: Option<String>,
    },
    /// A tag, then a line of a text: the lines in order, on each connection from another one on.
    Corpus {
        /// Text or binary.
        encoding: Encoding,
        /// The file as it was given, or `builtin`.
        name: String,
        /// Number of lines.
        lines: u64,
        /// Bytes of all lines.
        bytes: u64,
        /// The text in base64; absent in results.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base64: Option<String>,
    },
    /// A text with places that differ from message to message.
    Template {
        /// Text or binary.
        encoding: Encoding,
        /// The text, its places in braces; cut where longer than 4 KiB.
        template: String,
        /// The longest message that it makes, bytes.
        longest_bytes: u64,
    },
}

impl PayloadFacts {
    /// Text or binary.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        match self {
            Self::Generated { encoding, .. }
            | Self::Fixed { encoding, .. }
            | Self::Corpus { encoding, .. }
            | Self::Template { encoding, .. } => *encoding,
        }
    }
}

/// A template as it was compiled: of requests, where answers are matched by their number or their turn.
fn template_of(text: &str, matched: Option<Matching>) -> Result<Template, TemplateError> {
    match matched {
        Some(Matching::Number | Matching::Turn) => Template::for_requests(text),
        _ => Template::parse(text),
    }
}

/// The beginning of a text, so much of it as is stored.
fn beginning(text: &str) -> &str {
    let mut end = text.len().min(LONGEST_STORED_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Way in which answers are matched with what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Matching {
    /// By the tag that each message carries.
    Tag,
    /// In order, because messages are too short or too fixed for a tag.
    Order,
    /// By the number of the request that each answer carries.
    Number,
    /// By its turn: each answer is for the request that has waited longest.
    Turn,
    /// By the message that acknowledges each.
    Ack,
}

/// Strictness of comparing answers with what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// Every byte and the opcode.
    Full,
    /// That every byte stands whole within the answer, whatever is around it.
    Contains,
    /// The length and the opcode.
    Length,
    /// Nothing: any message counts as the answer.
    None,
}
