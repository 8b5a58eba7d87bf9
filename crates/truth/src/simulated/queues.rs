//! Servers whose times are known as distributions: V2, V3 and V4.

use wsbench_load::arrival::Process;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Think};
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_simulate::{Queue, ServiceTime};

use super::{called, mean_ms, ms, open, plan, run, server};
use crate::finding::{Experiment, Finding, Tolerance};
use crate::formula;

const MS: Nanos = Nanos::from_millis(1);

/// Delays without a queue: whatever their distribution and the rate, they are what is measured.
pub(super) fn delays() -> Vec<Experiment> {
    let exponential = |q| formula::exponential_quantile(q, 5.0);
    let uniform = |q: f64| 2.0 + 8.0 * q;
    let two = |q: f64| if q <= 0.98 { 1.0 } else { 50.0 };
    let mixed = ServiceTime::Mixed {
        usual: MS,
        rare: Nanos::from_millis(50),
        rare_ppm: 20_000,
    };
    let qs = [0.5, 0.9, 0.99, 0.999];
    vec![
        delay(
            "exponential, mean 5 ms, at 200/s",
            "−ln(1 − q)·5 ms",
            (ServiceTime::Exponential(Nanos::from_millis(5)), 200.0),
            &qs.map(|q| (q, exponential(q))),
        ),
        delay(
            "exponential, mean 5 ms, at 5,000/s",
            "−ln(1 − q)·5 ms",
            (ServiceTime::Exponential(Nanos::from_millis(5)), 5_000.0),
            &qs.map(|q| (q, exponential(q))),
        ),
        delay(
            "uniform, 2 to 10 ms, at 5,000/s",
            "2 ms + q·8 ms",
            (
                ServiceTime::Uniform(Nanos::from_millis(2), Nanos::from_millis(10)),
                5_000.0,
            ),
            &qs.map(|q| (q, uniform(q))),
        ),
        delay(
            "two speeds, 98 % 1 ms, 2 % 50 ms, at 5,000/s",
            "1 ms up to q = 0.98, then 50 ms",
            (mixed, 5_000.0),
            &[0.5, 0.97, 0.99].map(|q| (q, two(q))),
        ),
    ]
}

/// One delay at one rate, a hundred thousand messages.
fn delay(
    title: &str,
    formula: &'static str,
    (service, rate): (ServiceTime, f64),
    expected: &[(f64, f64)],
) -> Experiment {
    let plan = plan(
        open(Process::Poisson, rate),
        20,
        (1e5 / rate) as u64,
        rate as u64,
    );
    let result = run(&plan, server(service, Queue::Parallel));
    let findings = expected.iter().map(|&(q, expected)| {
        // From the ranks between which the quantile of so many independent samples lies.
        let tolerance = Tolerance::Share(if q > 0.99 { 0.06 } else { 0.0137 });
        let name = format!("response {}, ms", called(q));
        Finding::new(
            name,
            expected,
            tolerance,
            ms(result.at(Series::Response), q),
        )
    });
    let mut findings: Vec<Finding> = findings.collect();
    findings.push(Finding::new(
        "not answered, or not rightly",
        0.0,
        Tolerance::Exact,
        (result.messages.sent - result.messages.answered) as f64,
    ));
    Experiment {
        id: "V2",
        title: format!("delay without a queue (M/G/∞): {title}"),
        formula,
        findings,
    }
}

/// Queues at one server of 1 ms, and the closed loop at one.
pub(super) fn all() -> Vec<Experiment> {
    let mut all: Vec<Experiment> = LOADS.into_iter().map(constant_service).collect();
    all.extend(LOADS.into_iter().map(exponential_service));
    all.push(even_arrivals());
    all.push(even_arrivals_exponential_service());
    all.extend([0, 10].map(closed));
    all
}

/// Loads, and what the geometric mean of the p99 of ten runs of 120 s may be off by: messages in a
/// queue depend on each other the longer the fuller it is.
const LOADS: [(f64, f64); 4] = [(0.5, 0.03), (0.7, 0.05), (0.8, 0.08), (0.9, 0.15)];
const RUNS: u64 = 10;

fn constant_service((load, tolerance): (f64, f64)) -> Experiment {
    let runs = queue(Process::Poisson, load, ServiceTime::Constant(MS));
    queue_experiment(
        &format!("M/D/1, ρ = {load}"),
        "Erlang: (1 − ρ) Σ (−λ(x − kD))^k/k! · e^{λ(x − kD)}; mean 1 + ρ/2(1 − ρ)",
        &runs,
        tolerance,
        formula::md1_mean(load),
        |q| formula::md1_quantile(q, load),
    )
}

