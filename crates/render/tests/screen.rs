//! The live screen, drawn into memory at sizes from nothing to wide, and its line for files.
#![cfg(feature = "screen")]

#[path = "../../judge/tests/rankings/mod.rs"]
mod rankings;
#[path = "../../judge/tests/runs/mod.rs"]
mod runs;
#[path = "../../judge/tests/searches/mod.rs"]
mod searches;

use proptest::prelude::*;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use wsbench_judge::figure::Figure;
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::histogram::Sparse;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, PlanSpec};
use wsbench_load::result::{AgentStanding, Progress, RunResult, Stage, WindowSlice};
use wsbench_load::series::{InIntervals, InSlices};
use wsbench_record::document::{Host, Known, Percentile, RunContext};
use wsbench_record::ranking::WorkloadKind;
use wsbench_render::live::experiment::{Course, ExperimentKind};
use wsbench_render::live::{self, View};
use wsbench_render::screen::{Key, Look, draw, draw_experiment};
use wsbench_render::style::{Glyphs, Style};

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
        ..Progress::default()
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
        ..Progress::default()
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
        ..Progress::default()
    };
    (progress, plan)
}

/// A run whose server went away after five of ten seconds.
fn gone() -> (Progress, PlanSpec) {
    let (mut progress, plan) = measuring();
    for interval in progress.so_far.intervals.iter_mut().skip(5) {
        (interval.answered, interval.alive) = (0, 0);
        interval.times = InIntervals::default();
    }
    progress.so_far.failures = runs::nothing_connected().0.failures.clone();
    (progress, plan)
}

/// A run whose generator waits for a core a third of the time.
fn starved() -> (Progress, PlanSpec) {
    let (mut progress, plan) = measuring();
    progress.cpu_shares = vec![0.66];
    progress.wait_shares = vec![0.33];
    (progress, plan)
}

/// A run of three machines, one of which is lost and one has yet to hand its first interval over.
fn of_a_fleet() -> (Progress, PlanSpec) {
    let (mut progress, plan) = measuring();
    let agent = |name: &str, lost: Option<&str>, share| AgentStanding {
        name: name.to_owned(),
        step: "under load".to_owned(),
        lost: lost.map(str::to_owned),
        share,
    };
    progress.agents = vec![
        agent("rack-1", None, Some(0.667)),
        agent("rack-2", Some("not heard of for 8 s"), None),
        agent("rack-3", None, None),
    ];
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
    shown(
        &view(progress, plan),
        Look::default(),
        (width, height),
        colour,
    )
}

/// The view of a run of which nothing else is known.
fn view(progress: &Progress, plan: &PlanSpec) -> View {
    View::new(progress, plan, &RunContext::default(), &runs::Flags)
}

fn shown(view: &View, look: Look, (width, height): (u16, u16), colour: bool) -> TestBackend {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let style = Style {
        colour,
        ..Style::default()
    };
    terminal
        .draw(|frame| draw(frame, view, look, style))
        .unwrap();
    terminal.backend().clone()
}

#[test]
fn screens_from_tiny_to_wide() {
    let runs = [
        ("measuring", measuring()),
        ("trouble", in_trouble()),
        ("connecting", connecting()),
        ("stamped", stamped()),
        ("gone", gone()),
        ("starved", starved()),
        ("fleet", of_a_fleet()),
    ];
    for (name, run) in runs {
        for (width, height) in [(20, 5), (60, 20), (80, 24), (120, 40)] {
            let screen = drawn(&run, width, height, true).to_string();
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), screen);
        }
    }
}

/// Times of what is due and was never answered are longer than it has waited: nothing is known above.
#[test]
fn the_percentiles_of_a_server_that_is_gone_have_what_it_never_answered() {
    let (mut progress, plan) = gone();
    for interval in &mut progress.so_far.intervals {
        interval.due = 1_000;
    }
    let newest = progress.so_far.intervals.last_mut().unwrap();
    (newest.in_flight, newest.waiting) = (4_000, 500);
    let view = view(&progress, &plan);
    assert!(view.gone_at_s.is_some());
    let answered = progress.so_far.at(plan.clients.headline()).count();
    assert_eq!(view.times.count, answered + 4_500);
    assert_eq!(view.times.censored, 4_500);
    let known = view.times.known(Percentile::P99);
    assert!(matches!(known, Known::AtLeast(_)), "{known:?}");
    let screen = shown(&view, Look::default(), (80, 24), false).to_string();
    assert!(
        screen.contains("p99 ≥ ") && screen.contains("unanswered "),
        "{screen}"
    );
}

