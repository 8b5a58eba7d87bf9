//! The text exposition format of Prometheus, version 0.0.4
//! (prometheus.io/docs/instrumenting/exposition_formats).

use std::fmt::Write as _;

use crate::metric::{Metric, MetricKind};
use crate::snapshot::{BOUNDS_NS, Labels, MetricValue, Snapshot, Spans};

/// The media type of the format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A snapshot in the format.
#[must_use]
pub fn text(table: &[Metric], snapshot: &Snapshot) -> String {
    let mut text = String::new();
    let common = snapshot.labels();
    for metric in table {
        let values = snapshot.read(metric);
        if values.is_empty() {
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
        for (labels, value) in values {
            let labels: Labels = common.iter().cloned().chain(labels).collect();
            put(&mut text, &name, &labels, value);
        }
    }
    text
}

fn put(text: &mut String, name: &str, labels: &Labels, value: MetricValue<'_>) {
    let written = match value {
        MetricValue::Whole(number) => number.to_string(),
        MetricValue::Number(number) => number.to_string(),
        MetricValue::Spans(spans) => return put_spans(text, name, labels, spans),
    };
    let _ = writeln!(text, "{name}{} {written}", braced(labels, None));
}

fn put_spans(text: &mut String, name: &str, labels: &Labels, spans: &Spans) {
    for (bound, count) in BOUNDS_NS.iter().zip(spans.at_or_below) {
        let bound = (*bound as f64 / 1e9).to_string();
        let _ = writeln!(
            text,
            "{name}_bucket{} {count}",
            braced(labels, Some(&bound))
        );
    }
    let all = braced(labels, Some("+Inf"));
    let _ = writeln!(text, "{name}_bucket{all} {}", spans.count);
    let labels = braced(labels, None);
    let _ = writeln!(text, "{name}_sum{labels} {}", spans.sum_s);
    let _ = writeln!(text, "{name}_count{labels} {}", spans.count);
}

/// The labels in braces, with the bound of a bucket behind them.
fn braced(labels: &Labels, bound: Option<&str>) -> String {
    let bound = bound.map(|bound| ("le", bound.to_owned()));
    let all = labels.iter().cloned().chain(bound);
    let all = all.map(|(name, value)| format!("{name}=\"{}\"", escaped(&value)));
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
        assert_eq!(braced(&labels, None), r#"{a="x\"y\\z\nw"}"#);
        assert_eq!(braced(&Vec::new(), Some("0.5")), r#"{le="0.5"}"#);
        assert_eq!(braced(&Vec::new(), None), "");
    }
}
