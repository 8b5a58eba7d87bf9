//! All that a simulated run says, written out field by field: for comparing two runs, and a run
//! with what it was when its hashes were stored.
//!
//! Nothing here is derived from the names of types or modules, so that what is stored outlives
//! their being moved and renamed.

// The stored hashes are of the words of a command line.
#[path = "../../../cli/src/spelling/flags.rs"]
mod flags;

use std::fmt::{Display, Write as _};

use wsbench_load::histogram::{Histogram, Sparse};
use wsbench_load::nanos::Nanos;
use wsbench_load::result::{Ended, Interval, RunResult, Stage, Stamps, ThreadUsage, WindowSlice};
use wsbench_load::series::Series;
use wsbench_load::tally::{CompressedCounts, LogRecord};
use wsbench_simulate::Witness;

/// The groups of fields, in the order of [`groups`].
pub(crate) const GROUPS: [&str; 7] = [
    "course",
    "counters",
    "histograms",
    "failures",
    "intervals and slices",
    "gaps",
    "log",
];

/// The text of each group of [`GROUPS`].
pub(crate) fn groups(witness: &Witness) -> [String; GROUPS.len()] {
    let result = &witness.result;
    [
        course(witness),
        counters(result),
        histograms(result),
        failures(result),
        intervals_and_slices(result),
        gaps(result),
        log(witness),
    ]
}

/// All groups as one text.
pub(crate) fn whole(witness: &Witness) -> String {
    groups(witness).concat()
}

/// FNV-1a, 64 bits: the same on every machine and in every version.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// What is written of a run, a line a field.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn put(&mut self, name: &str, value: impl Display) -> &mut Self {
        let _ = writeln!(self.0, "{name} {value}");
        self
    }

    fn put_all<T: Display>(&mut self, name: &str, values: impl IntoIterator<Item = T>) {
        for value in values {
            self.put(name, value);
        }
    }

    fn put_histogram(&mut self, name: &str, histogram: &Histogram) {
        let (min, max) = (span(histogram.min()), span(histogram.max()));
        let (count, sum) = (histogram.count(), histogram.sum_ns());
        self.put(name, format_args!("{count} {sum} {min} {max}"));
        for (value, count) in histogram.bins() {
            let _ = writeln!(self.0, "{}:{count}", value.0);
        }
    }
}

fn course(witness: &Witness) -> String {
    let result = &witness.result;
    let mut lines = Lines::default();
    lines
        .put("started", result.started_at_unix_ms)
        .put("ended", ended(result.ended))
        .put("measured", result.measured.0)
        .put("warmup found", span(result.warmup_found))
        .put("total", result.total.0)
        .put("stamps", stamps(result.stamps))
        .put("dns", span(result.dns))
        .put("connects", witness.connects)
        .put("at server", witness.messages_at_server)
        .put("violations", witness.violations_of_ours)
        .put("memory", result.generator.max_rss_bytes)
        .put("pressure", result.pressure.is_some());
    lines.put_all("address", &result.addresses);
    lines.put_all("stage", witness.stages.iter().map(|&stage| stage_of(stage)));
    lines.put_all("arrival", witness.arrivals_at_server.iter().map(|at| at.0));
    let presence = witness.presence.iter();
    lines.put_all(
        "present",
        presence.map(|(at, count)| format!("{} {count}", at.0)),
    );
    lines.put_all("thread", result.generator.threads.iter().map(thread));
    lines.0
}

