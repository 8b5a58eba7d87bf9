//! The time series of a run: an interval after the other, with times of the series that the table
//! has in intervals.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::MapAccess;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;
use wsbench_load::series::{InIntervals, Series};

use super::members::{self, Among, Takes, Whole, Within};
use super::times;

/// The field that the times stand behind.
const BEFORE: &str = "messages";

/// One interval of the time series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(rename = "Interval")]
pub struct Interval {
    /// Its end, since the opening of the measured window, s.
    pub at_s: f64,
    /// Its length, s.
    #[serde(default)]
    pub length_s: f64,
    /// Messages due within it; absent in documents that did not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<u64>,
    /// Messages sent within it; absent in documents that did not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<u64>,
    /// Sent and not answered at its end; absent in documents that did not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u64>,
    /// Due and not sent at its end; absent in documents that did not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<u64>,
    /// Right answers received.
    pub messages: u64,
    /// Failures of any kind.
    #[serde(default)]
    pub errors: u64,
    /// Connections upgraded and open at its end.
    #[serde(default)]
    pub alive: u64,
    /// Times within it.
    #[serde(skip)]
    #[schemars(!skip, flatten, with = "Described")]
    pub times: InIntervals<IntervalSpans>,
}

impl Interval {
    /// The times of a series within it; all absent where there are none.
    #[must_use]
    pub fn at(&self, series: Series) -> IntervalSpans {
        self.times.get(series).copied().unwrap_or_default()
    }

    /// Right answers a second; `None` when the interval has no length.
    #[must_use]
    pub fn messages_per_s(&self) -> Option<f64> {
        (self.length_s > 0.0).then(|| self.messages as f64 / self.length_s)
    }
}

/// Spans of time within one interval, ns; all absent without samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct IntervalSpans {
    /// Median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<u64>,
    /// 99th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<u64>,
    /// Longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// Arithmetic mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
}

/// The schema of the times, as members of an interval.
struct Described;

impl JsonSchema for Described {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "IntervalTimes".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let spans = generator.subschema_for::<IntervalSpans>();
        let mut schema = json_schema!({"type": "object"});
        for series in Series::IN_INTERVALS {
            let info = series.info();
            let meaning = format!("Within it: {}", info.meaning());
            let mut member = if info.shown.is_always() {
                spans.clone()
            } else {
                json_schema!({"anyOf": [spans, {"type": "null"}]})
            };
            member.insert("description".to_owned(), meaning.into());
            if info.shown.is_always() {
                member.insert("default".to_owned(), json!({}));
            }
            times::add(&mut schema, info.key, member.into(), false);
        }
        schema
    }
}

/// The times of an interval while they are written.
struct WrittenTimes<'a>(&'a InIntervals<IntervalSpans>);

impl WrittenTimes<'_> {
    fn members(&self) -> impl Iterator<Item = (&'static str, &IntervalSpans)> {
        let is_written = |(series, spans): &(Series, &IntervalSpans)| {
            series.info().shown.is_always() || **spans != IntervalSpans::default()
        };
        let written = self.0.iter().filter(is_written);
        written.map(|(series, spans)| (series.info().key, spans))
    }
}

impl Among for WrittenTimes<'_> {
    fn count(&self) -> usize {
        self.members().count()
    }

    fn write_behind<M: SerializeStruct>(
        &self,
        name: &'static str,
        members: &mut M,
    ) -> Result<(), M::Error> {
        let mut written = self.members().filter(|_| name == BEFORE);
        written.try_for_each(|(key, spans)| members.serialize_field(key, spans))
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        let among = WrittenTimes(&self.times);
        Self::serialize(self, Within { inner, among })
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        members::read(deserializer)
    }
}

impl Whole for Interval {
    type Fields = Self;
    type Found = InIntervals<IntervalSpans>;

    fn nothing_found() -> Self::Found {
        InIntervals::default()
    }

    fn read_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }

    fn whole<E: serde::de::Error>(fields: Self, times: Self::Found) -> Result<Self, E> {
        Ok(Self { times, ..fields })
    }
}

impl Takes for InIntervals<IntervalSpans> {
    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        members: &mut A,
    ) -> Result<bool, A::Error> {
        let Some((series, spans)) = self.iter_mut().find(|(it, _)| it.info().key == name) else {
            return Ok(false);
        };
        *spans = if series.info().shown.is_always() {
            members.next_value()?
        } else {
            members.next_value::<Option<_>>()?.unwrap_or_default()
        };
        Ok(true)
    }
}
