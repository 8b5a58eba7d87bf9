//! From a run to its record: figures are carried over and rates are taken.
//!
//! Nothing is rounded here; how many digits are shown is the renderers' affair.

use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{PlanSpec, Population};
use wsbench_load::result::{self, RunResult};
use wsbench_load::secret::Redactor;
use wsbench_load::series::{Home, InIntervals, Series};
use wsbench_load::tally;
use wsbench_setting::Spelling;

use super::arrival_shape::ArrivalShape;
use super::calendar;
use super::compression::Compression;
use super::confidence::{Confidences, RateConfidence};
use super::distribution::Distribution;
use super::figures::{
    CardUse, Ended, Failure, Floor, Gap, Generator, Handshake, Pings, Pressure, Stamps, Thread,
    Turns,
};
use super::host::Host;
use super::interval::{Interval, IntervalSpans};
use super::push_clock::PushClock;
use super::record::{Record, SCHEMA};
use super::server::Server;
use super::slice::Slice;
use super::times::{Distributions, members_of};
use crate::gate::Stamp;

/// Surroundings of a run that neither its plan nor its result knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunContext {
    /// The command line, as a shell would take it again.
    pub command: String,
    /// Version of wsbench.
    pub tool_version: String,
    /// The generator's machine.
    pub host: Host,
    /// True where the server was wsbench's own, in the same process.
    pub embedded_server: bool,
    /// True where the server was reached over loopback.
    pub loopback: bool,
    /// Result of the conformance gate before the run; `None` where it was not asked.
    pub conformance: Option<Stamp>,
    /// Use by the server, where it was watched.
    pub server: Option<Server>,
    /// The generator's own memory by connection, bytes, where that was watched.
    pub generator_bytes_per_connection: Option<f64>,
    /// Service time against the embedded server, where that was measured before.
    pub floor: Option<Floor>,
}

impl Record {
    /// The record of a run, which nobody has judged yet. What it says of failures names settings in
    /// the words of `spelling`.
    #[must_use]
    pub fn of(
        result: &RunResult,
        plan: &PlanSpec,
        context: &RunContext,
        spelling: &dyn Spelling,
    ) -> Self {
        let has_traffic = result.messages.sent > 0 || result.messages.received_in_window > 0;
        // Nothing sent is no rate of zero: there was nothing to measure.
        let was_measured = result.measured > Nanos::ZERO && has_traffic;
        let per_s =
            |amount: u64| was_measured.then(|| amount as f64 / result.measured.as_secs_f64());
        let clients = &plan.clients;
        let is_fanned_out = clients.is_fanned_out();
        let comes = clients.comings().is_some() || clients.is_storm();
        let items = clients.exchange.end_of_streams().map(|_| result.items);
        let secrets = plan.secrets();
        Self {
            schema: SCHEMA.to_owned(),
            tool_version: context.tool_version.clone(),
            started_at: calendar::rfc3339(result.started_at_unix_ms),
            command: secrets.clean(&context.command).into_owned(),
            seed: plan.seed,
            host: context.host.clone(),
            embedded_server: context.embedded_server,
            loopback: context.loopback,
            addresses: result.addresses.clone(),
            fleet: None,
            agents: Vec::new(),
            plan: plan.carried_out(result.warmup_found).redacted(),
            ended: result.ended.into(),
            until: None,
            conditions: Vec::new(),
            duration_s: result.measured.as_secs_f64(),
            total_s: result.total.as_secs_f64(),
            messages_per_s: per_s(result.messages.received_in_window),
            messages_per_s_confidence: RateConfidence::of(&result.slices).filter(|_| has_traffic),
            asked_messages_per_s: plan
                .carried_out(result.warmup_found)
                .asked_per_s(result.measured),
            sent_bytes_per_s: per_s(result.bytes.sent),
            received_bytes_per_s: per_s(result.bytes.received),
            messages: result.messages,
            deliveries: is_fanned_out.then_some(result.deliveries),
            deliveries_per_s: per_s(result.deliveries.received_in_window).filter(|_| is_fanned_out),
            senders_hear_themselves: result.hears_own.filter(|_| is_fanned_out),
            delivery_p50_by_decile_ns: by_decile(result, clients),
            acks: clients.exchange.ack.as_ref().map(|_| result.acks),
            items,
            items_per_s: items.and_then(|items| per_s(items.received_in_window)),
            pushes: clients.exchange.flow.pushes().map(|_| result.pushes),
            push_clock: PushClock::of(result),
            slow: clients.slow_kinds().next().map(|_| result.slow),
            returns: clients.returns.map(|_| result.returns),
            sessions: comes.then_some(result.sessions),
            application_ns: application(result).filter(|_| clients.depth() == 1),
            bytes: result.bytes,
            compression: Compression::of(result, plan),
            connections: result.connections,
            offered_in_flight_s: in_flight(result.offered_in_flight_ns),
            service_in_window_s: in_flight(result.service_in_window_ns),
            thought_in_window_s: in_flight(result.thought_in_window_ns),
            blocked_by: (result.blocked_by.all() > 0).then_some(result.blocked_by),
            arrival_shape: ArrivalShape::of(result, plan),
            timestamps: Some(result.stamps.into()),
            floor_ns: context.floor,
            handshake_ns: Handshake {
                dns: result.dns.map(once),
                times: times(result, Home::Opening),
            },
            pings: pings(result),
            pongs_unasked: (result.pongs_unasked > 0).then_some(result.pongs_unasked),
            errors: failures(result, &secrets, spelling),
            close_codes: result.close_codes.clone(),
            generator: Generator {
                bytes_per_connection: context.generator_bytes_per_connection,
                ..(&result.generator).into()
            },
            pressure: result.pressure.as_ref().map(Pressure::from),
            server: context.server,
            server_gone: (result.absences.times > 0).then(|| result.absences.into()),
            tls_agreed: result.tls_agreed.clone(),
            conformance: context.conformance.clone(),
            intervals: result.intervals.iter().map(Interval::from).collect(),
            slices: result.slices.iter().map(Slice::from).collect(),
            gaps: result.gaps.iter().map(Gap::from).collect(),
            times: times(result, Home::Document),
        }
    }
}