fn counters(result: &RunResult) -> String {
    let (of, connections) = (&result.messages, &result.connections);
    let mut lines = Lines::default();
    lines
        .put("due", of.due)
        .put("unsent", of.unsent)
        .put("sent", of.sent)
        .put("answered", of.answered)
        .put("timed out", of.timed_out)
        .put("failed", of.failed)
        .put("in flight at end", of.in_flight_at_end)
        .put("received in window", of.received_in_window)
        .put("lost", of.lost)
        .put("duplicated", of.duplicated)
        .put("reordered", of.reordered)
        .put("corrupted", of.corrupted)
        .put("unasked", of.unasked)
        .put("warmup", of.warmup)
        .put("bytes sent", result.bytes.sent)
        .put("bytes received", result.bytes.received)
        .put("asked", connections.asked)
        .put("attempted", connections.attempted)
        .put("opened", connections.opened)
        .put("upgraded", connections.upgraded)
        .put("alive", connections.alive_at_end)
        .put("connections failed", connections.failed)
        .put("replaced", connections.replaced)
        .put("peak", connections.peak_concurrent)
        .put("clients completed", connections.clients_completed)
        .put("closed cleanly", connections.closed_cleanly)
        .put("never answered", connections.never_answered);
    lines
        .put("blocked by absence", result.blocked_by.absence)
        .put("blocked by limit", result.blocked_by.limit)
        .put("blocked by socket", result.blocked_by.socket)
        .put("pings", result.pings_sent)
        .put("offered in flight", result.offered_in_flight_ns)
        .put("service in window", result.service_in_window_ns)
        .put("thought in window", result.thought_in_window_ns)
        .put("absences", result.absences.times)
        .put("absent", result.absences.total.0)
        .put("longest absence", result.absences.longest.0)
        .put("its start", result.absences.longest_start.0)
        .put("declined", result.compression.declined)
        .put("compressed sent", compressed(&result.compression.sent))
        .put("and received", compressed(&result.compression.received));
    let accepted = result.compression.accepted.iter();
    lines.put_all(
        "accepted",
        accepted.map(|(terms, count)| format!("{count} {terms}")),
    );
    let codes = result.close_codes.iter();
    lines.put_all(
        "close code",
        codes.map(|(code, count)| format!("{code} {count}")),
    );
    let agreed = result.tls_agreed.iter();
    lines.put_all(
        "tls",
        agreed.map(|(terms, count)| format!("{count} {terms}")),
    );
    lines.0
}

fn histograms(result: &RunResult) -> String {
    let mut lines = Lines::default();
    for (name, histogram) in [
        ("service", result.at(Series::Service)),
        ("response", result.at(Series::Response)),
        ("censored", result.at(Series::Censored)),
        ("send lag", result.at(Series::SendLag)),
        ("generator lag", result.at(Series::GeneratorLag)),
        ("blocked", result.at(Series::Blocked)),
        ("receive wait", result.at(Series::ReceiveWait)),
        ("outside", result.at(Series::Outside)),
        ("tcp", result.at(Series::Tcp)),
        ("proxy", result.at(Series::Proxy)),
        ("tls", result.at(Series::Tls)),
        ("upgrade", result.at(Series::Upgrade)),
        ("first message", result.at(Series::FirstMessage)),
        ("pings", result.at(Series::Ping)),
    ] {
        lines.put_histogram(name, histogram);
    }
    lines.0
}

fn failures(result: &RunResult) -> String {
    let mut lines = Lines::default();
    for failure in &result.failures {
        let (phase, kind) = (failure.phase.name(), failure.kind);
        let (count, example) = (failure.count, failure.example.spelled(&flags::Flags));
        lines.put(phase, format_args!("{kind} {count} {example}"));
    }
    lines.0
}

fn intervals_and_slices(result: &RunResult) -> String {
    let mut lines = Lines::default();
    lines.put_all("interval", result.intervals.iter().map(interval));
    lines.put_all("slice", result.slices.iter().map(slice));
    lines.0
}

fn gaps(result: &RunResult) -> String {
    let mut lines = Lines::default();
    let gaps = result.gaps.iter();
    lines.put_all(
        "gap",
        gaps.map(|gap| format!("{} {}", gap.start.0, gap.length.0)),
    );
    let sends = result.send_gaps.iter();
    lines.put_all(
        "send gap",
        sends.map(|gap| format!("{:x} {:x}", gap.planned.to_bits(), gap.sent.to_bits())),
    );
    lines.0
}

