//! What each renderer makes of each synthetic run, held against stored snapshots.

#[path = "../../judge/tests/runs/mod.rs"]
mod runs;

use wsbench_judge::judged;
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Arrival;
use wsbench_load::series::{Home, Series, Shown};
use wsbench_load::tally::AnswerGap;
use wsbench_record::audit::Verdict;
use wsbench_record::document::{self, schema_of};
use wsbench_record::until::UntilOutcome;
use wsbench_render::plan_line::plan_line;
use wsbench_render::style::Style;
use wsbench_render::{
    brief, comparison, csv, hgrm, html, markdown, ranking, repetition, search, summary, sweep,
};

/// For a file, in the words of a command line.
fn style() -> Style {
    Style {
        spelling: &runs::Flags,
        ..Style::default()
    }
}

#[test]
fn summaries() {
    for (name, document) in runs::all() {
        let text = summary::render(&document, style(), None);
        assert!(!text.contains('\x1b'), "{name}: no escapes without colour");
        insta::assert_snapshot!(format!("summary_{name}"), text);
    }
}

/// Of a name with several addresses it is told which was measured.
#[test]
fn the_address_that_was_measured_is_told() {
    let mut document = runs::document(&runs::healthy());
    let told = |document: &_| {
        let text = summary::render(document, style(), None);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(!told(&document).contains("in turn"));
    document.record.addresses = vec!["127.0.0.1:1".to_owned(), "127.0.0.2:1".to_owned()];
    let one = "to 127.0.0.1:1, which accepted first; the name has 127.0.0.2:1 as well";
    assert!(told(&document).contains(one), "{}", told(&document));
    document.record.plan.connect.route.spread = true;
    assert!(told(&document).contains("to 127.0.0.1:1, 127.0.0.2:1 in turn"));
}

/// The words of the command.
const MORE: [&str; 2] = ["more: -v, wsbench report", "more: -v"];

#[test]
fn briefs() {
    for (name, document) in runs::all() {
        let text = brief::render(&document, Style::default(), None, &MORE);
        assert!(!text.contains('\x1b'), "{name}: no escapes without colour");
        insta::assert_snapshot!(format!("brief_{name}"), text);
    }
}

/// Whatever the width, lines are kept within it, nothing is lost but what goes first, and figures
/// come before all else.
#[test]
fn briefs_fit_their_terminal() {
    for (name, document) in runs::all() {
        // Numbers beyond all reason are longer than the narrowest line.
        let narrowest = if name == "huge" { 60 } else { 40 };
        for width in narrowest..=200 {
            let style = Style {
                colour: false,
                width,
                ..style()
            };
            let text = brief::render(&document, style, None, &MORE);
            let lines: Vec<&str> = text.lines().collect();
            for line in &lines {
                let columns = textwrap::core::display_width(line);
                let is_one_word = line.split_whitespace().count() == 1;
                assert!(
                    columns <= width.into() || is_one_word,
                    "{name} at {width}: {line}"
                );
            }
            let verdict = lines
                .iter()
                .position(|line| line.starts_with(['✓', '▲', '✕']));
            assert!(
                verdict.is_some(),
                "{name} at {width} has its sentence:\n{text}"
            );
            // A doubt in so many words takes its room, and no line is cut.
            let is_wordy = document.audit.verdict != Verdict::Ok;
            if width == 80 && name != "huge" {
                assert!(
                    lines.len() <= if is_wordy { 9 } else { 8 },
                    "{name}:\n{text}"
                );
            }
        }
    }
}

/// Every document in every text, whole: nothing is wider than the terminal but what is one word, such
/// as an address or a command's quoted condition, and no figure is parted from its unit.
#[test]
fn texts_fit_their_terminal() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/tests/golden/documents");
    let mut kinds = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stored = std::fs::read_to_string(&path).unwrap();
        let schema = schema_of(&stored).unwrap();
        let kind = schema
            .trim_start_matches("wsbench.")
            .split('/')
            .next()
            .unwrap();
        for width in [40, 41, 46, 52, 59, 66, 71, 79, 80, 93, 100, 120, 160, 200] {
            let style = Style { width, ..style() };
            let text = match kind {
                "result" => summary::render(&document::read(&stored).unwrap(), style, None),
                "comparison" => {
                    let read = wsbench_record::comparison::read(&stored).unwrap();
                    comparison::text(&read, style)
                }
                "repeat" => {
                    let read = wsbench_record::repetition::read(&stored).unwrap();
                    repetition::text(&read, style)
                }
                "find" => search::text(&wsbench_record::search::read(&stored).unwrap(), style),
                "sweep" => sweep::text(&wsbench_record::sweep::read(&stored).unwrap(), style),
                "ranking" => {
                    let read = wsbench_record::ranking::read(&stored).unwrap();
                    ranking::text(&read, style)
                }
                other => panic!("{other} is of no kind that is known"),
            };
            kinds.insert(kind.to_owned());
            for line in text.lines() {
                let columns = textwrap::core::display_width(line);
                let words = line.trim_end_matches(" \\").trim_start();
                let words = words
                    .split_once("   ")
                    .map_or(words, |(_, words)| words.trim_start());
                let is_one_word = !words.contains(' ') || words.contains('\'');
                assert!(
                    columns <= width.into() || is_one_word,
                    "{} at {width}: {line}",
                    path.display()
                );
                let mut words = words.split(' ');
                let begins = words.next().unwrap_or_default();
                // Before a figure it is the name of a column.
                let is_name = words
                    .next()
                    .is_some_and(|next| next.starts_with(|first: char| first.is_ascii_digit()));
                let is_parted = matches!(begins, "µs" | "ms" | "msg/s" | "kB" | "%") && !is_name;
                assert!(!is_parted, "{} at {width}: {line}", path.display());
            }
        }
    }
    assert_eq!(kinds.len(), 6, "{kinds:?}");
}

