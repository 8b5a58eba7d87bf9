//! What batches make of samples that are known. How often their intervals hold the truth is an
//! experiment of `truth` (METHOD 10, V9).

use wsbench_load::nanos::Nanos;

use super::*;

/// What 40,000 independent exponential spans tell of p90, each of which comes so many times.
fn known_of(times: u64) -> Quantile {
    let mut random = fastrand::Rng::with_seed(9);
    let slices: Vec<Sparse> = (0..40)
        .map(|_| {
            let mut spans = Histogram::new();
            for _ in 0..1_000 {
                let span = -(1.0 - random.f64()).ln() * 100_000.0;
                spans.record_n(Nanos(span as u64), times);
            }
            Sparse::of(&spans)
        })
        .collect();
    let mut pooled = Histogram::new();
    for slice in &slices {
        slice.add_to(&mut pooled);
    }
    let batches: Vec<Vec<&Sparse>> = slices.iter().map(|slice| vec![slice]).collect();
    quantile(&pooled, &batches, 0.9).unwrap()
}

#[test]
fn samples_that_depend_on_each_other_count_as_fewer() {
    // Of 40 batches the variance is known to a fifth; and there are no more samples than there are.
    for (times, most) in [(1, 40_000.0), (30, 80_000.0)] {
        let effective = known_of(times).effective;
        assert!((25_000.0..=most).contains(&effective), "{effective}");
    }
}

#[test]
fn spans_all_the_same_are_known_exactly_and_few_batches_not_at_all() {
    let mut spans = Histogram::new();
    spans.record_n(Nanos::from_micros(250), 1_000);
    let slice = Sparse::of(&spans);
    let mut pooled = Histogram::new();
    for _ in 0..BATCHES {
        slice.add_to(&mut pooled);
    }
    let batches = vec![vec![&slice]; BATCHES];
    let found = quantile(&pooled, &batches, 0.99).unwrap();
    assert_eq!(found.half_width(), Some(0.0));
    assert_eq!(found.effective, 20_000.0, "no more than there are");
    assert_eq!(quantile(&pooled, &batches[..FEW - 1], 0.99), None);
    assert_eq!(quantile(&Histogram::new(), &batches, 0.99), None);
}

#[test]
fn a_ratio_weighs_its_parts_and_knows_its_error() {
    // Of equal parts it is the mean and its standard error: 2.0, and 1 / √3.
    let equal = RatioEstimate::of(&[(1.0, 1.0), (2.0, 1.0), (3.0, 1.0)]).unwrap();
    assert_eq!(equal.value, 2.0);
    assert!((equal.error - 1.0 / 3.0_f64.sqrt()).abs() < 1e-12);
    // t of 2 degrees of freedom is 4.303.
    assert!((equal.half_width() - 4.303 / 3.0_f64.sqrt()).abs() < 1e-3);
    assert!(equal.interval().contains(2.0));
    let unequal = RatioEstimate::of(&[(10.0, 5.0), (2.0, 1.0)]).unwrap();
    assert_eq!((unequal.value, unequal.error), (2.0, 0.0));
    assert_eq!(RatioEstimate::of(&[(1.0, 1.0)]), None);
    assert_eq!(RatioEstimate::of(&[(0.0, 0.0), (0.0, 0.0)]), None);
}

#[test]
fn slices_make_batches_of_nearly_one_length() {
    let sizes = |lengths: &[f64]| -> Option<Vec<usize>> {
        let batches = grouped(lengths)?;
        let whole = batches.iter().flat_map(Clone::clone).eq(0..lengths.len());
        assert!(whole, "{batches:?}");
        Some(batches.into_iter().map(|batch| batch.len()).collect())
    };
    assert_eq!(sizes(&[1.0; 19]), None);
    assert_eq!(sizes(&[1.0; 20]), Some(vec![1; 20]));
    assert_eq!(sizes(&[1.0; 30]), Some(vec![1; 30]));
    assert_eq!(sizes(&[1.0; 240]), Some(vec![12; 20]));
    let many = sizes(&[1.0; 59]).unwrap();
    assert_eq!(many.len(), 29);
    assert!(many.iter().all(|size| *size == 2 || *size == 3));
    let mut stub = vec![1.0; 20];
    stub.push(0.1);
    assert_eq!(
        sizes(&stub).unwrap().last(),
        Some(&2),
        "no batch of its own"
    );
    assert_eq!(sizes(&stub[1..]), None);
}

#[test]
fn few_batches_make_intervals_that_are_wide_enough() {
    let mut random = fastrand::Rng::with_seed(11);
    for (batches, q) in [(FEW, 0.5), (8, 0.5), (8, 0.9)] {
        let truth = -(1.0_f64 - q).ln() * 100_000.0;
        let holds = (0..400).filter(|_| {
            let slices: Vec<Sparse> = (0..batches)
                .map(|_| {
                    let mut spans = Histogram::new();
                    for _ in 0..200 {
                        let span = -(1.0 - random.f64()).ln() * 100_000.0;
                        spans.record(Nanos(span as u64));
                    }
                    Sparse::of(&spans)
                })
                .collect();
            let mut pooled = Histogram::new();
            slices.iter().for_each(|slice| slice.add_to(&mut pooled));
            let each: Vec<Vec<&Sparse>> = slices.iter().map(|slice| vec![slice]).collect();
            let found = quantile(&pooled, &each, q).unwrap().interval;
            // Spans are kept to three digits.
            found.low <= truth * 1.001 && truth <= found.high * 1.001
        });
        let share = holds.count() as f64 / 400.0;
        assert!(share >= 0.92, "{batches} batches, {q}: {share}");
    }
}
