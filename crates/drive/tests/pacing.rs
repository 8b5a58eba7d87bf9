//! Who made a message late, and pauses to think: on simulated time, against what is known
//! beforehand.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod simulation;

use simulation::{checked, plan, replaced, sums};
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, PlanSpec, StopRule, Think};
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_simulate::{Pause, PeriodicStall, Queue, Scenario, ServiceTime, run, witness};

/// Ten seconds at this rate over ten connections.
fn open(rate_per_s: f64, max_in_flight: u32) -> PlanSpec {
    let schedule = Schedule {
        process: Process::Poisson,
        stretches: vec![Stretch::level(Nanos::MAX, rate_per_s)],
    };
    plan(10, 1, StopRule::Duration(Nanos::from_secs(10))).with(|spec| {
        spec.clients.arrival = Arrival::Open {
            schedule,
            max_in_flight,
        };
    })
}

/// One FIFO server near by, with this service time.
fn fifo(service: ServiceTime) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.network.latency = Nanos(100);
    (scenario.server.service, scenario.server.queue) = (service, Queue::Fifo);
    scenario
}

/// A server that does nothing for 200 ms of each second.
fn stalling() -> Scenario {
    let mut scenario = fifo(ServiceTime::Constant(Nanos::from_micros(10)));
    scenario.server.stall = Some(PeriodicStall {
        period: Nanos::from_secs(1),
        length: Nanos::from_millis(200),
    });
    scenario
}

/// The generator does not run for 200 ms.
fn standing_still(mut scenario: Scenario) -> Scenario {
    scenario.machine.pause = Some(Pause {
        at: Nanos::from_millis(5_500),
        length: Nanos::from_millis(200),
    });
    scenario
}

/// What must hold of the lag of every run: its parts make it up.
fn split(plan: &PlanSpec, scenario: Scenario) -> RunResult {
    let witness = witness(&checked(plan), scenario, None);
    sums::check(plan, &witness);
    witness.result
}

fn longest(spans: &wsbench_load::histogram::Histogram) -> Nanos {
    spans.max().unwrap_or_default()
}

/// METHOD V7: all of the lag is the generator's, and nothing is blocked.
#[test]
fn a_generator_that_stands_still_is_late_by_its_own_fault() {
    let scenario = standing_still(fifo(ServiceTime::Constant(Nanos::from_micros(10))));
    let result = split(&open(5_000.0, 1 << 20), scenario);
    assert_eq!(result.blocked_by.all(), 0);
    assert!(longest(result.at(Series::GeneratorLag)) > Nanos::from_millis(199));
    assert_eq!(
        result.at(Series::GeneratorLag).sum_ns(),
        result.at(Series::SendLag).sum_ns()
    );
}

/// With one message in flight at a time a stalled server holds the next ones back: the lag is as
/// long as the stall, and none of it is the generator's.
#[test]
fn a_server_that_stalls_blocks_what_is_due_at_the_limit_in_flight() {
    let result = split(&open(500.0, 1), stalling());
    assert!(longest(result.at(Series::Blocked)) > Nanos::from_millis(190));
    assert!(longest(result.at(Series::GeneratorLag)) < Nanos::from_micros(50));
    let blocked = result.blocked_by;
    assert_eq!((blocked.absence, blocked.socket), (0, 0));
    // In each of nine stalls a hundred are due, and on each connection the first one goes out.
    assert!((720..=900).contains(&blocked.limit), "{blocked:?}");
}

/// The same where the socket is what takes no more.
#[test]
fn a_server_that_does_not_read_blocks_by_way_of_the_socket() {
    let mut scenario = stalling();
    scenario.network.send_room = 100;
    let result = split(&open(500.0, 1 << 20), scenario);
    assert!(longest(result.at(Series::Blocked)) > Nanos::from_millis(100));
    assert!(longest(result.at(Series::GeneratorLag)) < Nanos::from_micros(50));
    assert!(result.blocked_by.socket > 100, "{:?}", result.blocked_by);
    assert_eq!(result.blocked_by.limit, 0);
}

