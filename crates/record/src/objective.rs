//! What is asked of a server: a percentile of times, or a share of errors, at most.
//!
//! It is read off a record by `judge`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_load::plan::Population;
use wsbench_load::series::Series;

use crate::units::{share, span};

/// One objective.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Objective {
    /// A percentile of the times that the load is about, received − due, or of a named series of
    /// times is at most so long.
    #[serde(rename = "response_time")]
    Time {
        /// The series, by its name; absent of the times that the load is about: response times, or those
        /// of each delivery.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "by_name")]
        #[schemars(with = "Option<String>")]
        series: Option<Series>,
        /// Percentile of the objective: 99.0 for p99. Above 0, below 100.
        percentile: f64,
        /// The limit, ns.
        at_most_ns: u64,
    },
    /// The share of messages without a right answer is at most so large.
    Errors {
        /// The limit, 0.0 to 1.0.
        at_most: f64,
    },
    /// The share of the deliveries expected that are received is at least so large.
    Reach {
        /// The limit, 0.0 to 1.0.
        at_least: f64,
    },
}

impl Objective {
    /// The most that its figure may be, or of the reach the least, in the figure's unit.
    #[must_use]
    pub fn limit(&self) -> f64 {
        match *self {
            Self::Time { at_most_ns, .. } => at_most_ns as f64,
            Self::Errors { at_most } => at_most,
            Self::Reach { at_least } => at_least,
        }
    }

    /// True of a figure within its limit.
    #[must_use]
    pub fn is_met_by(&self, figure: f64) -> bool {
        match *self {
            Self::Time { .. } | Self::Errors { .. } => figure <= self.limit(),
            Self::Reach { at_least } => figure >= at_least,
        }
    }

    /// The series that it is of under a load of `clients`; `None` where it is of no times.
    #[must_use]
    pub fn series(&self, clients: &Population) -> Option<Series> {
        match *self {
            Self::Time { series, .. } => Some(series.unwrap_or(clients.headline_from_due())),
            Self::Errors { .. } | Self::Reach { .. } => None,
        }
    }

    /// True of times that a run has all at once: whether they were in time is known by runs, not by how many
    /// times there are.
    #[must_use]
    pub fn is_of_one_event(&self, clients: &Population) -> bool {
        let series = self.series(clients);
        series.is_some_and(|series| series.info().is_of_one_event)
    }

    /// True of an objective that a load of `clients` has a figure for.
    #[must_use]
    pub fn is_of(&self, clients: &Population) -> bool {
        match *self {
            Self::Time { series, .. } => series.is_none_or(|series| clients.tells_of(series)),
            Self::Errors { .. } => true,
            Self::Reach { .. } => clients.is_fanned_out(),
        }
    }

    /// A figure of it as text.
    #[must_use]
    pub fn shown(&self, figure: f64) -> String {
        match self {
            Self::Time { .. } if figure.is_infinite() => "never".to_owned(),
            Self::Time { .. } => span(figure),
            Self::Errors { .. } => share(figure),
            // A share near the whole is told by its distance from that.
            Self::Reach { .. } => format!("{} %", (figure * 1e8).round() / 1e6),
        }
    }

    /// Figure that it is of: `p99`, `errors`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Time {
                series, percentile, ..
            } => match series {
                Some(series) => format!("{}.p{percentile}", objective_key(*series)),
                None => format!("p{percentile}"),
            },
            Self::Errors { .. } => "errors".to_owned(),
            Self::Reach { .. } => REACH.to_owned(),
        }
    }
}

impl fmt::Display for Objective {
    /// `p99 ≤ 2.00ms`, `errors ≤ 0.01 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relation = match self {
            Self::Reach { .. } => '≥',
            Self::Time { .. } | Self::Errors { .. } => '≤',
        };
        write!(f, "{} {relation} {}", self.name(), self.shown(self.limit()))
    }
}

/// Series by which objectives may be named, and their names in expressions.
pub const OBJECTIVE_SERIES: [(Series, &str); 15] = [
    (Series::Response, "response"),
    (Series::Delivery, "delivery"),
    (Series::DeliveryFirst, "delivery.first"),
    (Series::DeliveryLast, "delivery.last"),
    (Series::Skew, "skew"),
    (Series::Ack, "ack"),
    (Series::ItemFirst, "item.first"),
    (Series::ItemGap, "item.gap"),
    (Series::Opening, "opening"),
    (Series::Login, "login"),
    (Series::Ping, "ping"),
    (Series::PushAge, "push.age"),
    (Series::PushGap, "push.gap"),
    (Series::Storm, "storm"),
    (Series::Back, "back"),
];

/// The name of the share of the deliveries expected that are received.
pub const REACH: &str = "delivery.reach";

fn objective_key(series: Series) -> &'static str {
    let mut all = OBJECTIVE_SERIES.into_iter();
    let found = all.find(|(of, _)| *of == series);
    found.map_or(series.info().name, |(_, key)| key)
}

/// A series by its name in the table.
mod by_name {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use wsbench_load::series::Series;

    #[expect(clippy::ref_option, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(
        series: &Option<Series>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        series.map(|it| it.info().name).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Series>, D::Error> {
        let Some(name) = Option::<String>::deserialize(deserializer)? else {
            return Ok(None);
        };
        let found = Series::ALL.into_iter().find(|it| it.info().name == name);
        let unknown = || serde::de::Error::custom(format!("no series is called '{name}'"));
        found.map(Some).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_told_in_their_unit() {
        let p99 = Objective::Time {
            series: None,
            percentile: 99.9,
            at_most_ns: 2_000_000,
        };
        assert_eq!(p99.to_string(), "p99.9 ≤ 2.00 ms");
        assert_eq!(p99.shown(f64::INFINITY), "never");
        let errors = Objective::Errors { at_most: 0.0001 };
        assert_eq!(errors.to_string(), "errors ≤ 0.01 %");
        assert_eq!(errors.shown(0.05), "5 %");
        let reach = Objective::Reach { at_least: 0.999 };
        assert_eq!(reach.to_string(), "delivery.reach ≥ 99.9 %");
        assert!(reach.is_met_by(1.0) && !reach.is_met_by(0.99));
        assert!(errors.is_met_by(0.0) && !errors.is_met_by(0.01));
    }

    #[test]
    fn a_series_is_stored_by_its_name_and_only_where_it_was_named() {
        let of = |series| Objective::Time {
            series,
            percentile: 99.0,
            at_most_ns: 5,
        };
        let bare = serde_json::to_string(&of(None)).unwrap();
        assert_eq!(
            bare,
            r#"{"of":"response_time","percentile":99.0,"at_most_ns":5}"#
        );
        let last = of(Some(Series::DeliveryLast));
        let text = serde_json::to_string(&last).unwrap();
        assert!(text.contains(r#""series":"delivery_last""#), "{text}");
        assert_eq!(serde_json::from_str::<Objective>(&text).unwrap(), last);
        assert_eq!(last.name(), "delivery.last.p99");
        let unknown = text.replace("delivery_last", "delivery_lost");
        assert!(serde_json::from_str::<Objective>(&unknown).is_err());
    }
}
