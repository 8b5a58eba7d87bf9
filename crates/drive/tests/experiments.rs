//! Experiments whose result is known beforehand, on simulated time: formula against measurement.
//!
//! Deterministic for their seeds, so the tolerances are those of the sample sizes, not of a
//! machine. Each would fail if the instrument timed messages from the wrong moment.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod simulation;

use simulation::checked;
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Encoding, Payload, PlanSpec, StopRule};
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_load::tally::LogRecord;
use wsbench_simulate::{Pause, PeriodicStall, Queue, Scenario, ServiceTime};

fn plan(arrival: Arrival, connections: u32, seconds: u64) -> PlanSpec {
    PlanSpec::against("ws://simulated/".parse().unwrap()).with(|spec| {
        spec.clients.connections = connections;
        spec.clients.arrival = arrival;
        spec.stop = StopRule::Duration(Nanos::from_secs(seconds));
        spec.warmup.least = Nanos::from_secs(1);
        spec.clients.exchange.payload = Payload::Generated {
            encoding: Encoding::Binary,
            min: 32,
            max: 32,
            ascii: false,
        };
        spec.clients.timeout = Nanos::from_secs(30);
        spec.seed = 7;
    })
}

fn open(process: Process, rate_per_s: f64) -> Arrival {
    Arrival::Open {
        schedule: Schedule {
            process,
            stretches: vec![Stretch::level(Nanos::MAX, rate_per_s)],
        },
        max_in_flight: 1 << 20,
    }
}

/// A server near enough that the way to it does not matter.
fn server(service: ServiceTime, queue: Queue) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.network.latency = Nanos(100);
    (scenario.server.service, scenario.server.queue) = (service, queue);
    scenario
}

/// 100 ms of every second in which the server does nothing.
fn stalling() -> Scenario {
    let mut scenario = server(
        ServiceTime::Constant(Nanos::from_micros(1)),
        Queue::Parallel,
    );
    scenario.server.stall = Some(PeriodicStall {
        period: Nanos::from_secs(1),
        length: Nanos::from_millis(100),
    });
    scenario
}

fn ms(spans: &Histogram, quantile: f64) -> f64 {
    spans.quantile(quantile).unwrap().0 as f64 / 1e6
}

fn assert_near(what: &str, measured: f64, expected: f64, tolerance: f64) {
    assert!(
        (measured - expected).abs() <= tolerance,
        "{what}: {measured}, expected {expected} ± {tolerance}"
    );
}

fn sound(result: &RunResult) {
    assert!(result.messages.is_conserved(), "{:?}", result.messages);
    assert_eq!(result.failures, []);
    assert_eq!(
        result.messages.due,
        result.messages.sent + result.messages.unsent
    );
}

/// METHOD V1: with stalls of S in every P the fluid limit is `P(L > x) = (S − x)/P`, so the
/// quantile is `max(0, S − (1 − q)·P)` and the mean `S²/2P`.
#[test]
fn a_stall_shows_in_the_open_loop_as_its_formula_says() {
    let result = wsbench_simulate::run(
        &checked(&plan(open(Process::Poisson, 1_000.0), 100, 60)),
        stalling(),
        None,
    );
    sound(&result);
    for (quantile, expected) in [(0.95, 50.0), (0.99, 90.0), (0.999, 99.0)] {
        let measured = ms(result.at(Series::Response), quantile);
        assert_near(&format!("p{quantile}"), measured, expected, 1.5);
    }
    assert!(ms(result.at(Series::Response), 0.89) < 1.0);
    let mean = result.at(Series::Response).mean_ns().unwrap() / 1e6;
    assert_near("mean", mean, 5.0, 0.3);
}

/// The same server, closed loop: a server dead a tenth of the time, and p99 does not know.
#[test]
fn the_same_stall_hides_from_the_closed_loop_but_not_from_the_gaps() {
    let mut scenario = stalling();
    scenario.server.service = ServiceTime::Constant(Nanos::from_millis(1));
    let result = wsbench_simulate::run(
        &checked(&plan(Arrival::Closed { depth: 1 }, 10, 60)),
        scenario,
        None,
    );
    sound(&result);
    // A share of 1/((P − S)/r + 1) = 0.111 % is affected.
    assert!(ms(result.at(Series::Service), 0.99) < 1.1);
    assert_near("p99.9", ms(result.at(Series::Service), 0.999), 101.0, 1.0);
    assert_eq!(result.gaps.len(), 5, "the stalls are told all the same");
    assert!(
        result
            .gaps
            .iter()
            .all(|gap| gap.length > Nanos::from_millis(99))
    );
}

