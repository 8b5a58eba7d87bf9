//! What the audit says of windows that are not at one level, and that it is silent about noise.

mod runs;

use wsbench_load::histogram::{Histogram, Sparse};
use wsbench_load::nanos::Nanos;
use wsbench_load::result::WindowSlice;
use wsbench_load::series::InSlices;
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::Document;

/// Half-second slices whose service times lie around these medians, µs, at these rates.
fn slices(medians_us: &[u64], rates: &[u64]) -> Vec<WindowSlice> {
    let mut at = Nanos::ZERO;
    let slice = |(median, rate): (&u64, &u64)| {
        at += Nanos::from_millis(500);
        let (from, to) = (median * 9 / 10, median * 11 / 10);
        let spans: Histogram =
            runs::spread(1_000, Nanos::from_micros(from), Nanos::from_micros(to));
        WindowSlice {
            at,
            length: Nanos::from_millis(500),
            received: rate / 2,
            times: InSlices::from_fn(|_| Sparse::of(&spans)),
        }
    };
    medians_us.iter().zip(rates).map(slice).collect()
}

/// The healthy run with such slices.
fn document(medians_us: &[u64], rates: &[u64]) -> Document {
    let (mut result, plan) = runs::healthy();
    result.slices = slices(medians_us, rates);
    runs::document(&(result, plan))
}

/// Kinds that this file is about, with their weight, and the words.
fn told(document: &Document) -> Vec<(Kind, Severity, String)> {
    let kinds = [Kind::NotSteady, Kind::Trend, Kind::Independence];
    let caveats = document.audit.caveats.iter();
    let caveats = caveats.filter(|caveat| kinds.contains(&caveat.kind));
    caveats
        .map(|caveat| (caveat.kind, caveat.severity, caveat.to_string()))
        .collect()
}

#[test]
fn a_warm_up_that_was_found_is_on_record_and_doubted_at_its_limit() {
    let (mut result, mut plan) = runs::healthy();
    plan.warmup.at_most = Some(Nanos::from_secs(5));
    let mut of = |found: Option<u64>| {
        result.warmup_found = found.map(Nanos::from_millis);
        let document = runs::document(&(result.clone(), plan.clone()));
        let doubts = document.audit.of_kind(Kind::WarmUp);
        let doubts: Vec<String> = doubts.map(ToString::to_string).collect();
        (document.plan.warmup.least.as_secs_f64(), doubts)
    };
    assert_eq!(of(Some(1_300)), (1.3, vec![]));
    let (warmup_s, doubts) = of(Some(5_000));
    assert!(
        doubts[0].starts_with("the load had not settled"),
        "{doubts:?}"
    );
    assert_eq!((warmup_s, doubts.len()), (5.0, 1));
    assert_eq!(of(None), (3.0, vec![]));
}

const LEVEL: [u64; 20] = [60_000; 20];

#[test]
fn a_warm_up_within_the_window_is_told_with_what_would_have_been_enough() {
    let mut medians = [1_000; 20];
    medians[..3].copy_from_slice(&[3_000, 2_500, 2_000]);
    let told = told(&document(&medians, &LEVEL));
    let [(Kind::NotSteady, Severity::Doubtful, words)] = &told[..] else {
        panic!("{told:?}");
    };
    assert!(words.contains("its first 1.5 s is 2.5 times"), "{words}");
    // The warm-up of the plan is 3 s already.
    assert!(
        words.contains("--warmup 5s would have been enough"),
        "{words}"
    );
}

#[test]
fn a_drift_is_told_by_its_size() {
    let rising = |by: u64| -> Vec<u64> { (0..20).map(|at| 1_000 + by * at).collect() };
    let weights: Vec<_> = [0, 2, 5, 20]
        .map(|by| {
            let told = told(&document(&rising(by), &LEVEL));
            told.into_iter().find(|(kind, ..)| *kind == Kind::Trend)
        })
        .map(|told| told.map(|(_, severity, _)| severity))
        .into();
    let expected = [None, None, Some(Severity::Note), Some(Severity::Doubtful)];
    assert_eq!(weights, expected);
}

