//! A line of JSON for each interval of a run, and one at its end: NDJSON.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench::observer::Stage;
use wsbench_load::tally::{BlockedCounts, ByteCounts, ConnectionCounts, MessageCounts};
use wsbench_record::document::Interval;

use crate::metric::Books;
use crate::sink::Taker;
use crate::snapshot::{Snapshot, Spans};

/// Name and version of the schema that this version writes.
pub const SCHEMA: &str = "wsbench.stream/1";

/// One line: a run at the end of an interval, or at its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "wsbench stream: a line")]
pub struct StreamLine {
    /// Name and version of this schema: `wsbench.stream/1`.
    pub schema: String,
    /// Number of the run within the command, from 1.
    pub run: u32,
    /// The label that the user gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The server, without credentials.
    pub target: String,
    /// Stage of the run: `connecting`, `warm_up`, `measuring`, `draining`; `ended` in the last line of
    /// a run.
    pub stage: String,
    /// Since the run began, s.
    pub elapsed_s: f64,
    /// Share of the run that is done, 0.0 to 1.0.
    pub done: f64,
    /// The newest interval of the measured window; absent before the first, and where it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// Messages so far.
    pub messages: MessageCounts,
    /// Bytes so far.
    pub bytes: ByteCounts,
    /// Connections so far.
    pub connections: ConnectionCounts,
    /// Messages that waited for their connection so far, by what they waited for.
    pub blocked_by: BlockedCounts,
    /// Counters of some loads alone.
    #[serde(flatten)]
    pub books: Books,
    /// Times so far, by the place of their series in a result, such as `response_ns`; of series
    /// without any nothing.
    pub times: BTreeMap<String, SpanFigures>,
    /// Failures so far.
    pub errors: Vec<Errors>,
    /// CPU share of each generator thread in the newest interval.
    pub cpu_shares: Vec<f64>,
    /// Answers a second over the whole window; in the last line of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages_per_s: Option<f64>,
    /// The audit's verdict; in the last line of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// Lines before this one that were left out, since their reader was too slow.
    #[serde(default)]
    pub dropped: u64,
}

/// Times of a series so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpanFigures {
    /// Number of them.
    pub count: u64,
    /// The median, ns.
    pub p50: u64,
    /// The 90th percentile, ns.
    pub p90: u64,
    /// The 99th percentile, ns.
    pub p99: u64,
    /// The 99.9th percentile, ns.
    pub p99_9: u64,
    /// The longest, ns.
    pub max: u64,
}

/// Failures of one kind so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Errors {
    /// Phase in the life of a connection.
    pub phase: String,
    /// Kind of failure.
    pub kind: String,
    /// Number of times.
    pub count: u64,
}

impl From<&Spans> for SpanFigures {
    fn from(spans: &Spans) -> Self {
        let [p50, p90, p99, p99_9, max] = spans.quantiles;
        Self {
            count: spans.count,
            p50,
            p90,
            p99,
            p99_9,
            max,
        }
    }
}

impl StreamLine {
    /// The line of a snapshot, whose newest interval is told where it `is_new`.
    #[must_use]
    pub fn of(snapshot: &Snapshot, is_new: bool, dropped: u64) -> Self {
        let stage = match (snapshot.result.is_some(), snapshot.stage) {
            (true, _) => "ended",
            (false, Stage::Connecting) => "connecting",
            (false, Stage::WarmUp) => "warm_up",
            (false, Stage::Measuring) => "measuring",
            (false, Stage::Draining) => "draining",
        };
        let times = snapshot.times.iter();
        let errors = snapshot.errors.iter();
        let errors = errors.map(|((phase, kind), count)| Errors {
            phase: phase.clone(),
            kind: kind.clone(),
            count: *count,
        });
        let result = snapshot.result.as_ref();
        Self {
            schema: SCHEMA.to_owned(),
            run: snapshot.facts.run,
            name: snapshot.facts.name.clone(),
            target: snapshot.facts.target.clone(),
            stage: stage.to_owned(),
            elapsed_s: snapshot.elapsed_s,
            done: snapshot.done,
            interval: snapshot.interval.filter(|_| is_new),
            messages: snapshot.counts.messages,
            bytes: snapshot.counts.bytes,
            connections: snapshot.counts.connections,
            blocked_by: snapshot.counts.blocked_by,
            books: snapshot.counts.books,
            times: times
                .map(|(series, spans)| (series.path(), spans.into()))
                .collect(),
            errors: errors.collect(),
            cpu_shares: snapshot.cpu_shares.clone(),
            messages_per_s: result.and_then(|result| result.messages_per_s),
            verdict: result.map(|result| result.verdict.to_owned()),
            dropped,
        }
    }
}

/// The JSON Schema of a line.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(StreamLine).into()
}

/// Lines on their way to a file or to standard output.
pub(crate) struct LineWriter {
    to: Box<dyn Write + Send>,
    /// Run and end of the interval that was told last.
    told: Option<(u32, f64)>,
}

impl LineWriter {
    /// To standard output.
    pub(crate) fn to_stdout() -> Self {
        Self::to(Box::new(io::stdout()))
    }

    /// To a file, which is made anew.
    pub(crate) fn to_file(file: File) -> Self {
        Self::to(Box::new(file))
    }

    fn to(to: Box<dyn Write + Send>) -> Self {
        Self { to, told: None }
    }
}

impl Taker for LineWriter {
    fn put(&mut self, snapshot: &Snapshot, dropped: u64) -> Result<(), String> {
        let newest = snapshot.interval.map(|it| (snapshot.facts.run, it.at_s));
        let is_new = newest.is_some() && newest != self.told;
        self.told = newest;
        let line = StreamLine::of(snapshot, is_new, dropped);
        let mut text = serde_json::to_string(&line).map_err(|error| error.to_string())?;
        text.push('\n');
        // With one write, so that a reader sees whole lines.
        let written = self.to.write_all(text.as_bytes());
        written
            .and_then(|()| self.to.flush())
            .map_err(|error| error.to_string())
    }
}