fn log(witness: &Witness) -> String {
    let mut lines = Lines::default();
    for record in &witness.log {
        match record {
            LogRecord::Client(times) => {
                let times: Vec<String> = times.iter().map(|time| time.0.to_string()).collect();
                lines.put("client", times.join(" "));
            }
            LogRecord::RoundTrip {
                connection,
                sequence,
                due,
                sent,
                received,
            } => {
                let (due, sent, received) = (due.0, sent.0, received.0);
                lines.put(
                    "round trip",
                    format_args!("{connection} {sequence} {due} {sent} {received}"),
                );
            }
        }
    }
    lines.0
}

fn span(span: Option<Nanos>) -> String {
    span.map_or_else(|| "-".to_owned(), |span| span.0.to_string())
}

fn ended(ended: Ended) -> &'static str {
    match ended {
        Ended::Complete => "complete",
        Ended::Interrupted => "interrupted",
        Ended::NothingConnected => "nothing connected",
        Ended::ServerDied => "server died",
    }
}

fn stamps(stamps: Stamps) -> &'static str {
    match stamps {
        Stamps::User => "user",
        Stamps::Kernel => "kernel",
    }
}

fn stage_of(stage: Stage) -> &'static str {
    match stage {
        Stage::Connecting => "connecting",
        Stage::WarmUp => "warm-up",
        Stage::Measuring => "measuring",
        Stage::Draining => "draining",
    }
}

fn compressed(counts: &CompressedCounts) -> String {
    format!(
        "{} {} {} {} {}",
        counts.messages,
        counts.compressed,
        counts.message_bytes,
        counts.payload_bytes,
        counts.codec_ns
    )
}

fn thread(usage: &ThreadUsage) -> String {
    let turns = usage.turns.map_or_else(String::new, |turns| {
        let spans = [turns.p50.0, turns.p99.0, turns.max.0];
        let ready = [turns.ready_p50, turns.ready_p99, turns.ready_max];
        format!("{spans:?} {ready:?}")
    });
    let (user, system, spun, wall) = (usage.user, usage.system, usage.spun, usage.wall);
    let switches = usage.involuntary_switches.map_or(-1, u64::cast_signed);
    let cpu = usage.cpu.map_or(-1, usize::cast_signed);
    let wait = span(usage.run_wait);
    let spans = format!("{} {} {} {}", user.0, system.0, spun.0, wall.0);
    format!("{cpu} {spans} {wait} {switches} {turns}")
}

fn interval(of: &Interval) -> String {
    let counts = [
        of.due,
        of.sent,
        of.in_flight,
        of.waiting,
        of.answered,
        of.errors,
        of.alive,
    ];
    let spans = |series| of.times.get(series).copied().unwrap_or_default();
    let (service, wait) = (spans(Series::Service), spans(Series::ReceiveWait));
    let spans = [service.p50, service.p99, service.max, wait.p50, wait.p99];
    let spans = spans.map(span).join(" ");
    let mean = service.mean.map_or(0, f64::to_bits);
    format!("{} {} {counts:?} {spans} {mean:x}", of.at.0, of.length.0)
}

fn slice(of: &WindowSlice) -> String {
    let times = |series| at_rest(of.times.get(series).expect("in slices"));
    let (service, response) = (times(Series::Service), times(Series::Response));
    let (at, length, received) = (of.at.0, of.length.0, of.received);
    format!("{at} {length} {received}\n{service}\n{response}")
}

fn at_rest(spans: &Sparse) -> String {
    let awake = spans.to_histogram();
    let mut text = format!("{} {}", awake.count(), awake.sum_ns());
    let _ = write!(text, " {} {}", span(awake.min()), span(awake.max()));
    for (value, count) in spans.bins() {
        let _ = write!(text, " {}:{count}", value.0);
    }
    text
}
