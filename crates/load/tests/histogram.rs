//! METHOD's experiment V15, the half that needs no other program: a million log-normal values, each
//! quantile against the exact one, and shards that add up to the whole bit for bit.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;

const VALUES: usize = 1_000_000;

/// Log-normal spans around 100 µs, by seed: median e^µ, σ = 1.
fn log_normal() -> Vec<u64> {
    let mut random = fastrand::Rng::with_seed(15);
    let mut normal = || {
        let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
        radius * (std::f64::consts::TAU * random.f64()).cos()
    };
    (0..VALUES)
        .map(|_| (100_000.0 * normal().exp()).round() as u64)
        .collect()
}

fn histogram_of(values: &[u64]) -> Histogram {
    let mut spans = Histogram::new();
    for value in values {
        spans.record(Nanos(*value));
    }
    spans
}

#[test]
fn quantiles_are_the_exact_ones_and_at_most_a_thousandth_more() {
    let mut values = log_normal();
    let spans = histogram_of(&values);
    values.sort_unstable();
    // As parts of ten thousand, for a rank is a whole number and 0.07 is none in binary.
    for share in [1, 700, 5_000, 7_500, 9_000, 9_900, 9_990, 9_999, 10_000] {
        let rank = VALUES * share / 10_000;
        let exact = values[rank - 1];
        let told = spans.quantile(share as f64 / 10_000.0).unwrap().0;
        assert!(told >= exact, "{share}: {told} is below {exact}");
        let over = (told - exact) as f64 / exact as f64;
        assert!(over <= 0.001, "{share}: {told} is {over} above {exact}");
    }
    assert_eq!(spans.min().unwrap().0, values[0]);
    assert_eq!(spans.max().unwrap().0, values[VALUES - 1]);
    let sum: u128 = values.iter().map(|value| u128::from(*value)).sum();
    assert_eq!(spans.sum_ns(), sum);
}

#[test]
fn eight_shards_merged_are_the_whole_bit_for_bit() {
    let values = log_normal();
    let whole = histogram_of(&values);
    let mut merged = Histogram::new();
    for shard in values.chunks(VALUES / 8) {
        merged.merge(&histogram_of(shard));
    }
    assert_eq!(merged.to_v2_deflate(), whole.to_v2_deflate());
    assert_eq!(merged.sum_ns(), whole.sum_ns());
    let bins = |of: &Histogram| of.bins().collect::<Vec<_>>();
    assert_eq!(bins(&merged), bins(&whole));
    // A shard that is left out is seen.
    let mut short = Histogram::new();
    for shard in values.chunks(VALUES / 8).skip(1) {
        short.merge(&histogram_of(shard));
    }
    assert_ne!(short.to_v2_deflate(), whole.to_v2_deflate());
}