#[test]
fn percentiles_that_are_asked_for_are_those_that_are_printed() {
    let document = runs::document(&runs::healthy());
    let text = brief::render(&document, Style::default(), Some(&[0.75, 0.995]), &MORE);
    assert!(text.contains("p75 ") && text.contains("p99.5 "), "{text}");
    assert!(!text.contains("p50 9") && !text.contains("max "), "{text}");
}

/// A standstill that percentiles of a closed loop hide is told beside them; those of an open loop show it.
#[test]
fn a_standstill_is_told_with_the_figures() {
    let still = |millis: u64, is_open: bool| {
        let (mut run, mut plan) = runs::healthy();
        run.gaps = vec![AnswerGap {
            start: Nanos::from_millis(500),
            length: Nanos::from_millis(millis),
        }];
        if is_open {
            plan.clients.arrival = Arrival::Open {
                schedule: Schedule::level(Process::Poisson, 1_000.0),
                max_in_flight: 16,
            };
        }
        let document = runs::document(&(run, plan));
        let share = millis as f64 / 1e3 / document.duration_s;
        (
            share,
            brief::render(&document, Style::default(), None, &MORE),
        )
    };
    let (share, text) = still(2_000, false);
    assert!(share >= 0.05);
    let told = "◆ no answer at all for 2 s at 0.5 s: percentiles of a closed loop hide it";
    assert!(text.contains(told), "{text}");
    let (share, text) = still(200, false);
    assert!(share < 0.05 && !text.contains("no answer"), "{text}");
    assert!(!still(2_000, true).1.contains("no answer"));
}

#[test]
fn colour_changes_nothing_but_colour() {
    for (name, document) in runs::all() {
        let plain = summary::render(&document, style(), None);
        let style = Style {
            colour: true,
            ..style()
        };
        let coloured = summary::render(&document, style, None);
        assert_ne!(plain, coloured);
        assert_eq!(plain, without_colour(&coloured), "{name}");
    }
}

/// The text without `ESC [ … m`.
fn without_colour(text: &str) -> String {
    text.split('\x1b')
        .map(|piece| match piece.strip_prefix('[') {
            Some(sequence) => sequence.split_once('m').map_or("", |(_, words)| words),
            None => piece,
        })
        .collect()
}

