//! Kernel receive time stamps on simulated time: what of a service time was the server's and the
//! network's, and what the answer waited for us, is known to the nanosecond.

mod simulation;

use simulation::{checked, plan};
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, StopRule, Timestamps};
use wsbench_load::result::{Digest, Interval, RunResult, Stamps};
use wsbench_load::series::Series;
use wsbench_simulate::{Pause, Scenario};

/// 50 µs there, 10 µs at the server, 50 µs back.
const AWAY: Nanos = Nanos::from_micros(110);

/// The parts are of all messages, and add up to the service time.
fn check_parts(result: &RunResult) {
    assert_eq!(result.stamps, Stamps::Kernel);
    assert_eq!(
        result.at(Series::Outside).count(),
        result.at(Series::Service).count()
    );
    assert_eq!(
        result.at(Series::ReceiveWait).count(),
        result.at(Series::Service).count()
    );
    let parts = result.at(Series::Outside).sum_ns() + result.at(Series::ReceiveWait).sum_ns();
    assert_eq!(parts, result.at(Series::Service).sum_ns());
}

/// Every message of the run was outside for exactly this long.
fn check_outside(result: &RunResult, known: Nanos) {
    let (least, most) = (
        result.at(Series::Outside).min(),
        result.at(Series::Outside).max(),
    );
    assert_eq!((least, most), (Some(known), Some(known)));
}

/// METHOD V7, the other half: a generator that stands still for 200 ms makes its own stall of it,
/// and the server's times stay what they were.
#[test]
fn a_stopped_generator_blames_itself() {
    let length = Nanos::from_millis(200);
    let mut scenario = Scenario::default();
    scenario.machine.pause = Some(Pause {
        at: Nanos::from_millis(1_500),
        length,
    });
    let schedule = Schedule {
        process: Process::Poisson,
        stretches: vec![Stretch::level(Nanos::MAX, 100_000.0)],
    };
    let plan = plan(100, 1, StopRule::Duration(Nanos::from_secs(3))).with(|spec| {
        spec.clients.arrival = Arrival::Open {
            schedule,
            max_in_flight: 1 << 20,
        };
    });
    let result = wsbench_simulate::run(&checked(&plan), scenario, None);
    check_parts(&result);
    // One message in fifteen was due while it stood still. They leave in bursts, and within one an
    // answer may share a read with the next of its connection: a few microseconds, and no more.
    for (quantile, tolerance) in [(0.5, 0.001), (0.9, 0.001), (0.99, 0.05), (0.999, 0.2)] {
        let outside = result
            .at(Series::Outside)
            .quantile(quantile)
            .unwrap_or_default();
        let excess = outside.0 as f64 / AWAY.0 as f64 - 1.0;
        assert!(
            (-0.001..tolerance).contains(&excess),
            "{quantile}: {outside}"
        );
    }
    let longest = result.at(Series::ReceiveWait).max().unwrap_or_default();
    assert!(longest > length - AWAY && longest <= length, "{longest}");
    // 100,000/s × 110 µs were out when it stopped.
    let stopped = result.at(Series::ReceiveWait).count()
        - result
            .at(Series::ReceiveWait)
            .count_at_or_below(Nanos::from_millis(100));
    assert!((1..100).contains(&stopped), "{stopped}");
    let during = result.intervals.iter().filter(|interval| {
        let from = interval.at - interval.length;
        from <= Nanos::from_millis(1_500) && Nanos::from_millis(1_500) < interval.at
    });
    for interval in during {
        assert!(waits(interval).p50.is_some() && waits(interval).p99 >= waits(interval).p50);
    }
}

/// Each round trip costs the generator a write and a read of 5 µs each, so 64 connections take it
/// 640 µs a turn; the server is done with each after 110 µs.
#[test]
fn a_saturated_generator_is_told_from_a_slow_server() {
    let call = Nanos::from_micros(5);
    let mut scenario = Scenario::default();
    scenario.machine.system_call = call;
    let plan = plan(64, 1, StopRule::Duration(Nanos::from_secs(2))).with(|spec| {
        spec.warmup.least = Nanos::from_millis(200);
    });
    let result = wsbench_simulate::run(&checked(&plan), scenario, None);
    check_parts(&result);
    // The clock is read before the write, and the bytes leave at its end.
    check_outside(&result, AWAY + call);
    let turn = Nanos(64 * 2 * call.0);
    let median = |spans: &wsbench_load::histogram::Histogram| spans.quantile(0.5).unwrap();
    let (service, wait) = (
        median(result.at(Series::Service)),
        median(result.at(Series::ReceiveWait)),
    );
    assert!(service >= turn && service.0 < turn.0 * 11 / 10, "{service}");
    let expected = turn - (AWAY + call);
    assert!(wait >= expected && wait.0 < expected.0 * 12 / 10, "{wait}");
}

#[test]
fn a_generator_at_leisure_makes_answers_wait_for_nothing_but_its_calls() {
    let result = wsbench_simulate::run(
        &checked(&plan(1, 1, StopRule::Messages(1_000))),
        Scenario::default(),
        None,
    );
    check_parts(&result);
    check_outside(&result, AWAY);
    let longest = result.at(Series::ReceiveWait).max().unwrap_or_default();
    assert!(longest < Nanos::from_micros(1), "{longest}");
}

#[test]
fn without_stamps_nothing_is_said_of_the_parts() {
    let plan = plan(4, 1, StopRule::Messages(1_000)).with(|spec| {
        spec.timestamps = Timestamps::User;
    });
    let result = wsbench_simulate::run(&checked(&plan), Scenario::default(), None);
    assert_eq!(result.stamps, Stamps::User);
    assert_eq!(result.at(Series::Service).count(), 1_000);
    assert!(result.at(Series::Outside).is_empty() && result.at(Series::ReceiveWait).is_empty());
    assert!(result.intervals.iter().all(|i| waits(i).p50.is_none()));
}

/// What an interval tells of how long answers waited for the generator.
fn waits(interval: &Interval) -> Digest {
    let told = interval.times.get(Series::ReceiveWait);
    told.copied().expect("a series of intervals")
}
