//! Results as comma-separated values (RFC 4180, with line feeds): one line a result, or one line an
//! interval. Figures are as in the document, unrounded; what is absent there is empty here.

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Arrival;
use wsbench_load::series::{Detail, Home, Series, Shown};
use wsbench_load::tally::{
    AckCounts, ConnectionCounts, Counter, DeliveryCounts, ItemCounts, MessageCounts, PushCounts,
    ReturnCounts, SessionCounts, SlowCounts,
};
use wsbench_record::document::{
    Distribution, Document, Interval, IntervalSpans, Percentile, Server,
};

use crate::conditions;
use crate::foreign::printable;
use crate::order::response_first;

/// One line of a table under its header.
#[derive(Default)]
pub(crate) struct CsvRow {
    names: Vec<String>,
    values: Vec<String>,
}

impl CsvRow {
    /// Appends a value under its name.
    pub(crate) fn put(&mut self, name: impl Into<String>, value: &impl ToString) {
        self.names.push(name.into());
        self.values.push(quoted(&printable(&value.to_string())));
    }

    /// Appends a value under its name; an empty one where it is absent.
    pub(crate) fn put_known(&mut self, name: impl Into<String>, value: Option<impl ToString>) {
        let value = value.map_or_else(String::new, |value| value.to_string());
        self.put(name, &value);
    }

    /// Appends the counters of a group that have columns, their names beginning with `prefix`.
    fn put_counters<T>(&mut self, prefix: &str, all: &[Counter<T>], counts: Option<&T>) {
        for counter in all.iter().filter(|counter| counter.in_columns) {
            let name = format!("{prefix}_{}", counter.name);
            self.put_known(name, counts.and_then(counter.of));
        }
    }

    /// Confidence of the run in the percentiles that are quoted most.
    fn put_confidence(&mut self, prefix: &str, spans: &Distribution) {
        let quoted = [
            Percentile::P50,
            Percentile::P90,
            Percentile::P99,
            Percentile::P99_9,
        ];
        for percentile in quoted {
            let known = spans.confidence(percentile);
            let name = format!("{prefix}_{}", percentile.key());
            let ends = spans.known(percentile).ends();
            self.put_known(format!("{name}_low"), ends.map(|(low, _)| low));
            self.put_known(format!("{name}_high"), ends.and_then(|(_, high)| high));
            self.put_known(format!("{name}_n_eff"), known.map(|known| known.n_eff));
        }
    }

    /// The same of a distribution that may not have been measured: then all of it is empty.
    fn put_known_spans(&mut self, prefix: &str, spans: Option<&Distribution>) {
        match spans {
            Some(spans) => self.put_spans(prefix, spans),
            None => {
                let before = self.values.len();
                self.put_spans(prefix, &Distribution::default());
                self.values[before..].fill(String::new());
            }
        }
    }

    /// Appends what an interval tells of a series.
    fn put_interval_spans(&mut self, series: Series, spans: &IntervalSpans) {
        let key = series.path().replace('.', "_");
        self.put_known(format!("{key}_p50"), spans.p50);
        self.put_known(format!("{key}_p99"), spans.p99);
        if series.info().in_intervals == Some(Detail::Whole) {
            self.put_known(format!("{key}_max"), spans.max);
            self.put_known(format!("{key}_mean"), spans.mean);
        }
    }

    /// Appends the distributions of series.
    fn put_series(&mut self, document: &Document, series: &[Series]) {
        for &series in series {
            let prefix = series.path().replace('.', "_");
            if series.info().shown.is_always() {
                self.put_spans(&prefix, document.at(series));
            } else {
                self.put_known_spans(&prefix, document.known(series));
            }
        }
    }

    /// Appends the figures of a distribution, their names beginning with `prefix`.
    pub(crate) fn put_spans(&mut self, prefix: &str, spans: &Distribution) {
        self.put(format!("{prefix}_count"), &spans.count);
        self.put_known(format!("{prefix}_min"), spans.min);
        self.put_known(format!("{prefix}_mean"), spans.mean);
        self.put_known(format!("{prefix}_stdev"), spans.stdev);
        for percentile in Percentile::ALL {
            // What a text would withhold is empty here.
            let known = spans.known(percentile).value();
            self.put_known(format!("{prefix}_{}", percentile.key()), known);
        }
        self.put_known(format!("{prefix}_max"), spans.max);
    }
}

/// The header and one line for each result.
#[must_use]
pub fn results(documents: &[&Document]) -> String {
    table(documents.iter().map(|document| row(document)))
}

/// The header and the lines of rows that have the same names.
pub(crate) fn table(rows: impl Iterator<Item = CsvRow>) -> String {
    let rows: Vec<CsvRow> = rows.collect();
    let mut text = String::new();
    if let Some(first) = rows.first() {
        push_line(&mut text, &first.names);
    }
    for row in &rows {
        push_line(&mut text, &row.values);
    }
    text
}

