//! Synthetic runs that the tests share: each is a whole, deterministic `RunResult` with its plan.
#![allow(
    dead_code,
    reason = "every test binary uses its own part of the collection"
)]

use wsbench_load::failure::FailureKind;
use wsbench_load::histogram::Histogram;

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Lifetime, PlanSpec, StopRule};
use wsbench_load::result::{
    Digest, Ended, GeneratorUsage, HostPressure, Interval, RunResult, Stamps, ThreadUsage,
    TurnUsage,
};
use wsbench_load::series::{InIntervals, Series};
use wsbench_load::tally::Tally;
use wsbench_load::tally::{
    AnswerGap, ByteCounts, ConnectionCounts, FailureCount, MessageCounts, Phase,
};
use wsbench_record::document::{Host, Record, RunContext};
use wsbench_setting::Paths;

/// A plan as the defaults resolve it.
pub(crate) fn plan() -> PlanSpec {
    PlanSpec::against("ws://192.0.2.7:9001/echo".parse().expect("a URL")).with(|spec| {
        spec.clients.connections = 64;
        spec.warmup.least = Nanos::from_secs(3);
        spec.threads = 2;
        spec.cpus = vec![2, 3];
        spec.seed = 42;
    })
}

/// What surrounds every synthetic run.
pub(crate) fn context() -> RunContext {
    RunContext {
        command: "wsbench -c 64 -d 10s ws://192.0.2.7:9001/echo".to_owned(),
        tool_version: "0.1.0".to_owned(),
        host: Host {
            os: Some("linux x86_64".to_owned()),
            kernel: Some("6.18.0".to_owned()),
            cpus: Some(8),
            cpu_model: Some("Example 9000".to_owned()),
            memory_bytes: Some(16_000_000_000),
            congestion_control: Some("cubic".to_owned()),
            ..Host::default()
        },
        embedded_server: false,
        loopback: false,
        ..RunContext::default()
    }
}

/// `count` spans spread evenly over `from..=to`.
pub(crate) fn spread(count: u64, from: Nanos, to: Nanos) -> Histogram {
    let mut spans = Histogram::new();
    for number in 0..count {
        let step = (to.0 - from.0) * number / count.max(2).saturating_sub(1);
        spans.record(Nanos(from.0 + step));
    }
    spans
}

/// A run of which every check holds: 640,000 messages in 10 s, mean response 1 ms, 64 in flight.
pub(crate) fn healthy() -> (RunResult, PlanSpec) {
    answered(640_000)
}

/// A healthy run with this many messages in 10 s over 64 connections.
pub(crate) fn answered(count: u64) -> (RunResult, PlanSpec) {
    let result = RunResult {
        started_at_unix_ms: 1_795_342_530_250,
        ended: Ended::Complete,
        warmup_found: None,
        measured: Nanos::from_secs(10),
        total: Nanos::from_millis(13_050),
        addresses: vec!["192.0.2.7:9001".to_owned()],
        tally: tally(count),
        stamps: Stamps::User,
        generator: GeneratorUsage {
            threads: vec![thread(400), thread(380)],
            max_rss_bytes: 12_300_000,
        },
        pressure: Some(HostPressure {
            steal: Some(0.001),
            waited: Some(0.01),
            ..HostPressure::default()
        }),
        intervals: (1..=10).map(|second| interval(second, count)).collect(),
        slices: Vec::new(),
        ..RunResult::default()
    };
    (result, plan())
}

/// The books of such a run.
fn tally(count: u64) -> Tally {
    let response = spread(count, Nanos::from_micros(200), Nanos::from_micros(1_800));
    let mut tally = Tally {
        messages: MessageCounts {
            due: count,
            sent: count,
            answered: count,
            received_in_window: count,
            warmup: count / 4,
            ..MessageCounts::default()
        },
        bytes: ByteCounts {
            sent: count * 36,
            received: count * 32,
        },
        connections: ConnectionCounts {
            asked: 64,
            attempted: 64,
            opened: 64,
            upgraded: 64,
            alive_at_end: 64,
            peak_concurrent: 64,
            closed_cleanly: 64,
            ..ConnectionCounts::default()
        },
        offered_in_flight_ns: response.sum_ns(),
        service_in_window_ns: response.sum_ns(),
        close_codes: [(1000, 64)].into(),
        gaps: vec![AnswerGap {
            start: Nanos::from_millis(4_200),
            length: Nanos::from_millis(2),
        }],
        ..Tally::default()
    };
    tally.times[Series::Response] = response;
    let mut put = |series, count, from, to| {
        tally.times[series] = spread(count, Nanos::from_micros(from), Nanos::from_micros(to));
    };
    put(Series::Service, count, 198, 1_798);
    put(Series::SendLag, count, 1, 3);
    put(Series::GeneratorLag, count, 1, 3);
    put(Series::Tcp, 64, 300, 900);
    put(Series::Upgrade, 64, 400, 1_500);
    put(Series::FirstMessage, 64, 500, 1_900);
    tally
}

