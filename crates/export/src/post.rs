//! Snapshots sent by HTTP: to Prometheus and its push gateway, and to a collector of OpenTelemetry.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use ureq::Agent;

use crate::metric::{Metric, table};
use crate::sink::Taker;
use crate::snapshot::Snapshot;
use crate::{otlp, prometheus, remote_write};

/// The time that a request may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The environment's headers of an export, as OpenTelemetry's exporters read them.
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";

/// Form in which a snapshot is sent.
enum Form {
    /// Text exposition, which replaces what was pushed before.
    Push,
    /// Samples for Prometheus, those sent last of this time, ms since the Unix epoch.
    Written(i64),
    /// OTLP, with these headers.
    Otlp(Vec<(String, String)>),
}

/// Octets of an answer that are read.
const LONGEST_ANSWER: u64 = 64 << 10;

/// An address that snapshots are sent to.
pub(crate) struct Poster {
    agent: Agent,
    url: String,
    form: Form,
    table: Vec<Metric>,
}

impl Poster {
    /// To a push gateway: under `/metrics/job/wsbench`, unless the URL says another group.
    pub(crate) fn to_push_gateway(url: &str) -> Self {
        Self::to(with_path(url, "/metrics/job/wsbench"), Form::Push)
    }

    /// To Prometheus' receiver of remote writes: under `/api/v1/write`, unless the URL says another path.
    pub(crate) fn to_remote_write(url: &str) -> Self {
        Self::to(with_path(url, "/api/v1/write"), Form::Written(0))
    }

    /// To a collector: under `/v1/metrics`, unless the URL says another path.
    pub(crate) fn to_otlp(url: &str) -> Self {
        let headers = std::env::var(HEADERS).unwrap_or_default();
        Self::to(with_path(url, "/v1/metrics"), Form::Otlp(pairs(&headers)))
    }

    fn to(url: String, form: Form) -> Self {
        let agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .build();
        Self {
            agent: agent.new_agent(),
            url,
            form,
            table: table(),
        }
    }
}

/// A URL with this path, where it has none of its own.
fn with_path(url: &str, path: &str) -> String {
    let bare = url.trim_end_matches('/');
    let authority = bare.split_once("://").map_or(bare, |(_, rest)| rest);
    if authority.contains(['/', '?']) {
        return url.to_owned();
    }
    format!("{bare}{path}")
}

/// `key=value` between commas, the values percent-encoded (W3C Baggage, which OpenTelemetry's headers
/// are written as).
fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| (key.trim().to_owned(), decoded(value.trim())))
        .collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

impl Taker for Poster {
    fn put(&mut self, snapshot: &Snapshot, _: u64) -> Result<(), String> {
        let sent = match &mut self.form {
            Form::Push => {
                let text = prometheus::text(&self.table, snapshot);
                let request = self.agent.put(&self.url);
                let request = request.content_type(prometheus::CONTENT_TYPE);
                request.send(&text)
            }
            Form::Written(last_ms) => {
                // A series has one sample a time.
                let at_ms = i64::try_from(snapshot.at_unix_ns / 1_000_000).unwrap_or(i64::MAX);
                let at_ms = at_ms.max(last_ms.saturating_add(1));
                *last_ms = at_ms;
                let request = remote_write::request(&self.table, snapshot, at_ms);
                let body = remote_write::body(&request)?;
                let request = self.agent.post(&self.url);
                let request = request.content_type(remote_write::CONTENT_TYPE);
                let request = request.header("Content-Encoding", "snappy");
                let version = remote_write::VERSION;
                let request = request.header("X-Prometheus-Remote-Write-Version", version);
                request.send(&body)
            }
            Form::Otlp(headers) => {
                let body = otlp::body(&self.table, snapshot);
                let request = self.agent.post(&self.url).content_type(otlp::CONTENT_TYPE);
                let request = headers.iter().fold(request, |request, (key, value)| {
                    request.header(key.as_str(), value.as_str())
                });
                request.send(&body)
            }
        };
        let mut answer = sent.map_err(|error| error.to_string())?;
        // Read to its end, the connection serves the next one as well; what it says is no matter.
        let body = answer.body_mut().with_config().limit(LONGEST_ANSWER);
        let _ = body.read_to_vec();
        Ok(())
    }

    fn is_cumulative(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_added_where_there_is_none() {
        for (url, whole) in [
            ("http://c:4318", "http://c:4318/v1/metrics"),
            ("http://c:4318/", "http://c:4318/v1/metrics"),
            ("https://c/otlp/v1/metrics", "https://c/otlp/v1/metrics"),
        ] {
            assert_eq!(with_path(url, "/v1/metrics"), whole);
        }
    }

    #[test]
    fn headers_are_pairs() {
        let read = pairs("api-key=a=b, x = y,,nothing, authorization=Basic%20dXNlcg==");
        let expected = [
            ("api-key", "a=b"),
            ("x", "y"),
            ("authorization", "Basic dXNlcg=="),
        ];
        assert_eq!(read, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }
}
