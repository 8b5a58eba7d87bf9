//! A result as JUnit's XML: a test case a condition, and one for the validity of the figures.
//!
//! A condition that holds is a failure, one that cannot be judged an error. The schema is that of
//! Jenkins' plugin, which GitLab and most others read.

use wsbench_record::condition::State;

use super::BuildCheck;
use crate::xml::Element;

/// The class of the test case that the run itself is.
const RUN: &str = "wsbench.run";
/// That of conditions.
const CONDITION: &str = "wsbench.fail-if";

/// The XML, ending with a line end.
#[must_use]
pub fn junit(check: &BuildCheck) -> String {
    let seconds = format!("{:.3}", check.took_s);
    let count = |state| {
        check
            .conditions
            .iter()
            .filter(|it| it.state == state)
            .count()
    };
    let tests = (check.conditions.len() + 1).to_string();
    let failures = count(State::Holds) + usize::from(check.invalid.is_some());
    let (failures, errors) = (
        failures.to_string(),
        count(State::CannotBeJudged).to_string(),
    );
    let counted = |element: Element| {
        element
            .with("tests", &tests)
            .with("failures", &failures)
            .with("errors", &errors)
            .with("time", &seconds)
    };
    let mut suite = counted(Element::new("testsuite").with("name", &check.title))
        .with("skipped", "0")
        .with("timestamp", check.started_at.trim_end_matches('Z'));
    suite.put(&properties(check));
    suite.put(&validity(check, &seconds));
    for judgement in &check.conditions {
        let mut case = case(CONDITION, &judgement.condition, "0");
        match judgement.state {
            State::DoesNotHold => case.put(&Element::new("system-out").saying(&judgement.words)),
            State::Holds => case.put(&found("failure", "holds", &judgement.words, "")),
            State::CannotBeJudged => {
                case.put(&found("error", "cannot be judged", &judgement.words, ""));
            }
        }
        suite.put(&case);
    }
    let mut suites = counted(Element::new("testsuites").with("name", "wsbench"));
    suites.put(&suite);
    suites.document()
}

fn properties(check: &BuildCheck) -> Element {
    let mut properties = Element::new("properties");
    for (name, value) in [("plan", &check.plan), ("command", &check.command)] {
        properties.put(
            &Element::new("property")
                .with("name", name)
                .with("value", value),
        );
    }
    for (name, value) in &check.figures {
        properties.put(
            &Element::new("property")
                .with("name", name)
                .with("value", value),
        );
    }
    properties
}

/// The case that the figures are valid, with what may be doubted of them.
fn validity(check: &BuildCheck, seconds: &str) -> Element {
    let mut case = case(RUN, "the figures are valid", seconds);
    let doubts = check.doubts.join("\n");
    match &check.invalid {
        Some(why) => case.put(&found("failure", "invalid", why, &doubts)),
        None if doubts.is_empty() => {}
        None => case.put(&Element::new("system-out").saying(&doubts)),
    }
    case
}

fn case(class: &str, name: &str, seconds: &str) -> Element {
    let case = Element::new("testcase").with("classname", class);
    case.with("name", name).with("time", seconds)
}

fn found(tag: &'static str, kind: &str, words: &str, more: &str) -> Element {
    let found = Element::new(tag).with("message", words).with("type", kind);
    found.saying(more)
}