/// Pings, where any were sent.
fn pings(result: &RunResult) -> Option<Pings> {
    (result.pings_sent > 0).then(|| Pings {
        sent: result.pings_sent,
        times: times(result, Home::Pings),
    })
}

/// The failures of a run, whose words name settings as they are spelled.
fn failures(result: &RunResult, secrets: &Redactor, spelling: &dyn Spelling) -> Vec<Failure> {
    let failures = result.failures.iter();
    let failures = failures.map(|it| cleaned(Failure::of(it, spelling), secrets));
    failures.collect()
}

/// A failure without the credentials that a server may have said again.
fn cleaned(failure: Failure, secrets: &Redactor) -> Failure {
    Failure {
        example: secrets.clean(&failure.example).into_owned(),
        ..failure
    }
}

impl From<result::Stamps> for Stamps {
    fn from(stamps: result::Stamps) -> Self {
        match stamps {
            result::Stamps::Kernel => Self::Kernel,
            result::Stamps::User => Self::User,
        }
    }
}

impl From<result::Ended> for Ended {
    fn from(ended: result::Ended) -> Self {
        match ended {
            result::Ended::Complete => Self::Complete,
            result::Ended::Interrupted => Self::Interrupted,
            result::Ended::NothingConnected => Self::NothingConnected,
            result::Ended::ServerDied => Self::ServerDied,
        }
    }
}

impl Failure {
    fn of(failure: &tally::FailureCount, spelling: &dyn Spelling) -> Self {
        Self {
            phase: failure.phase.name().to_owned(),
            kind: failure.kind.name().to_owned(),
            code: failure.code,
            count: failure.count,
            example: failure.example.spelled(spelling),
        }
    }
}

impl From<&result::GeneratorUsage> for Generator {
    fn from(usage: &result::GeneratorUsage) -> Self {
        Self {
            threads: usage.threads.iter().map(Thread::from).collect(),
            max_rss_bytes: (usage.max_rss_bytes > 0).then_some(usage.max_rss_bytes),
            bytes_per_connection: None,
        }
    }
}

