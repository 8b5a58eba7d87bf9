//! Requests and their answers: where in an answer the number of its request stands, and which answers
//! say that a request has failed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::plan::awaited::{Awaited, StoredMessage};
use crate::plan::locator::{Locator, LocatorError};

/// Way in which answers are known, where they are not what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Request")]
pub struct ByNumber {
    /// What says which request an answer is for.
    #[serde(rename = "match")]
    #[schemars(with = "String")]
    pub at: Correlation,
    /// What an answer has that says that its request has failed; absent where all are right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub failed: Option<Locator>,
    /// The last answer to a request, where there are several: those before it are items. `None` where
    /// each request has one.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "stored_end")]
    #[schemars(with = "Option<StoredMessage>")]
    pub end: Option<Arc<Awaited>>,
}

/// What says which request an answer is for, as users write it: `order`, or a [`Locator`].
///
/// ```
/// use wsbench_load::plan::Correlation;
/// assert_eq!("order".parse(), Ok(Correlation::Order));
/// let by_number: Correlation = "json:/id".parse().unwrap();
/// assert_eq!(by_number, Correlation::usual());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Correlation {
    /// Its turn: it is for the request that has waited longest on its connection.
    Order,
    /// The number of the request, which stands there.
    Number(Locator),
}

impl Correlation {
    /// The way of most protocols ([`Locator::usual`]).
    #[must_use]
    pub fn usual() -> Self {
        Self::Number(Locator::usual())
    }
}

impl FromStr for Correlation {
    type Err = LocatorError;

    fn from_str(text: &str) -> Result<Self, LocatorError> {
        match text {
            "order" => Ok(Self::Order),
            place => place.parse().map(Self::Number),
        }
    }
}

impl fmt::Display for Correlation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order => f.write_str("order"),
            Self::Number(at) => at.fmt(f),
        }
    }
}

impl Serialize for Correlation {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Correlation {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The last answer to a request, as documents hold it.
mod stored_end {
    use super::*;

    pub(super) fn serialize<S: Serializer>(
        end: &Option<Arc<Awaited>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        end.as_deref().map(StoredMessage::of).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Arc<Awaited>>, D::Error> {
        let stored = Option::<StoredMessage>::deserialize(from)?;
        let told = stored.map(StoredMessage::told).transpose();
        told.map(|end| end.map(Arc::new))
            .map_err(serde::de::Error::custom)
    }
}