/// A run of which kernel stamps tell that most of the time was the generator's own: of 1 ms at the
/// median 0.2 ms outside and 0.8 ms in its queue.
pub(crate) fn stamped() -> (RunResult, PlanSpec) {
    let (mut result, plan) = healthy();
    let count = result.messages.answered;
    result.stamps = Stamps::Kernel;
    result.tally.times[Series::Outside] =
        spread(count, Nanos::from_micros(98), Nanos::from_micros(298));
    result.tally.times[Series::ReceiveWait] =
        spread(count, Nanos::from_micros(100), Nanos::from_micros(1_500));
    for interval in &mut result.intervals {
        let waits = interval.times.get_mut(Series::ReceiveWait);
        *waits.expect("in intervals") = Digest {
            p50: Some(Nanos::from_micros(800)),
            p99: Some(Nanos::from_micros(1_480)),
            ..Digest::default()
        };
    }
    result.generator.threads[1] = thread(990);
    (result, plan)
}

/// A thread that used so many thousandths of a core for 10 s.
pub(crate) fn thread(cpu_per_mille: u64) -> ThreadUsage {
    ThreadUsage {
        cpu: Some(2),
        user: Nanos::from_millis(2 * cpu_per_mille),
        system: Nanos::from_millis(8 * cpu_per_mille),
        spun: Nanos::ZERO,
        wall: Nanos::from_secs(10),
        run_wait: Some(Nanos::from_millis(20)),
        involuntary_switches: Some(100),
        turns: Some(TurnUsage {
            p50: Nanos::from_micros(12),
            p99: Nanos::from_micros(90),
            max: Nanos::from_millis(1),
            ready_p50: 1,
            ready_p99: 9,
            ready_max: 31,
        }),
    }
}

fn interval(second: u64, count: u64) -> Interval {
    let sampled = count > 0;
    let service = Digest {
        p50: Some(Nanos::from_micros(990 + second)),
        p99: Some(Nanos::from_micros(1_700 + second)),
        max: Some(Nanos::from_micros(1_798)),
        mean: Some(998_000.0),
    };
    Interval {
        at: Nanos::from_secs(second),
        length: Nanos::from_secs(1),
        due: count / 10,
        sent: count / 10,
        in_flight: 60 + second % 3,
        waiting: 0,
        answered: count * (second + 10) / 155,
        errors: 0,
        alive: 64,
        times: InIntervals::from_fn(|series| match series {
            Series::Service if sampled => service,
            _ => Digest::default(),
        }),
    }
}

/// Every connection was refused.
pub(crate) fn nothing_connected() -> (RunResult, PlanSpec) {
    let result = RunResult {
        started_at_unix_ms: 1_795_342_530_250,
        ended: Ended::NothingConnected,
        total: Nanos::from_millis(5_010),
        addresses: vec!["192.0.2.7:9001".to_owned()],
        tally: Tally {
            connections: ConnectionCounts {
                asked: 64,
                attempted: 320,
                failed: 320,
                ..ConnectionCounts::default()
            },
            failures: vec![FailureCount {
                phase: Phase::Connect,
                kind: FailureKind::Refused,
                code: None,
                count: 320,
                first: Nanos::from_micros(210),
                example: "192.0.2.7:9001 refused the connection after 210µs".into(),
            }],
            ..Tally::default()
        },
        generator: GeneratorUsage {
            threads: vec![ThreadUsage::default(); 2],
            max_rss_bytes: 0,
        },
        ..RunResult::default()
    };
    (result, plan())
}

/// Everything connected and nothing was answered.
pub(crate) fn no_samples() -> (RunResult, PlanSpec) {
    let (mut result, plan) = answered(0);
    result.messages = MessageCounts {
        due: 64,
        sent: 64,
        timed_out: 60,
        in_flight_at_end: 4,
        ..MessageCounts::default()
    };
    result.connections.never_answered = 64;
    result.offered_in_flight_ns = 640_000_000_000;
    result.service_in_window_ns = 640_000_000_000;
    result.tally.times[Series::FirstMessage] = Histogram::new();
    (result, plan)
}

