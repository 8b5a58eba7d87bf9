//! The messages of the protocol, as far as they are sent (`opentelemetry/proto/metrics/v1/metrics.proto`).

use prost::{Message, Oneof};

/// A request: `ExportMetricsServiceRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct ExportRequest {
    /// Metrics by resource.
    #[prost(message, repeated, tag = "1")]
    pub resource_metrics: Vec<ResourceMetrics>,
}

/// Metrics of a resource.
#[derive(Clone, PartialEq, Message)]
pub struct ResourceMetrics {
    /// The resource.
    #[prost(message, optional, tag = "1")]
    pub resource: Option<Resource>,
    /// Metrics by scope.
    #[prost(message, repeated, tag = "2")]
    pub scope_metrics: Vec<ScopeMetrics>,
}

/// The program that they are of.
#[derive(Clone, PartialEq, Message)]
pub struct Resource {
    /// Labels.
    #[prost(message, repeated, tag = "1")]
    pub attributes: Vec<KeyValue>,
}

/// Metrics of a scope.
#[derive(Clone, PartialEq, Message)]
pub struct ScopeMetrics {
    /// The scope.
    #[prost(message, optional, tag = "1")]
    pub scope: Option<Scope>,
    /// Metrics.
    #[prost(message, repeated, tag = "2")]
    pub metrics: Vec<SentMetric>,
}

/// The part of the program: `InstrumentationScope`.
#[derive(Clone, PartialEq, Message)]
pub struct Scope {
    /// Name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Version.
    #[prost(string, tag = "2")]
    pub version: String,
}

/// A metric with its points.
#[derive(Clone, PartialEq, Message)]
pub struct SentMetric {
    /// Name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Meaning in words.
    #[prost(string, tag = "2")]
    pub description: String,
    /// Unit, as UCUM has it.
    #[prost(string, tag = "3")]
    pub unit: String,
    /// Points.
    #[prost(oneof = "Points", tags = "5, 7, 9")]
    pub data: Option<Points>,
}

/// The points of a metric, by its kind.
#[derive(Clone, PartialEq, Oneof)]
pub enum Points {
    /// Values of a gauge.
    #[prost(message, tag = "5")]
    Gauge(GaugePoints),
    /// Values of a counter.
    #[prost(message, tag = "7")]
    Sum(SumPoints),
    /// Times.
    #[prost(message, tag = "9")]
    Histogram(TimesPoints),
}

/// Values of what rises and falls.
#[derive(Clone, PartialEq, Message)]
pub struct GaugePoints {
    /// Points.
    #[prost(message, repeated, tag = "1")]
    pub points: Vec<NumberPoint>,
}

/// Values of what is added up.
#[derive(Clone, PartialEq, Message)]
pub struct SumPoints {
    /// Points.
    #[prost(message, repeated, tag = "1")]
    pub points: Vec<NumberPoint>,
    /// Span of the sums: 2, since the beginning.
    #[prost(int32, tag = "2")]
    pub temporality: i32,
    /// True of what never falls.
    #[prost(bool, tag = "3")]
    pub is_monotonic: bool,
}

/// Values of times.
#[derive(Clone, PartialEq, Message)]
pub struct TimesPoints {
    /// Points.
    #[prost(message, repeated, tag = "1")]
    pub points: Vec<HistogramPoint>,
    /// Span of the sums: 2, since the beginning.
    #[prost(int32, tag = "2")]
    pub temporality: i32,
}

/// A number at a time: `NumberDataPoint`.
#[derive(Clone, PartialEq, Message)]
pub struct NumberPoint {
    /// Beginning of the sums, ns since the Unix epoch.
    #[prost(fixed64, tag = "2")]
    pub start_unix_ns: u64,
    /// Time, ns since the Unix epoch.
    #[prost(fixed64, tag = "3")]
    pub at_unix_ns: u64,
    /// Value.
    #[prost(oneof = "Number", tags = "4, 6")]
    pub value: Option<Number>,
    /// Labels.
    #[prost(message, repeated, tag = "7")]
    pub attributes: Vec<KeyValue>,
}

/// A number.
#[derive(Clone, PartialEq, Oneof)]
pub enum Number {
    /// Any number.
    #[prost(double, tag = "4")]
    Double(f64),
    /// A whole number.
    #[prost(sfixed64, tag = "6")]
    Int(i64),
}

/// A histogram at a time: `HistogramDataPoint`.
#[derive(Clone, PartialEq, Message)]
pub struct HistogramPoint {
    /// Beginning of the sums, ns since the Unix epoch.
    #[prost(fixed64, tag = "2")]
    pub start_unix_ns: u64,
    /// Time, ns since the Unix epoch.
    #[prost(fixed64, tag = "3")]
    pub at_unix_ns: u64,
    /// Number of samples.
    #[prost(fixed64, tag = "4")]
    pub count: u64,
    /// Sum of them.
    #[prost(double, optional, tag = "5")]
    pub sum: Option<f64>,
    /// Samples of each bucket, one more than there are bounds.
    #[prost(fixed64, repeated, tag = "6")]
    pub bucket_counts: Vec<u64>,
    /// Upper bounds of the buckets.
    #[prost(double, repeated, tag = "7")]
    pub explicit_bounds: Vec<f64>,
    /// Labels.
    #[prost(message, repeated, tag = "9")]
    pub attributes: Vec<KeyValue>,
}

/// A label.
#[derive(Clone, PartialEq, Message)]
pub struct KeyValue {
    /// Name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// Value.
    #[prost(message, optional, tag = "2")]
    pub value: Option<AnyValue>,
}

/// The value of a label.
#[derive(Clone, PartialEq, Message)]
pub struct AnyValue {
    /// Value.
    #[prost(oneof = "Any", tags = "1")]
    pub value: Option<Any>,
}

/// A value; of the kinds that there are, the one that is sent.
#[derive(Clone, PartialEq, Oneof)]
pub enum Any {
    /// Text.
    #[prost(string, tag = "1")]
    String(String),
}
