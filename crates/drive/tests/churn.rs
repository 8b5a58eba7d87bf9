//! Connections that come and go beside those that carry the load, on simulated time: when they come, how
//! long they take, and that the load is counted as if they were not there.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod simulation;

use simulation::{checked, plan, sends_to_many, text, to_many};
use wsbench_load::arrival::Process;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Audience, Drill, Flow, Lifetime, LoginSteps, Pattern, PlanError, PlanSpec, Pushes, Reads,
    Reconnect, Returns, Rooms, Sessions, SlowReaders, Stay, StopRule, WarmUp, Why,
};
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_load::tally::{DeliveryCounts, MessageCounts, SessionCounts};
use wsbench_setting::Field;
use wsbench_simulate::{Pushing, Scenario, ToAll, run};
use wsbench_wire::connection::MessageKind::Text;

/// One way through the network, and TCP and the upgrade, a round trip each.
const LATENCY: Nanos = Nanos::from_micros(50);
const OPEN: Nanos = Nanos(4 * LATENCY.0);

/// Twenty a second, evenly spaced, for half a second each.
fn churn() -> Sessions {
    Sessions {
        per_s: 20.0,
        process: Process::Constant,
        stay: Stay::Time(Nanos::from_millis(500)),
    }
}

/// Four connections with one message in flight for five seconds, after one, and others beside them.
fn beside_echoes(threads: u32) -> PlanSpec {
    plan(4, 1, StopRule::Duration(Nanos::from_secs(5))).with(|spec| {
        spec.clients.exchange.payload = text(60);
        spec.threads = threads;
        spec.warmup = WarmUp::of(Nanos::from_secs(1));
        spec.clients.churn = Some(churn());
    })
}

/// The result, with a hundred connections beside the load that came, stayed and went.
fn carried_out(spec: &PlanSpec, scenario: Scenario) -> RunResult {
    let result = run(&checked(spec), scenario, None);
    let counts = result.sessions;
    assert_eq!(counts.due, 100);
    assert_eq!(SessionCounts::FATES.breach(&counts), None);
    assert!(counts.opened >= 99 && counts.crowded == 0, "{counts:?}");
    assert_eq!(result.at(Series::OpeningService).count(), counts.opened);
    // Those of the warm-up as well.
    assert!(result.connections.closed_cleanly >= 119);
    assert_eq!(result.failures, []);
    // Of the load alone.
    let held = u64::from(spec.clients.connections);
    assert_eq!(result.connections.asked, held);
    assert_eq!(result.connections.alive_at_end, held);
    assert!(result.intervals.iter().all(|it| it.alive == held));
    result
}

#[test]
fn connections_come_and_go_beside_the_load_by_their_schedule() {
    for threads in [1, 2, 3] {
        let result = carried_out(&beside_echoes(threads), Scenario::default());
        let (least, most) = {
            let spans = result.at(Series::Opening);
            (spans.min().unwrap(), spans.max().unwrap())
        };
        assert!(least >= OPEN && most < OPEN + OPEN, "{least} to {most}");
        // Ten of them at a time beside the four, and of each thread the most that it had.
        let peak = result.connections.peak_concurrent;
        let most = 14 + u64::from(threads);
        assert!((13..=most).contains(&peak), "{peak}");
    }
}

/// What is told of the load is what is told without them, where the server has time for both.
#[test]
fn connections_beside_the_load_are_none_of_it() {
    let with = carried_out(&beside_echoes(1), Scenario::default());
    let spec = beside_echoes(1).with(|spec| spec.clients.churn = None);
    let without = run(&checked(&spec), Scenario::default(), None);
    for result in [&with, &without] {
        assert_eq!(MessageCounts::FATES.breach(&result.messages), None);
        assert_eq!(result.messages.unasked + result.messages.failed, 0);
    }
    let (with, without) = (with.messages.answered, without.messages.answered);
    assert!(with.abs_diff(without) * 50 < without, "{with}, {without}");
}

/// They come when they are due, whatever the server does.
#[test]
fn a_server_that_opens_slowly_does_not_hold_back_what_comes_beside_the_load() {
    let mut scenario = Scenario::default();
    scenario.server.accept = Some(Nanos::from_millis(100));
    let result = run(&checked(&beside_echoes(2)), scenario, None);
    let counts = result.sessions;
    assert_eq!((counts.due, counts.crowded), (100, 0));
    assert_eq!(counts.opened + counts.under_way, counts.due);
    // Ten a second are granted of twenty.
    assert!((35..=51).contains(&counts.opened), "{counts:?}");
    let longest = result.at(Series::Opening).max().unwrap();
    assert!(longest > Nanos::from_secs(2), "{longest}");
}

