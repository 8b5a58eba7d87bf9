//! The measured window in slices, as a document has them: with the histograms of the series that the
//! table has in slices.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::{JsonSchema, Schema};
use serde::de::MapAccess;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;
use wsbench_load::histogram::{Histogram, Sparse};
use wsbench_load::result;
use wsbench_load::series::{InSlices, Series};

use super::members::{self, Among, Takes, Whole, Within};
use super::times;

/// The field that the histograms stand behind.
const BEFORE: &str = "messages";

/// A slice of the measured window, one interval or several on end, with its histograms. Those of
/// all slices add up to the run's; what was answered in the drain is in the last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, remote = "Self")]
#[schemars(rename = "Slice", transform = with_packed)]
pub struct Slice {
    /// Its end, since the opening of the measured window, s.
    pub at_s: f64,
    /// Its length, s.
    pub length_s: f64,
    /// Answers received in it.
    pub messages: u64,
    /// Histograms of the answers received in it, and of what was given up: HdrHistogram V2,
    /// deflated, in base64; `None` without samples.
    #[serde(skip)]
    pub packed: InSlices<Option<String>>,
}

impl Slice {
    /// The histogram of a series as it is stored; `None` without samples.
    #[must_use]
    pub fn packed(&self, series: Series) -> Option<&str> {
        self.packed.get(series)?.as_deref()
    }

    /// The times of a series; `None` without samples or where they cannot be read.
    #[must_use]
    pub fn at(&self, series: Series) -> Option<Histogram> {
        let bytes = STANDARD.decode(self.packed(series)?).ok()?;
        Histogram::from_hdr_v2(&bytes)
    }
}

impl From<&result::WindowSlice> for Slice {
    fn from(slice: &result::WindowSlice) -> Self {
        let times = |series| slice.times.get(series).and_then(encoded);
        Self {
            at_s: slice.at.as_secs_f64(),
            length_s: slice.length.as_secs_f64(),
            messages: slice.received,
            packed: InSlices::from_fn(times),
        }
    }
}

fn encoded(spans: &Sparse) -> Option<String> {
    (spans.count() > 0).then(|| STANDARD.encode(spans.to_histogram().to_hdr_v2()))
}

/// Names the histograms among the members.
fn with_packed(schema: &mut Schema) {
    for series in Series::IN_SLICES {
        let info = series.info();
        let meaning = format!(
            "{}\nOf the answers received in it, and of what was given up: HdrHistogram V2, deflated, in\n\
             base64; absent without samples.",
            info.meaning()
        );
        let member = json!({"type": ["string", "null"], "description": meaning});
        times::add(schema, info.packed_key, member, false);
    }
}

impl Among for &InSlices<Option<String>> {
    fn count(&self) -> usize {
        self.iter().filter(|(_, packed)| packed.is_some()).count()
    }

    fn write_behind<M: SerializeStruct>(
        &self,
        name: &'static str,
        members: &mut M,
    ) -> Result<(), M::Error> {
        for (series, packed) in self.iter().filter(|_| name == BEFORE) {
            if let Some(packed) = packed {
                members.serialize_field(series.info().packed_key, packed)?;
            }
        }
        Ok(())
    }
}

impl Serialize for Slice {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        let among = &self.packed;
        Self::serialize(self, Within { inner, among })
    }
}

impl<'de> Deserialize<'de> for Slice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        members::read(deserializer)
    }
}

impl Whole for Slice {
    type Fields = Self;
    type Found = InSlices<Option<String>>;

    fn nothing_found() -> Self::Found {
        InSlices::default()
    }

    fn read_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }

    fn whole<E: serde::de::Error>(fields: Self, packed: Self::Found) -> Result<Self, E> {
        Ok(Self { packed, ..fields })
    }
}

impl Takes for InSlices<Option<String>> {
    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        members: &mut A,
    ) -> Result<bool, A::Error> {
        let mut all = self.iter_mut();
        let Some((_, packed)) = all.find(|(it, _)| it.info().packed_key == name) else {
            return Ok(false);
        };
        *packed = members.next_value()?;
        Ok(true)
    }
}