#[test]
fn the_blocks_come_in_the_promised_order() {
    let text = summary::render(&runs::document(&runs::healthy()), style(), None);
    let order = [
        "plan",
        "audit ",
        "throughput",
        "latency",
        "connections",
        "handshake",
        "errors",
        "close codes",
        "answers",
        "generator",
        "repeat",
    ];
    let places: Vec<usize> = order
        .iter()
        .map(|block| {
            let line = text.lines().position(|line| line.starts_with(block));
            line.unwrap_or_else(|| panic!("no block {block}"))
        })
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(text.ends_with("ws://192.0.2.7:9001/echo --seed 42\n"));
}

#[test]
fn a_seed_already_in_the_command_is_not_given_twice() {
    let mut document = runs::document(&runs::healthy());
    for command in ["wsbench --seed 7 URL", "wsbench URL --seed=7"] {
        document.record.command = command.to_owned();
        assert_eq!(summary::repeat_command(&document, &runs::Flags), command);
    }
}

#[test]
fn no_samples_is_never_zero() {
    for run in [runs::nothing_connected(), runs::no_samples()] {
        let document = runs::document(&run);
        let text = summary::render(&document, style(), None);
        assert!(text.contains("no samples"));
        for zero in [" 0 ns", "0.00 ms", "0.00 µs"] {
            assert!(!text.contains(zero), "{zero} in\n{text}");
        }
    }
    let (mut result, mut plan) = runs::no_samples();
    plan.stop = runs::replacement().1.stop;
    plan.clients.lifetime = runs::replacement().1.clients.lifetime;
    result.failures.clear();
    let text = summary::render(&runs::document(&(result, plan)), style(), None);
    assert!(text.contains("\nMin: no samples\nMean: no samples\nMax: no samples\n"));
}

/// A run that was to follow a schedule and never began is not told as one of the closed loop.
#[test]
fn a_rate_that_was_asked_for_in_vain_is_no_closed_loop() {
    let (mut result, mut plan) = runs::nothing_connected();
    plan.clients.arrival = Arrival::Open {
        schedule: Schedule {
            process: Process::Poisson,
            stretches: vec![Stretch::level(Nanos::MAX, 500.0)],
        },
        max_in_flight: 100,
    };
    result.measured = Nanos::ZERO;
    let document = runs::document(&(result, plan));
    assert_eq!(document.asked_messages_per_s, None);
    for text in [
        summary::render(&document, style(), None),
        markdown::render(&document, &runs::Flags),
        html::run(&document, &runs::Flags),
    ] {
        assert!(text.contains("a rate was asked for, but nothing was measured"));
        assert!(!text.contains("closed loop"), "{text}");
    }
}

#[test]
fn the_older_tools_lines_are_there_for_its_model_alone() {
    let text = summary::render(&runs::document(&runs::replacement()), style(), None);
    assert!(
        text.contains("\nMin: 0.20ms\nMean: 1.00ms\nMax: 1.80ms\n"),
        "{text}"
    );
    let text = summary::render(&runs::document(&runs::healthy()), style(), None);
    assert!(!text.contains("Min:"));
}

#[test]
fn markdowns() {
    for (name, document) in runs::all() {
        insta::assert_snapshot!(
            format!("markdown_{name}"),
            markdown::render(&document, &runs::Flags)
        );
    }
}

#[test]
fn comma_separated_values() {
    let documents = runs::all();
    let documents: Vec<_> = documents.iter().map(|(_, document)| document).collect();
    let text = csv::results(&documents);
    insta::assert_snapshot!("csv_results", text);
    let widths: Vec<usize> = text.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(widths.len(), documents.len() + 1);
    assert!(widths.iter().all(|width| *width == widths[0]), "{widths:?}");
    assert_eq!(csv::results(&[]), "");

    insta::assert_snapshot!("csv_intervals", csv::intervals(documents[0]));
}

