//! The parts of the service time, and the floor beside it: shown where they are known, quoted where
//! they weigh.

#[path = "../../judge/tests/runs/mod.rs"]
mod runs;

use wsbench_judge::judged;
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::PlanSpec;
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_record::audit::{Audit, Caveat, Kind, Severity};
use wsbench_record::document::{Floor, Record, RunContext};
use wsbench_render::style::Style;
use wsbench_render::{csv, markdown, summary};

fn audit_of(result: &RunResult, plan: &PlanSpec) -> Audit {
    let record = Record::of(result, plan, &runs::context(), &runs::Flags);
    judged(record, &runs::Flags).audit
}

/// The first caveat of a kind, if there is one.
fn found(audit: &Audit, kind: Kind) -> Option<Caveat> {
    audit.of_kind(kind).next().cloned()
}

/// The means of the parts add up to the mean of the service time, in every format.
#[test]
fn the_parts_of_the_service_time_are_shown_where_they_are_known() {
    let stamped = runs::document(&runs::stamped());
    let text = summary::render(&stamped, Style::default(), None);
    // A column a part, and their means below all else of it.
    let mut parts = text.lines().skip_while(|line| !line.starts_with("parts"));
    let heads = parts
        .next()
        .unwrap_or_else(|| panic!("no parts in\n{text}"));
    let heads: Vec<&str> = heads.split_whitespace().collect();
    let named = ["parts", "outside", "95", "%", "own", "queue", "95", "%"];
    assert_eq!(heads, named, "{text}");
    let means = parts.find(|line| line.trim_start().starts_with("mean"));
    let means: Vec<&str> = means.unwrap().split_whitespace().collect();
    assert_eq!(means, ["mean", "198", "µs", "800", "µs"], "{text}");
    let markdown = markdown::render(&stamped, &runs::Flags);
    assert!(markdown.contains("| own queue | 800 µs"), "{markdown}");
    let table = csv::results(&[&stamped]);
    let mut lines = table
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>());
    let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
    let value = |name: &str| values[names.iter().position(|n| *n == name).unwrap()];
    let mean = |name: &str| value(name).parse::<f64>().unwrap();
    let parts = mean("outside_ns_mean") + mean("receive_wait_ns_mean");
    assert!((parts / mean("service_ns_mean") - 1.0).abs() < 0.001);

    let unstamped = runs::document(&runs::healthy());
    let text = summary::render(&unstamped, Style::default(), None);
    assert!(
        text.contains("no kernel stamps") && !text.contains("outside"),
        "{text}"
    );
    let table = csv::results(&[&unstamped]);
    let mut lines = table
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>());
    let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
    for name in ["outside_ns_p50", "outside_ns_mean", "receive_wait_ns_mean"] {
        let at = names.iter().position(|column| *column == name).unwrap();
        assert_eq!(values[at], "", "{name} is empty, not zero");
    }
}

#[test]
fn the_bottleneck_is_quoted_in_figures_where_stamps_tell_them() {
    let (mut result, plan) = runs::stamped();
    let audit = audit_of(&result, &plan);
    let caveat = found(&audit, Kind::GeneratorCpu).unwrap();
    let part = "; of 998 µs service time 800 µs were the answer waiting in the generator's own \
                queue (p50s)";
    assert!(caveat.message.ends_with(part), "{caveat}");
    assert_eq!(found(&audit, Kind::LoopTurns), None, "said once");

    result.generator.threads[1] = runs::thread(400);
    let audit = audit_of(&result, &plan);
    let caveat = found(&audit, Kind::LoopTurns).unwrap();
    assert!(caveat.message.starts_with("of 998 µs"), "{caveat}");

    // A fifth of the median is the border.
    for (micros, weight) in [(198, None), (202, Some(Severity::Note))] {
        result.tally.times[Series::ReceiveWait] = Histogram::new();
        result.tally.times[Series::ReceiveWait].record_n(Nanos::from_micros(micros), 1_000);
        let audit = audit_of(&result, &plan);
        let found = found(&audit, Kind::LoopTurns).map(|caveat| caveat.severity);
        assert_eq!(found, weight, "{micros} µs");
    }
}

/// The median service time is 998 µs.
#[test]
fn a_server_near_the_floor_of_the_machine_is_noted_and_nothing_subtracted() {
    let (result, plan) = runs::healthy();
    let with_floor = |p50_us: u64| {
        let context = RunContext {
            floor: Some(Floor {
                p50: p50_us * 1_000,
                p99: p50_us * 3_000,
            }),
            ..runs::context()
        };
        let record = Record::of(&result, &plan, &context, &runs::Flags);
        judged(record, &runs::Flags)
    };
    let near = with_floor(700);
    let caveat = found(&near.audit, Kind::NearFloor).unwrap();
    assert_eq!(caveat.severity, Severity::Note);
    assert!(
        caveat.message.contains("998 µs") && caveat.message.contains("700 µs"),
        "{caveat}"
    );
    let far = with_floor(600);
    assert_eq!(found(&far.audit, Kind::NearFloor), None, "two thirds");
    for document in [&near, &far] {
        assert_eq!(
            document.at(Series::Service).p50,
            runs::document(&runs::healthy()).at(Series::Service).p50
        );
        let shown = [
            summary::render(document, Style::default(), None),
            markdown::render(document, &runs::Flags),
        ];
        for text in shown {
            let words = "floor of this machine, embedded server, same payload: p50 ";
            assert!(text.replace('\n', " ").contains(words), "{text}");
        }
    }
    assert_eq!(runs::document(&runs::healthy()).floor_ns, None);
}