/// The time series of a result: the header and one line for each interval.
#[must_use]
pub fn intervals(document: &Document) -> String {
    let mut text = String::new();
    push_line(&mut text, &interval(&Interval::default()).names);
    for row in document.intervals.iter().map(interval) {
        push_line(&mut text, &row.values);
    }
    text
}

/// Every figure of an interval, with its name.
fn interval(interval: &Interval) -> CsvRow {
    let mut row = CsvRow::default();
    row.put("at_s", &interval.at_s);
    row.put("length_s", &interval.length_s);
    row.put("messages", &interval.messages);
    row.put_known("messages_per_s", interval.messages_per_s());
    let (first, behind): (Vec<Series>, Vec<Series>) = Series::IN_INTERVALS
        .into_iter()
        .partition(|series| series.info().in_intervals == Some(Detail::Whole));
    for series in first {
        row.put_interval_spans(series, &interval.at(series));
    }
    row.put("errors", &interval.errors);
    row.put("alive", &interval.alive);
    row.put_known("due", interval.due);
    row.put_known("sent", interval.sent);
    row.put_known("in_flight", interval.in_flight);
    row.put_known("waiting", interval.waiting);
    // Columns that came later stand behind those that were there before.
    for series in behind {
        row.put_interval_spans(series, &interval.at(series));
    }
    row
}

/// Every figure of a result that is a single value, with its name.
fn row(document: &Document) -> CsvRow {
    let mut row = CsvRow::default();
    let plan = &document.plan;
    row.put_known("name", plan.name.as_deref());
    row.put("started_at", &document.started_at);
    row.put("url", &plan.target.url());
    row.put("connections", &plan.clients.connections);
    let (depth, most) = match plan.clients.arrival {
        Arrival::Closed { depth } => (Some(depth), None),
        Arrival::Open { max_in_flight, .. } => (None, Some(max_in_flight)),
    };
    row.put_known("depth", depth);
    row.put_known("max_in_flight", most);
    row.put("threads", &plan.threads);
    row.put("seed", &document.seed);
    row.put("verdict", &document.audit.verdict.word());
    row.put("duration_s", &document.duration_s);
    row.put_known("messages_per_s", document.messages_per_s);
    row.put_known("asked_messages_per_s", document.asked_messages_per_s);
    row.put_known("sent_bytes_per_s", document.sent_bytes_per_s);
    row.put_known("received_bytes_per_s", document.received_bytes_per_s);
    row.put_counters("messages", MessageCounts::ALL, Some(&document.messages));
    row.put_counters(
        "connections",
        ConnectionCounts::ALL,
        Some(&document.connections),
    );
    row.put_series(document, &always());
    put_compression(&mut row, document);
    let threads = &document.generator.threads;
    let busiest = threads
        .iter()
        .map(|thread| thread.cpu_share)
        .max_by(f64::total_cmp);
    row.put_known("generator_cpu_share_max", busiest);
    let server = document.server.unwrap_or_default();
    row.put_known("server_cpu_us_per_message", server.cpu_us_per_message);
    row.put_known("server_rss_bytes", server.rss_bytes);
    // Columns that came later stand behind those that were there before.
    let bounds = document.messages_per_s_confidence;
    row.put_known("messages_per_s_low", bounds.map(|bounds| bounds.low));
    row.put_known("messages_per_s_high", bounds.map(|bounds| bounds.high));
    let in_slices = Series::IN_SLICES.into_iter();
    let in_slices: Vec<Series> = in_slices.filter(|it| it.info().shown.is_always()).collect();
    for series in response_first(&in_slices) {
        row.put_confidence(&series.path(), document.at(series));
    }
    put_server(&mut row, &server);
    row.put_series(document, &divided());
    row.put_known("floor_ns_p50", document.floor_ns.map(|floor| floor.p50));
    row.put_known("floor_ns_p99", document.floor_ns.map(|floor| floor.p99));
    let until = document.until.as_ref();
    row.put_known("until", until.map(|outcome| &outcome.asked));
    row.put_known("until_reached", until.map(|outcome| outcome.reached));
    let half_width = until.and_then(|outcome| outcome.half_width);
    row.put_known("until_half_width", half_width);
    let half_width_ns = until.and_then(|outcome| outcome.half_width_ns);
    row.put_known("until_half_width_ns", half_width_ns);
    row.put("warmup_s", &plan.warmup.least.as_secs_f64());
    row.put_known("warmup_found_s", plan.warmup.found.map(Nanos::as_secs_f64));
    row.put_known("conditions", conditions::column(&document.conditions));
    put_deliveries(&mut row, document);
    put_modes(&mut row, document);
    row
}

