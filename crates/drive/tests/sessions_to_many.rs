//! Sessions that come and go and send messages to each other, on simulated time: who is expected to receive
//! what, and what nobody can say.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod simulation;

use simulation::{checked, failures, sends_to_many, to_many};
use wsbench_load::arrival::Process;
use wsbench_load::failure::FailureKind;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Audience, Lifetime, LoginSteps, Pattern, PlanError, PlanSpec, Reads, Role, Rooms, Sessions,
    SlowReaders, Stay, StopRule, WarmUp, Why,
};
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_load::tally::{DeliveryCounts, MessageCounts, Phase, SessionCounts};
use wsbench_setting::Field;
use wsbench_simulate::{Scenario, ToAll, run};
use wsbench_wire::connection::MessageKind::Text;

/// Ten seconds of sessions for two each, 20 a second, and of a hundred messages a second, after three.
fn plan(audience: Audience, threads: u32) -> PlanSpec {
    to_many(400, threads, audience, 100.0).with(|spec| {
        spec.clients.lifetime = Lifetime::Scheduled(Sessions {
            per_s: 20.0,
            process: Process::Constant,
            stay: Stay::Time(Nanos::from_secs(2)),
        });
        spec.stop = StopRule::Duration(Nanos::from_secs(10));
        spec.warmup = WarmUp::of(Nanos::from_secs(3));
        if audience == Audience::Room {
            spec.clients.exchange.rooms = Some(Rooms::numbered(4));
            let told = Pattern::Json {
                pointer: "/joined".to_owned(),
                value: "{room}".to_owned(),
            };
            spec.clients.login = LoginSteps::default()
                .send(Text, r#"{"join":"{room}"}"#)
                .expect(Text, told);
        }
    })
}

/// The result, whose sums are right.
fn carried_out(spec: &PlanSpec, scenario: Scenario) -> RunResult {
    let result = run(&checked(spec), scenario, None);
    assert_eq!(DeliveryCounts::FATES.breach(&result.deliveries), None);
    assert_eq!(MessageCounts::FATES.breach(&result.messages), None);
    assert_eq!(MessageCounts::SENDS.breach(&result.messages), None);
    assert_eq!(SessionCounts::FATES.breach(&result.sessions), None);
    assert_eq!(result.sessions.due, 200);
    result
}

#[test]
fn each_message_is_for_those_that_are_there_when_it_is_sent() {
    for (audience, threads) in [
        (Audience::All, 1),
        (Audience::All, 2),
        (Audience::Room, 1),
        (Audience::Room, 3),
    ] {
        let result = carried_out(&plan(audience, threads), sends_to_many(ToAll::default()));
        let counts = result.deliveries;
        assert_eq!(
            (counts.missing, counts.in_flight_at_end),
            (0, 0),
            "{counts:?}"
        );
        let wrong = [counts.unasked, counts.out_of_room, counts.duplicated];
        assert_eq!(wrong, [0; 3], "{:?}", result.failures);
        assert_eq!(result.failures, []);
        assert_eq!(
            (result.messages.sent, result.messages.answered),
            (1_000, 1_000)
        );
        // Little's law: forty are there. Without a login each is no receiver yet for a tenth of a second,
        // so two of them are not; in four rooms a message is for a fourth.
        let each = counts.expected as f64 / 1_000.0;
        let expected = if audience == Audience::All {
            38.0
        } else {
            10.0
        };
        assert!((each - expected).abs() < 1.0, "{each}");
        assert_eq!(counts.received, counts.expected);
        // Two are there who are no receivers yet, and hear it all the same.
        let uncertain = counts.uncertain as f64 / 1_000.0;
        let may_be = if audience == Audience::All {
            1.8..2.3
        } else {
            0.0..0.1
        };
        assert!(may_be.contains(&uncertain), "{counts:?}");
        assert!(result.at(Series::DeliveryLast).max().unwrap() < Nanos::from_millis(2));
    }
}

/// A login that says where it wants to be and does not hear whether it is confirms nothing.
#[test]
fn who_has_only_asked_to_be_in_a_room_is_not_expected_to_be_there_at_once() {
    // A message that was sent later may be with the server sooner.
    let mut scenario = sends_to_many(ToAll::default());
    scenario.network.jitter = Nanos::from_millis(5);
    let asks = plan(Audience::Room, 1).with(|spec| {
        spec.clients.login = LoginSteps::default().send(Text, r#"{"join":"{room}"}"#);
    });
    let counts = carried_out(&asks, scenario).deliveries;
    assert_eq!(
        (counts.missing, counts.in_flight_at_end),
        (0, 0),
        "{counts:?}"
    );
    assert_eq!(counts.received, counts.expected);
    assert!(counts.expected > 8_000, "{counts:?}");
}

/// Of rooms of two, whose senders do not hear themselves, the only receiver leaves now and then while a
/// message is under way: that is for nobody then, and no fault of the server.
#[test]
fn a_message_whose_only_receiver_leaves_is_no_failure() {
    let late = ToAll {
        delays: vec![Nanos::from_millis(30)],
        spares_sender: true,
        ..ToAll::default()
    };
    let pairs = plan(Audience::Room, 1).with(|spec| {
        spec.clients.exchange.rooms = Some(Rooms::numbered(20));
    });
    let result = carried_out(&pairs, sends_to_many(late));
    assert_eq!(result.failures, []);
    let counts = &result.messages;
    assert_eq!(
        (counts.timed_out, counts.in_flight_at_end),
        (0, 0),
        "{counts:?}"
    );
    assert!((1..100).contains(&counts.unawaited), "{counts:?}");
    assert_eq!(result.deliveries.missing, 0);
    assert!(result.at(Series::DeliveryLast).max().unwrap() < Nanos::from_secs(1));
}

/// A delivery that is lost is missing, unless its receiver had left by when it might have come.
#[test]
fn what_a_server_loses_is_missing_although_its_receivers_leave() {
    let lossy = ToAll {
        loss_ppm: 10_000,
        ..ToAll::default()
    };
    for threads in [1, 2] {
        let result = carried_out(&plan(Audience::All, threads), sends_to_many(lossy.clone()));
        let counts = result.deliveries;
        // One in a hundred of 38,000, of which those of the second before a session left are uncertain.
        assert!((120..=280).contains(&counts.missing), "{counts:?}");
        let lost = counts.missing + counts.in_flight_at_end;
        let beyond = counts.uncertain - 2_000;
        assert!((300..=480).contains(&(lost + beyond)), "{counts:?}");
        let told = failures(&result, Phase::Answers, FailureKind::TimedOut);
        assert_eq!(told, result.messages.timed_out);
    }
}

/// What reaches nobody is no message that has reached all its receivers, however soon these leave.
#[test]
fn a_message_whose_receivers_all_leave_without_it_has_not_been_answered() {
    let nothing = ToAll {
        loss_ppm: 1_000_000,
        ..ToAll::default()
    };
    let spec = plan(Audience::All, 1).with(|spec| {
        spec.clients.lifetime = Lifetime::Scheduled(Sessions {
            per_s: 20.0,
            process: Process::Constant,
            stay: Stay::Time(Nanos::from_millis(500)),
        });
    });
    let result = carried_out(&spec, sends_to_many(nothing));
    let counts = &result.messages;
    // Where nobody is sure to be there, a message is for nobody.
    assert_eq!((counts.sent, counts.answered), (1_000, 0), "{counts:?}");
    assert!(counts.unawaited >= 780, "{counts:?}");
    assert_eq!(
        counts.timed_out, 0,
        "nobody was there any more to have had it in time"
    );
    assert_eq!(result.deliveries.received, 0);
}

/// A server that takes its time with each delivery has those that leave meanwhile as uncertain.
#[test]
fn what_is_under_way_when_its_receiver_leaves_is_uncertain() {
    let late = ToAll {
        delays: vec![Nanos::from_millis(300)],
        ..ToAll::default()
    };
    let result = carried_out(&plan(Audience::All, 1), sends_to_many(late));
    let counts = result.deliveries;
    assert_eq!(counts.missing, 0, "{counts:?}");
    // A session that leaves lacks the thirty messages of the last 300 ms, 20 times a second: six of each.
    let each = counts.uncertain as f64 / 1_000.0;
    assert!((7.0..9.0).contains(&each), "{counts:?}");
    assert!(result.at(Series::Delivery).min().unwrap() >= Nanos::from_millis(300));
}

#[test]
fn sessions_that_send_to_many_stay_for_a_time_and_are_alike() {
    let refused = |change: fn(&mut PlanSpec)| {
        let PlanError { field, why } = plan(Audience::All, 1).with(change).check().unwrap_err();
        (field, why)
    };
    let of_trips = refused(|spec| {
        spec.clients.lifetime = Lifetime::Scheduled(Sessions {
            per_s: 20.0,
            process: Process::Constant,
            stay: Stay::RoundTrips(3),
        });
    });
    assert_eq!(of_trips, (Field::Sessions, Why::Needs(Field::Stay)));
    let slow = refused(|spec| {
        spec.clients.slow = Some(SlowReaders {
            share: 0.5,
            reads: Reads::Rate { bytes_per_s: 9 },
        });
    });
    assert_eq!(slow, (Field::Sessions, Why::NotWith(Field::Slow)));
    let roles = refused(|spec| {
        let role = |publishes| Role {
            reads: None,
            connections: 200,
            publishes,
            subscribes: true,
            join: LoginSteps::default(),
            voice: None,
        };
        spec.clients.roles = vec![role(true), role(false)];
    });
    assert_eq!(roles, (Field::Sessions, Why::NotWith(Field::Roles)));
}