#[test]
fn a_window_that_falls_to_another_level_half_way_is_not_steady() {
    let mut medians = [1_000; 20];
    medians[..10].fill(2_000);
    let told = told(&document(&medians, &LEVEL));
    assert!(
        matches!(
            told[0],
            (Kind::NotSteady | Kind::Trend, Severity::Doubtful, _)
        ),
        "{told:?}"
    );
}

#[test]
fn a_falling_rate_is_told_though_times_stay() {
    let rates: Vec<u64> = (0..20).map(|at| 60_000 - 1_000 * at).collect();
    let told = told(&document(&[1_000; 20], &rates));
    let [(Kind::Trend, Severity::Doubtful, words)] = &told[..] else {
        panic!("{told:?}");
    };
    assert!(words.contains("the rate of answers fell by"), "{words}");
}

#[test]
fn noise_is_not_told() {
    let mut random = noise(8);
    let runs = 200;
    let alarms = (0..runs)
        .filter(|_| {
            let medians: Vec<u64> = (0..20).map(|_| 1_000 + random() % 200).collect();
            let told = told(&document(&medians, &LEVEL));
            told.iter().any(|(kind, ..)| *kind != Kind::Independence)
        })
        .count();
    assert!(alarms <= 12, "{alarms} of {runs} at ±10 % of noise");
    // Single slices that stand out are no drift either, though p99 rests on them alone.
    let mut medians = [1_000; 20];
    (medians[6], medians[13]) = (9_000, 4_000);
    let told = told(&document(&medians, &LEVEL));
    assert!(
        told.iter().all(|(kind, ..)| *kind == Kind::Independence),
        "{told:?}"
    );
}

/// Whole numbers by seed.
fn noise(seed: u64) -> impl FnMut() -> u64 {
    let mut random = fastrand::Rng::with_seed(seed);
    move || random.u64(..)
}

#[test]
fn a_slow_spell_makes_the_intervals_of_confidence_too_narrow_and_says_so() {
    let medians: Vec<u64> = (0..20)
        .map(|at| if at / 5 % 2 == 0 { 1_000 } else { 1_300 })
        .collect();
    let told = told(&document(&medians, &LEVEL));
    let found = told.iter().find(|(kind, ..)| *kind == Kind::Independence);
    assert!(
        found.is_some_and(|(_, severity, _)| *severity == Severity::Note),
        "{told:?}"
    );
}

#[test]
fn a_plan_that_changes_its_load_is_at_no_one_level_by_intent() {
    use wsbench_load::arrival::{Process, Schedule, Stretch};
    use wsbench_load::plan::Arrival;
    let (mut result, mut plan) = runs::healthy();
    let rising: Vec<u64> = (0..20).map(|at| 1_000 + 50 * at).collect();
    result.slices = slices(&rising, &LEVEL);
    let level = |seconds, rate| Stretch::level(Nanos::from_secs(seconds), rate);
    let mut of = |stretches| {
        plan.clients.arrival = Arrival::Open {
            schedule: Schedule {
                process: Process::Poisson,
                stretches,
            },
            max_in_flight: 1_024,
        };
        told(&runs::document(&(result.clone(), plan.clone())))
    };
    let is_trend = |told: &[(Kind, Severity, String)]| told.iter().any(|it| it.0 == Kind::Trend);
    assert!(!is_trend(&of(vec![level(8, 1e4), level(5, 6.4e4)])));
    // Behind a ramp within the warm-up the window is level.
    let ramp = Stretch {
        length: Nanos::from_secs(2),
        from_per_s: 0.0,
        to_per_s: 6.4e4,
    };
    assert!(is_trend(&of(vec![ramp, Stretch::level(Nanos::MAX, 6.4e4)])));
}