/// Deliveries; empty fields where messages come back to their sender alone.
fn put_deliveries(row: &mut CsvRow, document: &Document) {
    let counts = document.deliveries.as_ref();
    row.put_counters("deliveries", DeliveryCounts::ALL, counts);
    row.put_known("deliveries_per_s", document.deliveries_per_s);
    row.put_series(document, &of_others());
}

/// What the modes beyond answers count: pushes, slow readers, returns and sessions; empty fields where
/// they are not of the load.
fn put_modes(row: &mut CsvRow, document: &Document) {
    row.put_counters("pushes", PushCounts::ALL, document.pushes.as_ref());
    row.put_known("application_ns", document.application_ns);
    row.put_counters("slow", SlowCounts::ALL, document.slow.as_ref());
    row.put_counters("returns", ReturnCounts::ALL, document.returns.as_ref());
    row.put_counters("sessions", SessionCounts::ALL, document.sessions.as_ref());
    row.put_counters("acks", AckCounts::ALL, document.acks.as_ref());
    row.put_series(document, &OF_ACKS);
    row.put_counters("items", ItemCounts::ALL, document.items.as_ref());
    row.put_known("items_per_s", document.items_per_s);
    row.put_series(document, &OF_ITEMS);
}

/// The series of deliveries and pushes: those that no part of the others has.
fn of_others() -> Vec<Series> {
    let is_such = |series: &Series| {
        let info = series.info();
        let is_own = info.home == Home::Document && info.part_of.is_none();
        let is_later = OF_ACKS.contains(series) || OF_ITEMS.contains(series);
        is_own && info.shown == Shown::IfMeasured && !is_later
    };
    Series::ALL.into_iter().filter(is_such).collect()
}

/// The series of acknowledgements, whose columns came later.
const OF_ACKS: [Series; 2] = [Series::Ack, Series::AckService];

/// Those of streams, which came later still.
const OF_ITEMS: [Series; 3] = [Series::ItemFirst, Series::ItemFirstService, Series::ItemGap];

/// The series that the first columns of times are of: those of the document itself that every result
/// has.
fn always() -> Vec<Series> {
    let is_always = |series: &Series| {
        let info = series.info();
        info.shown.is_always() && info.home == Home::Document
    };
    let always: Vec<Series> = Series::ALL.into_iter().filter(is_always).collect();
    response_first(&always)
}

/// The parts of those of which slices have histograms.
fn divided() -> Vec<Series> {
    let whole = Series::IN_SLICES.into_iter();
    whole.flat_map(Series::parts).collect()
}

/// Further costs of the server, where known.
fn put_server(row: &mut CsvRow, server: &Server) {
    for (name, figure) in [
        ("cpu_user_us_per_message", server.cpu_user_us_per_message),
        (
            "cpu_system_us_per_message",
            server.cpu_system_us_per_message,
        ),
        ("messages_per_cpu_s", server.messages_per_cpu_s),
        ("cpu_share", server.cpu_share),
        ("busiest_thread_share", server.busiest_thread_share),
        (
            "voluntary_switches_per_message",
            server.voluntary_switches_per_message,
        ),
        (
            "involuntary_switches_per_message",
            server.involuntary_switches_per_message,
        ),
        ("bytes_per_connection", server.bytes_per_connection),
    ] {
        row.put_known(format!("server_{name}"), figure);
    }
    row.put_known("server_rss_peak_bytes", server.rss_peak_bytes);
    row.put_known("server_pss_bytes", server.pss_bytes);
    row.put_known("server_processes", server.processes);
    row.put_known("server_threads", server.threads);
}

/// Compression; empty fields where none was offered, so that all lines have the same columns.
fn put_compression(row: &mut CsvRow, document: &Document) {
    let compression = document.compression.as_ref();
    let accepted = compression.map(wsbench_record::document::Compression::accepted_connections);
    row.put_known("compression_accepted", accepted);
    row.put_known("compression_declined", compression.map(|c| c.declined));
    let sides = [
        ("sent", compression.map(|c| &c.sent)),
        ("received", compression.map(|c| &c.received)),
    ];
    for (side, figures) in sides {
        let name = |figure: &str| format!("compression_{side}_{figure}");
        row.put_known(name("message_bytes"), figures.map(|f| f.message_bytes));
        row.put_known(name("payload_bytes"), figures.map(|f| f.payload_bytes));
        row.put_known(name("ratio"), figures.and_then(|f| f.ratio));
        let codec = figures.and_then(|f| f.codec_ns_per_message);
        row.put_known(name("codec_ns_per_message"), codec);
    }
}

/// A field with quotes where it needs them (RFC 4180 section 2.5 to 2.7).
fn quoted(field: &str) -> String {
    if field.contains([',', '"']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

fn push_line(text: &mut String, fields: &[String]) {
    text.push_str(&fields.join(","));
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("say \"hi\""), "\"say \"\"hi\"\"\"");
    }
}
