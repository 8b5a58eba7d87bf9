//! Against figures computed by hand, and against truth known by how the figures were made.

use super::*;

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6 * b.abs().max(1.0)
}

#[test]
fn a_spread_is_that_of_the_logarithms() {
    // ln 1, ln e, ln e²: mean 1, s 1, t(2) = 4.302653, half 4.302653/√3.
    let e = std::f64::consts::E;
    let spread = spread(&[1.0, e, e * e]).unwrap();
    assert!(near(spread.mean, e));
    let interval = spread.interval.unwrap();
    assert!(near(
        interval.high,
        (1.0 + 4.302_652_73 / 3.0_f64.sqrt()).exp()
    ));
    assert!((spread.least, spread.most) == (1.0, e * e));
}

#[test]
fn what_cannot_be_known_is_absent() {
    assert_eq!(spread(&[]), None);
    assert_eq!(spread(&[1.0, 0.0]), None);
    assert_eq!(spread(&[5.0]).unwrap().interval, None);
    assert_eq!(paired(&[]), None);
    assert_eq!(paired(&[(2.0, 3.0)]).unwrap().interval, None);
    assert_eq!(unpaired(&[2.0], &[3.0]).unwrap().interval, None);
    assert_eq!(unpaired(&[], &[3.0]), None);
    assert_eq!(noise(&[1.0]), None);
}

#[test]
fn pairs_drop_out_what_both_have() {
    // The machine gets ten times faster from round to round; B stays 1.1 times A.
    let pairs = [(1.0, 1.1), (10.0, 11.0), (100.0, 110.0)];
    let ratio = paired(&pairs).unwrap();
    assert!(near(ratio.value, 1.1) && ratio.interval.unwrap().high < 1.1001);
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let loose = unpaired(&a, &b).unwrap().interval.unwrap();
    assert!(
        loose.low < 0.1 && loose.high > 10.0,
        "unpaired they hide it"
    );
}

#[test]
fn a_p_value_agrees_with_the_interval() {
    // t = 4.302653 with two degrees of freedom is exactly the border at 5 %.
    assert!(near(p_value(4.302_652_73, 1.0, 2.0), 0.05));
    assert_eq!(p_value(0.0, 0.0, 5.0), 1.0);
    assert_eq!(p_value(0.1, 0.0, 5.0), 0.0);
}

#[test]
fn a_lone_run_is_taken_to_be_as_noisy_as_the_other_side() {
    let many = [99.0, 100.0, 101.0, 100.0];
    let ratio = unpaired(&[100.0], &many).unwrap();
    let interval = ratio.interval.unwrap();
    assert!(
        interval.contains(1.0) && interval.high > 1.02,
        "{interval:?}"
    );
}

#[test]
fn independent_intervals_add_up_as_errors_do() {
    let of = |low, value, high| (value, Interval { low, high });
    let ratio = of_intervals(of(97.0, 100.0, 103.0), of(106.0, 110.0, 114.0), MANY).unwrap();
    let interval = ratio.interval.unwrap();
    assert!(near(ratio.value, 1.1));
    // 3 % and 3.6 % of independent error make about 4.7 %.
    assert!((interval.high / 1.1 - 1.047).abs() < 0.002, "{interval:?}");
    assert!(ratio.p_value.unwrap() < 0.001);
}

#[test]
fn holm_raises_the_least_the_most() {
    let adjusted = holm(&[0.04, 0.01, 0.03]);
    assert!(near(adjusted[1], 0.03), "0.01 × 3");
    assert!(near(adjusted[2], 0.06), "0.03 × 2");
    assert!(
        near(adjusted[0], 0.06),
        "never below one that was more certain"
    );
    assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
}

#[test]
fn findings_follow_the_rule() {
    let ratio = |value, low, high, p| Ratio {
        value,
        interval: Some(Interval { low, high }),
        p_value: Some(p),
    };
    let found = |ratio: Ratio| judge(&ratio, ratio.p_value);
    assert_eq!(found(ratio(1.08, 1.04, 1.12, 0.01)), Finding::Greater);
    assert_eq!(found(ratio(0.92, 0.88, 0.96, 0.01)), Finding::Less);
    assert_eq!(found(ratio(1.01, 1.005, 1.015, 0.01)), Finding::Equivalent);
    assert_eq!(found(ratio(1.0, 0.96, 1.04, 0.9)), Finding::Equivalent);
    assert_eq!(found(ratio(1.03, 0.97, 1.09, 0.3)), Finding::Undecided);
    // Sure by itself, but not among the others that were asked with it.
    let alone = ratio(1.08, 1.01, 1.15, 0.03);
    assert_eq!(judge(&alone, Some(0.09)), Finding::Undecided);
    assert_eq!(judge(&Ratio::bare(0.1), None), Finding::Undecided);
}

/// Log-normal noise of 3 %, of runs that are alike, by a seed.
fn figures(random: &mut fastrand::Rng, count: usize, level: f64) -> Vec<f64> {
    let normal = |random: &mut fastrand::Rng| {
        let (u, v) = (1.0 - random.f64(), random.f64());
        (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
    };
    (0..count)
        .map(|_| level * (0.03 * normal(random)).exp())
        .collect()
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    let mut random = fastrand::Rng::with_seed(5);
    let (mut mean_held, mut ratio_held, mut called) = (0, 0, 0);
    for _ in 0..1000 {
        let a = figures(&mut random, 10, 100.0);
        let b = figures(&mut random, 10, 105.0);
        let again = figures(&mut random, 10, 100.0);
        mean_held += usize::from(spread(&a).unwrap().interval.unwrap().contains(100.0));
        let pairs = |b: &[f64]| paired(&a.iter().copied().zip(b.to_vec()).collect::<Vec<_>>());
        ratio_held += usize::from(pairs(&b).unwrap().interval.unwrap().contains(1.05));
        let same = pairs(&again).unwrap();
        let finding = judge(&same, same.p_value);
        called += usize::from(matches!(finding, Finding::Greater | Finding::Less));
    }
    assert!((935..=970).contains(&mean_held), "{mean_held} of 1000");
    assert!((935..=970).contains(&ratio_held), "{ratio_held} of 1000");
    assert!(called <= 65, "{called} of 1000 called different");
}

#[test]
fn noise_is_what_two_runs_differ_by() {
    let mut random = fastrand::Rng::with_seed(7);
    let runs = figures(&mut random, 2000, 100.0);
    // Two runs of 3 % each differ by less than 1.96·√2·3 % = 8.3 %, 95 % of the time.
    let noise = noise(&runs).unwrap();
    assert!((noise - 0.087).abs() < 0.006, "{noise}");
}
