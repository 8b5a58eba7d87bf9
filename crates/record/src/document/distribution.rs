//! One distribution of time spans as the document stores it: exact extremes and mean, the
//! standard percentiles, and the whole histogram for whoever wants another.
//!
//! It is not a judgement, but what is written says no more than is known: a percentile that a text would
//! withhold is not in the document either ([`Distribution::known`]). Whoever reads one has it again from
//! the histogram.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_stats::batches::WIDE;

use super::confidence::{Confidence, Confidences};
use super::percentile::{Percentile, Support};

/// A distribution of time spans, all in nanoseconds. Without samples `count` is 0 and every other
/// field is absent: no samples is never 0 ns. A percentile that is not known is absent as well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Distribution {
    /// Samples.
    pub count: u64,
    /// Shortest span, ns, exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u64>,
    /// Arithmetic mean, ns, exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Standard deviation, ns, to 0.1 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdev: Option<f64>,
    /// Median, ns, to 0.1 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50: Option<u64>,
    /// 75th percentile, ns, to 0.1 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p75: Option<u64>,
    /// 90th percentile, ns, to 0.1 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90: Option<u64>,
    /// 95th percentile, ns, to 0.1 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95: Option<u64>,
    /// 99th percentile, ns, to 0.1 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<u64>,
    /// 99.9th percentile, ns, to 0.1 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_9: Option<u64>,
    /// 99.99th percentile, ns, to 0.1 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_99: Option<u64>,
    /// Longest span, ns, exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// Samples that are known only to be longer than counted here: messages never answered.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub censored: u64,
    /// The shortest of those, ns: a percentile at or above it is a lower bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub censored_from: Option<u64>,
    /// Percentiles that are known only to be this or more, ns, by their names: no upper end of theirs is
    /// known. They stand here and not above, and in documents alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<BTreeMap<String, u64>>,
    /// Confidence of the run in its percentiles; absent where its intervals are too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidences>,
    /// The whole histogram: HdrHistogram V2, deflated, in base64, of nanoseconds with three
    /// significant digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hdr_v2_base64: Option<String>,
}

impl Distribution {
    /// No samples.
    pub const EMPTY: Self = Self {
        count: 0,
        min: None,
        mean: None,
        stdev: None,
        p50: None,
        p75: None,
        p90: None,
        p95: None,
        p99: None,
        p99_9: None,
        p99_99: None,
        max: None,
        censored: 0,
        censored_from: None,
        at_least: None,
        confidence: None,
        hdr_v2_base64: None,
    };

    /// The distribution of a histogram's spans, the histogram with it.
    #[must_use]
    pub fn of(spans: &Histogram) -> Self {
        let encoded = || STANDARD.encode(spans.to_hdr_v2());
        Self {
            hdr_v2_base64: (!spans.is_empty()).then(encoded),
            ..Self::figures_of(spans)
        }
    }

    /// The same distribution, of which the spans in `censored` are known only to be longer.
    #[must_use]
    pub fn with_censored(self, censored: &Histogram) -> Self {
        Self {
            censored: censored.count(),
            censored_from: censored.min().map(|span| span.0),
            ..self
        }
    }

    /// The same distribution with what is known of how sure it is.
    #[must_use]
    pub fn with_confidence(self, confidence: Option<Confidences>) -> Self {
        Self { confidence, ..self }
    }

    /// Confidence of the run in a percentile; `None` where that is not known.
    #[must_use]
    pub fn confidence(&self, percentile: Percentile) -> Option<Confidence> {
        self.confidence.as_ref()?.at(percentile)
    }

    /// How well a percentile is supported: by the width of its interval of confidence, in its own
    /// unit, where the run knows it; else by the number of samples, as if they were independent.
    #[must_use]
    pub fn support(&self, percentile: Percentile) -> Support {
        let Some(known) = self.confidence(percentile) else {
            return percentile.support(self.count);
        };
        match known.low.zip(known.high) {
            Some((low, high)) if high as f64 <= low as f64 * WIDE => Support::Known,
            Some(_) => Support::Low,
            None => Support::Unknown,
        }
    }

    /// True if a value read from here is a lower bound, because a censored span may belong above.
    #[must_use]
    pub fn is_lower_bound(&self, value: u64) -> bool {
        self.censored_from.is_some_and(|from| value >= from)
    }

    /// The distribution of a histogram's spans without the histogram: for a live view, which is
    /// made while the run goes on and must not cost it a compression.
    #[must_use]
    pub fn figures_of(spans: &Histogram) -> Self {
        if spans.is_empty() {
            return Self::default();
        }
        let at = |percentile: Percentile| spans.quantile(percentile.share()).map(|span| span.0);
        Self {
            count: spans.count(),
            min: spans.min().map(|span| span.0),
            mean: spans.mean_ns(),
            stdev: spans.stdev_ns(),
            p50: at(Percentile::P50),
            p75: at(Percentile::P75),
            p90: at(Percentile::P90),
            p95: at(Percentile::P95),
            p99: at(Percentile::P99),
            p99_9: at(Percentile::P99_9),
            p99_99: at(Percentile::P99_99),
            max: spans.max().map(|span| span.0),
            hdr_v2_base64: None,
            ..Self::default()
        }
    }