/// A server that stalls and a generator that stands still at another time: each has its own.
#[test]
fn both_are_told_apart_in_one_run() {
    let result = split(&open(500.0, 1), standing_still(stalling()));
    let (own, blocked) = (
        longest(result.at(Series::GeneratorLag)),
        longest(result.at(Series::Blocked)),
    );
    assert!(
        own > Nanos::from_millis(180) && own < Nanos::from_millis(201),
        "{own}"
    );
    assert!(
        blocked > Nanos::from_millis(190) && blocked < Nanos::from_millis(205),
        "{blocked}"
    );
}

/// Ten clients that think 10 ms between an answer and the next message.
fn thinking(think: Think, seconds: u64) -> PlanSpec {
    plan(10, 1, StopRule::Duration(Nanos::from_secs(seconds))).with(|spec| {
        spec.clients.think = Some(think);
        spec.warmup.least = Nanos::from_secs(1);
    })
}

const TEN_MS: Think = Think {
    least: Nanos::from_millis(10),
    most: Nanos::from_millis(10),
};

fn assert_near(what: &str, measured: f64, expected: f64) {
    let off = (measured / expected - 1.0).abs();
    assert!(
        off < 0.02,
        "{what}: {measured}, expected {expected} within 2 %"
    );
}

/// The rate, a second, and the mean response time, ms.
fn rate_and_response(result: &RunResult) -> (f64, f64) {
    let rate = result.messages.received_in_window as f64 / result.measured.as_secs_f64();
    (rate, result.at(Series::Response).mean_ns().unwrap() / 1e6)
}

/// METHOD V4: ten clients that think 10 ms and an exponential server of 1 ms make 785.4 messages a
/// second of 2.732 ms each (mean value analysis; the mean of the pause is all that matters).
#[test]
fn the_closed_law_with_thinking_holds() {
    let uneven = Think {
        least: Nanos::ZERO,
        most: Nanos::from_millis(20),
    };
    for think in [TEN_MS, uneven] {
        let result = split(
            &thinking(think, 300),
            fifo(ServiceTime::Exponential(Nanos::from_millis(1))),
        );
        let (rate, response) = rate_and_response(&result);
        assert_near("X", rate, 785.4);
        assert_near("R", response, 2.732);
        // Little's law: connections × depth = rate × (response + pause).
        let offered = result.offered_in_flight_ns as f64;
        let accounted = (result.service_in_window_ns + result.thought_in_window_ns) as f64;
        assert!(
            (accounted / offered - 1.0).abs() < 0.001,
            "{accounted} of {offered}"
        );
        let pause = result.thought_in_window_ns as f64 / 1e6 / result.messages.answered as f64;
        assert_near("Z", pause, 10.0);
    }
}

/// Each place in flight thinks by itself: with a depth of four, four times as many messages.
#[test]
fn each_place_in_flight_thinks_by_itself() {
    for depth in [1, 4] {
        let plan = thinking(TEN_MS, 20).with(|spec| {
            spec.clients.arrival = Arrival::Closed { depth };
        });
        let mut scenario = fifo(ServiceTime::Constant(Nanos::ZERO));
        scenario.server.queue = Queue::Parallel;
        let result = split(&plan, scenario);
        let (rate, _) = rate_and_response(&result);
        assert_near("X", rate, f64::from(depth) * 1_000.0);
    }
}

/// A message is due when it has been thought over: response time knows nothing of the pause, and a
/// generator that stands still meanwhile is late.
#[test]
fn response_time_counts_from_the_end_of_the_pause() {
    let mut scenario = fifo(ServiceTime::Constant(Nanos::from_millis(1)));
    scenario.server.queue = Queue::Parallel;
    let result = split(&thinking(TEN_MS, 20), scenario.clone());
    assert!(longest(result.at(Series::Response)) < Nanos::from_micros(1_010));
    let result = split(&thinking(TEN_MS, 20), standing_still(scenario));
    assert!(longest(result.at(Series::GeneratorLag)) > Nanos::from_millis(188));
    assert_eq!(result.blocked_by.all(), 0);
}

