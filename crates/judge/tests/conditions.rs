//! Conditions on percentiles, judged by the messages beyond them: what few, many and dependent ones
//! tell.

mod runs;

use wsbench_judge::condition::parse;
use wsbench_load::histogram::{Histogram, Sparse};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::StopRule;
use wsbench_load::result::WindowSlice;
use wsbench_load::series::{InSlices, Series};
use wsbench_record::condition::{Judgement, State};
use wsbench_record::document::{self, Document, RateConfidence};

/// Slices of a window, enough for batches.
const SLICES: usize = 20;

/// A closed loop whose service times are 1 ms, or 20 ms of those `beyond`, by slice.
fn sliced(beyond: &[u64], each: u64) -> Document {
    let all = beyond.len() as u64 * each;
    let (mut result, mut plan) = runs::answered(all);
    plan.stop = StopRule::Duration(Nanos::from_secs(10));
    let mut whole = Histogram::new();
    let slices = beyond.iter().enumerate().map(|(at, beyond)| {
        let mut spans = Histogram::new();
        spans.record_n(Nanos::from_millis(1), each - beyond);
        spans.record_n(Nanos::from_millis(20), *beyond);
        whole.merge(&spans);
        WindowSlice {
            at: Nanos::from_millis(500 * (at as u64 + 1)),
            length: Nanos::from_millis(500),
            received: each,
            times: InSlices::from_fn(|_| Sparse::of(&spans)),
        }
    });
    result.slices = slices.collect();
    result.tally.times[Series::Service] = whole.clone();
    result.tally.times[Series::Response] = whole;
    runs::document(&(result, plan))
}

/// The same without slices: a run too short for batches.
fn short(samples: u64, beyond: u64) -> Document {
    let (mut result, plan) = runs::answered(samples);
    let mut spans = Histogram::new();
    spans.record_n(Nanos::from_millis(1), samples - beyond);
    spans.record_n(Nanos::from_millis(20), beyond);
    result.tally.times[Series::Service] = spans;
    runs::document(&(result, plan))
}

fn judged(condition: &str, runs: &[Document]) -> Judgement {
    parse(condition)
        .expect("a condition of the test")
        .judge(runs, None)
}

#[test]
fn without_any_beyond_the_limit_299_messages_suffice_for_p99() {
    let enough = judged("p99>5ms", &[short(299, 0)]);
    assert_eq!(enough.state, State::DoesNotHold, "{}", enough.words);
    assert!(
        enough.words.contains("0 of 299 took longer than 5"),
        "{}",
        enough.words
    );
    assert_eq!(enough.samples_times, None);
    let few = judged("p99>5ms", &[short(298, 0)]);
    assert_eq!(few.state, State::CannotBeJudged, "{}", few.words);
    assert!(few.words.contains("would suffice"), "{}", few.words);
    // The least that is more than it has, with the leeway that the next run may need.
    let times = few.samples_times.unwrap();
    assert!((1.2..1.21).contains(&times), "{times}");
}

#[test]
fn both_sides_of_a_limit_are_shown_by_the_messages_beyond_it() {
    for (condition, beyond, state) in [
        ("p99>5ms", 30, State::Holds),
        ("p99>5ms", 10, State::CannotBeJudged),
        ("p99>5ms", 2, State::DoesNotHold),
        ("p99>=5ms", 30, State::Holds),
        ("p99<5ms", 30, State::DoesNotHold),
        ("p99<5ms", 2, State::Holds),
        ("p50>5ms", 30, State::DoesNotHold),
        ("p50>5ms", 900, State::Holds),
    ] {
        let judgement = judged(condition, &[short(1_000, beyond)]);
        assert_eq!(judgement.state, state, "{beyond}: {}", judgement.words);
    }
}

#[test]
fn messages_that_come_at_once_tell_less() {
    let even = judged("p99>5ms", &[sliced(&[2; SLICES], 50)]);
    assert_eq!(even.state, State::Holds, "{}", even.words);
    let mut at_once = [0; SLICES];
    at_once[7] = 40;
    let at_once = judged("p99>5ms", &[sliced(&at_once, 50)]);
    assert_eq!(at_once.state, State::CannotBeJudged, "{}", at_once.words);
    assert!(at_once.words.contains("40 of 1,000"), "{}", at_once.words);
}

#[test]
fn what_lies_on_the_limit_is_too_near_for_any_run() {
    let judgement = judged("p99>5ms", &[short(1_000, 10)]);
    assert!(judgement.words.contains("too near"), "{}", judgement.words);
    assert_eq!(judgement.samples_times, None);
}

#[test]
fn runs_too_short_by_themselves_tell_together() {
    let one = [short(150, 0)];
    assert_eq!(judged("p99>5ms", &one).state, State::CannotBeJudged);
    let both = [short(150, 0), short(150, 0)];
    let judgement = judged("p99>5ms", &both);
    assert_eq!(judgement.state, State::DoesNotHold, "{}", judgement.words);
    assert!(judgement.words.contains("0 of 300"), "{}", judgement.words);
}

#[test]
fn judgements_are_stored_with_their_result() {
    let mut run = short(299, 0);
    assert!(!document::write(&run).contains("\"conditions\""));
    run.record.conditions = vec![
        judged("p99>5ms", &[run.clone()]),
        judged("errors>0", &[run.clone()]),
    ];
    let text = document::write(&run);
    assert!(text.contains("\"state\": \"does_not_hold\""), "{text}");
    assert_eq!(document::read(&text).unwrap(), run);
}

/// A rate whose interval reaches over the threshold is not beyond it.
#[test]
fn what_has_an_interval_is_beyond_a_threshold_with_the_whole_of_it() {
    let mut run = sliced(&[0; SLICES], 50);
    let per_s = run.messages_per_s.unwrap();
    run.record.messages_per_s_confidence = Some(RateConfidence {
        low: 0.9 * per_s,
        high: 1.1 * per_s,
    });
    for (share, state) in [
        (1.2, State::Holds),
        (1.05, State::DoesNotHold),
        (0.95, State::DoesNotHold),
        (0.8, State::DoesNotHold),
    ] {
        let judgement = judged(&format!("messages_per_s<{}", share * per_s), &[run.clone()]);
        assert_eq!(judgement.state, state, "{share}: {}", judgement.words);
    }
}