fn exponential_service((load, tolerance): (f64, f64)) -> Experiment {
    let runs = queue(Process::Poisson, load, ServiceTime::Exponential(MS));
    queue_experiment(
        &format!("M/M/1, ρ = {load}"),
        "−ln(1 − q)/(1 − ρ); mean 1/(1 − ρ)",
        &runs,
        tolerance,
        1.0 / (1.0 - load),
        |q| formula::mm1_quantile(q, load),
    )
}

fn even_arrivals_exponential_service() -> Experiment {
    let runs = queue(Process::Constant, 0.5, ServiceTime::Exponential(MS));
    let mean = 1.0 / (1.0 - formula::dm1_sigma(0.5));
    queue_experiment(
        "D/M/1, ρ = 0.5",
        "exponential, mean 1/(1 − σ), σ = e^{−(1 − σ)/ρ}",
        &runs,
        0.03,
        mean,
        |q| formula::exponential_quantile(q, mean),
    )
}

/// Evenly spaced messages never meet: no queue at all where Poisson arrivals wait ten services.
fn even_arrivals() -> Experiment {
    let plan = plan(open(Process::Constant, 800.0), 50, 120, 1);
    let result = run(&plan, server(ServiceTime::Constant(MS), Queue::Fifo));
    Experiment {
        id: "V3",
        title: "D/D/1, ρ = 0.8: an even schedule flatters".into(),
        formula: "1",
        findings: vec![Finding::new(
            "response p99, ms",
            1.0,
            Tolerance::By(0.01),
            ms(result.at(Series::Response), 0.99),
        )],
    }
}

/// Ten runs at one server, each with a seed of its own, as each load has seeds of its own: the same
/// chance everywhere would look like agreement.
fn queue(process: Process, load: f64, service: ServiceTime) -> Vec<RunResult> {
    let first = (1_000.0 * load) as u64;
    let one = |seed| {
        let plan = plan(open(process, 1_000.0 * load), 50, 120, seed);
        run(&plan, server(service, Queue::Fifo))
    };
    (first..first + RUNS).map(one).collect()
}

fn queue_experiment(
    title: &str,
    formula: &'static str,
    runs: &[RunResult],
    tolerance: f64,
    mean: f64,
    quantile: impl Fn(f64) -> f64,
) -> Experiment {
    let tolerance = Tolerance::Share(tolerance);
    let over_runs = |figure: &dyn Fn(&RunResult) -> f64| {
        let logs: f64 = runs.iter().map(|run| figure(run).ln()).sum();
        (logs / runs.len() as f64).exp()
    };
    let measured = over_runs(&|run| mean_ms(run.at(Series::Response)));
    let mut findings = vec![Finding::new("response mean, ms", mean, tolerance, measured)];
    for q in [0.5, 0.9, 0.99] {
        let measured = over_runs(&|run| ms(run.at(Series::Response), q));
        let name = format!("response {}, ms", called(q));
        findings.push(Finding::new(name, quantile(q), tolerance, measured));
    }
    Experiment {
        id: "V3",
        title: format!("{title}, service 1 ms, {RUNS} runs of 120 s"),
        formula,
        findings,
    }
}

/// The closed loop at an exponential server is known from mean value analysis, also where whoever
/// sends thinks for so many milliseconds between an answer and the next message.
fn closed(think_ms: u64) -> Experiment {
    let pause = Nanos::from_millis(think_ms);
    let plan = plan(Arrival::Closed { depth: 1 }, 10, 120, 1).with(|spec| {
        spec.clients.think = (think_ms > 0).then_some(Think {
            least: pause,
            most: pause,
        });
    });
    let result = run(&plan, server(ServiceTime::Exponential(MS), Queue::Fifo));
    let (rate, response) = formula::closed_loop(10, 1e-3, pause.as_secs_f64());
    let received = result.messages.received_in_window as f64;
    let out_or_thinking = result.service_in_window_ns + result.thought_in_window_ns;
    let little = out_or_thinking as f64 / result.offered_in_flight_ns as f64;
    let pauses = match think_ms {
        0 => String::new(),
        ms => format!(", pauses to think of Z = {ms} ms"),
    };
    let two_percent = Tolerance::Share(0.02);
    let per_s = received / result.measured.as_secs_f64();
    Experiment {
        id: "V4",
        title: format!("closed loop, 10 connections, exponential service of 1 ms{pauses}"),
        formula: "mean value analysis: R = s(1 + Q), X = N/(R + Z), Q = XR",
        findings: vec![
            Finding::new("throughput, msg/s", rate, two_percent, per_s),
            Finding::new(
                "service mean, ms",
                1e3 * response,
                two_percent,
                mean_ms(result.at(Series::Service)),
            ),
            Finding::new(
                "Little's law, right over left",
                1.0,
                Tolerance::By(0.01),
                little,
            ),
        ],
    }
}
