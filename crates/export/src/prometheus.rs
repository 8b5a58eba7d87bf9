//! The text exposition format of Prometheus, version 0.0.4
//! (prometheus.io/docs/instrumenting/exposition_formats).

use std::fmt::{self, Write as _};

use crate::metric::{Metric, MetricKind};
use crate::snapshot::{BOUNDS_NS, Labels, MetricValue, Snapshot, Spans};

/// The media type of the format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A sample of a metric, as Prometheus has them: a histogram is a sample for each bound, one for the
/// sum and one for the count.
pub(crate) struct Sample {
    /// The metric's name with what tells its samples apart: `wsbench_service_seconds_bucket`.
    pub(crate) name: String,
    /// Labels, the bound of a bucket (`le`) last.
    pub(crate) labels: Labels,
    /// Value.
    pub(crate) value: SampleValue,
}

/// The value of a sample.
#[derive(Clone, Copy)]
pub(crate) enum SampleValue {
    /// A whole number.
    Whole(u64),
    /// Any number.
    Number(f64),
}

impl SampleValue {
    /// The value as the only type that Prometheus stores.
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Number(number) => number,
        }
    }
}

impl fmt::Display for SampleValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(number) => number.fmt(f),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// All samples of a snapshot.
pub(crate) fn samples(table: &[Metric], snapshot: &Snapshot) -> impl Iterator<Item = Sample> {
    table.iter().flat_map(|metric| of_metric(metric, snapshot))
}

/// The samples of a metric; none where it has no value.
fn of_metric(metric: &Metric, snapshot: &Snapshot) -> Vec<Sample> {
    let common = snapshot.labels();
    let name = metric.prometheus_name();
    let mut samples = Vec::new();
    for (labels, value) in snapshot.read(metric) {
        let labels: Labels = common.iter().cloned().chain(labels).collect();
        let sample = |value| Sample {
            name: name.clone(),
            labels: labels.clone(),
            value,
        };
        match value {
            MetricValue::Whole(number) => samples.push(sample(SampleValue::Whole(number))),
            MetricValue::Number(number) => samples.push(sample(SampleValue::Number(number))),
            MetricValue::Spans(spans) => samples.extend(of_spans(&name, &labels, spans)),
        }
    }
    samples
}

fn of_spans(name: &str, labels: &Labels, spans: &Spans) -> Vec<Sample> {
    let sample = |suffix: &str, bound: Option<String>, value| Sample {
        name: format!("{name}_{suffix}"),
        labels: labels
            .iter()
            .cloned()
            .chain(bound.map(|bound| ("le", bound)))
            .collect(),
        value,
    };
    let bounds = BOUNDS_NS
        .iter()
        .map(|bound| (*bound as f64 / 1e9).to_string());
    let counts = spans.at_or_below.into_iter().chain([spans.count]);
    let mut samples: Vec<Sample> = bounds
        .chain(["+Inf".to_owned()])
        .zip(counts)
        .map(|(bound, count)| sample("bucket", Some(bound), SampleValue::Whole(count)))
        .collect();
    samples.push(sample("sum", None, SampleValue::Number(spans.sum_s)));
    samples.push(sample("count", None, SampleValue::Whole(spans.count)));
    samples
}

/// A snapshot in the format.
#[must_use]
pub fn text(table: &[Metric], snapshot: &Snapshot) -> String {
    let mut text = String::new();
    for metric in table {
        let samples = of_metric(metric, snapshot);
        if samples.is_empty() {
            continue;
        }
        let name = metric.prometheus_name();
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        let help = metric.help.replace('\\', "\\\\");
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for Sample {
            name,
            labels,
            value,
        } in samples
        {
            let _ = writeln!(text, "{name}{} {value}", braced(&labels));
        }
    }
    text
}

/// The labels in braces.
fn braced(labels: &Labels) -> String {
    let all = labels.iter();
    let all = all.map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
    let all: Vec<String> = all.collect();
    if all.is_empty() {
        return String::new();
    }
    format!("{{{}}}", all.join(","))
}

fn escaped(value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    value.replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_labels_stay_within_their_quotes() {
        let labels = vec![("a", "x\"y\\z\nw".to_owned())];
        assert_eq!(braced(&labels), r#"{a="x\"y\\z\nw"}"#);
        assert_eq!(braced(&Vec::new()), "");
    }
}
