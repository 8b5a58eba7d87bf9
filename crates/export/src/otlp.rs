//! Metrics as OpenTelemetry's protocol has them over HTTP, in JSON
//! (opentelemetry.io/docs/specs/otlp, protocol buffers' JSON mapping).
//!
//! Every collector has to take JSON, so no protocol buffers are compiled here. 64-bit integers are
//! text in that mapping, and sums and histograms are cumulative since the run began.

use serde_json::{Value as Json, json};

use crate::metric::{Metric, MetricKind};
use crate::snapshot::{BOUNDS_NS, Labels, MetricValue, Snapshot, Spans};

/// The media type of the body.
pub const CONTENT_TYPE: &str = "application/json";
/// `AGGREGATION_TEMPORALITY_CUMULATIVE`.
const CUMULATIVE: u32 = 2;

/// The body of an export request.
#[must_use]
pub fn request(table: &[Metric], snapshot: &Snapshot) -> Json {
    let metrics = table.iter().filter_map(|metric| {
        let values = snapshot.read(metric);
        (!values.is_empty()).then(|| one(metric, snapshot, &values))
    });
    let version = env!("CARGO_PKG_VERSION");
    json!({
        "resourceMetrics": [{
            "resource": {
                "attributes": attributes(&vec![
                    ("service.name", "wsbench".to_owned()),
                    ("service.version", version.to_owned()),
                    ("server.address", snapshot.facts.target.clone()),
                ]),
            },
            "scopeMetrics": [{
                "scope": {"name": "wsbench", "version": version},
                "metrics": metrics.collect::<Vec<_>>(),
            }],
        }],
    })
}

fn one(metric: &Metric, snapshot: &Snapshot, values: &[(Labels, MetricValue<'_>)]) -> Json {
    let common = snapshot.labels();
    let points = values.iter().map(|(labels, value)| {
        let labels: Labels = common.iter().chain(labels).cloned().collect();
        let mut point = json!({
            "attributes": attributes(&labels),
            "startTimeUnixNano": snapshot.facts.started_unix_ns.to_string(),
            "timeUnixNano": snapshot.at_unix_ns.to_string(),
        });
        match value {
            MetricValue::Whole(number) => point["asInt"] = number.to_string().into(),
            MetricValue::Number(number) => point["asDouble"] = (*number).into(),
            MetricValue::Spans(spans) => put_spans(&mut point, spans),
        }
        point
    });
    let points: Vec<Json> = points.collect();
    let (key, data) = match metric.kind {
        MetricKind::Counter => (
            "sum",
            json!({
                "dataPoints": points,
                "aggregationTemporality": CUMULATIVE,
                "isMonotonic": true,
            }),
        ),
        MetricKind::Gauge => ("gauge", json!({"dataPoints": points})),
        MetricKind::Histogram => (
            "histogram",
            json!({"dataPoints": points, "aggregationTemporality": CUMULATIVE}),
        ),
    };
    json!({
        "name": metric.otlp_name(),
        "description": metric.help,
        "unit": metric.ucum(),
        key: data,
    })
}

fn put_spans(point: &mut Json, spans: &Spans) {
    let mut before = 0;
    let each = spans.at_or_below.into_iter().chain([spans.count]);
    let counts = each.map(|so_far| {
        let count = so_far - before;
        before = so_far;
        count.to_string()
    });
    point["count"] = spans.count.to_string().into();
    point["sum"] = spans.sum_s.into();
    point["bucketCounts"] = counts.collect();
    point["explicitBounds"] = BOUNDS_NS.iter().map(|bound| *bound as f64 / 1e9).collect();
}

fn attributes(labels: &Labels) -> Json {
    let attributes = labels.iter();
    let attributes =
        attributes.map(|(key, value)| json!({"key": key, "value": {"stringValue": value}}));
    attributes.collect()
}
