//! The live screen, drawn into memory at sizes from nothing to wide, and its line for files.
#![cfg(feature = "screen")]

#[path = "../../judge/tests/runs/mod.rs"]
mod runs;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::PlanSpec;
use wsbench_load::result::{Progress, RunResult, Stage};
use wsbench_load::series::InIntervals;
use wsbench_render::live::View;
use wsbench_render::screen::draw;
use wsbench_render::style::Style;

/// A healthy run after nine of its ten seconds of measurement.
fn measuring() -> (Progress, PlanSpec) {
    let (mut so_far, plan) = runs::healthy();
    so_far.intervals.truncate(9);
    let progress = Progress {
        stage: Stage::Measuring,
        elapsed: Nanos::from_millis(12_050),
        done: 0.9,
        so_far,
        cpu_shares: vec![0.41, 0.38],
    };
    (progress, plan)
}

/// A run with a great deal to say against it.
fn in_trouble() -> (Progress, PlanSpec) {
    let (so_far, mut plan) = runs::corrupted();
    plan.name = Some("trouble".to_owned());
    let progress = Progress {
        stage: Stage::Measuring,
        elapsed: Nanos::from_millis(7_000),
        done: 0.4,
        so_far,
        cpu_shares: (0..8).map(|thread| f64::from(thread) / 7.0).collect(),
    };
    (progress, plan)
}

/// A run whose parts of the service time are known.
fn stamped() -> (Progress, PlanSpec) {
    let (so_far, plan) = runs::stamped();
    let progress = Progress {
        stage: Stage::Measuring,
        elapsed: Nanos::from_millis(12_050),
        done: 0.9,
        so_far,
        cpu_shares: vec![0.41, 0.99],
    };
    (progress, plan)
}

/// A run that has not begun to measure.
fn connecting() -> (Progress, PlanSpec) {
    (Progress::default(), runs::plan())
}

fn drawn(
    (progress, plan): &(Progress, PlanSpec),
    width: u16,
    height: u16,
    colour: bool,
) -> TestBackend {
    let view = View::new(progress, plan);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let style = Style {
        colour,
        ..Style::default()
    };
    terminal.draw(|frame| draw(frame, &view, style)).unwrap();
    terminal.backend().clone()
}

#[test]
fn screens_from_tiny_to_wide() {
    let runs = [
        ("measuring", measuring()),
        ("trouble", in_trouble()),
        ("connecting", connecting()),
        ("stamped", stamped()),
    ];
    for (name, run) in runs {
        for (width, height) in [(20, 5), (60, 16), (80, 24), (140, 40)] {
            let screen = drawn(&run, width, height, true).to_string();
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), screen);
        }
    }
}

#[test]
fn no_size_and_no_stage_panics() {
    for run in [measuring(), in_trouble(), connecting(), stamped()] {
        for (width, height) in (0..=24).flat_map(|w| (0..=8).map(move |h| (w, h))) {
            drawn(&run, width, height, true);
        }
        for (width, height) in [
            (0, 50),
            (50, 0),
            (71, 20),
            (72, 19),
            (72, 20),
            (500, 3),
            (3, 200),
        ] {
            drawn(&run, width, height, false);
        }
    }
}

#[test]
fn without_colour_no_cell_has_one() {
    for run in [measuring(), in_trouble()] {
        let plain = drawn(&run, 100, 30, false);
        let cells = &plain.buffer().content;
        assert!(
            cells
                .iter()
                .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
        );
        let coloured = drawn(&run, 100, 30, true);
        assert!(
            coloured
                .buffer()
                .content
                .iter()
                .any(|cell| cell.fg != Color::Reset)
        );
    }
}

#[test]
fn the_smallest_screens_keep_what_is_needed_most() {
    let screen = drawn(&measuring(), 20, 1, false).to_string();
    assert!(screen.contains("msg/s"), "{screen}");
    let screen = drawn(&measuring(), 20, 3, false).to_string();
    assert!(
        screen.contains("p99") && screen.contains("errors"),
        "{screen}"
    );
}

#[test]
fn lines_for_files() {
    let line = |(progress, plan): (Progress, PlanSpec)| View::new(&progress, &plan).line();
    assert_eq!(
        line(measuring()),
        "12.1 s  78.5k msg/s  p50 999 µs p99 1.71 ms  64 conns  0 errors"
    );
    assert_eq!(
        line(stamped()),
        "12.1 s  82.6k msg/s  p50 1.00 ms p99 1.71 ms  own queue 800 µs  64 conns  0 errors"
    );
    assert_eq!(line(connecting()), "0.0 s  connecting  0 conns  0 errors");

    let (mut progress, mut plan) = measuring();
    plan.stop = runs::replacement().1.stop;
    plan.clients.lifetime = runs::replacement().1.clients.lifetime;
    progress.so_far.connections.clients_completed = 412;
    progress.so_far.intervals.last_mut().unwrap().answered = 12;
    let interval = progress.so_far.intervals.last_mut().unwrap();
    interval.errors = 1;
    assert_eq!(
        line((progress, plan)),
        "12.1 s  12 msg/s  p50 999 µs  412/1,000 clients  64 conns  0 errors",
        "twelve samples have no p99"
    );
}

#[test]
fn an_interval_without_answers_has_no_times() {
    let (mut progress, plan) = measuring();
    let newest = progress.so_far.intervals.last_mut().unwrap();
    (newest.answered, newest.times) = (0, InIntervals::default());
    let line = View::new(&progress, &plan).line();
    assert!(line.contains("0 msg/s  no samples  "), "{line}");
}

#[test]
fn doubts_appear_while_the_run_goes_on() {
    let (progress, plan) = measuring();
    assert!(View::new(&progress, &plan).doubts.is_empty());
    let (progress, plan) = in_trouble();
    let view = View::new(&progress, &plan);
    for words in [
        "bottleneck: thread 7",
        "990 messages corrupted",
        "1 message received unasked",
    ] {
        assert!(
            view.doubts.iter().any(|doubt| doubt.contains(words)),
            "{words}"
        );
    }
}

#[test]
fn time_left_is_told_when_it_can_be() {
    let (mut progress, mut plan) = measuring();
    assert_eq!(View::new(&progress, &plan).clock(), "12 s, 2 s left");
    plan.stop = runs::replacement().1.stop;
    plan.clients.lifetime = runs::replacement().1.clients.lifetime;
    progress.done = 0.5;
    assert_eq!(View::new(&progress, &plan).clock(), "12 s, 13 s left");
    progress.done = 0.0;
    assert_eq!(
        View::new(&progress, &plan).clock(),
        "12 s",
        "nothing to go by"
    );
    progress.done = f64::NAN;
    assert_eq!(View::new(&progress, &plan).clock(), "12 s");
    progress.so_far = RunResult::default();
    progress.stage = Stage::Draining;
    assert_eq!(View::new(&progress, &plan).left, None);
}
