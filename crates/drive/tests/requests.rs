//! Requests on simulated time: answers known by a number, in any order, and those that say that their
//! request has failed.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod simulation;

use std::sync::Arc;

use simulation::{checked, failures, plan};
use wsbench_load::failure::FailureKind;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Awaited, ByNumber, Encoding, Pattern, Payload, PlanSpec, StopRule};
use wsbench_load::series::Series;
use wsbench_load::tally::Phase;
use wsbench_load::template::Template;
use wsbench_simulate::{AnswerFault, Every, Scenario, ServiceTime, Streaming, run};

fn requests(at: &str, template: &str, depth: u32) -> PlanSpec {
    plan(4, depth, StopRule::Messages(1_000)).with(|spec| {
        spec.clients.exchange.payload = Payload::Template {
            encoding: Encoding::Text,
            template: Arc::new(Template::for_requests(template).unwrap()),
        };
        spec.clients.exchange.request = Some(ByNumber {
            at: at.parse().unwrap(),
            failed: Some("json:/error".parse().unwrap()),
            end: None,
        });
    })
}

const RPC: &str = r#"{"jsonrpc":"2.0","id":{id},"method":"ping"}"#;

#[test]
fn answers_are_known_by_their_number_wherever_it_stands() {
    for (at, template) in [
        ("json:/id", RPC),
        ("json:/params/1", r#"{"params":["x","{id}"]}"#),
        ("prefix:42", "42{id}[\"ping\"]"),
        ("regex:n=([0-9]+)", "a message n={id};"),
    ] {
        let result = run(
            &checked(&requests(at, template, 3)),
            Scenario::default(),
            None,
        );
        assert_eq!(result.messages.answered, 1_000, "{at}");
        // What the network and the server take, and some readings of the clock.
        let least = result.at(Series::Service).min().unwrap();
        assert!(
            least >= Nanos::from_micros(110) && least < Nanos::from_micros(111),
            "{least}"
        );
        assert_eq!(result.failures, [], "{at}");
    }
}

#[test]
fn answers_may_come_in_any_order_and_each_has_its_own_time() {
    let mut scenario = Scenario::default();
    let (least, most) = (Nanos::from_micros(10), Nanos::from_micros(4_010));
    scenario.server.service = ServiceTime::Uniform(least, most);
    scenario.network.segment = 23;
    let result = run(&checked(&requests("json:/id", RPC, 16)), scenario, None);
    assert_eq!(result.messages.answered, 1_000);
    assert!(
        result.messages.reordered > 200,
        "{}",
        result.messages.reordered
    );
    let mean = result.at(Series::Service).mean_ns().unwrap();
    assert!((2_000_000.0..2_300_000.0).contains(&mean), "{mean}");
    assert_eq!(result.failures, []);
}

#[test]
fn an_error_answer_is_failed_with_the_servers_words() {
    let mut scenario = Scenario::default();
    scenario.server.answers = Some(Every {
        nth: 10,
        fault: AnswerFault::Error,
    });
    let result = run(&checked(&requests("json:/id", RPC, 2)), scenario, None);
    assert_eq!(
        (result.messages.answered, result.messages.failed),
        (900, 100)
    );
    let kind = FailureKind::ErrorAnswer;
    assert_eq!(failures(&result, Phase::Answers, kind), 100);
    let example = result.failures[0].example.to_string();
    assert!(example.contains("no such method"), "{example}");
}

#[test]
fn lost_repeated_and_unasked_answers_are_told_apart() {
    let faulty = |fault| {
        let mut scenario = Scenario::default();
        scenario.server.answers = Some(Every { nth: 50, fault });
        let plan = requests("json:/id", RPC, 4).with(|spec| {
            spec.clients.timeout = Nanos::from_millis(20);
        });
        run(&checked(&plan), scenario, None)
    };
    let lost = faulty(AnswerFault::Dropped);
    assert_eq!((lost.messages.timed_out, lost.messages.answered), (20, 980));
    // One that is overtaken is lost and the connection lives on; behind the last nothing comes.
    assert!(lost.connections.failed <= 4, "{:?}", lost.connections);
    let twice = faulty(AnswerFault::Duplicated);
    assert_eq!(
        (twice.messages.duplicated, twice.messages.answered),
        (20, 1_000)
    );
    let unasked = faulty(AnswerFault::Unasked);
    assert_eq!(
        (unasked.messages.unasked, unasked.messages.answered),
        (20, 1_000)
    );
}

/// What a server gets is known by what it sends back: a simulated echo answers each request with itself.
#[test]
fn a_request_is_for_a_room_and_has_what_the_login_took() {
    use wsbench_load::plan::{Expected, LoginStep, LoginSteps, Rooms, Spoken};
    let login = LoginSteps::default()
        .then(LoginStep::Send(Spoken::text(
            Template::for_words(r#"{"session":"of {conn}"}"#).unwrap(),
        )))
        .then(LoginStep::Expect(Expected {
            awaited: Awaited::new(None, Pattern::Contains(b"session".to_vec())),
            captures: vec![("sid".to_owned(), "json:/session".parse().unwrap())],
            within: None,
        }));
    let text = r#"{"id":{id},"room":"{room}","session":"{cap.sid}","n":{n}}"#;
    let mut spec = requests("json:/id", text, 2).with(|spec| {
        spec.clients.login = login;
        spec.clients.exchange.rooms = Some(Rooms {
            each: 2,
            ..Rooms::numbered(3)
        });
    });
    // An answer has failed that is of the right room and session; so each is seen to be.
    for (place, failed) in [
        (
            "regex:\"room\":\"room-[1-3]\",\"session\":\"of [0-3]\",\"n\":",
            1_000,
        ),
        ("regex:\"room\":\"\"", 0),
    ] {
        spec.clients.exchange.request.as_mut().unwrap().failed = Some(place.parse().unwrap());
        let result = run(&checked(&spec), Scenario::default(), None);
        assert_eq!(result.messages.failed, failed, "{place}");
        assert_eq!(result.messages.answered, 1_000 - failed);
    }
    spec.clients.exchange.rooms = None;
    assert!(spec.clone().check().is_err(), "no rooms");
    spec.clients.exchange.rooms = Some(Rooms::numbered(2));
    spec.clients.login = LoginSteps::default();
    assert!(spec.check().is_err(), "nothing was taken");
}

/// Requests with several answers, of which this is the last.
fn streams(spec: &PlanSpec) -> PlanSpec {
    let end = Pattern::Json {
        pointer: "/end".to_owned(),
        value: "true".to_owned(),
    };
    spec.clone().with(|spec| {
        let request = spec.clients.exchange.request.as_mut().unwrap();
        request.end = Some(Arc::new(Awaited::new(None, end)));
    })
}

/// A server that sends five items 300 µs apart, and the end 300 µs behind the last.
fn streaming(stops: Option<u64>) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.server.streams = Some(Streaming {
        items: 5,
        each: Nanos::from_micros(300),
        stops,
    });
    scenario
}

/// True of a time that is so many microseconds, and what some readings of the clock take.
fn is_about(time: Nanos, micros: u64) -> bool {
    (Nanos::from_micros(micros)..Nanos::from_micros(micros + 1)).contains(&time)
}

#[test]
fn a_stream_is_told_by_its_first_item_its_gaps_and_its_end() {
    for (at, template) in [("json:/id", RPC), ("order", r#"{"method":"ping"}"#)] {
        let depth = if at == "order" { 1 } else { 3 };
        let plan = streams(&requests(at, template, depth));
        let result = run(&checked(&plan), streaming(None), None);
        assert_eq!(result.failures, [], "{at}");
        let items = &result.items;
        assert_eq!(
            (
                result.messages.answered,
                items.received,
                items.empty_streams
            ),
            (1_000, 5_000, 0),
            "{at}"
        );
        // The way there and back and the service are 110 µs; five gaps of 300 µs follow.
        for (series, micros, count) in [
            (Series::ItemFirstService, 110, 1_000),
            (Series::Service, 1_610, 1_000),
        ] {
            let times = result.at(series);
            assert_eq!(times.count(), count, "{at} {series:?}");
            let (least, most) = (times.min().unwrap(), times.max().unwrap());
            assert!(is_about(least, micros), "{at} {series:?} {least}");
            assert!(
                most < Nanos::from_micros(micros + 20),
                "{at} {series:?} {most}"
            );
        }
        let gaps = result.at(Series::ItemGap);
        assert_eq!(gaps.count(), 4_000, "{at}");
        let mean = gaps.mean_ns().unwrap();
        assert!((299_000.0..301_000.0).contains(&mean), "{at} {mean}");
    }
}

#[test]
fn a_stream_that_stops_is_timed_out_and_its_gap_is_known_to_be_longer() {
    let timeout = Nanos::from_millis(50);
    let plan = streams(&requests("json:/id", RPC, 1)).with(|spec| {
        spec.clients.timeout = timeout;
    });
    let result = run(&checked(&plan), streaming(Some(100)), None);
    assert!(result.messages.is_conserved());
    let cut_off = result.messages.timed_out;
    assert!(cut_off >= 4, "{cut_off}");
    let tail = result.at(Series::ItemGapCensored);
    assert_eq!(tail.count(), cut_off);
    assert!(
        tail.min().unwrap() > timeout - Nanos::from_millis(2),
        "{:?}",
        tail.min()
    );
    assert_eq!(result.at(Series::ItemFirstCensored).count(), 0);
    let example = result.failures[0].example.to_string();
    assert!(example.contains("has not ended within 50ms"), "{example}");
}

#[test]
fn what_comes_behind_an_end_is_a_further_answer_and_an_end_alone_an_empty_stream() {
    let plan = streams(&requests("json:/id", RPC, 2));
    let mut nothing = streaming(None);
    nothing.server.streams = Some(Streaming::default());
    let result = run(&checked(&plan), nothing, None);
    assert_eq!(
        (result.messages.answered, result.items.empty_streams),
        (1_000, 1_000)
    );
    assert_eq!(result.at(Series::ItemFirst).count(), 0);
    // An item alone is taken for the end where the end is said so; the rest comes again.
    let plan = requests("json:/id", RPC, 2).with(|spec| {
        let first = Pattern::Contains(b"\"item\":1,".to_vec());
        let request = spec.clients.exchange.request.as_mut().unwrap();
        request.end = Some(Arc::new(Awaited::new(None, first)));
    });
    let result = run(&checked(&plan), streaming(None), None);
    assert_eq!(result.messages.answered, 1_000);
    assert!(
        result.messages.duplicated > 4_000,
        "{}",
        result.messages.duplicated
    );
}
