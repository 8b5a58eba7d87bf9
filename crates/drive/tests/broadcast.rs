//! Messages to many on simulated time, against a server whose every delivery is known beforehand: what
//! is told of reach, of the first and the last receiver and of the skew is held to it to the digit.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod simulation;

use simulation::{checked, failures, prints, sends_to_many as scenario, to_many};
use wsbench_load::failure::FailureKind;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Audience, Envelope, PlanSpec, Rooms, Spoken, StopRule, WarmUp};
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_load::tally::{DeliveryCounts, Phase};
use wsbench_load::template::Template;
use wsbench_simulate::{AnswerFault, Cut, Disruption, Every, ToAll, run, witness};

/// One way through the network.
const LATENCY: Nanos = Nanos::from_micros(50);
/// Time that the server takes before the first copy leaves.
const SERVICE: Nanos = Nanos::from_micros(10);
/// Sent to the first receiver.
const FIRST: Nanos = Nanos(2 * LATENCY.0 + SERVICE.0);

fn plan(connections: u32, threads: u32, per_s: f64) -> PlanSpec {
    to_many(connections, threads, Audience::All, per_s)
}

fn extremes(result: &RunResult, series: Series) -> (Nanos, Nanos) {
    let spans = result.at(series);
    (spans.min().unwrap(), spans.max().unwrap())
}

#[test]
fn all_receivers_at_once_have_no_skew_and_all_is_delivered() {
    let result = run(
        &checked(&plan(8, 1, 100.0)),
        scenario(ToAll::default()),
        None,
    );
    assert_eq!(result.messages.sent, 500);
    assert_eq!(result.messages.answered, 500);
    let expected = DeliveryCounts {
        expected: 4_000,
        received: 4_000,
        received_in_window: result.deliveries.received_in_window,
        ..DeliveryCounts::default()
    };
    assert_eq!(result.deliveries, expected);
    assert!(result.deliveries.received_in_window >= 3_992);
    assert_eq!(result.hears_own, Some(true));
    assert_eq!(extremes(&result, Series::DeliveryService), (FIRST, FIRST));
    assert_eq!(extremes(&result, Series::Skew), (Nanos::ZERO, Nanos::ZERO));
    assert_eq!(result.at(Series::DeliveryLast).count(), 500);
    assert_eq!(result.failures, []);
}

#[test]
fn a_serial_writer_has_the_skew_of_its_receivers_whatever_the_number_of_workers() {
    let each = Nanos::from_micros(30);
    let broadcast = ToAll {
        each,
        ..ToAll::default()
    };
    for threads in [1, 2, 3] {
        let result = run(
            &checked(&plan(12, threads, 50.0)),
            scenario(broadcast.clone()),
            None,
        );
        let last = FIRST + Nanos(11 * each.0);
        assert_eq!(extremes(&result, Series::DeliveryService), (FIRST, last));
        let skew = Nanos(11 * each.0);
        assert_eq!(extremes(&result, Series::Skew), (skew, skew), "{threads}");
        assert_eq!(result.deliveries.reach(), Some(1.0));
        assert_eq!(result.deliveries.expected, result.messages.sent * 12);
        // From when it was due, which may be a moment before it was sent.
        let (first, _) = extremes(&result, Series::DeliveryFirst);
        assert!(
            first >= FIRST && first < FIRST + Nanos::from_micros(5),
            "{first}"
        );
        // The server serves them in the order in which they connected, and those of several workers
        // hear in another order that they have.
        let tenths = result.by_decile.medians().map(Option::unwrap);
        assert!(threads > 1 || tenths.is_sorted(), "{tenths:?}");
        assert!(tenths[9] - tenths[0] >= Nanos(9 * each.0));
    }
}

#[test]
fn a_receiver_that_is_served_late_is_the_last_of_each_message() {
    let late = Nanos::from_millis(3);
    let broadcast = ToAll {
        delays: vec![Nanos::ZERO, Nanos::ZERO, late, Nanos::ZERO],
        ..ToAll::default()
    };
    let result = run(&checked(&plan(4, 1, 50.0)), scenario(broadcast), None);
    assert_eq!(extremes(&result, Series::Skew), (late, late));
    let spans = result.at(Series::DeliveryService);
    assert_eq!(spans.min().zip(spans.max()), Some((FIRST, FIRST + late)));
    let quarter = spans.bins().last().map(|(_, count)| count);
    assert_eq!(quarter, Some(result.messages.sent), "one receiver of four");
}

#[test]
fn senders_that_do_not_hear_themselves_are_found_and_not_missed() {
    let broadcast = ToAll {
        spares_sender: true,
        ..ToAll::default()
    };
    for threads in [1, 2] {
        let result = run(
            &checked(&plan(6, threads, 50.0)),
            scenario(broadcast.clone()),
            None,
        );
        assert_eq!(result.hears_own, Some(false));
        assert_eq!(result.deliveries.expected, 250 * 5);
        assert_eq!(result.deliveries.missing, 0);
        assert_eq!(result.messages.answered, 250);
    }
}

