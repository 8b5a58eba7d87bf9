//! Why a spec is no plan: which setting, and what is wrong with it.

use thiserror::Error;
use wsbench_setting::{Field, Text, Told, text};

/// A setting that cannot be as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{}", self.text())]
pub struct PlanError {
    /// The setting.
    pub field: Field,
    /// Reason why it is wrong.
    pub why: Why,
}

impl Told for PlanError {
    fn text(&self) -> Text {
        text![self.field, ": "].then(self.why.text())
    }
}

/// A reason why a setting cannot be as it is. Limits are in the setting's unit: a count, bytes, or
/// nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Why {
    /// It is zero and has to be more.
    #[error("is 0; it has to be more")]
    Zero,
    /// It has nothing in it.
    #[error("is empty")]
    Empty,
    /// It is greater than it may be.
    #[error("is above {most}, the most that it may be")]
    Above {
        /// The most.
        most: u64,
    },
    /// It is for an instant at which the run is over.
    #[error("is for when the run is over already; give an earlier instant, or a longer run")]
    AfterTheEnd,
    /// It is smaller than it may be.
    #[error("is below {least}, the least that it may be")]
    Below {
        /// The least.
        least: u64,
    },
    /// It excludes another setting.
    #[error("{}", not_with(*.0))]
    NotWith(Field),
    /// It goes with another setting alone.
    #[error("{}", needs(*.0))]
    Needs(Field),
    /// It is a request, or a message that is known by its number, and does not have that in it.
    #[error("has no {{id}} in it, by which the answer to it, or each copy of it, is known")]
    NoNumber,
    /// It is for one receiver and does not say for which.
    #[error("has no {{room}} in it, by which the server knows whom a message is for")]
    NoRoom,
    /// It has the number of a message for many in it where none is known by that.
    #[error(
        "has an {{id}} in it, which only messages for many have whose number the server sends on; {{n}} is the number \
         of what is said"
    )]
    NumberAlone,
    /// It stands around messages and has not one tag, with filling right behind it or nowhere.
    #[error(
        "has to have one {{tag}} in it, by which a message is known, and {{fill}} right behind that or \
         nowhere"
    )]
    NoTag,
    /// It asks for packets, and messages are none.
    #[error(
        "is mqtt, and messages are no packets; a scenario's message_binary writes them byte by byte"
    )]
    NoPackets,
    /// It has a tag in it, and is no message of the load.
    #[error("has {{tag}} or {{fill}} in it, which messages of the load alone have")]
    TagAlone,
    /// It has something in it that cannot be read off a message that comes.
    #[error(
        "has a time, {{rand:…}} or {{fill}} in it, which cannot be read off a message that comes; what \
         names a message is {{seq}}, {{n}} or {{tag}}"
    )]
    Unreadable,
    /// Where a number in it ends cannot be read off a message that comes.
    #[error(
        "has a digit or a number right behind {{seq}} or {{n}}, so that nobody can tell where the one ends; \
         put something else in between"
    )]
    NumbersInARow,
    /// It puts in what no step of the login before has taken.
    #[error("has a {{cap.…}} in it that no step of the login before it has taken")]
    NoCapture,
    /// It is a share of a whole that cannot be.
    #[error("must be more than 0 % and {} 100 %", if *.may_be_all { "at most" } else { "less than" })]
    NoShare {
        /// True where the whole is a share as well.
        may_be_all: bool,
    },
    /// It is not in the form that the protocol asks for.
    #[error("is malformed")]
    Malformed,
    /// The handshake sets it by itself.
    #[error("is set by the handshake itself")]
    Reserved,
    /// It is there twice, and may be once.
    #[error("is given twice")]
    Twice,
    /// It is to be sent as text and is not UTF-8 (RFC 6455 section 8.1).
    #[error("is no text: byte {at} is not UTF-8")]
    NotText {
        /// The first byte that is not, from 0.
        at: u64,
    },
    /// It was left out when the plan was stored.
    #[error("was withheld when the plan was stored; give it anew")]
    Withheld,
    /// It is what an earlier run has found.
    #[error("was found by an earlier run; leave it out")]
    Found,
}

impl Told for Why {
    fn text(&self) -> Text {
        match self {
            Self::NotWith(other) => not_with(*other),
            Self::Needs(other) => needs(*other),
            other => other.to_string().into(),
        }
    }
}

fn not_with(other: Field) -> Text {
    text!["does not go with ", other]
}

fn needs(other: Field) -> Text {
    text!["needs ", other, "; give that as well"]
}
