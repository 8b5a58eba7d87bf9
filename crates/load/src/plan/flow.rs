//! What flows on an open connection where nothing is answered: messages of ours that nobody answers,
//! messages that the server sends by itself, or nothing at all.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::nanos::Nanos;
use crate::plan::locator::{Locator, LocatorError};
use crate::secret::{WITHHELD, credentials_in_text};

/// Traffic on an open connection, by whether anything in it is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Flow {
    /// Messages of ours, each with its answer or its deliveries.
    #[default]
    Answered,
    /// Messages of ours that nobody answers.
    Oneway,
    /// Messages that the server sends by itself.
    Push(Pushes),
    /// No message either way.
    Idle,
    /// Nothing but the opening of connections: all at once, or at the rate of opening whatever comes of
    /// them.
    Storm,
}

/// Messages that the server sends by itself, and what is read off each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pushes {
    /// The instant that stands in each message, by the server's wall clock; absent where none is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub stamp: Option<Stamp>,
    /// The number that stands in each message and grows by one from message to message of a
    /// connection; absent where none is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub sequence: Option<Locator>,
    /// Requests by which the server's clock is known; absent where it is taken to be ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockProbe>,
}

/// A request that the server answers by its time: how far its clock is from ours follows from when the
/// answer came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClockProbe {
    /// Text of the request.
    pub ask: String,
    /// The instant that stands in the answer, by the server's wall clock.
    #[schemars(with = "String")]
    pub stamp: Stamp,
}

impl Flow {
    /// True of messages that are answered or delivered.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        *self == Self::Answered
    }

    /// The same as results store it: without a request that a credential stands in, unless it `shows`
    /// such.
    #[must_use]
    pub fn redacted(&self, shows: bool) -> Self {
        let mut flow = self.clone();
        if let Self::Push(Pushes {
            clock: Some(clock), ..
        }) = &mut flow
            && !shows
            && !credentials_in_text(&clock.ask).is_empty()
        {
            WITHHELD.clone_into(&mut clock.ask);
        }
        flow
    }

    /// The pushes, where it is those.
    #[must_use]
    pub fn pushes(&self) -> Option<&Pushes> {
        match self {
            Self::Push(pushes) => Some(pushes),
            Self::Answered | Self::Oneway | Self::Idle | Self::Storm => None,
        }
    }
}

/// The place of an instant in a message, and its unit, as users write it: `json:/E:ms`.
///
/// ```
/// use wsbench_load::plan::Stamp;
/// let at: Stamp = "json:/E:ms".parse().unwrap();
/// assert_eq!(at.unix_ns(br#"{"E":1700000000123}"#), Some(1_700_000_000_123_000_000));
/// assert_eq!(at.unix_ns(br#"{"F":1}"#), None);
/// assert_eq!(at.to_string(), "json:/E:ms");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    at: Locator,
    unit: StampUnit,
}

/// The unit of an instant since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StampUnit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

/// Units as they are written.
const UNITS: [(&str, StampUnit); 4] = [
    ("s", StampUnit::Seconds),
    ("ms", StampUnit::Millis),
    ("us", StampUnit::Micros),
    ("ns", StampUnit::Nanos),
];

/// Why a text is no place of an instant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StampError {
    /// It does not end in a unit.
    #[error("'{0}' does not end in its unit (s, ms, us or ns); write it like json:/E:ms")]
    NoUnit(String),
    /// What is before the unit is no place.
    #[error(transparent)]
    Place(#[from] LocatorError),
}

impl StampUnit {
    fn ns(self) -> u64 {
        match self {
            Self::Seconds => Nanos::from_secs(1).0,
            Self::Millis => Nanos::from_millis(1).0,
            Self::Micros => Nanos::from_micros(1).0,
            Self::Nanos => 1,
        }
    }
}

impl Stamp {
    /// The instant in a message, ns since the Unix epoch; `None` where there is none, or one beyond the
    /// year 2554.
    #[must_use]
    pub fn unix_ns(&self, message: &[u8]) -> Option<u64> {
        self.at.number(message)?.checked_mul(self.unit.ns())
    }

    /// Its unit, ns: the instant is any within one that follows the number.
    #[must_use]
    pub fn unit_ns(&self) -> u64 {
        self.unit.ns()
    }
}

impl FromStr for Stamp {
    type Err = StampError;

    fn from_str(text: &str) -> Result<Self, StampError> {
        let no_unit = || StampError::NoUnit(text.to_owned());
        let (place, name) = text.rsplit_once(':').ok_or_else(no_unit)?;
        let unit = UNITS.into_iter().find(|(it, _)| *it == name);
        let (_, unit) = unit.ok_or_else(no_unit)?;
        let at = place.parse()?;
        Ok(Self { at, unit })
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = UNITS.into_iter().find(|(_, unit)| *unit == self.unit);
        write!(f, "{}:{}", self.at, name.map_or("", |(name, _)| name))
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_instants_are_read_with_their_unit() {
        for (text, message, ns) in [
            ("json:/E:s", &br#"{"E":3}"#[..], Some(3_000_000_000)),
            ("json:/a/0:us", br#"{"a":["12"]}"#, Some(12_000)),
            ("regex:t=([0-9]+):ns", b"x t=77;", Some(77)),
            ("prefix:at :ms", b"at 5", Some(5_000_000)),
            ("json:/E:s", br#"{"E":18446744074}"#, None),
            ("json:/E:ms", br#"{"E":1.5}"#, None),
        ] {
            let stamp: Stamp = text.parse().unwrap();
            assert_eq!(stamp.unix_ns(message), ns, "{text}");
            assert_eq!(stamp.to_string(), text);
        }
    }

    #[test]
    fn a_place_without_a_unit_is_refused() {
        for text in ["json:/E", "json:/E:min", "E", ""] {
            let refused = text.parse::<Stamp>().unwrap_err();
            assert!(matches!(refused, StampError::NoUnit(_)), "{text}");
        }
        let refused = "jsn:/E:ms".parse::<Stamp>().unwrap_err();
        assert!(matches!(refused, StampError::Place(_)));
    }
}