#[test]
fn each_delivery_that_is_lost_is_missing_and_its_message_is_censored() {
    // 1 of 50 is lost, over all of the run.
    let broadcast = ToAll {
        faults: Some(Every {
            nth: 50,
            fault: AnswerFault::Dropped,
        }),
        ..ToAll::default()
    };
    let result = run(&checked(&plan(10, 2, 100.0)), scenario(broadcast), None);
    let counts = result.deliveries;
    // 500 messages to 10 each: 5,000 deliveries, one message in five is hit once.
    assert_eq!(counts.expected, 5_000);
    let lost = counts.missing + counts.in_flight_at_end;
    assert_eq!(lost, 100);
    assert_eq!(counts.received, 4_900);
    let incomplete = result.messages.timed_out + result.messages.in_flight_at_end;
    assert_eq!((incomplete, result.messages.answered), (100, 400));
    assert_eq!(result.at(Series::DeliveryLastCensored).count(), 100);
    assert_eq!(result.at(Series::DeliveryLast).count(), 500);
    assert_eq!(result.at(Series::DeliveryCensored).count(), 100);
    assert_eq!(result.at(Series::Skew).count(), 400);
    let timed_out = failures(&result, Phase::Answers, FailureKind::TimedOut);
    assert_eq!(timed_out, result.messages.timed_out);
}

#[test]
fn losses_at_random_are_told_to_the_last_one() {
    let broadcast = ToAll {
        loss_ppm: 20_000,
        ..ToAll::default()
    };
    let seen = witness(&checked(&plan(20, 2, 100.0)), scenario(broadcast), None);
    let counts = seen.result.deliveries;
    assert_eq!(counts.expected, 10_000);
    let reach = counts.reach().unwrap();
    // 20,000 of a million: 200 on average, 14 the standard deviation.
    assert!((0.974..=0.986).contains(&reach), "{reach}");
    assert_eq!(DeliveryCounts::FATES.breach(&counts), None);
}

#[test]
fn deliveries_at_fault_are_named_for_what_they_are() {
    let faulty = |fault, wraps| {
        let broadcast = ToAll {
            faults: Some(Every { nth: 25, fault }),
            wraps,
            ..ToAll::default()
        };
        run(&checked(&plan(10, 1, 50.0)), scenario(broadcast), None)
    };
    // 2,500 deliveries in the window, one of 25 at fault.
    let twice = faulty(AnswerFault::Duplicated, true);
    assert_eq!(twice.deliveries.duplicated, 100);
    assert_eq!(twice.deliveries.received, 2_500);
    assert_eq!(twice.messages.answered, 250);
    let wrong = faulty(AnswerFault::WrongBytes, false);
    assert_eq!(wrong.deliveries.corrupted, 100);
    let lacking = wrong.deliveries.missing + wrong.deliveries.in_flight_at_end;
    assert_eq!(lacking, 100, "a spoilt one is none");
    // Later than the next message of the same sender, which comes within 5 s / 250 × 10 on average.
    let late = faulty(AnswerFault::Late(Nanos::from_millis(900)), false);
    assert!(late.deliveries.reordered > 50, "{:?}", late.deliveries);
    assert_eq!(late.deliveries.received, 2_500);
    let unasked = faulty(AnswerFault::Unasked, false);
    assert!(unasked.deliveries.unasked >= 100);
    assert_eq!(unasked.deliveries.missing, 0);
}

#[test]
fn a_message_within_json_is_known_by_its_tag_and_verified() {
    let broadcast = ToAll {
        wraps: true,
        ..ToAll::default()
    };
    let mut scenario = scenario(broadcast);
    scenario.network.segment = 37;
    let result = run(&checked(&plan(5, 1, 40.0)), scenario, None);
    assert_eq!(result.deliveries.received, 1_000);
    assert_eq!(
        (result.deliveries.corrupted, result.deliveries.unasked),
        (0, 0)
    );
}

