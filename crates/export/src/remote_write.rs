//! Prometheus' remote write, version 1.0 (prometheus.io/docs/specs/prw/remote_write_spec): samples as
//! protocol buffers, compressed by Snappy.

use prost::Message;

use crate::metric::Metric;
use crate::prometheus::samples;
use crate::snapshot::Snapshot;

/// The media type of the body.
pub const CONTENT_TYPE: &str = "application/x-protobuf";
/// The version of the protocol, as its header has it.
pub const VERSION: &str = "0.1.0";
/// The label by which whoever stores samples tells programs apart.
const JOB: (&str, &str) = ("job", "wsbench");

/// `prometheus.WriteRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct WriteRequest {
    /// The series with their samples.
    #[prost(message, repeated, tag = "1")]
    pub timeseries: Vec<TimeSeries>,
}

/// `prometheus.TimeSeries`.
#[derive(Clone, PartialEq, Message)]
pub struct TimeSeries {
    /// Its labels in the order of their names; that of the metric is `__name__`.
    #[prost(message, repeated, tag = "1")]
    pub labels: Vec<Label>,
    /// Its samples, oldest first.
    #[prost(message, repeated, tag = "2")]
    pub samples: Vec<WrittenSample>,
}

/// `prometheus.Label`.
#[derive(Clone, PartialEq, Message)]
pub struct Label {
    /// Name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Value.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// `prometheus.Sample`.
#[derive(Clone, PartialEq, Message)]
pub struct WrittenSample {
    /// Value.
    #[prost(double, tag = "1")]
    pub value: f64,
    /// Milliseconds since the Unix epoch.
    #[prost(int64, tag = "2")]
    pub timestamp: i64,
}

/// A snapshot as a request, its samples of this time, ms since the Unix epoch.
#[must_use]
pub fn request(table: &[Metric], snapshot: &Snapshot, at_unix_ms: i64) -> WriteRequest {
    let timeseries = samples(table, snapshot).map(|sample| {
        let labels = sample.labels.into_iter();
        let labels = labels.map(|(name, value)| (name.to_owned(), value));
        let own = [
            ("__name__".to_owned(), sample.name),
            (JOB.0.to_owned(), JOB.1.to_owned()),
        ];
        let mut labels: Vec<Label> = own
            .into_iter()
            .chain(labels)
            .map(|(name, value)| Label { name, value })
            .collect();
        labels.sort_by(|one, other| one.name.cmp(&other.name));
        TimeSeries {
            labels,
            samples: vec![WrittenSample {
                value: sample.value.as_f64(),
                timestamp: at_unix_ms,
            }],
        }
    });
    WriteRequest {
        timeseries: timeseries.collect(),
    }
}

/// The body of a request.
///
/// # Errors
/// It is longer than Snappy's format can say (4 GiB).
pub fn body(request: &WriteRequest) -> Result<Vec<u8>, String> {
    let mut encoder = snap::raw::Encoder::new();
    let packed = encoder.compress_vec(&request.encode_to_vec());
    packed.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that the protocol's own definition gives (field 1, length; a string; a double; a varint).
    #[test]
    fn a_request_is_written_as_it_is_defined() {
        let label = |name: &str, value: &str| Label {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let request = WriteRequest {
            timeseries: vec![TimeSeries {
                labels: vec![label("__name__", "up")],
                samples: vec![WrittenSample {
                    value: 1.0,
                    timestamp: 300,
                }],
            }],
        };
        let mut expected = vec![0x0a, 30, 0x0a, 14, 0x0a, 8];
        expected.extend(b"__name__");
        expected.extend([0x12, 2, b'u', b'p', 0x12, 12, 0x09]);
        expected.extend(1.0_f64.to_le_bytes());
        expected.extend([0x10, 0xac, 0x02]);
        assert_eq!(request.encode_to_vec(), expected);
        let body = body(&request).unwrap();
        let read = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
        assert_eq!(WriteRequest::decode(&read[..]).unwrap(), request);
    }
}
