//! The parts of a run's books: given to another process and taken in there in any order, they make
//! the same result as where they were measured, to the last bit.

mod simulation;

use fastrand::Rng;
use simulation::{chance, checked, plan, prints};
use wsbench_drive::crew::{Collector, Hole, Part, Refused};
use wsbench_drive::run::RunObserver;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Plan, StopRule};
use wsbench_load::result::Progress;
use wsbench_load::tally::LogRecord;
use wsbench_simulate::{RunInParts, Scenario, Witness, handed};

/// Hears of a run, and notes its raw log.
#[derive(Default)]
struct Hearer(Vec<LogRecord>);

impl RunObserver for Hearer {
    fn progress(&mut self, _: &Progress) {}

    fn log(&mut self, records: &[LogRecord]) {
        self.0.extend_from_slice(records);
    }
}

/// The part as another process is given it.
fn given(part: &Part) -> Part {
    let text = serde_json::to_string(part).expect("a part has a form in JSON");
    serde_json::from_str(&text).expect("what was written can be read")
}

/// The run again, as it is when its parts come in this order.
fn again(plan: &Plan, run: &RunInParts, parts: impl IntoIterator<Item = Part>) -> Witness {
    let mut collector = Collector::new(plan, plan.threads, 0);
    let mut hearer = Hearer::default();
    for part in parts {
        collector
            .take(part, &mut hearer)
            .expect("each part comes once");
    }
    assert_eq!(collector.missing(), []);
    let total = run.witness.result.total;
    let mut result = collector.finish(run.agreed, total, &mut hearer);
    result.stamps = run.witness.result.stamps;
    Witness {
        result,
        log: hearer.0,
        ..run.witness.clone()
    }
}

/// All that a run says but for the order in which several workers wrote to the raw log.
fn said(witness: &Witness) -> String {
    let mut witness = witness.clone();
    witness
        .log
        .sort_by_cached_key(|record| format!("{record:?}"));
    prints::whole(&witness)
}

#[test]
fn parts_in_any_order_make_the_same_result_to_the_last_bit() {
    for seed in 0..300 {
        let (spec, scenario, stop_at) = chance::draw_crew(seed);
        let plan = checked(&spec);
        let run = handed(&plan, scenario, stop_at);
        let expected = said(&run.witness);
        let mut random = Rng::with_seed(seed);
        for _ in 0..3 {
            let mut parts: Vec<Part> = run.parts.iter().map(given).collect();
            random.shuffle(&mut parts);
            assert_eq!(said(&again(&plan, &run, parts)), expected, "seed {seed}");
        }
        let by_share = (0..plan.threads).rev().flat_map(|share| {
            let parts = run.parts.iter().filter(move |part| part.share == share);
            parts.cloned()
        });
        assert_eq!(said(&again(&plan, &run, by_share)), expected, "seed {seed}");
    }
}

/// A run of two workers with several intervals, and its plan.
fn of_two() -> (Plan, RunInParts) {
    let spec = plan(4, 1, StopRule::Duration(Nanos::from_secs(1))).with(|spec| {
        spec.threads = 2;
        spec.interval = Nanos::from_millis(100);
    });
    let plan = checked(&spec);
    let run = handed(&plan, Scenario::default(), None);
    assert!(run.parts.len() > 20, "{}", run.parts.len());
    (plan, run)
}

#[test]
fn a_part_counts_once_however_often_it_comes() {
    let (plan, run) = of_two();
    let mut collector = Collector::new(&plan, 2, 0);
    let mut hearer = Hearer::default();
    for part in run.parts.iter().rev() {
        let Part { share, number, .. } = *part;
        collector.take(part.clone(), &mut hearer).unwrap();
        let twice = collector.take(part.clone(), &mut hearer).err();
        assert_eq!(twice, Some(Refused::Doubled { share, number }));
    }
    assert_eq!(collector.doubled(), run.parts.len() as u64);
    let result = collector.finish(run.agreed, run.witness.result.total, &mut hearer);
    assert_eq!(result.messages, run.witness.result.messages);
}

