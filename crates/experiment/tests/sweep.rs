//! Sweeps over a queue whose curve is a formula (METHOD section 10, V3).
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use wsbench_experiment::sweep::{Settings, sweep};
use wsbench_load::arrival::{Process, Schedule};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Audience, Plan, PlanSpec};
use wsbench_load::series::Series;
use wsbench_record::objective::Objective;
use wsbench_record::sweep::Sweep;
use wsbench_simulate::runner::{Simulated, target};
use wsbench_simulate::{Death, Outage, Queue, Scenario, ServiceTime, ToAll};

/// Service time of the server, s: at most 5000 messages a second.
const D_S: f64 = 200e-6;

fn server() -> Scenario {
    let mut scenario = Scenario::default();
    scenario.network.latency = Nanos(100);
    scenario.server.service = ServiceTime::Constant(Nanos((D_S * 1e9) as u64));
    scenario.server.queue = Queue::Fifo;
    scenario
}

fn settings() -> Settings {
    Settings {
        plan: PlanSpec::against(target("a"))
            .with(|spec| {
                spec.clients.connections = 16;
                spec.warmup.least = Nanos::from_secs(1);
                spec.seed = 5;
            })
            .check()
            .unwrap(),
        rates: Some((500.0, 6_000.0)),
        points: 12,
        rounds: 3,
        objectives: vec![Objective::Time {
            series: None,
            percentile: 99.0,
            at_most_ns: 2_000_000,
        }],
        process: Process::Poisson,
        max_in_flight: 1 << 16,
        length: Nanos::from_secs(10),
        limit: Nanos::from_secs(3_600),
    }
}

fn swept(settings: &Settings) -> (Sweep, Simulated) {
    let mut runner = Simulated::new([("a", server())]);
    let sweep = sweep(settings, &mut runner).unwrap();
    (sweep, runner)
}

/// Share of the messages of an M/D/1 queue at load `rho` that wait longer than `x` services:
/// `1 − (1 − ρ) Σ_{k ≤ x} (−ρ(x − k))^k / k! · e^{ρ(x − k)}`.
fn waits_longer(rho: f64, x: f64) -> f64 {
    let mut within = 0.0;
    let mut k = 0.0;
    let mut factorial = 1.0;
    while k <= x {
        let y = rho * (x - k);
        within += (-y).powf(k) / factorial * y.exp();
        k += 1.0;
        factorial *= k;
    }
    1.0 - (1.0 - rho) * within
}

/// The 99th percentile of the response time of M/D/1 at load `rho`, s.
fn p99_s(rho: f64) -> f64 {
    let (mut low, mut high) = (0.0, 30.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if waits_longer(rho, middle) > 0.01 {
            low = middle;
        } else {
            high = middle;
        }
    }
    (high + 1.0) * D_S
}

#[test]
fn the_formula_is_that_of_the_table() {
    assert!((p99_s(0.5) / D_S - 4.336).abs() < 0.01);
    assert!((p99_s(0.7) / D_S - 7.486).abs() < 0.01);
}

#[test]
fn the_curve_of_a_queue_is_the_formula_and_so_is_its_knee() {
    let (sweep, runner) = swept(&settings());
    assert_eq!((sweep.points.len(), runner.plans.len()), (12, 36));
    assert_eq!(sweep.cut_short, None);
    for point in &sweep.points {
        let rho = point.asked_per_s * D_S;
        assert_eq!(point.runs.len(), 3);
        assert_eq!(point.overloaded, rho > 1.0, "{rho}");
        if rho < 0.85 {
            let measured = point.response_ns.p99.unwrap() as f64 / 1e9;
            let ratio = measured / p99_s(rho);
            assert!((0.85..1.18).contains(&ratio), "{rho}: {ratio}");
            assert!((point.received_per_s / point.asked_per_s - 1.0).abs() < 0.03);
        } else if rho > 1.0 {
            assert!((point.received_per_s / 5_000.0 - 1.0).abs() < 0.01);
        }
    }
    // Rates are 500 apart. p99 doubles over that of 10 % load, 1.97 services, near 46 % load;
    // power is greatest at 2 − √2 = 58.6 %; p99 is 2 ms at 77 %.
    let first = p99_s(0.1);
    let doubled = (1..10)
        .rev()
        .find(|tenths| p99_s(f64::from(*tenths) / 10.0) <= 2.0 * first);
    let near = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() <= 501.0;
    assert!(near(
        sweep.knee.p99_doubles_per_s,
        f64::from(doubled.unwrap()) * 500.0
    ));
    assert!(near(sweep.knee.greatest_power_per_s, 2_929.0));
    assert_eq!(sweep.knee.objectives_met_per_s, Some(3_500.0));
}

#[test]
fn every_round_holds_every_rate_in_an_order_of_its_own() {
    let short = Settings {
        length: Nanos::from_secs(1),
        ..settings()
    };
    let (_, runner) = swept(&short);
    let asked = |plan: &Plan| plan.asked_per_s(Nanos::from_secs(1)).unwrap() as u64;
    let asked: Vec<u64> = runner.plans.iter().map(asked).collect();
    let rounds: Vec<Vec<u64>> = asked.chunks(12).map(<[u64]>::to_vec).collect();
    for round in &rounds {
        let mut sorted = round.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), 12);
        assert_ne!(
            &sorted, round,
            "in rising order a drift would look like load"
        );
    }
    assert_ne!(rounds[0], rounds[1]);
    let mut seeds: Vec<u64> = runner.plans.iter().map(|plan| plan.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    assert_eq!(seeds.len(), 36, "each run draws its own schedule");
}

