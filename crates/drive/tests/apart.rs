//! Messages to many over several processes on simulated time: what is put together of their parts is what
//! one process with all workers makes of the same run.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod simulation;

use simulation::{checked, sends_to_many as server, to_many};
use wsbench_drive::crew::{Agreed, Collector, Part};
use wsbench_drive::run::RunObserver;
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Audience, LoginSteps, Plan, PlanSpec, Role, Rooms};
use wsbench_load::result::{Absences, Ended, Progress, RunResult};
use wsbench_load::series::Series;
use wsbench_load::tally::{DeliveryCounts, LogRecord};
use wsbench_simulate::{AnswerFault, Cut, Disruption, Every, Scenario, ToAll, handed_apart};

struct Deaf;

impl RunObserver for Deaf {
    fn progress(&mut self, _: &Progress) {}

    fn log(&mut self, _: &[LogRecord]) {}
}

/// Six workers with three connections each, and a message each 20 ms: all are due at whole steps of what a
/// message says of its due time.
fn plan() -> PlanSpec {
    to_many(18, 6, Audience::All, 50.0).with(|spec| {
        spec.clients.timeout = Nanos::from_millis(500);
    })
}

/// The workers of three processes, dealt in turn, and of a single one.
fn three() -> Vec<Vec<u32>> {
    (0..3).map(|home| vec![home, home + 3]).collect()
}

fn one() -> Vec<Vec<u32>> {
    vec![(0..6).collect()]
}

/// A collector of a run whose workers are dealt so.
fn collector<'a>(plan: &'a Plan, homes: &[Vec<u32>]) -> Collector<'a> {
    let collector = Collector::new(plan, plan.threads, 0);
    if homes.len() < 2 {
        return collector;
    }
    let home = |worker: u32| homes.iter().position(|home| home.contains(&worker));
    let of_worker = (0..plan.threads).map(|worker| home(worker).unwrap() as u32);
    collector.among(of_worker.collect(), Nanos::ZERO)
}

/// The result of what it has taken in.
fn finished(collector: Collector<'_>) -> RunResult {
    let agreed = Agreed {
        ended: Ended::Complete,
        absences: Absences::default(),
        load_from: Nanos::from_secs(1),
        opens: Nanos::from_secs(2),
    };
    let result = collector.finish(agreed, Nanos::from_secs(9), &mut Deaf);
    assert_eq!(DeliveryCounts::FATES.breach(&result.deliveries), None);
    result
}

/// What is put together of the parts, each of which went over a bus.
fn gathered(plan: &Plan, parts: Vec<Part>, homes: &[Vec<u32>]) -> RunResult {
    let mut collector = collector(plan, homes);
    for part in parts {
        let written = serde_json::to_string(&part).unwrap();
        collector
            .take(serde_json::from_str(&written).unwrap(), &mut Deaf)
            .unwrap();
    }
    assert_eq!(collector.missing(), []);
    finished(collector)
}

/// The same run by three processes and by one.
fn both(spec: &PlanSpec, scenario: &Scenario) -> [RunResult; 2] {
    let plan = checked(spec);
    [three(), one()].map(|homes| {
        let parts = handed_apart(&plan, scenario.clone(), &homes);
        gathered(&plan, parts, &homes)
    })
}

/// All deliveries of a run, whoever sent them.
fn deliveries(result: &RunResult) -> Histogram {
    let mut all = result.at(Series::Delivery).clone();
    all.merge(result.at(Series::DeliveryBetween));
    all
}

/// Counts but for those of agents, and the bins of all times, are the same.
fn are_alike([three, one]: &[RunResult; 2]) {
    assert!(three.deliveries.between_agents > 0);
    assert_eq!(one.deliveries.between_agents, 0);
    let counts = DeliveryCounts {
        between_agents: 0,
        ..three.deliveries
    };
    assert_eq!(counts, one.deliveries);
    assert_eq!(three.messages, one.messages);
    assert_eq!(three.hears_own, one.hears_own);
    let all = [three, one].map(|it| deliveries(it).to_hdr_v2());
    assert_eq!(all[0], all[1]);
    for series in [Series::DeliveryFirst, Series::DeliveryLast, Series::Skew] {
        let [ours, theirs] = [three, one].map(|it| it.at(series).to_hdr_v2());
        assert_eq!(ours, theirs, "{series:?}");
    }
}

#[test]
fn a_broadcast_over_three_processes_is_that_of_one_bin_for_bin() {
    let each = Nanos::from_micros(30);
    let results = both(
        &plan(),
        &server(ToAll {
            each,
            ..ToAll::default()
        }),
    );
    are_alike(&results);
    let counts = results[0].deliveries;
    assert_eq!((counts.expected, counts.received), (4_500, 4_500));
    assert_eq!(
        counts.between_agents, 3_000,
        "two of three receivers are another's"
    );
    assert_eq!(results[0].failures, []);
}

