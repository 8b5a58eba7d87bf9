//! Messages to many: V17; messages that the server sends by itself: V18; connections that come by a
//! schedule: V19.

use wsbench_load::arrival::Process;
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Audience, Flow, Lifetime, PlanSpec, Pushes, Sessions, Stay};
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_simulate::{AnswerFault, Every, Pushing, Queue, Scenario, ServiceTime, ToAll};

use super::{mean_ms, open, plan, run, server};
use crate::finding::{Experiment, Finding, Tolerance};

/// Time from one receiver to the next of the serial writer.
const EACH: Nanos = Nanos::from_millis(1);
/// From one push to the next.
const EVERY: Nanos = Nanos::from_millis(10);
/// One delivery in so many is lost.
const ONE_IN: u64 = 50;

pub(super) fn all() -> Vec<Experiment> {
    vec![
        serial(),
        delayed(),
        lossy(),
        pushed(),
        pushes_lost(),
        storm(),
        arrivals(),
    ]
}

pub(super) fn to_all(connections: u32, per_s: f64, seconds: u64) -> PlanSpec {
    let mut plan = plan(open(Process::Constant, per_s), connections, seconds, 1);
    plan.clients.exchange.audience = Audience::All;
    plan.clients.timeout = Nanos::from_secs(1);
    plan
}

pub(super) fn scenario(broadcast: ToAll) -> Scenario {
    let mut scenario = server(ServiceTime::Constant(Nanos(0)), Queue::Fifo);
    scenario.server.broadcast = Some(broadcast);
    scenario
}

pub(super) fn longest_ms(spans: &Histogram) -> f64 {
    spans.max().map_or(f64::NAN, |span| span.0 as f64 / 1e6)
}

pub(super) fn within(name: &str, expected: f64, measured: f64) -> Finding {
    Finding::new(name, expected, Tolerance::By(0.01), measured)
}

/// A server that writes to one receiver after the other.
fn serial() -> Experiment {
    const RECEIVERS: u32 = 20;
    let result = run(
        &to_all(RECEIVERS, 20.0, 60),
        scenario(ToAll {
            each: EACH,
            ..ToAll::default()
        }),
    );
    let whole = f64::from(RECEIVERS - 1);
    let at = |series| result.at(series);
    Experiment {
        id: "V17",
        title: "a serial writer, 1 ms from one of 20 receivers to the next, 20 messages/s".into(),
        formula: "k-th receiver after (k − 1)e: first 0, last and skew (N − 1)e, mean (N − 1)e/2",
        findings: vec![
            within(
                "first receiver, longest, ms",
                0.0,
                longest_ms(at(Series::DeliveryFirst)),
            ),
            within(
                "last receiver, longest, ms",
                whole,
                longest_ms(at(Series::DeliveryLast)),
            ),
            within("skew, longest, ms", whole, longest_ms(at(Series::Skew))),
            within("skew mean, ms", whole, mean_ms(at(Series::Skew))),
            within(
                "delivery mean, ms",
                whole / 2.0,
                mean_ms(at(Series::Delivery)),
            ),
            reach(&result, 1.0, Tolerance::Exact),
        ],
    }
}

pub(super) fn reach(result: &RunResult, expected: f64, tolerance: Tolerance) -> Finding {
    let measured = result.deliveries.reach().unwrap_or(f64::NAN);
    Finding::new("reach", expected, tolerance, measured)
}

