//! Acknowledgements on simulated time, against a server whose every one is known beforehand: beside
//! messages to many, and as all that answers a message.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod simulation;

use std::sync::Arc;

use simulation::{checked, failures, text};
use wsbench_load::arrival::{Process, Schedule};
use wsbench_load::failure::FailureKind;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Arrival, Audience, Awaited, Flow, Pattern, PlanError, PlanSpec, StopRule, WarmUp, Why,
};
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_load::tally::{AckCounts, Phase};
use wsbench_setting::Field;
use wsbench_simulate::{
    Acking, AnswerFault, Cut, Disruption, Every, Scenario, ServiceTime, ToAll, run,
};

/// One way through the network.
const LATENCY: Nanos = Nanos::from_micros(50);
/// Time that the server takes for a message.
const SERVICE: Nanos = Nanos::from_micros(10);
/// From the message to its acknowledgement.
const DELAY: Nanos = Nanos::from_millis(3);
/// From sent to acknowledged.
const TAKES: Nanos = Nanos(2 * LATENCY.0 + SERVICE.0 + DELAY.0);
/// The same until it has been read: two readings of the clock later.
const READ: Nanos = Nanos(TAKES.0 + 50);

fn numbered() -> Pattern {
    Pattern::Json {
        pointer: "/ack".to_owned(),
        value: "{n}".to_owned(),
    }
}

/// 100 messages a second over five seconds, of which each is acknowledged by such a message.
fn plan(audience: Audience, threads: u32, pattern: Pattern) -> PlanSpec {
    PlanSpec::against("ws://simulated/".parse().unwrap()).with(|spec| {
        (spec.clients.connections, spec.threads) = (6, threads);
        spec.clients.exchange.audience = audience;
        spec.clients.exchange.payload = text(60);
        spec.clients.exchange.ack = Some(Arc::new(Awaited::new(None, pattern)));
        spec.clients.timeout = Nanos::from_millis(500);
        spec.clients.arrival = Arrival::Open {
            schedule: Schedule::level(Process::Constant, 100.0),
            max_in_flight: 1_024,
        };
        spec.stop = StopRule::Duration(Nanos::from_secs(5));
        spec.warmup = WarmUp::of(Nanos::from_secs(1));
    })
}

fn scenario(broadcast: Option<ToAll>, faults: Option<Every<AnswerFault>>) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.server.service = ServiceTime::Constant(SERVICE);
    scenario.server.broadcast = broadcast;
    scenario.server.acks = Some(Acking {
        delay: DELAY,
        faults,
    });
    scenario
}

fn hitting(nth: u64, fault: AnswerFault) -> Option<Every<AnswerFault>> {
    Some(Every { nth, fault })
}

fn extremes(result: &RunResult, series: Series) -> (Nanos, Nanos) {
    let spans = result.at(series);
    (spans.min().unwrap(), spans.max().unwrap())
}

#[test]
fn each_message_to_many_is_acknowledged_to_its_sender_beside_its_deliveries() {
    for threads in [1, 2, 3] {
        let plan = checked(&plan(Audience::All, threads, numbered()));
        let result = run(&plan, scenario(Some(ToAll::default()), None), None);
        let expected = AckCounts {
            awaited: 500,
            received: 500,
            ..AckCounts::default()
        };
        assert_eq!(result.acks, expected, "{threads}");
        assert_eq!(extremes(&result, Series::AckService), (TAKES, TAKES));
        let (least, most) = extremes(&result, Series::Ack);
        assert!(least >= TAKES && most < TAKES + Nanos::from_micros(5));
        // The deliveries are what they were.
        assert_eq!(result.deliveries.received, 3_000);
        assert_eq!(result.deliveries.unasked, 0);
        assert_eq!(result.messages.answered, 500);
        assert_eq!(result.at(Series::Response).count(), 0);
        assert_eq!(result.failures, []);
    }
}

#[test]
fn an_acknowledgement_is_the_answer_where_a_message_has_no_other() {
    for threads in [1, 2] {
        let plan = checked(&plan(Audience::Sender, threads, numbered()));
        let result = run(&plan, scenario(None, None), None);
        assert_eq!((result.messages.sent, result.messages.answered), (500, 500));
        assert_eq!((result.acks.awaited, result.acks.received), (500, 500));
        assert_eq!(extremes(&result, Series::Service), (READ, READ));
        assert_eq!(extremes(&result, Series::AckService), (TAKES, TAKES));
        assert_eq!(result.at(Series::Response).count(), 500);
        assert_eq!(result.messages.unawaited, 0);
        assert_eq!(result.messages.received_in_window, 500);
        assert_eq!(result.failures, []);
    }
}

#[test]
fn acknowledgements_that_are_lost_are_missing_to_the_last_one_and_censored() {
    for audience in [Audience::All, Audience::Sender] {
        let broadcast = (audience == Audience::All).then(ToAll::default);
        let scenario = scenario(broadcast, hitting(20, AnswerFault::Dropped));
        let result = run(&checked(&plan(audience, 2, numbered())), scenario, None);
        let counts = result.acks;
        assert_eq!(counts.awaited, 500);
        let lost = counts.missing + counts.in_flight_at_end;
        assert_eq!((lost, counts.received), (25, 475), "{counts:?}");
        assert_eq!(AckCounts::FATES.breach(&counts), None);
        assert_eq!(result.at(Series::AckCensored).count(), 25);
        assert_eq!(result.at(Series::Ack).count(), 500);
        let told = failures(&result, Phase::Answers, FailureKind::NoAck);
        // Those of the warm-up are told of as well.
        assert!(
            told >= counts.missing && told <= counts.missing + 5,
            "{told}"
        );
        if audience == Audience::Sender {
            assert_eq!(result.messages.timed_out, counts.missing);
            assert_eq!(result.messages.in_flight_at_end, counts.in_flight_at_end);
        } else {
            assert_eq!(result.messages.answered, 500, "it reached everybody");
        }
    }
}

