//! Servers and generators that stand still: V1 and V7.

use wsbench_load::arrival::Process;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Arrival;
use wsbench_load::series::Series;
use wsbench_simulate::{Pause, Queue, ServiceTime};

use super::{called, mean_ms, ms, open, plan, run, server, stalling};
use crate::finding::{Experiment, Finding, Tolerance};
use crate::formula;

/// Length and period of the stall, ms.
const STALL: (f64, f64) = (100.0, 1_000.0);

pub(super) fn all() -> Vec<Experiment> {
    let open = [(0.0, 1_000), (0.2, 200_000), (0.5, 500_000)];
    let open = open.map(|(load, service)| open_loop(load, Nanos(service)));
    let closed = [1_000, 500].map(|us| closed_loop(Nanos::from_micros(us)));
    let mut all: Vec<Experiment> = open.into_iter().chain(closed).collect();
    all.push(generator());
    all
}

/// The open loop sees the stall as an uncoordinated user would.
fn open_loop(load: f64, service: Nanos) -> Experiment {
    // So many connections that hardly two messages of one are behind the same stall: a server reads
    // all that a connection has brought at once, which lets the later one overtake.
    let plan = plan(open(Process::Poisson, 1_000.0), 5_000, 120, 1);
    let result = run(&plan, stalling(service));
    let (length, period) = STALL;
    let tolerance = Tolerance::By(if load < 0.5 { 1.5 } else { 2.0 });
    let mut findings: Vec<Finding> = [0.95, 0.99, 0.999]
        .into_iter()
        .map(|q| {
            let expected = formula::stall_quantile(q, length, period, load);
            let name = format!("response {}, ms", called(q));
            Finding::new(
                name,
                expected,
                tolerance,
                ms(result.at(Series::Response), q),
            )
        })
        .collect();
    findings.push(Finding::new(
        "response mean, ms",
        formula::stall_mean(length, period, load) + service.0 as f64 / 1e6,
        Tolerance::Share(0.05),
        mean_ms(result.at(Series::Response)),
    ));
    Experiment {
        id: "V1",
        title: format!("stall of 100 ms each second, open loop, 1,000/s, ρ = {load}"),
        formula: "max(0, S − (1 − q)(1 − ρ)P); mean S²/2(1 − ρ)P + s",
        findings,
    }
}

/// The closed loop on the same server: a tenth of the time it is dead, and p99 does not know.
fn closed_loop(round_trip: Nanos) -> Experiment {
    let plan = plan(Arrival::Closed { depth: 1 }, 4, 60, 1);
    let mut scenario = stalling(round_trip);
    scenario.server.queue = Queue::Parallel;
    let result = run(&plan, scenario);
    let r = round_trip.0 as f64 / 1e6;
    let share = formula::stall_closed_share(STALL.0, STALL.1, r);
    // Whether a quantile falls into the share that meets the stall is all that there is to it.
    let expected = |q: f64| if 1.0 - q > share { r } else { r + STALL.0 };
    let quantile = |q: f64, tolerance| {
        let name = format!("service {}, ms", called(q));
        Finding::new(
            name,
            expected(q),
            tolerance,
            ms(result.at(Series::Service), q),
        )
    };
    let hidden: u64 = result.at(Series::Service).count()
        - result
            .at(Series::Service)
            .count_at_or_below(round_trip + Nanos::from_millis(1));
    let gaps = &result.gaps;
    let shortest = gaps.iter().map(|gap| gap.length.0).min().unwrap_or(0);
    Experiment {
        id: "V1",
        title: format!("the same stall, closed loop, 4 connections, round trip {r} ms"),
        formula: "affected: 1/((P − S)/r + 1) of all messages",
        findings: vec![
            Finding::new(
                "affected, % of messages",
                100.0 * share,
                Tolerance::Share(0.05),
                100.0 * hidden as f64 / result.at(Series::Service).count() as f64,
            ),
            quantile(0.99, Tolerance::By(0.1)),
            quantile(0.999, Tolerance::By(1.0)),
            Finding::new(
                "stalls in the list of gaps",
                5.0,
                Tolerance::Exact,
                gaps.len() as f64,
            ),
            Finding::new(
                "shortest of them, ms",
                STALL.0 + r,
                Tolerance::By(r + 0.5),
                shortest as f64 / 1e6,
            ),
        ],
    }
}

/// A generator that stands still accuses itself, and not the server.
fn generator() -> Experiment {
    let mut scenario = server(
        ServiceTime::Constant(Nanos::from_micros(10)),
        Queue::Parallel,
    );
    scenario.machine.pause = Some(Pause {
        at: Nanos::from_secs(5),
        length: Nanos::from_millis(200),
    });
    let result = run(&plan(open(Process::Poisson, 5_000.0), 100, 10, 1), scenario);
    let lag = |q: f64, expected, tolerance| {
        let name = format!("send lag {}, ms", called(q));
        Finding::new(
            name,
            expected,
            Tolerance::By(tolerance),
            ms(result.at(Series::SendLag), q),
        )
    };
    Experiment {
        id: "V7",
        title: "the generator stands still for 200 ms of 10 s, 5,000/s".into(),
        formula: "P(lag > x) = (0.2 s − x)/10 s",
        findings: vec![
            lag(0.99, 100.0, 10.0),
            lag(0.999, 190.0, 4.0),
            lag(1.0, 200.0, 2.0),
            Finding::new(
                "response p99, ms",
                100.0,
                Tolerance::By(10.0),
                ms(result.at(Series::Response), 0.99),
            ),
            Finding::new(
                "service p99, ms",
                0.1,
                Tolerance::AtMost,
                ms(result.at(Series::Service), 0.99),
            ),
        ],
    }
}