/// A delay of its own for each receiver.
fn delayed() -> Experiment {
    let delays = [0, 2, 4, 6].map(Nanos::from_millis);
    let result = run(
        &to_all(4, 50.0, 20),
        scenario(ToAll {
            delays: delays.to_vec(),
            ..ToAll::default()
        }),
    );
    let spans = result.at(Series::Delivery);
    let quarter = |q: f64| {
        spans
            .quantile(q)
            .map_or(f64::NAN, |span| span.0 as f64 / 1e6)
    };
    let quarters = [(0.25, 0.0), (0.5, 2.0), (0.75, 4.0), (1.0, 6.0)];
    let quarters = quarters.map(|(q, ms)| {
        let name = format!("delivery p{}, ms", 100.0 * q);
        within(&name, ms, quarter(q))
    });
    let mut findings = quarters.to_vec();
    findings.push(within(
        "skew, longest, ms",
        6.0,
        longest_ms(result.at(Series::Skew)),
    ));
    findings.push(within(
        "last receiver mean, ms",
        6.0,
        mean_ms(result.at(Series::DeliveryLast)),
    ));
    Experiment {
        id: "V17",
        title: "four receivers, delayed by 0, 2, 4 and 6 ms".into(),
        formula: "a quarter of the deliveries at each delay; last and skew the longest",
        findings,
    }
}

/// Deliveries that are lost by chance, each for itself.
fn lossy() -> Experiment {
    const RECEIVERS: u32 = 50;
    const LOSS: f64 = 0.01;
    let result = run(
        &to_all(RECEIVERS, 100.0, 40),
        scenario(ToAll {
            loss_ppm: (LOSS * 1e6) as u32,
            ..ToAll::default()
        }),
    );
    let sent = result.messages.sent as f64;
    let deliveries = sent * f64::from(RECEIVERS);
    let complete = (1.0 - LOSS).powi(RECEIVERS as i32);
    let deviation = |p: f64, n: f64| 3.0 * (p * (1.0 - p) / n).sqrt();
    let counts = result.deliveries;
    let lost = counts.expected - counts.received - counts.missing - counts.in_flight_at_end;
    Experiment {
        id: "V17",
        title: "50 receivers, each delivery lost with p = 1 %, 4,000 messages".into(),
        formula: "reach 1 − p; complete (1 − p)^N of the messages; within three deviations",
        findings: vec![
            reach(
                &result,
                1.0 - LOSS,
                Tolerance::By(deviation(LOSS, deliveries)),
            ),
            Finding::new(
                "messages that reached all, share",
                complete,
                Tolerance::By(deviation(complete, sent)),
                result.messages.answered as f64 / sent,
            ),
            Finding::new(
                "deliveries without a fate",
                0.0,
                Tolerance::Exact,
                lost as f64,
            ),
            Finding::new(
                "last receivers known only to be later, less messages that lack one",
                0.0,
                Tolerance::Exact,
                result.at(Series::DeliveryLastCensored).count() as f64
                    - result.messages.timed_out as f64
                    - result.messages.in_flight_at_end as f64,
            ),
        ],
    }
}

fn pushing(faults: Option<Every<AnswerFault>>, each: Nanos) -> RunResult {
    let mut plan = plan(Arrival::Closed { depth: 1 }, 10, 60, 1);
    plan.clients.exchange.flow = Flow::Push(Pushes {
        stamp: "json:/E:ns".parse().ok(),
        sequence: "json:/u".parse().ok(),
        clock: None,
    });
    let mut scenario = server(ServiceTime::Constant(Nanos(0)), Queue::Fifo);
    scenario.server.pushes = Some(Pushing {
        every: EVERY,
        to: ToAll {
            each,
            faults,
            ..ToAll::default()
        },
        clock_ahead: Nanos::ZERO,
    });
    run(&plan, scenario)
}

/// A server that pushes to one connection after the other.
fn pushed() -> Experiment {
    let each = Nanos::from_micros(500);
    let result = pushing(None, each);
    let last = 9.0 * each.0 as f64 / 1e6;
    let (age, gap) = (result.at(Series::PushAge), result.at(Series::PushGap));
    Experiment {
        id: "V18",
        title: "100 pushes/s to each of 10 connections, 0.5 ms from one to the next".into(),
        formula: "age (k − 1)e, mean (N − 1)e/2; gap 1/λ",
        findings: vec![
            within("age, longest, ms", last, longest_ms(age)),
            within("age mean, ms", last / 2.0, mean_ms(age)),
            within("gap, longest, ms", 10.0, longest_ms(gap)),
            within("gap mean, ms", 10.0, mean_ms(gap)),
            Finding::new(
                "missing, duplicated or reordered",
                0.0,
                Tolerance::Exact,
                (result.pushes.missing + result.pushes.duplicated + result.pushes.reordered) as f64,
            ),
        ],
    }
}