#[test]
fn what_is_lost_repeated_overtaken_or_late_is_told_whoever_sent_it() {
    let faulty = |fault, nth| ToAll {
        faults: Some(Every { nth, fault }),
        ..ToAll::default()
    };
    for (broadcast, field) in [
        (
            ToAll {
                loss_ppm: 20_000,
                ..ToAll::default()
            },
            (|it: &DeliveryCounts| it.missing) as fn(&DeliveryCounts) -> u64,
        ),
        (faulty(AnswerFault::Duplicated, 7), |it| it.duplicated),
        (faulty(AnswerFault::WrongBytes, 11), |it| it.corrupted),
        (
            faulty(AnswerFault::Late(Nanos::from_millis(450)), 13),
            |it| it.reordered,
        ),
        (
            faulty(AnswerFault::Late(Nanos::from_millis(700)), 17),
            |it| it.missing,
        ),
    ] {
        let results = both(&plan(), &server(broadcast.clone()));
        let [ours, theirs] = [0, 1].map(|at: usize| field(&results[at].deliveries));
        assert!(
            ours == theirs && ours > 20,
            "{ours} and {theirs}: {broadcast:?}"
        );
        let fates = |at: usize| {
            let counts = &results[at].deliveries;
            (
                counts.expected,
                counts.received,
                counts.missing,
                counts.unasked,
            )
        };
        assert_eq!(fates(0), fates(1), "{broadcast:?}");
    }
}

#[test]
fn rooms_senders_and_receivers_are_known_over_processes() {
    let spec = plan().with(|spec| {
        spec.clients.connections = 20;
        let exchange = &mut spec.clients.exchange;
        exchange.audience = Audience::Room;
        exchange.rooms = Some(Rooms::numbered(4));
        let role = |connections, publishes| Role {
            connections,
            publishes,
            subscribes: !publishes,
            reads: None,
            join: LoginSteps::default(),
            voice: None,
        };
        spec.clients.roles = vec![role(4, true), role(16, false)];
    });
    // The server of the simulation has no rooms: all hear all, and each delivery to another room is told.
    let results = both(&spec, &server(ToAll::default()));
    let counts = [0, 1].map(|at: usize| {
        let counts = &results[at].deliveries;
        (counts.expected, counts.received, counts.out_of_room)
    });
    assert_eq!(counts[0], counts[1]);
    assert_eq!(counts[0].0, 250 * 4, "four receivers a room");
    assert!(counts[0].2 >= 250 * 12, "{counts:?}");
}

#[test]
fn senders_that_hear_nothing_of_themselves_are_known_over_processes() {
    let spares = ToAll {
        spares_sender: true,
        ..ToAll::default()
    };
    let results = both(&plan(), &server(spares));
    are_alike(&results);
    assert_eq!(results[0].hears_own, Some(false));
    assert_eq!(results[0].deliveries.expected, 250 * 17);
}

/// Connections that the server ends under load, each in the place of an answer. What reached nobody is
/// missing whoever counts; of other processes more is uncertain, and nothing is missing for that.
#[test]
fn receivers_that_leave_make_nothing_more_missing_over_processes() {
    let mut scenario = server(ToAll::default());
    scenario.server.disruption = Some(Disruption {
        at_message: 8,
        how: Cut::Reset,
    });
    let results = both(&plan(), &scenario);
    let [ours, theirs] = [0, 1].map(|at: usize| results[at].deliveries);
    let left = results[0].connections.failed;
    assert!(left > 10, "{left}");
    assert_eq!(ours.received, theirs.received);
    assert!(ours.uncertain >= theirs.uncertain, "{ours:?} {theirs:?}");
    assert!(ours.missing <= theirs.missing, "{ours:?} {theirs:?}");
    assert!(ours.missing <= left * 18, "{ours:?}");
}

/// A process whose workers are no more heard of, its parts among them, is no receiver from then on: whether
/// it is lost under load, or while the first interval is not whole, in which its receivers joined.
#[test]
fn a_process_that_is_lost_is_awaited_no_more() {
    let plan = checked(&plan());
    let homes = three();
    for (lost_at, more_than) in [
        // Of the two others alone: 166 messages to twelve receivers.
        (Nanos::from_millis(2_500), 1_991),
        (Nanos::from_secs(4), 2_000),
    ] {
        let parts = handed_apart(&plan, server(ToAll::default()), &homes);
        let mut collector = collector(&plan, &homes);
        for part in parts {
            let is_lost = homes[2].contains(&part.share) && part.now > lost_at;
            if !is_lost {
                collector.take(part, &mut Deaf).unwrap();
            }
        }
        for &worker in &homes[2] {
            collector.give_up(worker, &mut Deaf);
        }
        let counts = finished(collector).deliveries;
        assert_eq!(counts.missing + counts.in_flight_at_end, 0, "{counts:?}");
        assert!(counts.received > more_than, "{lost_at:?}: {counts:?}");
    }
}