    /// True if nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// A standard percentile as stored, ns; `None` without samples.
    #[must_use]
    pub fn at(&self, percentile: Percentile) -> Option<u64> {
        match percentile {
            Percentile::P50 => self.p50,
            Percentile::P75 => self.p75,
            Percentile::P90 => self.p90,
            Percentile::P95 => self.p95,
            Percentile::P99 => self.p99,
            Percentile::P99_9 => self.p99_9,
            Percentile::P99_99 => self.p99_99,
        }
    }

    /// The place of a standard percentile.
    pub(super) fn at_mut(&mut self, percentile: Percentile) -> &mut Option<u64> {
        match percentile {
            Percentile::P50 => &mut self.p50,
            Percentile::P75 => &mut self.p75,
            Percentile::P90 => &mut self.p90,
            Percentile::P95 => &mut self.p95,
            Percentile::P99 => &mut self.p99,
            Percentile::P99_9 => &mut self.p99_9,
            Percentile::P99_99 => &mut self.p99_99,
        }
    }

    /// The distribution that was written so: percentiles that are not in the document are the histogram's.
    pub(super) fn restored(mut self) -> Self {
        self.at_least = None;
        let lacking = Percentile::ALL.into_iter();
        let lacking: Vec<Percentile> = lacking.filter(|it| self.at(*it).is_none()).collect();
        let histogram = match lacking.is_empty() {
            true => None,
            false => self.histogram(),
        };
        let (Some(histogram), Some(min), Some(max)) = (histogram, self.min, self.max) else {
            return self;
        };
        for percentile in lacking {
            let span = histogram.quantile(percentile.share());
            *self.at_mut(percentile) = span.map(|span| span.0.max(min).min(max));
        }
        self
    }

    /// The sum of all spans, ns; `None` without samples.
    #[must_use]
    pub fn sum_ns(&self) -> Option<f64> {
        self.mean.map(|mean| mean * self.count as f64)
    }

    /// The whole histogram; `None` when the document carries none, one that cannot be read, or one
    /// of another number of samples than `count`.
    ///
    /// Its extremes and mean are to the precision of a bin: take those from the fields.
    #[must_use]
    pub fn histogram(&self) -> Option<Histogram> {
        unpacked(self.hdr_v2_base64.as_deref()?).filter(|spans| spans.count() == self.count)
    }

    /// Any quantile, `0.0..=1.0`, from the whole histogram, within the exact extremes; `None`
    /// without samples or without a histogram.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Nanos> {
        let span = self.histogram()?.quantile(share)?.0;
        Some(Nanos(span.max(self.min?).min(self.max?)))
    }
}

/// The histogram of a stored text, as [`Distribution::hdr_v2_base64`] has it; `None` where it cannot be read.
#[must_use]
pub fn unpacked(text: &str) -> Option<Histogram> {
    Histogram::from_hdr_v2(&STANDARD.decode(text).ok()?)
}

/// True if a count is left out of the document.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(spans: &Distribution) -> serde_json::Value {
        serde_json::to_value(spans.told()).unwrap_or_default()
    }

    #[test]
    fn what_is_not_known_is_not_written_and_is_there_again_when_it_is_read() {
        let mut histogram = Histogram::new();
        (1..=265).for_each(|us| histogram.record(Nanos::from_micros(us)));
        let spans = Distribution::of(&histogram);
        assert!(spans.p99.is_some());
        let document = written(&spans);
        assert!(document["p90"].is_u64());
        for withheld in ["p99", "p99_9", "p99_99"] {
            assert!(document[withheld].is_null(), "{withheld}");
            // Of 265 samples the greatest may lie below it, and some are above its lower end.
            let bound = document["at_least"][withheld].as_u64().unwrap();
            assert!((258_000..=266_000).contains(&bound), "{withheld}: {bound}");
        }
        let read: Distribution = serde_json::from_value(document).unwrap();
        assert_eq!(read.restored(), spans);
    }

    #[test]
    fn what_is_known_to_be_more_is_written_as_that() {
        let (mut histogram, mut never) = (Histogram::new(), Histogram::new());
        (1..=1_000).for_each(|ms| histogram.record(Nanos::from_millis(ms)));
        (800..=1_000).for_each(|ms| never.record(Nanos::from_millis(ms)));
        let spans = Distribution::of(&histogram).with_censored(&never);
        let document = written(&spans);
        assert!(document["p75"].is_u64() && document["p90"].is_null());
        assert_eq!(document["at_least"]["p90"].as_u64(), spans.p90);
        let read: Distribution = serde_json::from_value(document).unwrap();
        assert_eq!(read.restored(), spans);
    }
}