/// The screen has intervals before a result would have them.
#[test]
fn percentiles_have_intervals_from_the_fifth_part_of_the_window_on() {
    let (mut progress, plan) = measuring();
    let series = plan.clients.headline();
    let spans = progress.so_far.at(series).clone();
    let slices = (1..=5).map(|number| WindowSlice {
        at: Nanos::from_secs(number),
        length: Nanos::from_secs(1),
        received: spans.count(),
        times: InSlices::from_fn(|_| Sparse::of(&spans)),
    });
    progress.so_far.slices = slices.collect();
    let of_five = view(&progress, &plan).times;
    let known = of_five.confidence(Percentile::P50).unwrap();
    assert!(known.low.unwrap() <= of_five.at(Percentile::P50).unwrap());
    assert_eq!(of_five.count, spans.count());
    progress.so_far.slices.truncate(4);
    assert_eq!(view(&progress, &plan).times.confidence, None);
}

#[test]
fn no_small_size_and_no_stage_panics() {
    for run in [
        measuring(),
        in_trouble(),
        connecting(),
        stamped(),
        gone(),
        of_a_fleet(),
    ] {
        let view = view(&run.0, &run.1);
        for size in (0..=24).flat_map(|w| (0..=8).map(move |h| (w, h))) {
            shown(&view, Look::default(), size, true);
        }
        for size in [
            (0, 50),
            (50, 0),
            (59, 20),
            (60, 19),
            (60, 20),
            (500, 3),
            (3, 200),
        ] {
            shown(&view, Look::default(), size, false);
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
fn a_fleet_is_told_machine_by_machine_and_what_is_lost_where_there_is_no_room_for_all() {
    let tall = drawn(&of_a_fleet(), 100, 30, false).to_string();
    for words in [
        "67 % of rate",
        "lost: not heard of for 8 s",
        "rack-3",
        "under load",
    ] {
        assert!(tall.contains(words), "no '{words}' in {tall}");
    }
    for (width, height) in [(80, 24), (60, 20), (40, 6)] {
        let small = drawn(&of_a_fleet(), width, height, false).to_string();
        assert!(small.contains("rack-2"), "{small}");
    }
    let (mut progress, plan) = of_a_fleet();
    progress.agents[1].lost = None;
    let small = drawn(&(progress, plan), 80, 24, false).to_string();
    assert!(small.contains("all 3 there"), "{small}");
}

#[test]
fn lines_for_files() {
    let line = |(progress, plan): (Progress, PlanSpec)| live::line(&progress, &plan);
    assert_eq!(
        line(measuring()),
        "12.1 s  78.5k msg/s  p50 999 µs p99 1.71 ms  64 conns  0 errors"
    );
    assert_eq!(
        line(stamped()),
        "12.1 s  82.6k msg/s  p50 1.00 ms p99 1.71 ms  own queue 800 µs  64 conns  0 errors"
    );
    assert_eq!(line(connecting()), "0.0 s  connecting  0 conns  0 errors");

    assert_eq!(
        line(of_a_fleet()),
        "12.1 s  78.5k msg/s  p50 999 µs p99 1.71 ms  64 conns  0 errors  lost: rack-2 of 3 agents"
    );

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
    let line = live::line(&progress, &plan);
    assert!(line.contains("0 msg/s  no samples  "), "{line}");
}

/// Doubts of the run so far, in words.
fn doubts((progress, plan): &(Progress, PlanSpec)) -> Vec<String> {
    let view = view(progress, plan);
    let doubts = view.document.audit.doubts();
    doubts.map(|caveat| caveat.message.clone()).collect()
}

#[test]
fn the_audit_so_far_is_that_of_the_end() {
    assert_eq!(doubts(&measuring()), Vec::<String>::new());
    let said = |run: &(Progress, PlanSpec), words: &str| {
        let doubts = doubts(run);
        assert!(
            doubts.iter().any(|doubt| doubt.contains(words)),
            "{words}: {doubts:?}"
        );
    };
    said(&in_trouble(), "990 messages came back with other bytes");
    said(&in_trouble(), "1 message received in answer to nothing");
    said(&gone(), "the server went away");
    let starved = starved();
    let limit = view(&starved.0, &starved.1)
        .document
        .audit
        .limit
        .expect("a limit");
    assert!(
        limit.message.contains("waited for a core 33 %"),
        "{limit:?}"
    );
    let eight_cores = RunContext {
        host: Host {
            cpus: Some(8),
            ..Host::default()
        },
        ..RunContext::default()
    };
    let among_others = View::new(&starved.0, &starved.1, &eight_cores, &runs::Flags);
    let mut doubts = among_others.document.audit.doubts();
    let doubt = doubts.next().expect("others had the cores");
    assert!(
        doubt.message.contains("its times include that"),
        "{doubt:?}"
    );
    let view = view(&gone().0, &gone().1);
    assert!(
        view.standing().starts_with("server gone since 5."),
        "{}",
        view.standing()
    );
    let nobody = (
        Progress {
            so_far: runs::nothing_connected().0,
            ..Progress::default()
        },
        runs::nothing_connected().1,
    );
    said(&nobody, "reached a WebSocket");
}

#[test]
fn what_is_out_is_no_doubt_while_the_run_goes_on() {
    let (mut progress, plan) = measuring();
    progress.so_far.messages.sent += 64;
    progress.so_far.connections.never_answered = 3;
    assert_eq!(doubts(&(progress, plan)), Vec::<String>::new());
}

#[test]
fn time_left_is_told_when_it_can_be() {
    let (mut progress, mut plan) = measuring();
    let left = |progress: &Progress, plan: &PlanSpec| {
        view(progress, plan)
            .left
            .map(|left| left.as_secs_f64().ceil())
    };
    assert_eq!(left(&progress, &plan), Some(2.0));
    plan.stop = runs::replacement().1.stop;
    plan.clients.lifetime = runs::replacement().1.clients.lifetime;
    progress.done = 0.5;
    assert_eq!(left(&progress, &plan), Some(13.0));
    progress.done = 0.0;
    assert_eq!(left(&progress, &plan), None, "nothing to go by");
    progress.done = f64::NAN;
    assert_eq!(left(&progress, &plan), None);
    progress.so_far = RunResult::default();
    progress.stage = Stage::Draining;
    assert_eq!(left(&progress, &plan), None);
}

#[test]
fn keys_change_the_view() {
    let (progress, plan) = measuring();
    let view = view(&progress, &plan);
    let drawn = |keys: &[Key]| {
        let mut look = Look::default();
        for key in keys {
            assert!(look.press(*key));
        }
        shown(&view, look, (100, 30), false).to_string()
    };
    let usual = drawn(&[]);
    assert!(usual.contains("p99.9 ") && usual.contains("round trips so far"));
    assert!(
        drawn(&[Key::Letter('l')]).contains("p95 "),
        "other percentiles"
    );
    assert!(drawn(&[Key::Letter('h')]).contains("all times so far"));
    assert!(drawn(&[Key::Letter('?')]).contains("show less of the time axis"));
    assert!(drawn(&[Key::Letter('p')]).contains("paused: go on"));
    assert_ne!(drawn(&[Key::Letter('+')]), usual, "another stretch of time");
}

#[test]
fn where_there_is_no_utf_8_drawings_are_ascii() {
    let style = Style {
        glyphs: Glyphs::Ascii,
        ..Style::default()
    };
    for run in [measuring(), gone()] {
        let view = view(&run.0, &run.1);
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal
            .draw(|frame| draw(frame, &view, Look::default(), style))
            .unwrap();
        let screen = terminal.backend().to_string();
        // Units and signs of figures are words; drawings are not.
        let foreign: String = screen
            .chars()
            .filter(|letter| !letter.is_ascii() && !"µ±≥–×÷…".contains(*letter))
            .collect();
        assert_eq!(foreign, "");
    }
}

/// A search after some trials, another one under way.
fn searching() -> Course {
    let search = searches::certain(
        wsbench_record::provenance::Provenance::of(&runs::document(&runs::healthy()), 1),
        wsbench_record::search::Ending::Found,
    );
    let (progress, plan) = measuring();
    let kind = ExperimentKind::Find("p99 ≤ 5.00 ms".to_owned(), "msg/s");
    let mut course = Course::new(kind, &plan, Some(60.0));
    for trial in &search.trials {
        course.step(
            "",
            &runs::document(&runs::healthy()),
            Some(trial),
            Some(20.0),
        );
    }
    let mut next = plan.clone();
    next.clients.arrival = Arrival::Open {
        schedule: Schedule {
            process: Process::Poisson,
            stretches: vec![Stretch::level(Nanos::MAX, 49_000.0)],
        },
        max_in_flight: 16,
    };
    course.begins(&next);
    course.progress(&progress, &plan);
    course
}

/// A course of runs by these names.
fn of_runs(kind: ExperimentKind, names: &[&str]) -> Course {
    let mut course = Course::new(kind, &runs::plan(), None);
    for (at, name) in names.iter().enumerate() {
        let mut document = runs::document(&runs::healthy());
        let factor = 1.0 + 0.01 * at as f64;
        document.record.messages_per_s = document.record.messages_per_s.map(|one| one * factor);
        document.record.asked_messages_per_s = Some(10_000.0 * (at + 1) as f64);
        course.step(name, &document, None, Some(30.0 - at as f64));
    }
    course
}

fn experiments() -> Vec<(&'static str, Course)> {
    let sides = ["round 1/5 A", "round 1/5 B", "round 2/5 B", "round 2/5 A"];
    let compare = ExperimentKind::Compare("ws://a/".to_owned(), "ws://b/".to_owned());
    vec![
        ("find", searching()),
        (
            "sweep",
            of_runs(ExperimentKind::Sweep, &["run 1/9", "run 2/9", "run 3/9"]),
        ),
        ("compare", of_runs(compare, &sides)),
        (
            "repeat",
            of_runs(ExperimentKind::Repeat, &["run 1/3", "run 2/3"]),
        ),
    ]
}

fn drawn_table(view: &live::experiment::ExperimentView, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| draw_experiment(frame, view, Look::default(), Style::default()))
        .unwrap();
    terminal.backend().to_string()
}

#[test]
fn screens_of_experiments() {
    for (name, course) in experiments() {
        let view = course.view(41.0, 0);
        for (width, height) in [(60, 20), (80, 24), (120, 40)] {
            let screen = drawn_table(&view, width, height);
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), screen);
        }
    }
}