/// METHOD V3: response times of M/D/1 in units of the service time, by Erlang's formula.
#[test]
fn a_queue_with_constant_service_is_m_d_1() {
    let result = wsbench_simulate::run(
        &checked(&plan(open(Process::Poisson, 500.0), 50, 600)),
        server(ServiceTime::Constant(Nanos::from_millis(1)), Queue::Fifo),
        None,
    );
    sound(&result);
    for (quantile, expected) in [(0.5, 1.0), (0.9, 2.516), (0.99, 4.336)] {
        let measured = ms(result.at(Series::Response), quantile);
        assert_near(
            &format!("p{quantile}"),
            measured,
            expected,
            0.03 * expected + 0.002,
        );
    }
    let mean = result.at(Series::Response).mean_ns().unwrap() / 1e6;
    assert_near("mean", mean, 1.5, 0.03);
}

/// METHOD V3: the response time of M/M/1 is exponential with mean `s/(1 − ρ)`.
#[test]
fn a_queue_with_exponential_service_is_m_m_1() {
    let result = wsbench_simulate::run(
        &checked(&plan(open(Process::Poisson, 500.0), 50, 600)),
        server(ServiceTime::Exponential(Nanos::from_millis(1)), Queue::Fifo),
        None,
    );
    sound(&result);
    for (quantile, expected) in [(0.5, 1.386), (0.99, 9.210)] {
        let measured = ms(result.at(Series::Response), quantile);
        assert_near(&format!("p{quantile}"), measured, expected, 0.04 * expected);
    }
    assert_near(
        "mean",
        result.at(Series::Response).mean_ns().unwrap() / 1e6,
        2.0,
        0.06,
    );
}

/// METHOD §2: evenly spaced messages never meet, so D/D/1 has no queue at all where M/D/1 has
/// 11 service times at p99. A constant schedule flatters.
#[test]
fn evenly_spaced_messages_never_meet() {
    let scenario = || server(ServiceTime::Constant(Nanos::from_millis(1)), Queue::Fifo);
    let p99 = |process| {
        let result = wsbench_simulate::run(
            &checked(&plan(open(process, 800.0), 50, 200)),
            scenario(),
            None,
        );
        sound(&result);
        ms(result.at(Series::Response), 0.99)
    };
    assert_near("constant", p99(Process::Constant), 1.0, 0.01);
    assert_near("Poisson", p99(Process::Poisson), 11.356, 0.15 * 11.356);
}

/// METHOD V2: answers that are held independently overtake each other and are matched by
/// identity; the delay is exponential with a mean of 5 ms whatever the rate.
#[test]
fn independent_delays_are_measured_at_any_rate() {
    for rate in [200.0, 5_000.0] {
        let seconds = (100_000.0 / rate) as u64;
        let result = wsbench_simulate::run(
            &checked(&plan(open(Process::Poisson, rate), 20, seconds)),
            server(
                ServiceTime::Exponential(Nanos::from_millis(5)),
                Queue::Parallel,
            ),
            None,
        );
        assert!(result.messages.is_conserved());
        assert_eq!(result.messages.answered, result.messages.sent);
        for (quantile, expected) in [(0.5, 3.466), (0.9, 11.513), (0.99, 23.026)] {
            let measured = ms(result.at(Series::Response), quantile);
            assert_near(&format!("p{quantile}"), measured, expected, 0.03 * expected);
        }
    }
}

/// METHOD V4: a closed network of N = 10 and an exponential server of 1 ms: X = 1,000/s, R = 10 ms.
#[test]
fn the_closed_law_holds() {
    let result = wsbench_simulate::run(
        &checked(&plan(Arrival::Closed { depth: 1 }, 10, 60)),
        server(ServiceTime::Exponential(Nanos::from_millis(1)), Queue::Fifo),
        None,
    );
    sound(&result);
    let rate = result.messages.received_in_window as f64 / result.measured.as_secs_f64();
    assert_near("X", rate, 1_000.0, 20.0);
    assert_near(
        "R",
        result.at(Series::Service).mean_ns().unwrap() / 1e6,
        10.0,
        0.2,
    );
}

/// METHOD V5: beyond its capacity a FIFO server falls behind by (λ − μ)/μ seconds a second, and
/// what was not answered in the end is a censored tail, not an omission.
#[test]
fn overload_grows_without_bound_and_is_not_cut_off() {
    let result = wsbench_simulate::run(
        &checked(&plan(open(Process::Poisson, 6_000.0), 100, 10)),
        server(ServiceTime::Constant(Nanos::from_micros(200)), Queue::Fifo),
        None,
    );
    assert!(result.messages.is_conserved());
    // The warm-up has already put it 0.2 s behind; at time t of the window it is 0.2 + 0.2·t.
    assert_near("p50", ms(result.at(Series::Response), 0.5), 1_200.0, 60.0);
    assert_near(
        "longest",
        ms(result.at(Series::Response), 1.0),
        2_200.0,
        60.0,
    );
    let received = result.messages.received_in_window as f64 / 10.0;
    assert_near("received", received, 5_000.0, 10.0);
    assert_eq!(
        result.at(Series::Response).count(),
        result.messages.answered + result.at(Series::Censored).count()
    );
}