#[test]
fn connections_beside_a_broadcast_are_none_of_its_receivers() {
    for audience in [Audience::All, Audience::Room] {
        let spec = to_many(6, 2, audience, 50.0).with(|spec| {
            spec.clients.churn = Some(churn());
            if audience == Audience::Room {
                spec.clients.exchange.rooms = Some(Rooms::numbered(2));
                let joined = Pattern::Contains("joined".into());
                spec.clients.login = LoginSteps::default()
                    .send(Text, r#"{"join":"{room}"}"#)
                    .expect(Text, joined);
            }
        });
        let result = carried_out(&spec, sends_to_many(ToAll::default()));
        let each = if audience == Audience::Room { 3 } else { 6 };
        let counts = result.deliveries;
        let expected = DeliveryCounts {
            expected: 250 * each,
            received: 250 * each,
            received_in_window: counts.received_in_window,
            in_shared_reads: counts.in_shared_reads,
            ..DeliveryCounts::default()
        };
        assert_eq!(counts, expected);
        // They log in as the others do.
        let logins = result.at(Series::Login).count();
        assert_eq!(logins > 100, audience == Audience::Room, "{logins}");
    }
}

#[test]
fn what_is_pushed_to_connections_beside_the_load_is_let_by() {
    let pushes = Flow::Push(Pushes {
        stamp: Some("json:/E:ns".parse().unwrap()),
        sequence: Some("json:/u".parse().unwrap()),
        clock: None,
    });
    let spec = beside_echoes(2).with(|spec| spec.clients.exchange.flow = pushes);
    let mut scenario = Scenario::default();
    scenario.server.pushes = Some(Pushing {
        every: Nanos::from_millis(10),
        to: ToAll::default(),
        clock_ahead: Nanos::ZERO,
    });
    let result = carried_out(&spec, scenario);
    assert_eq!(result.pushes.received, 4 * 500);
    assert_eq!(result.pushes.missing + result.messages.unasked, 0);
    let slow = SlowReaders {
        share: 0.25,
        reads: Reads::Rate { bytes_per_s: 1_000 },
    };
    let spec = spec.with(|spec| spec.clients.slow = Some(slow));
    let mut scenario = Scenario::default();
    scenario.server.pushes = Some(Pushing {
        every: Nanos::from_millis(100),
        to: ToAll::default(),
        clock_ahead: Nanos::ZERO,
    });
    let result = run(&checked(&spec), scenario, None);
    assert_eq!(result.pushes.received, 3 * 50);
    assert_eq!(result.sessions.due, 100);
}

/// A drill is of those that carry the load.
#[test]
fn a_drill_cuts_nothing_of_what_comes_and_goes() {
    let spec = beside_echoes(2).with(|spec| {
        spec.clients.returns = Some(Returns {
            policy: Reconnect::Immediate,
            drill: Some(Drill {
                share: 1.0,
                at: Nanos::from_secs(2),
            }),
        });
    });
    let result = run(&checked(&spec), Scenario::default(), None);
    assert_eq!((result.returns.cut, result.returns.back), (4, 4));
    assert!(result.sessions.opened >= 99, "{:?}", result.sessions);
}

#[test]
fn what_comes_beside_the_load_needs_some_that_is_held_and_a_stay() {
    let refused = |change: fn(&mut PlanSpec)| {
        let PlanError { field, why } = beside_echoes(1).with(change).check().unwrap_err();
        (field, why)
    };
    let replaced = refused(|spec| {
        spec.clients.lifetime = Lifetime::Replaced { round_trips: 2 };
        (spec.stop, spec.warmup) = (StopRule::Clients(9), WarmUp::default());
    });
    assert_eq!(replaced, (Field::Churn, Why::NotWith(Field::Lifetime)));
    let of_trips = refused(|spec| {
        spec.clients.churn = Some(Sessions {
            stay: Stay::RoundTrips(3),
            ..churn()
        });
    });
    assert_eq!(of_trips, (Field::Churn, Why::Needs(Field::ChurnStay)));
    let of_no_time = refused(|spec| {
        spec.clients.churn = Some(Sessions {
            stay: Stay::Time(Nanos::ZERO),
            ..churn()
        });
    });
    assert_eq!(of_no_time, (Field::ChurnStay, Why::Zero));
    let never = refused(|spec| {
        spec.clients.churn = Some(Sessions {
            per_s: 0.0,
            ..churn()
        });
    });
    assert_eq!(never, (Field::Churn, Why::Malformed));
}