#[test]
fn percentile_files() {
    let document = runs::document(&runs::small_sample());
    let text = hgrm::percentiles(document.at(Series::Service)).unwrap();
    insta::assert_snapshot!("hgrm_small_sample", text);

    let empty = runs::document(&runs::no_samples());
    let refused = hgrm::percentiles(empty.at(Series::Service));
    assert_eq!(refused, Err(hgrm::HgrmError::NoSamples));
    for broken in [None, Some("!"), Some("AAAA")] {
        let mut spans = document.at(Series::Service).clone();
        spans.hdr_v2_base64 = broken.map(str::to_owned);
        assert_eq!(hgrm::percentiles(&spans), Err(hgrm::HgrmError::NoHistogram));
    }
}

#[test]
fn percentile_files_rise_and_end_with_all_samples() {
    let document = runs::document(&runs::healthy());
    let text = hgrm::percentiles(document.at(Series::Response)).unwrap();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(2)
        .take_while(|line| !line.starts_with('#'))
        .map(|line| {
            let columns = line.split_whitespace();
            columns.map(|column| column.parse().unwrap()).collect()
        })
        .collect();
    for pair in rows.windows(2) {
        let rises = (0..3).all(|column| pair[0][column] <= pair[1][column]);
        assert!(rises, "{pair:?}");
    }
    let last = rows.last().unwrap();
    assert_eq!(
        last[..],
        [1.8, 1.0, 640_000.0],
        "all samples, no fourth column"
    );
    let median = rows.iter().find(|row| row[1] == 0.5).unwrap();
    assert!((median[0] - 1.0).abs() < 0.001, "{median:?}");
    assert_eq!(median[3], 2.0);
}

#[test]
fn tables_say_whether_the_answer_was_reached() {
    let outcome = UntilOutcome {
        asked: "p99±5%".to_owned(),
        reached: false,
        half_width: Some(0.12),
        half_width_ns: None,
    };
    let document = judged(
        runs::record(&runs::healthy()).with_until(outcome),
        &runs::Flags,
    );
    let text = markdown::render(&document, &runs::Flags);
    assert!(
        text.contains("| until | p99±5% not known (±12 %) |"),
        "{text}"
    );
    let text = csv::results(&[&document]);
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
    let of = |name: &str| values[names.iter().position(|known| *known == name).unwrap()];
    assert_eq!((of("until"), of("until_reached")), ("p99±5%", "false"));
    assert_eq!(
        (of("until_half_width"), of("until_half_width_ns")),
        ("0.12", "")
    );
}

#[test]
fn a_warm_up_that_was_found_is_told_with_its_length() {
    let (mut result, mut plan) = runs::healthy();
    plan.warmup.at_most = Some(Nanos::from_secs(5));
    let mut of = |found: Option<u64>| {
        result.warmup_found = found.map(Nanos::from_millis);
        plan_line(&runs::record(&(result.clone(), plan.clone())).plan)
    };
    let line = of(Some(1_300));
    assert!(
        line.contains("after warm-up found from the data (1.3 s)"),
        "{line}"
    );
    let line = of(None);
    assert!(line.contains("found from the data (5 s at most)"), "{line}");
}

/// The columns of times follow the table of series: each that is always told of, and the parts of
/// those that slices have.
#[test]
fn comma_separated_values_have_the_columns_of_the_table_of_series() {
    let document = runs::document(&runs::stamped());
    let header = |text: &str| {
        text.lines()
            .next()
            .unwrap()
            .split(',')
            .map(str::to_owned)
            .collect()
    };
    let results: Vec<String> = header(&csv::results(&[&document]));
    let always = Series::ALL.into_iter().filter(|series| {
        let info = series.info();
        matches!(info.shown, Shown::Always | Shown::AlwaysByNow) && info.home == Home::Document
    });
    let parts = Series::IN_SLICES.into_iter().flat_map(Series::parts);
    for series in always.chain(parts) {
        for figure in ["count", "p50", "p99_99", "max"] {
            let column = format!("{}_{figure}", series.path());
            let times = results.iter().filter(|name| **name == column);
            assert_eq!(times.count(), 1, "{column}");
        }
    }
    let intervals: Vec<String> = header(&csv::intervals(&document));
    for series in Series::IN_INTERVALS {
        let column = format!("{}_p50", series.path().replace('.', "_"));
        let times = intervals.iter().filter(|name| **name == column);
        assert_eq!(times.count(), 1, "{column}");
    }
}
