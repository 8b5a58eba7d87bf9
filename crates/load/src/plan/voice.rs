//! Voices: what the connections of a role send, where those of several roles do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::login::{Envelope, Spoken, StoredWords};
use crate::plan::payload::{Payload, PayloadFacts};

/// Voices of a plan, at most: each message on the board has four bits for its own.
pub const VOICES_AT_MOST: usize = 16;

/// The part of all messages that the connections of a role send, beside those of other roles.
#[derive(Clone, Debug, PartialEq)]
pub struct Voice {
    /// Share of the rate. Above 0; those of all roles that publish add up to 1.
    pub share: f64,
    /// Messages of their own; `None` where they send what the workload says.
    pub own: Option<OwnMessages>,
}

/// Messages that only the connections of one role send.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnMessages {
    /// Text around the tag and the filling of each; `None` where there is none.
    pub envelope: Option<Envelope>,
    /// Payload of each.
    pub payload: Payload,
}

impl OwnMessages {
    /// Bytes of the longest of them, with the text around it.
    #[must_use]
    pub fn longest(&self) -> usize {
        let around = self.envelope.as_ref().map_or(0, |it| it.words.longest());
        self.payload.max_len() + around
    }

    /// The same as results store it: without credentials, unless it `shows` such.
    pub(super) fn redacted(&self, shows: bool) -> Self {
        let envelope = self.envelope.as_deref().map(|it| {
            let words = it.words.redacted(shows);
            Envelope::new(Spoken {
                words,
                ..it.clone()
            })
        });
        Self {
            envelope,
            payload: self.payload.redacted(shows),
        }
    }
}

/// A voice as documents hold it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Voice")]
pub(super) struct StoredVoice {
    /// Share of the rate, 0.0 to 1.0.
    share: f64,
    /// Payload of their messages; absent where they send those of the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<PayloadFacts>,
    /// Text around each of these; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    envelope: Option<StoredWords>,
}

impl StoredVoice {
    pub(super) fn of(voice: &Voice) -> Self {
        let own = voice.own.as_ref();
        let envelope = own.and_then(|own| own.envelope.as_deref());
        Self {
            share: voice.share,
            payload: own.map(|own| own.payload.written()),
            envelope: envelope.map(StoredWords::of),
        }
    }

    pub(super) fn told(self) -> Result<Voice, String> {
        let envelope = self.envelope.map(StoredWords::told).transpose();
        let envelope = envelope.map_err(|error| error.to_string())?;
        let payload = self.payload.map(|facts| Payload::told(facts, None));
        let own = payload.transpose()?.map(|payload| OwnMessages {
            envelope: envelope.map(Envelope::new),
            payload,
        });
        Ok(Voice {
            share: self.share,
            own,
        })
    }
}