#[test]
fn who_leaves_makes_nothing_missing_and_who_comes_back_is_a_receiver_again() {
    let mut scenario = scenario(ToAll::default());
    scenario.server.disruption = Some(Disruption {
        at_message: 20,
        how: Cut::Reset,
    });
    for threads in [1, 2] {
        let result = run(&checked(&plan(5, threads, 100.0)), scenario.clone(), None);
        let counts = result.deliveries;
        assert!(result.connections.replaced > 0);
        // The message that the server answered with a reset was sent and reached nobody.
        assert!(result.messages.sent >= 495, "{:?}", result.messages);
        assert!(counts.received > 2_000);
        assert_eq!(DeliveryCounts::FATES.breach(&counts), None);
        let dropped = result.messages.timed_out + result.messages.in_flight_at_end;
        let lacking = counts.missing + counts.in_flight_at_end;
        assert!(lacking <= dropped * 5, "{counts:?}");
        assert!(
            dropped <= result.connections.replaced + 1,
            "{:?}",
            result.messages
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let print = |seed| {
        let broadcast = ToAll {
            each: Nanos::from_micros(7),
            loss_ppm: 5_000,
            ..ToAll::default()
        };
        let plan = plan(9, 3, 80.0).with(|spec| spec.seed = seed);
        let seen = witness(&checked(&plan), scenario(broadcast), None);
        format!("{}{:?}", prints::whole(&seen), seen.result.deliveries)
    };
    assert_eq!(print(1), print(1));
    assert_ne!(print(1), print(2));
}

#[test]
fn a_number_of_messages_ends_the_run_once_they_have_reached_everybody() {
    let plan = plan(4, 2, 100.0).with(|spec| {
        spec.stop = StopRule::Messages(100);
        spec.warmup = WarmUp::default();
    });
    let result = run(&checked(&plan), scenario(ToAll::default()), None);
    assert_eq!((result.messages.sent, result.messages.answered), (100, 100));
    assert_eq!(result.deliveries.received, 400);
    assert!(result.total < Nanos::from_secs(3), "{}", result.total);
}

#[test]
fn a_number_of_messages_ends_the_run_although_a_delivery_is_lost() {
    let plan = plan(4, 2, 100.0).with(|spec| {
        spec.stop = StopRule::Messages(100);
        spec.warmup = WarmUp::default();
    });
    let broadcast = ToAll {
        loss_ppm: 20_000,
        ..ToAll::default()
    };
    let result = run(&checked(&plan), scenario(broadcast), None);
    let counts = &result.deliveries;
    assert!(counts.missing > 0, "{counts:?}");
    assert_eq!(counts.received + counts.missing, 400, "{counts:?}");
    assert_eq!(counts.in_flight_at_end, 0, "{counts:?}");
    assert!(result.total < Nanos::from_secs(5), "{}", result.total);
}

fn said(text: &str) -> Envelope {
    Envelope::new(Spoken::text(Template::for_words(text).unwrap()))
}

#[test]
fn messages_are_known_by_a_number_that_the_server_sends_on() {
    for threads in [1, 3] {
        let plan = plan(12, threads, 100.0).with(|spec| {
            let exchange = &mut spec.clients.exchange;
            exchange.envelope = Some(said(r#"{"id":{id},"text":"plain"}"#));
            exchange.numbered = Some("json:/id".parse().unwrap());
        });
        let sound = run(&checked(&plan), scenario(ToAll::default()), None);
        let sent = sound.messages.sent;
        assert_eq!(sound.messages.answered, sent, "{threads}");
        assert_eq!(sound.deliveries.received, 12 * sent, "{threads}");
        assert_eq!(extremes(&sound, Series::DeliveryService), (FIRST, FIRST));
        assert_eq!(sound.failures, [], "{threads}");
        // What is known of them is what is known by tags.
        let tagged = plan.clone().with(|spec| {
            let exchange = &mut spec.clients.exchange;
            exchange.envelope = Some(said("plain {tag}{fill}"));
            exchange.numbered = None;
        });
        for fault in [AnswerFault::Dropped, AnswerFault::Duplicated] {
            let faulty = ToAll {
                faults: Some(Every { nth: 101, fault }),
                ..ToAll::default()
            };
            let [by_number, by_tag] = [&plan, &tagged]
                .map(|plan| run(&checked(plan), scenario(faulty.clone()), None).deliveries);
            assert_eq!(by_number, by_tag, "{threads} {fault:?}");
            assert!(by_tag.missing + by_tag.duplicated > 40, "{by_tag:?}");
        }
    }
}

#[test]
fn a_message_for_one_reaches_that_one_and_nobody_else() {
    for (connections, threads) in [(2, 1), (12, 1), (12, 3)] {
        let spec = to_many(connections, threads, Audience::One, 100.0).with(|spec| {
            let exchange = &mut spec.clients.exchange;
            exchange.rooms = Some(Rooms::numbered(connections));
            exchange.envelope = Some(said("{room} {tag}{fill}"));
        });
        // A server without rooms sends each to all: of those but one are out of its room.
        let result = run(&checked(&spec), scenario(ToAll::default()), None);
        let (sent, others) = (result.messages.sent, u64::from(connections) - 1);
        assert_eq!(result.messages.answered, sent, "{connections} {threads}");
        let counts = &result.deliveries;
        assert_eq!((counts.expected, counts.received), (sent, sent));
        assert_eq!(counts.out_of_room, others * sent, "{connections} {threads}");
        assert_eq!(extremes(&result, Series::Skew), (Nanos::ZERO, Nanos::ZERO));
    }
}