#[test]
fn an_acknowledgement_that_comes_again_or_too_late_acknowledges_nothing() {
    let seen = |fault| {
        let scenario = scenario(Some(ToAll::default()), hitting(50, fault));
        run(
            &checked(&plan(Audience::All, 1, numbered())),
            scenario,
            None,
        )
    };
    let twice = seen(AnswerFault::Duplicated);
    assert_eq!((twice.acks.received, twice.acks.unasked), (500, 10));
    let late = seen(AnswerFault::Late(Nanos::from_millis(700)));
    assert_eq!((late.acks.received, late.acks.missing), (490, 10));
    // Of the last ones some come behind the window.
    assert!((8..=12).contains(&late.acks.unasked), "{:?}", late.acks);
    assert_eq!(
        late.deliveries.unasked, 0,
        "an acknowledgement is no stray message"
    );
}

#[test]
fn without_a_number_acknowledgements_are_taken_in_order() {
    let pattern = Pattern::Prefix(b"{\"ack\":".to_vec());
    let plan = checked(&plan(Audience::Sender, 1, pattern));
    let result = run(&plan, scenario(None, None), None);
    assert_eq!(result.messages.answered, 500);
    assert_eq!(extremes(&result, Series::Service), (READ, READ));
}

#[test]
fn a_tag_that_comes_back_names_its_message() {
    // The server sends it to its sender alone: what comes back is the message itself.
    let mut plan = plan(Audience::Sender, 2, Pattern::Prefix(b"{tag}".to_vec()));
    plan.clients.connections = 2;
    let mut echo = Scenario::default();
    echo.server.service = ServiceTime::Constant(SERVICE);
    let result = run(&checked(&plan), echo, None);
    assert_eq!(result.messages.answered, 500);
    assert_eq!(result.acks.received, 500);
}

#[test]
fn acknowledgements_of_a_connection_that_is_lost_are_missing() {
    let mut scenario = scenario(Some(ToAll::default()), None);
    scenario.server.disruption = Some(Disruption {
        at_message: 20,
        how: Cut::Reset,
    });
    let result = run(
        &checked(&plan(Audience::All, 2, numbered())),
        scenario,
        None,
    );
    assert!(result.connections.replaced > 0);
    let counts = result.acks;
    assert!(counts.missing > 0 && counts.received > 400, "{counts:?}");
    assert_eq!(AckCounts::FATES.breach(&counts), None);
}

#[test]
fn what_acknowledges_nothing_is_unasked_and_told() {
    let mut plan = plan(Audience::Sender, 1, Pattern::Prefix(b"no such".to_vec()));
    plan.clients.timeout = Nanos::from_millis(100);
    let result = run(&checked(&plan), scenario(None, None), None);
    assert_eq!(result.messages.answered, 0);
    assert_eq!(
        result.messages.timed_out + result.messages.in_flight_at_end,
        500
    );
    assert!(result.messages.unasked >= 500);
    let words = result
        .failures
        .iter()
        .find(|it| it.kind == FailureKind::Greeting);
    let words = words.unwrap().example.to_string();
    assert!(words.contains("{\"ack\":1}"), "{words}");
}

#[test]
fn a_number_of_messages_ends_the_run_once_they_are_acknowledged() {
    for audience in [Audience::All, Audience::Sender] {
        let plan = plan(audience, 2, numbered()).with(|spec| {
            spec.stop = StopRule::Messages(100);
            spec.warmup = WarmUp::default();
        });
        let broadcast = (audience == Audience::All).then(ToAll::default);
        let result = run(&checked(&plan), scenario(broadcast, None), None);
        assert_eq!((result.acks.awaited, result.acks.received), (100, 100));
        assert!(result.total < Nanos::from_secs(3), "{}", result.total);
    }
}

#[test]
fn acknowledgements_that_cannot_be_are_refused() {
    let refused = |change: &dyn Fn(&mut PlanSpec)| {
        let mut spec = plan(Audience::Sender, 1, numbered());
        change(&mut spec);
        let PlanError { field, why } = spec.check().unwrap_err();
        (field, why)
    };
    let flow = refused(&|spec| spec.clients.exchange.flow = Flow::Oneway);
    assert_eq!(flow, (Field::Ack, Why::NotWith(Field::Flow)));
    let closed = refused(&|spec| spec.clients.arrival = Arrival::Closed { depth: 1 });
    assert_eq!(closed, (Field::Ack, Why::Needs(Field::Arrival)));
    let of = |text: &str| {
        let pattern = Pattern::Contains(text.as_bytes().to_vec());
        refused(&|spec| {
            spec.clients.exchange.ack = Some(Arc::new(Awaited::new(None, pattern.clone())));
        })
    };
    assert_eq!(of("{now_ms}"), (Field::Ack, Why::Unreadable));
    assert_eq!(of("{tag}{fill}"), (Field::Ack, Why::Unreadable));
    assert_eq!(of("{cap.sid}"), (Field::Ack, Why::NoCapture));
    assert_eq!(of("{room}"), (Field::Ack, Why::Needs(Field::Rooms)));
}