/// A client of the replacement model pauses between its round trips, not before the first and not
/// after the last.
#[test]
fn clients_think_between_their_round_trips() {
    let plan = replaced(4, 40, 5).with(|spec| {
        spec.clients.think = Some(TEN_MS);
    });
    let result = run(&checked(&plan), Scenario::default(), None);
    assert_eq!(result.connections.clients_completed, 40);
    // Ten in a row on each of four places, four pauses each.
    let total = result.measured.as_secs_f64();
    assert!((0.4..0.42).contains(&total), "{total} s");
    let offered = result.offered_in_flight_ns as f64;
    let accounted = (result.service_in_window_ns + result.thought_in_window_ns) as f64;
    assert!(
        (accounted / offered - 1.0).abs() < 0.001,
        "{accounted} of {offered}"
    );
}

/// With so many messages in all the last ones are sent, and the run does not wait for thoughts
/// that lead to nothing.
#[test]
fn a_run_of_so_many_messages_ends_with_the_last_answer() {
    let plan = plan(3, 2, StopRule::Messages(100)).with(|spec| {
        spec.clients.think = Some(TEN_MS);
    });
    let result = split(&plan, Scenario::default());
    assert_eq!(result.messages.answered, 100);
    // Seventeen rounds of six, ten milliseconds apart.
    let total = result.measured.as_secs_f64();
    assert!((0.16..0.17).contains(&total), "{total} s");
}

/// What comes due in an interval is counted by its due time, whenever the generator gets to it; a
/// generator that stands still over a border sends in the interval after.
#[test]
fn each_interval_counts_what_was_due_and_what_was_sent() {
    let mut plan = open(1_000.0, 1 << 20);
    plan.interval = Nanos::from_millis(500);
    if let Arrival::Open { schedule, .. } = &mut plan.clients.arrival {
        schedule.process = Process::Constant;
    }
    let mut scenario = fifo(ServiceTime::Constant(Nanos::from_micros(10)));
    scenario.machine.pause = Some(Pause {
        at: Nanos::from_millis(5_500),
        length: Nanos::from_millis(1_300),
    });
    let result = split(&plan, scenario);
    assert_eq!(result.intervals.len(), 20);
    assert!(result.intervals.iter().all(|i| i.due.abs_diff(500) <= 1));
    let off = |i: &&wsbench_load::result::Interval| i.sent.abs_diff(i.due) > 1;
    assert!((2..=4).contains(&result.intervals.iter().filter(off).count()));
    assert!(result.intervals.iter().any(|i| i.sent == 0));
}

/// Beyond its capacity of 1,000 a second a server falls behind by what it is asked for in excess;
/// below it, nothing piles up.
#[test]
fn what_an_overloaded_server_has_not_answered_piles_up() {
    let outstanding = |rate, max_in_flight| {
        let server = fifo(ServiceTime::Constant(Nanos::from_millis(1)));
        let result = split(&open(rate, max_in_flight), server);
        let last = *result.intervals.last().as_ref().unwrap();
        (last.in_flight, last.waiting)
    };
    let (in_flight, waiting) = outstanding(1_200.0, 1 << 20);
    assert!((1_800..2_200).contains(&in_flight), "{in_flight}");
    assert_eq!(waiting, 0);
    let (in_flight, waiting) = outstanding(1_200.0, 16);
    assert_eq!(in_flight, 160, "ten connections with sixteen each");
    assert!((1_600..2_100).contains(&waiting), "{waiting}");
    let (in_flight, _) = outstanding(500.0, 1 << 20);
    assert!(in_flight < 20, "{in_flight}");
}
