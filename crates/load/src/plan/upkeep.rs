//! What is said on an open connection for as long as it lasts, beside the load: replies to what the
//! server says by itself, and words by the clock, such as heartbeats.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::nanos::Nanos;
use crate::plan::awaited::{Awaited, StoredMessage};
use crate::plan::login::{Spoken, StoredWords};
use crate::seconds;
use crate::template::Template;

/// A message of the server's own, and what is said to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The message. None of the load is held against it.
    pub on: Awaited,
    /// The answer; `None` takes the message and says nothing.
    pub say: Option<Spoken>,
}

/// Words that are said by the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    /// From one to the next. At least a millisecond.
    pub period: Nanos,
    /// Words. `{n}` in it is its number on the connection, from 1.
    pub say: Spoken,
    /// Answer that has to come within the plan's time-out; `None` awaits nothing.
    pub expect: Option<Awaited>,
}

/// Both of them, on every connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Replies. The first that fits is the one.
    pub replies: Vec<Reply>,
    /// Words by the clock.
    pub beats: Vec<Beat>,
}

impl Upkeep {
    /// True where nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.replies.is_empty() && self.beats.is_empty()
    }

    /// Its words.
    pub fn spoken(&self) -> impl Iterator<Item = &Spoken> {
        let replies = self.replies.iter().filter_map(|it| it.say.as_ref());
        replies.chain(self.beats.iter().map(|it| &it.say))
    }

    /// Its words, to be changed.
    pub fn spoken_mut(&mut self) -> impl Iterator<Item = &mut Spoken> {
        let replies = self.replies.iter_mut().filter_map(|it| it.say.as_mut());
        replies.chain(self.beats.iter_mut().map(|it| &mut it.say))
    }

    /// The messages that are awaited.
    pub(super) fn awaited(&self) -> impl Iterator<Item = &Awaited> {
        let awaited = self.replies.iter().map(|it| &it.on);
        awaited.chain(self.beats.iter().filter_map(|it| it.expect.as_ref()))
    }

    /// The texts that are filled in.
    pub(super) fn templates(&self) -> Vec<Template> {
        let awaited = self.awaited().flat_map(Awaited::templates);
        let said = self.spoken().map(|it| &it.words);
        awaited.chain(said).cloned().collect()
    }

    pub(super) fn redacted(&self, shows_secrets: bool) -> Self {
        let mut redacted = self.clone();
        for spoken in redacted.spoken_mut() {
            spoken.words = spoken.words.redacted(shows_secrets);
        }
        for reply in &mut redacted.replies {
            reply.on = reply.on.redacted(shows_secrets);
        }
        for expect in redacted
            .beats
            .iter_mut()
            .filter_map(|it| it.expect.as_mut())
        {
            *expect = expect.redacted(shows_secrets);
        }
        redacted
    }

    pub(super) fn written(&self) -> (Vec<StoredReply>, Vec<StoredBeat>) {
        let replies = self.replies.iter().map(|it| StoredReply {
            on: StoredMessage::of(&it.on),
            say: it.say.as_ref().map(StoredWords::of),
        });
        let beats = self.beats.iter().map(|it| StoredBeat {
            period: it.period,
            say: StoredWords::of(&it.say),
            expect: it.expect.as_ref().map(StoredMessage::of),
        });
        (replies.collect(), beats.collect())
    }

    /// The upkeep that was written so.
    ///
    /// # Errors
    /// Words for what cannot be read.
    pub(super) fn told(replies: Vec<StoredReply>, beats: Vec<StoredBeat>) -> Result<Self, String> {
        let replies = replies.into_iter().map(|it| {
            let say = it.say.map(StoredWords::told).transpose();
            Ok(Reply {
                on: it.on.told()?,
                say: say.map_err(|error| error.to_string())?,
            })
        });
        let beats = beats.into_iter().map(|it| {
            Ok(Beat {
                period: it.period,
                say: it.say.told().map_err(|error| error.to_string())?,
                expect: it.expect.map(StoredMessage::told).transpose()?,
            })
        });
        Ok(Self {
            replies: replies.collect::<Result<_, String>>()?,
            beats: beats.collect::<Result<_, String>>()?,
        })
    }
}

/// A reply, as documents hold it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Reply")]
pub(super) struct StoredReply {
    /// The message of the server's own.
    on: StoredMessage,
    /// The answer to it; absent where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    say: Option<StoredWords>,
}

/// Words by the clock, as documents hold them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Beat")]
pub(super) struct StoredBeat {
    /// From one to the next, s.
    #[serde(rename = "period_s", with = "seconds")]
    #[schemars(with = "f64")]
    period: Nanos,
    /// Words.
    say: StoredWords,
    /// Answer that has to come; absent where nothing has to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expect: Option<StoredMessage>,
}
