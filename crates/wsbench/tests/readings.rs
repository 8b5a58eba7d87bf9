//! Figures of an outcome by their names, and conditions on them.

use wsbench::{Bench, Outcome, ReadError, State, StopRule};

/// The outcome of a small run of so many messages. What is read of it are medians, for which few
/// independent samples will do.
fn outcome(messages: u64) -> Outcome {
    let mut bench = Bench::embedded();
    bench.spec().stop = StopRule::Messages(messages);
    bench.spec().clients.connections = 2;
    bench.run().unwrap()
}

#[test]
fn a_figure_is_what_the_document_says() {
    let outcome = outcome(5_000);
    let document = &outcome.document;
    let rate = outcome.read("messages_per_s").unwrap();
    assert_eq!(Some(rate.value), document.messages_per_s);
    assert_eq!(outcome.read("rate").unwrap(), rate, "an alias is the same");
    assert_eq!(rate.duration(), None);
    let p50 = outcome.read("p50").unwrap();
    assert_eq!(p50.name, "service.p50", "of a closed loop");
    assert_eq!(outcome.read("service.p50").unwrap(), p50);
    let ns = p50.duration().unwrap().as_nanos() as f64;
    assert_eq!(ns, p50.value);
    if let Some(ends) = p50.interval {
        assert!(ends.low <= p50.value && p50.value <= ends.high, "{p50:?}");
    }
    assert_eq!(outcome.read("errors").unwrap().value, 0.0);
    assert_eq!(outcome.read("errors.share").unwrap().interval, None);
    assert!(p50.to_string().starts_with("p50 service "), "{p50}");
}

#[test]
fn what_a_run_has_not_is_told_with_the_reason() {
    let outcome = outcome(20);
    let few = outcome.read("p99.9").unwrap_err();
    assert!(
        few.to_string()
            .starts_with("service.p99.9: too few samples"),
        "{few}"
    );
    let nobody = outcome.read("server.cpu_us_per_message").unwrap_err();
    assert_eq!(
        nobody.to_string(),
        "server.cpu_us_per_message: not measured"
    );
    let near = match outcome.read("service.p98").unwrap_err() {
        ReadError::Unknown { near, .. } => near,
        other => panic!("{other}"),
    };
    assert_eq!(near.len(), 3, "{near:?}");
    assert!(near.contains(&"service.p99".to_owned()), "{near:?}");
    // Of many runs alone.
    let search = outcome.read("greatest_rate_per_s").unwrap_err();
    assert!(matches!(search, ReadError::Unknown { .. }), "{search}");
}

#[test]
fn a_condition_is_judged_by_the_same_figures() {
    let outcome = outcome(5_000);
    let state = |condition: &str| outcome.judge(condition).unwrap().state;
    assert_eq!(state("p50<60s"), State::Holds);
    assert_eq!(state("p50>60s"), State::DoesNotHold);
    assert_eq!(state("errors<=0"), State::Holds);
    assert_eq!(state("server.threads>0"), State::CannotBeJudged);
    let words = outcome.judge("p50<60s").unwrap().words;
    // A condition tells the value without the marks of a report.
    let read = outcome.read("p50").unwrap().to_string().replace('~', "");
    assert!(words.contains(&read), "{words}: {read}");
    let no_unit = outcome.judge("p50<5").unwrap_err();
    assert_eq!(no_unit.at, 6, "{no_unit}");
}