/// METHOD V7: a generator that stands still for 200 ms of 10 s is late by up to that, and says
/// so; the service time knows nothing of it.
#[test]
fn a_generator_that_stands_still_accuses_itself() {
    let mut scenario = server(
        ServiceTime::Constant(Nanos::from_micros(10)),
        Queue::Parallel,
    );
    scenario.machine.pause = Some(Pause {
        at: Nanos::from_secs(5),
        length: Nanos::from_millis(200),
    });
    let result = wsbench_simulate::run(
        &checked(&plan(open(Process::Poisson, 5_000.0), 100, 10)),
        scenario,
        None,
    );
    sound(&result);
    // P(lag > x) = (0.2 s − x)/10 s.
    assert_near("lag p99", ms(result.at(Series::SendLag), 0.99), 100.0, 10.0);
    assert_near(
        "lag p99.9",
        ms(result.at(Series::SendLag), 0.999),
        190.0,
        4.0,
    );
    assert_near(
        "longest lag",
        ms(result.at(Series::SendLag), 1.0),
        200.0,
        2.0,
    );
    assert_near(
        "response p99",
        ms(result.at(Series::Response), 0.99),
        100.0,
        10.0,
    );
    assert!(ms(result.at(Series::Service), 0.99) < 1.0);
}

/// A connection takes so many messages and no more; what waits is timed from when it was due,
/// and what never left is in the tail.
#[test]
fn what_a_busy_connection_cannot_take_waits_and_is_counted() {
    let mut scenario = server(ServiceTime::Constant(Nanos::from_millis(10)), Queue::Fifo);
    scenario.server.stall = None;
    let mut plan = plan(open(Process::Constant, 200.0), 1, 10);
    plan.clients.arrival = match plan.clients.arrival.clone() {
        Arrival::Open { schedule, .. } => Arrival::Open {
            schedule,
            max_in_flight: 1,
        },
        closed @ Arrival::Closed { .. } => closed,
    };
    let result = wsbench_simulate::run(&checked(&plan), scenario, None);
    let counts = result.messages;
    assert!(counts.is_conserved());
    assert_eq!(counts.due, 2_000);
    assert_eq!(counts.due, counts.sent + counts.unsent);
    // One hundred a second are answered; the queue that the warm-up left is answered first.
    assert!((899..=902).contains(&counts.sent), "{counts:?}");
    assert_eq!(
        result.at(Series::Response).count(),
        2_000,
        "none is left out"
    );
    assert_eq!(
        result.at(Series::Censored).count(),
        counts.unsent + counts.in_flight_at_end
    );
}

/// What is due falls on each connection as often as on any other, by chance and not in turn.
#[test]
fn messages_are_due_on_connections_chosen_at_random() {
    let plan = plan(open(Process::Constant, 1_000.0), 10, 20);
    let plan = checked(&plan.with(|spec| spec.raw_log = true));
    let near = server(ServiceTime::Constant(Nanos(100)), Queue::Parallel);
    let log = wsbench_simulate::witness(&plan, near, None).log;
    let of: Vec<usize> = log
        .iter()
        .map(|record| match record {
            LogRecord::RoundTrip { connection, .. } => *connection as usize,
            LogRecord::Client(_) => panic!("no client is replaced"),
        })
        .collect();
    let all = of.len() as f64;
    assert!(all > 19_000.0, "{all}");
    let mut each = [0.0; 10];
    for connection in &of {
        each[*connection] += 1.0;
    }
    // Four deviations of a binomial share.
    let deviation = (all * 0.1 * 0.9).sqrt();
    assert!(
        each.iter()
            .all(|it| (it - all / 10.0).abs() < 4.0 * deviation),
        "{each:?}"
    );
    // The same one twice in a row one time in ten: in turn it would be never.
    let again = of.windows(2).filter(|pair| pair[0] == pair[1]).count() as f64;
    assert!(
        (again - all / 10.0).abs() < 4.0 * deviation,
        "{again} of {all}"
    );
}

/// A server that stands still when the run ends has its last answers given up, and sends them while connections
/// are being closed: they are late, and no second answers.
#[test]
fn answers_that_come_after_the_run_gave_them_up_are_no_second_ones() {
    let mut scenario = stalling();
    scenario.server.stall = Some(PeriodicStall {
        period: Nanos::from_secs(4),
        length: Nanos::from_millis(1_600),
    });
    let mut given_up = 0;
    for tenths in (0..40).step_by(3) {
        let open = Arrival::Open {
            schedule: Schedule::level(Process::Poisson, 100.0),
            max_in_flight: 64,
        };
        let plan = plan(open, 10, 4).with(|spec| {
            let length = Nanos::from_millis(2_000 + 100 * tenths);
            spec.stop = StopRule::Duration(length);
        });
        let result = wsbench_simulate::run(&checked(&plan), scenario.clone(), None);
        given_up += result.messages.in_flight_at_end;
        assert_eq!(result.messages.duplicated, 0, "{tenths}");
        assert_eq!(result.failures, [], "{tenths}");
    }
    assert!(given_up > 0);
}
