//! Metrics as OpenTelemetry's protocol has them over HTTP, as protocol buffers
//! (opentelemetry.io/docs/specs/otlp; `opentelemetry/proto/metrics/v1`).
//!
//! By the protocol collectors take JSON as well, but not all of them read all of it: one was seen that
//! loses whole numbers and histograms. Sums and histograms are cumulative since the run began.

pub mod message;

use prost::Message as _;

use crate::metric::{Metric, MetricKind};
use crate::snapshot::{BOUNDS_NS, Labels, MetricValue, Snapshot, Spans};

use message::{
    Any, AnyValue, GaugePoints, HistogramPoint, KeyValue, Number, NumberPoint, Points, Resource,
    ResourceMetrics, Scope, ScopeMetrics, SumPoints, TimesPoints,
};

/// The media type of the body.
pub const CONTENT_TYPE: &str = "application/x-protobuf";
/// `AGGREGATION_TEMPORALITY_CUMULATIVE`.
const CUMULATIVE: i32 = 2;

/// The body of an export request: a [`message::ExportRequest`], encoded.
#[must_use]
pub fn body(table: &[Metric], snapshot: &Snapshot) -> Vec<u8> {
    let metrics = table.iter().filter_map(|metric| {
        let values = snapshot.read(metric);
        (!values.is_empty()).then(|| one(metric, snapshot, values))
    });
    let version = env!("CARGO_PKG_VERSION");
    let resource = Resource {
        attributes: attributes(&vec![
            ("service.name", "wsbench".to_owned()),
            ("service.version", version.to_owned()),
            ("server.address", snapshot.facts.target.clone()),
        ]),
    };
    let of_scope = ScopeMetrics {
        scope: Some(Scope {
            name: "wsbench".to_owned(),
            version: version.to_owned(),
        }),
        metrics: metrics.collect(),
    };
    let request = message::ExportRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource),
            scope_metrics: vec![of_scope],
        }],
    };
    request.encode_to_vec()
}

fn one(
    metric: &Metric,
    snapshot: &Snapshot,
    values: Vec<(Labels, MetricValue<'_>)>,
) -> message::SentMetric {
    let common = snapshot.labels();
    let (mut numbers, mut histograms) = (Vec::new(), Vec::new());
    for (labels, value) in values {
        let labels: Labels = common.iter().cloned().chain(labels).collect();
        let number = |value| NumberPoint {
            start_unix_ns: snapshot.facts.started_unix_ns,
            at_unix_ns: snapshot.at_unix_ns,
            value: Some(value),
            attributes: attributes(&labels),
        };
        match value {
            MetricValue::Whole(whole) => {
                let whole = i64::try_from(whole).unwrap_or(i64::MAX);
                numbers.push(number(Number::Int(whole)));
            }
            MetricValue::Number(value) => numbers.push(number(Number::Double(value))),
            MetricValue::Spans(spans) => histograms.push(HistogramPoint {
                start_unix_ns: snapshot.facts.started_unix_ns,
                at_unix_ns: snapshot.at_unix_ns,
                attributes: attributes(&labels),
                ..of_spans(spans)
            }),
        }
    }
    let data = match metric.kind {
        MetricKind::Counter => Points::Sum(SumPoints {
            points: numbers,
            temporality: CUMULATIVE,
            is_monotonic: true,
        }),
        MetricKind::Gauge => Points::Gauge(GaugePoints { points: numbers }),
        MetricKind::Histogram => Points::Histogram(TimesPoints {
            points: histograms,
            temporality: CUMULATIVE,
        }),
    };
    message::SentMetric {
        name: metric.otlp_name(),
        description: metric.help.clone(),
        unit: metric.ucum().to_owned(),
        data: Some(data),
    }
}

/// A point without its labels and times.
fn of_spans(spans: &Spans) -> HistogramPoint {
    let mut before = 0;
    let each = spans.at_or_below.into_iter().chain([spans.count]);
    let counts = each.map(|so_far| {
        let count = so_far - before;
        before = so_far;
        count
    });
    HistogramPoint {
        count: spans.count,
        sum: Some(spans.sum_s),
        bucket_counts: counts.collect(),
        explicit_bounds: BOUNDS_NS.iter().map(|bound| *bound as f64 / 1e9).collect(),
        ..HistogramPoint::default()
    }
}

fn attributes(labels: &Labels) -> Vec<KeyValue> {
    let attributes = labels.iter().map(|(key, value)| KeyValue {
        key: (*key).to_owned(),
        value: Some(AnyValue {
            value: Some(Any::String(value.clone())),
        }),
    });
    attributes.collect()
}