/// A server that mangles: wrong bytes, gaps, repetitions, and terminal escapes in what it says.
pub(crate) fn corrupted() -> (RunResult, PlanSpec) {
    let (mut result, plan) = answered(639_000);
    result.messages.sent += 1_000;
    result.messages.due += 1_000;
    result.messages.failed = 1_000;
    result.messages.corrupted = 990;
    result.messages.lost = 10;
    result.messages.duplicated = 3;
    result.messages.reordered = 7;
    result.messages.unasked = 1;
    result.connections.alive_at_end = 60;
    result.connections.failed = 4;
    result.failures = vec![
        FailureCount {
            phase: Phase::Answers,
            kind: FailureKind::WrongBytes,
            code: None,
            count: 990,
            first: Nanos::from_millis(1_200),
            example: "192.0.2.7:9001 at 1.2s: byte 7 is \x1b[31m | 0x1b, sent 0x41".into(),
        },
        FailureCount {
            phase: Phase::Close,
            kind: FailureKind::Reset,
            code: None,
            count: 4,
            first: Nanos::from_millis(3_400),
            example: "192.0.2.7:9001 reset the connection at 3.4s".into(),
        },
    ];
    result.close_codes = [(1000, 60), (1002, 3), (1005, 1)].into();
    (result, plan)
}

/// 320 samples: p99 is not known.
pub(crate) fn small_sample() -> (RunResult, PlanSpec) {
    let (mut result, mut plan) = answered(320);
    plan.stop = StopRule::Messages(320);
    plan.name = Some("small".to_owned());
    result.measured = Nanos::from_millis(20);
    (result, plan)
}

/// The client-replacement model, as the older tool's defaults have it.
pub(crate) fn replacement() -> (RunResult, PlanSpec) {
    let (mut result, mut plan) = answered(5_000);
    plan.stop = StopRule::Clients(1_000);
    plan.clients.lifetime = Lifetime::Replaced { round_trips: 5 };
    plan.warmup.least = Nanos::ZERO;
    result.messages.warmup = 0;
    result.connections = ConnectionCounts {
        asked: 64,
        attempted: 1_000,
        opened: 1_000,
        upgraded: 1_000,
        alive_at_end: 0,
        replaced: 936,
        peak_concurrent: 64,
        clients_completed: 1_000,
        closed_cleanly: 1_000,
        ..ConnectionCounts::default()
    };
    result.close_codes = [(1000, 1_000)].into();
    (result, plan)
}

/// Figures as large as they come.
pub(crate) fn huge() -> (RunResult, PlanSpec) {
    let (mut result, mut plan) = healthy();
    plan.clients.connections = u32::MAX;
    plan.clients.arrival = Arrival::Closed { depth: u32::MAX };
    plan.seed = u64::MAX;
    plan.stop = StopRule::Messages(u64::MAX);
    let half = u64::MAX / 2;
    result.messages.sent = half;
    result.messages.failed = half - result.messages.answered - 1;
    result.messages.answered += 1;
    result.messages.received_in_window = half;
    result.bytes = ByteCounts {
        sent: u64::MAX,
        received: u64::MAX,
    };
    result.connections.asked = u64::MAX;
    result.connections.alive_at_end = u64::MAX;
    result.connections.upgraded = u64::MAX;
    result.connections.opened = u64::MAX;
    result.tally.times[Series::Service].record(Nanos::MAX);
    result.tally.times[Series::Response].record(Nanos::MAX);
    result.offered_in_flight_ns = u128::MAX;
    result.service_in_window_ns = u128::MAX;
    result.generator.max_rss_bytes = u64::MAX;
    (result, plan)
}

/// Every synthetic run by name.
pub(crate) fn all() -> Vec<(&'static str, (RunResult, PlanSpec))> {
    vec![
        ("healthy", healthy()),
        ("nothing_connected", nothing_connected()),
        ("no_samples", no_samples()),
        ("corrupted", corrupted()),
        ("small_sample", small_sample()),
        ("replacement", replacement()),
        ("huge", huge()),
        ("stamped", stamped()),
    ]
}

/// The record of a run, in the usual surroundings.
pub(crate) fn record((result, plan): &(RunResult, PlanSpec)) -> Record {
    Record::of(result, plan, &context(), &Paths)
}