impl From<&result::ThreadUsage> for Thread {
    fn from(usage: &result::ThreadUsage) -> Self {
        Self {
            cpu_share: usage.cpu_share(),
            spun_share: usage.spun_share(),
            user_s: usage.user.as_secs_f64(),
            system_s: usage.system.as_secs_f64(),
            wall_s: usage.wall.as_secs_f64(),
            run_wait_s: usage.run_wait.map(Nanos::as_secs_f64),
            involuntary_switches: usage.involuntary_switches,
            turns: usage.turns.map(Turns::from),
            cpu: usage.cpu,
        }
    }
}

impl From<result::TurnUsage> for Turns {
    fn from(turns: result::TurnUsage) -> Self {
        Self {
            p50_ns: turns.p50.0,
            p99_ns: turns.p99.0,
            max_ns: turns.max.0,
            ready_p50: turns.ready_p50,
            ready_p99: turns.ready_p99,
            ready_max: turns.ready_max,
        }
    }
}

impl From<&result::HostPressure> for Pressure {
    fn from(pressure: &result::HostPressure) -> Self {
        let trouble = pressure.tcp_trouble.iter();
        Self {
            steal_share: pressure.steal,
            cpu_waited_share: pressure.waited,
            tcp_trouble: trouble
                .map(|(name, number)| ((*name).to_owned(), *number))
                .collect(),
            card: pressure.card.as_ref().map(|card| CardUse {
                name: card.name.clone(),
                mbit_per_s: card.mbit_per_s,
                sent_share: card.sent,
                received_share: card.received,
            }),
        }
    }
}

impl From<&result::Interval> for Interval {
    fn from(interval: &result::Interval) -> Self {
        Self {
            at_s: interval.at.as_secs_f64(),
            length_s: interval.length.as_secs_f64(),
            due: Some(interval.due),
            sent: Some(interval.sent),
            in_flight: Some(interval.in_flight),
            waiting: Some(interval.waiting),
            messages: interval.answered,
            errors: interval.errors,
            alive: interval.alive,
            times: InIntervals::from_fn(|series| {
                let times = interval.times.get(series).copied();
                times.map(IntervalSpans::from).unwrap_or_default()
            }),
        }
    }
}

impl From<result::Digest> for IntervalSpans {
    fn from(spans: result::Digest) -> Self {
        let ns = |span: Option<Nanos>| span.map(|span| span.0);
        Self {
            p50: ns(spans.p50),
            p99: ns(spans.p99),
            max: ns(spans.max),
            mean: spans.mean,
        }
    }
}

impl From<&tally::AnswerGap> for Gap {
    fn from(gap: &tally::AnswerGap) -> Self {
        Self {
            start_s: gap.start.as_secs_f64(),
            length_s: gap.length.as_secs_f64(),
        }
    }
}

/// The mean of the service times less that of the pings beside them; `None` without both. With several
/// messages in flight a service time is mostly of others before it.
fn application(result: &RunResult) -> Option<f64> {
    let mean = |series| result.at(series).mean_ns();
    Some(mean(Series::Service)? - mean(Series::Ping)?)
}

/// The medians of the tenths of the receivers; none without deliveries, nor of sessions, of which the order
/// is that of time.
fn by_decile(result: &RunResult, clients: &Population) -> Vec<Option<u64>> {
    let tenths = &result.by_decile;
    if tenths.is_empty() || clients.sessions().is_some() {
        return Vec::new();
    }
    let medians = tenths.medians().into_iter();
    medians.map(|median| median.map(|span| span.0)).collect()
}

/// The distribution of a single span.
fn once(span: Nanos) -> Distribution {
    let mut spans = Histogram::new();
    spans.record(span);
    Distribution::of(&spans)
}

/// The distributions of the series that are members of a group.
fn times(result: &RunResult, home: Home) -> Distributions {
    let mut times = Distributions::default();
    for series in members_of(home) {
        let info = series.info();
        let mut spans = Distribution::of(result.at(series));
        if let Some(tail) = info.tail {
            spans = spans.with_censored(result.at(tail));
        }
        if info.in_slices {
            spans = spans.with_confidence(Confidences::of(&result.slices, series));
        }
        times.put(series, spans);
    }
    times
}

/// Time in flight, s; nothing where the law it belongs to cannot be checked.
fn in_flight(ns: u128) -> Option<f64> {
    (ns > 0).then_some(ns as f64 / 1e9)
}