/// A single rate is no sweep: there is a second as soon as it is expected to fit.
#[test]
fn a_short_limit_has_two_rates() {
    for limit_s in [8, 9, 10] {
        let short = Settings {
            limit: Nanos::from_secs(limit_s),
            rates: None,
            ..settings()
        };
        let (sweep, _) = swept(&short);
        assert!(sweep.points.len() >= 2, "{limit_s}: {:?}", sweep.cut_short);
        assert!(sweep.took_s <= limit_s as f64, "{}", sweep.took_s);
    }
}

#[test]
fn a_limit_of_time_leaves_what_was_run() {
    let short = Settings {
        limit: Nanos::from_secs(60),
        ..settings()
    };
    let (sweep, _) = swept(&short);
    assert!(sweep.fitted.is_some() && sweep.points.len() > 3);
    assert!(sweep.took_s < 80.0, "{}", sweep.took_s);
}

/// Every rate is run within a limit that has not room for the runs as they were asked for.
#[test]
fn a_sweep_fits_into_its_limit() {
    for limit_s in [60, 120, 200] {
        let short = Settings {
            limit: Nanos::from_secs(limit_s),
            points: 10,
            rounds: 3,
            length: Nanos::from_secs(5),
            ..settings()
        };
        let (sweep, _) = swept(&short);
        assert!(sweep.fitted.is_some());
        assert_eq!(sweep.cut_short, None, "{limit_s}");
        assert!(
            sweep.points.len() >= 8 || limit_s < 100,
            "{}",
            sweep.points.len()
        );
        let share = sweep.took_s / limit_s as f64;
        assert!(
            (0.5..1.15).contains(&share),
            "{} of {limit_s} s",
            sweep.took_s
        );
    }
}

#[test]
fn a_server_that_dies_is_no_point_that_holds() {
    let mut scenario = server();
    scenario.server.outages = vec![Outage {
        from: Nanos::from_secs(3),
        until: None,
        death: Death::Process,
    }];
    let mut runner = Simulated::new([("a", scenario)]);
    let short = Settings {
        points: 3,
        rounds: 1,
        ..settings()
    };
    let sweep = sweep(&short, &mut runner).unwrap();
    assert!(sweep.points.iter().all(|point| point.overloaded));
    assert_eq!(sweep.knee.p99_doubles_per_s, None);
}

/// The last of ten receivers of a server that takes 1 ms from one to the next: 9 ms and the way, at
/// every rate that it holds.
#[test]
fn a_sweep_of_messages_to_many_is_of_deliveries() {
    let mut scenario = server();
    scenario.server.service = ServiceTime::Constant(Nanos(0));
    scenario.server.broadcast = Some(ToAll {
        each: Nanos::from_millis(1),
        ..ToAll::default()
    });
    let mut settings = settings();
    let plan = settings.plan.edited(|spec| {
        spec.clients.exchange.audience = Audience::All;
        spec.clients.connections = 10;
        spec.clients.arrival = Arrival::Open {
            schedule: Schedule::level(Process::Constant, 1.0),
            max_in_flight: 1 << 16,
        };
    });
    settings.plan = plan.unwrap();
    (settings.rates, settings.points) = (Some((20.0, 160.0)), 8);
    settings.process = Process::Constant;
    settings.objectives = vec![Objective::Time {
        series: Some(Series::DeliveryLast),
        percentile: 99.0,
        at_most_ns: 10_000_000,
    }];
    let mut runner = Simulated::new([("a", scenario)]);
    let sweep = sweep(&settings, &mut runner).unwrap();
    let first = &sweep.points[0];
    let last = first.delivery_last_ns.as_ref().unwrap();
    let near = |ns: Option<u64>, ms: f64| (ns.unwrap() as f64 / 1e6 - ms).abs() < ms / 100.0;
    assert!(near(last.p50, 9.0) && near(last.max, 9.0), "{last:?}");
    // Receivers have theirs after 0, 1, … 9 ms.
    assert!(near(first.response_ns.max, 9.0), "{:?}", first.response_ns);
    assert_eq!(first.response_ns.count, 10 * last.count);
    assert_eq!(sweep.knee.objectives_met_per_s, Some(100.0));
    assert!(sweep.points.last().unwrap().overloaded);
}

#[test]
fn without_rates_a_sweep_is_of_what_its_pilot_gets() {
    let (sweep, _) = swept(&Settings {
        rates: None,
        points: 5,
        rounds: 1,
        length: Nanos::from_secs(2),
        ..settings()
    });
    let capacity = sweep.capacity_per_s.unwrap();
    let shares: Vec<f64> = sweep
        .points
        .iter()
        .map(|it| it.asked_per_s / capacity)
        .collect();
    assert_eq!(shares.len(), 5);
    assert!(
        (shares[0] - 0.1).abs() < 0.01 && (shares[4] - 1.2).abs() < 0.02,
        "{shares:?}"
    );
}