#[test]
fn a_part_that_is_missing_is_known_and_the_others_count() {
    let (plan, run) = of_two();
    let mut collector = Collector::new(&plan, 2, 0);
    let mut hearer = Hearer::default();
    let of_share = |share: u32| run.parts.iter().filter(move |part| part.share == share);
    let all = of_share(1).count() as u32;
    let is_lost = |part: &Part| match part.share {
        0 => part.number == 3 || part.number == 4,
        _ => part.number == all - 1,
    };
    let (lost, rest): (Vec<Part>, Vec<Part>) = run.parts.iter().cloned().partition(is_lost);
    for part in rest {
        collector.take(part, &mut hearer).unwrap();
    }
    let hole = |share, from, until| Hole { share, from, until };
    let holes = [hole(0, 3, Some(5)), hole(1, all - 1, None)];
    assert_eq!(collector.missing(), holes);
    let result = collector.finish(run.agreed, run.witness.result.total, &mut hearer);
    let answered = lost.iter().map(|part| part.tally.messages.answered);
    let answered: u64 = answered.sum();
    assert!(answered > 0);
    let whole = run.witness.result.messages.answered;
    assert_eq!(result.messages.answered + answered, whole);
}

#[test]
fn what_is_no_part_of_the_run_is_refused() {
    let (plan, run) = of_two();
    let last = run.parts.iter().find(|part| part.last.is_some());
    let last = last.expect("each share has one").clone();
    let (share, number) = (last.share, last.number);
    let mut collector = Collector::new(&plan, 2, 0);
    let mut take = |part: Part| collector.take(part, &mut Hearer::default()).err();
    let stranger = Part {
        share: 2,
        ..last.clone()
    };
    assert_eq!(take(stranger), Some(Refused::UnknownShare(2)));
    assert_eq!(take(last.clone()), None);
    let beyond = Part {
        number: number + 1,
        ..last.clone()
    };
    let number_beyond = number + 1;
    let expected = Refused::BeyondTheEnd {
        share,
        number: number_beyond,
    };
    assert_eq!(take(beyond), Some(expected));
    let second_end = Part {
        number: 0,
        ..last.clone()
    };
    assert_eq!(
        take(second_end),
        Some(Refused::BeyondTheEnd { share, number: 0 })
    );
    let early = |number| Part {
        share: 1 - share,
        number,
        last: None,
        ..last.clone()
    };
    let refused = (1..10_000).find_map(|number| take(early(number)));
    assert_eq!(
        refused,
        Some(Refused::TooEarly(1 - share)),
        "there is a bound"
    );
}

/// Series without samples and counters of none take no bytes, and histograms those of their filled
/// bins.
#[test]
fn an_idle_part_is_small_and_a_busy_one_as_large_as_what_is_in_it() {
    let (_, run) = of_two();
    let text = |part: &Part| serde_json::to_string(part).unwrap();
    let busy = run
        .parts
        .iter()
        .max_by_key(|part| part.tally.messages.answered);
    let busy = busy.expect("there are parts");
    let idle = Part {
        tally: Box::default(),
        ..busy.clone()
    };
    let (idle, whole) = (text(&idle), text(busy));
    assert!(idle.len() < 320, "{}: {idle}", idle.len());
    let bins = busy
        .tally
        .times
        .iter()
        .map(|(_, times)| times.bins().count());
    let bins: usize = bins.sum();
    assert!(
        whole.len() < 2_000 + 6 * bins,
        "{} for {bins} bins",
        whole.len()
    );
    for unused in ["tcp", "blocked", "censored", "close_codes", "compression"] {
        assert!(!whole.contains(unused), "{unused} in {whole}");
    }
}

#[test]
fn a_part_of_other_books_is_not_read() {
    let (_, run) = of_two();
    let sound = serde_json::to_string(&run.parts[0]).unwrap();
    assert!(serde_json::from_str::<Part>(&sound).is_ok());
    for (from, to) in [
        ("\"share\"", "\"part\""),
        ("\"asked\"", "\"wished\""),
        ("\"opened\"", "\"open\""),
        ("\"tcp\"", "\"udp\""),
        ("\"bins\":\"", "\"bins\":\"AAAA"),
    ] {
        let wrong = sound.replacen(from, to, 1);
        assert_ne!(wrong, sound, "{from} is in {sound}");
        assert!(serde_json::from_str::<Part>(&wrong).is_err(), "{wrong}");
    }
}