/// Pushes of which each fiftieth is lost.
fn pushes_lost() -> Experiment {
    let fault = AnswerFault::Dropped;
    let result = pushing(Some(Every { nth: ONE_IN, fault }), Nanos::ZERO);
    let counts = result.pushes;
    let made = (counts.received + counts.missing) as f64;
    let expected = made / ONE_IN as f64;
    Experiment {
        id: "V18",
        title: "the same, of which each fiftieth is lost".into(),
        formula: "N/k of them missing by their numbers, but for one at each end of the window",
        findings: vec![Finding::new(
            "missing",
            expected,
            Tolerance::By(2.0),
            counts.missing as f64,
        )],
    }
}

/// A storm on a server that grants an upgrade each 10 ms.
fn storm() -> Experiment {
    const CONNECTIONS: u32 = 200;
    let mut plan = plan(Arrival::Closed { depth: 1 }, CONNECTIONS, 5, 1);
    plan.clients.exchange.flow = Flow::Storm;
    let mut scenario = server(ServiceTime::Constant(Nanos(0)), Queue::Fifo);
    scenario.server.accept = Some(EVERY);
    let result = run(&plan, scenario);
    let spans = result.at(Series::Storm);
    let at = |q: f64| {
        spans
            .quantile(q)
            .map_or(f64::NAN, |span| span.0 as f64 / 1e6)
    };
    let by = |q: f64| {
        let expected = q * f64::from(CONNECTIONS) * 10.0;
        let name = format!("{} % open after, ms", 100.0 * q);
        // The times lie 10 ms apart, and a histogram keeps three digits.
        Finding::new(name, expected, Tolerance::By(11.0), at(q))
    };
    let opened = result.sessions.opened as f64;
    Experiment {
        id: "V19",
        title: "a storm of 200 connections, an upgrade granted each 10 ms".into(),
        formula: "the k-th is open after k·a",
        findings: vec![
            Finding::new("opened", f64::from(CONNECTIONS), Tolerance::Exact, opened),
            by(0.5),
            by(0.99),
            by(1.0),
        ],
    }
}

/// Twice as many sessions as the server grants.
fn arrivals() -> Experiment {
    const SECONDS: u64 = 10;
    let mut plan = plan(Arrival::Closed { depth: 1 }, 1_000, SECONDS, 1);
    plan.connect.timeout = Nanos::from_secs(60);
    plan.clients.exchange.flow = Flow::Idle;
    plan.clients.lifetime = Lifetime::Scheduled(Sessions {
        per_s: 20.0,
        process: Process::Constant,
        stay: Stay::Time(Nanos::from_secs(60)),
    });
    let mut scenario = server(ServiceTime::Constant(Nanos(0)), Queue::Fifo);
    scenario.server.accept = Some(Nanos::from_millis(100));
    let result = run(&plan, scenario);
    let counts = result.sessions;
    let longest = longest_ms(result.at(Series::OpeningService));
    Experiment {
        id: "V19",
        title: "20 sessions/s come and 10 are granted, for 10 s".into(),
        formula: "λT come whatever is granted; rT are open; the last of them T(λ − r)/λ after it was due",
        findings: vec![
            Finding::new("sessions due", 200.0, Tolerance::Exact, counts.due as f64),
            Finding::new("opened", 100.0, Tolerance::By(1.0), counts.opened as f64),
            Finding::new(
                "longest from due to open, ms",
                5_000.0,
                Tolerance::By(100.0),
                longest,
            ),
        ],
    }
}
