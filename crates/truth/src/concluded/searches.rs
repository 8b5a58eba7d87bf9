//! The search for the greatest rate under an objective: V6.

use wsbench_experiment::find::{Settings, find};
use wsbench_load::arrival::Process;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::PlanSpec;
use wsbench_record::objective::Objective;
use wsbench_record::search::Over;
use wsbench_record::units;
use wsbench_simulate::runner::{Simulated, target};
use wsbench_simulate::{Queue, ServiceTime};

use crate::finding::{Experiment, Finding, Tolerance};
use crate::formula;
use crate::simulated::server;

/// Time that a message takes the server, on average or always.
const D: Nanos = Nanos::from_micros(200);
/// Rates and lengths are asked for in four digits, the ends of a bracket rounded outwards.
const ROUNDED: f64 = 1.001;

/// Searches for one and the same rate.
struct Searches {
    /// The queue.
    queue: &'static str,
    process: Process,
    service: ServiceTime,
    /// Time that a message takes the server, on average or always.
    mean: Nanos,
    /// Limit within which p99 has to stay.
    limit: Nanos,
    /// The greatest rate at which it does, messages a second.
    truth_per_s: f64,
    formula: &'static str,
    /// Number of searches, each with a seed of its own.
    count: u64,
    /// Simulated time that each may take.
    time: Nanos,
    /// Width that a bracket may have at most, upper end over lower; `None` on a curve so flat that
    /// in this time not every search can make certain of both ends.
    widest: Option<f64>,
}