/// A ranking in its third round, in which one server has failed.
fn ranked() -> live::ranking::RankingCourse {
    let names = ["first", "second", "third"].map(str::to_owned);
    let workload = rankings::workload("closed-64", WorkloadKind::Closed, 10);
    let mut course =
        live::ranking::RankingCourse::new("full", vec![workload.clone()], names.to_vec(), 10);
    for round in 1..=2 {
        for (at, name) in names.iter().enumerate() {
            course.turn(round, at + 1, name);
            let per_s = 200_000.0 / (at + 1) as f64 * (1.0 + 0.01 * f64::from(round));
            let figures = [(Figure::MESSAGES_PER_S, per_s)];
            course.ran(&rankings::run(name, &workload, (round, 1), &figures));
        }
        course.over(1_600.0, 400.0);
    }
    course.turn(3, 1, "first");
    course.runs("closed-64");
    course.failed("third", "died in round 3: no answer in 5 s");
    course
}

#[test]
fn the_screen_of_a_ranking_is_sorted_as_it_grows() {
    let view = ranked().view(0);
    let names: Vec<&str> = view.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["first", "second", "third"]);
    assert!(view.rows[2].after.contains("died in round 3"));
    for (width, height) in [(60, 20), (80, 24), (120, 40)] {
        let screen = drawn_table(&view, width, height);
        insta::assert_snapshot!(format!("rank_{width}x{height}"), screen);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever the size, the keys and what is shown: nothing panics, nothing is left undrawn.
    #[test]
    fn no_size_and_no_key_panics(
        sizes in prop::collection::vec((0_u16..=160, 0_u16..=60), 1..4),
        keys in prop::collection::vec(prop::sample::select(vec![
            Key::Letter('p'), Key::Letter('+'), Key::Letter('-'), Key::Letter('l'), Key::Letter('h'),
            Key::Letter('?'), Key::Up, Key::Down, Key::Left, Key::Right,
        ]), 0..12),
        which in 0_usize..6,
    ) {
        let mut look = Look::default();
        for key in keys {
            look.press(key);
        }
        let runs = [measuring(), in_trouble(), connecting(), stamped(), gone(), starved()];
        let (progress, plan) = &runs[which];
        let view = view(progress, plan);
        let table = match which {
            5 => ranked().view(look.column),
            which => experiments()[which % 4].1.view(41.0, look.column),
        };
        // One terminal that is resized, as a window is.
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        for (width, height) in sizes {
            terminal.backend_mut().resize(width, height);
            terminal.draw(|frame| draw(frame, &view, look, Style::default())).unwrap();
            terminal.draw(|frame| draw_experiment(frame, &table, look, Style::default())).unwrap();
        }
    }
}