pub(super) fn all() -> Vec<Experiment> {
    let searches = [
        constant_service(1_000, 2),
        constant_service(2_000, 2),
        constant_service(5_000, 1),
        exponential_service(1_000, 10, None),
        exponential_service(2_000, 1, Some(1.12)),
        exponential_service(5_000, 1, Some(1.12)),
        even_arrivals(300),
        even_arrivals(5_000),
        in_a_minute(Nanos::from_millis(50), 300, 100),
        in_a_minute(Nanos::from_millis(5), 60, 100),
        in_a_minute(Nanos::from_micros(500), 60, 100),
        // A million messages a search: fewer of them.
        in_a_minute(Nanos::from_micros(50), 60, 10),
    ];
    std::thread::scope(|scope| {
        let threads = searches.map(|searches| scope.spawn(move || searches.experiment()));
        let found = threads.map(|thread| match thread.join() {
            Ok(found) => found,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        found.into()
    })
}

/// Services a second of a server that is never idle.
fn capacity_per_s() -> f64 {
    1.0 / D.as_secs_f64()
}

fn constant_service(limit_us: u64, count: u64) -> Searches {
    let greatest =
        |services| formula::greatest_load(services, |load| formula::md1_quantile(0.99, load));
    Searches {
        queue: "M/D/1",
        process: Process::Poisson,
        truth_per_s: greatest(in_services(limit_us)) * capacity_per_s(),
        formula: "the rate at which Erlang's p99 is the limit",
        count,
        time: Nanos::from_secs(900),
        ..even_arrivals(limit_us)
    }
}

/// Searches of a server that takes `mean` a message, with little time each: brackets may be
/// wide, and have two ends.
fn in_a_minute(mean: Nanos, limit_s: u64, count: u64) -> Searches {
    let greatest = formula::greatest_load(10.0, |load| formula::md1_quantile(0.99, load));
    Searches {
        queue: "M/D/1",
        process: Process::Poisson,
        service: ServiceTime::Constant(mean),
        mean,
        limit: Nanos(10 * mean.0),
        truth_per_s: greatest / mean.as_secs_f64(),
        formula: "the rate at which Erlang's p99 is ten service times",
        count,
        time: Nanos::from_secs(limit_s),
        widest: None,
    }
}

fn exponential_service(limit_us: u64, count: u64, widest: Option<f64>) -> Searches {
    let greatest =
        |services| formula::greatest_load(services, |load| formula::mm1_quantile(0.99, load));
    Searches {
        queue: "M/M/1",
        process: Process::Poisson,
        service: ServiceTime::Exponential(D),
        truth_per_s: greatest(in_services(limit_us)) * capacity_per_s(),
        formula: "the rate at which −ln(0.01)·s/(1 − ρ) is the limit",
        count,
        time: Nanos::from_secs(if widest.is_some() { 400 } else { 600 }),
        widest,
        ..even_arrivals(limit_us)
    }
}

/// Evenly spaced messages never meet: the server holds up to the rate that it can serve at all.
fn even_arrivals(limit_us: u64) -> Searches {
    Searches {
        queue: "D/D/1",
        process: Process::Constant,
        service: ServiceTime::Constant(D),
        mean: D,
        limit: Nanos::from_micros(limit_us),
        truth_per_s: capacity_per_s(),
        formula: "1/s, whatever the limit",
        count: 1,
        time: Nanos::from_secs(600),
        widest: Some(1.05),
    }
}

/// A limit in service times.
fn in_services(limit_us: u64) -> f64 {
    Nanos::from_micros(limit_us).as_secs_f64() / D.as_secs_f64()
}

impl Searches {
    fn experiment(&self) -> Experiment {
        let brackets: Vec<(f64, f64)> = (1..=self.count).map(|seed| self.bracket(seed)).collect();
        let truth = self.truth_per_s;
        let held = brackets
            .iter()
            .filter(|(low, high)| *low <= truth && truth <= *high);
        // Nine of ten, and of a hundred 95.
        let wrong = if self.count < 100 {
            self.count / 10
        } else {
            self.count / 20
        };
        let mut findings = vec![Finding::new(
            format!(
                "brackets that hold {}/s",
                units::count(truth.round() as u64)
            ),
            (self.count - wrong) as f64,
            Tolerance::AtLeast,
            held.count() as f64,
        )];
        if self.count >= 100 {
            let both = brackets
                .iter()
                .filter(|(low, high)| *low > 0.0 && high.is_finite());
            findings.push(Finding::new(
                "brackets with two ends",
                (self.count - wrong) as f64,
                Tolerance::AtLeast,
                both.count() as f64,
            ));
        }
        if let Some(widest) = self.widest {
            let logs = brackets
                .iter()
                .map(|(low, high)| f64::midpoint(low.ln(), high.ln()));
            let middle = (logs.sum::<f64>() / self.count as f64).exp();
            let widths = brackets.iter().map(|(low, high)| high / low);
            findings.push(Finding::new(
                "their middle, msg/s",
                truth,
                Tolerance::Share(widest.sqrt() - 1.0),
                middle,
            ));
            findings.push(Finding::new(
                "the widest, upper end over lower",
                widest * ROUNDED,
                Tolerance::AtMost,
                widths.fold(1.0, f64::max),
            ));
        }
        let (queue, count) = (self.queue, self.count);
        let limit_ms = self.limit.0 as f64 / 1e6;
        let each = match count {
            1 => "one search".to_owned(),
            many => format!("{many} searches"),
        };
        Experiment {
            id: "V6",
            title: format!(
                "find: {queue}, service {}, p99 ≤ {limit_ms} ms within {} s; {each}",
                units::span(self.mean.0 as f64),
                self.time.as_secs_f64()
            ),
            formula: self.formula,
            findings,
        }
    }

    /// The bracket that the search by this seed tells; what it leaves open has no end.
    fn bracket(&self, seed: u64) -> (f64, f64) {
        let settings = Settings {
            plan: PlanSpec::against(target("server"))
                .with(|spec| {
                    spec.clients.connections = 16;
                    spec.warmup.least = Nanos::from_secs(1);
                    spec.seed = seed;
                })
                .check()
                .expect("a plan of our own making is right"),
            over: Over::Rate,
            objectives: vec![Objective::Time {
                series: None,
                percentile: 99.0,
                at_most_ns: self.limit.0,
            }],
            process: self.process,
            max_in_flight: 1 << 16,
            start: None,
            resolution: 1.05,
            length: Nanos::from_secs(5),
            longest: Nanos::from_secs(30),
            limit: self.time,
            most_trials: 80,
        };
        let mut runner = Simulated::new([("server", server(self.service, Queue::Fifo))]);
        let search = find(&settings, &mut runner).expect("a healthy server can be searched");
        let low = search.holds.map_or(0.0, |edge| edge.load);
        let high = search.fails.map_or(f64::INFINITY, |edge| edge.load);
        (low, high)
    }
}
