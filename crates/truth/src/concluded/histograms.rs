//! What a histogram keeps of its values: V15, the half that needs no other program.

use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;

use crate::finding::{Experiment, Finding, Tolerance};

const VALUES: usize = 1_000_000;
const SHARDS: usize = 8;
/// Ranks are shares of ten thousand, for a rank is a whole number and 0.07 is none in binary.
const PARTS: usize = 10_000;

pub(super) fn all() -> Vec<Experiment> {
    let values = log_normal();
    vec![quantiles(&values), shards(&values)]
}

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

fn histogram_of<'a>(values: impl IntoIterator<Item = &'a u64>) -> Histogram {
    let mut spans = Histogram::new();
    for value in values {
        spans.record(Nanos(*value));
    }
    spans
}

/// Each hundredth and the tails, against the values themselves in order.
fn quantiles(values: &[u64]) -> Experiment {
    let spans = histogram_of(values);
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let hundredths = (1..=100).map(|hundredth| hundredth * PARTS / 100);
    let shares = hundredths.chain([1, 9_990, 9_999]);
    let (mut greatest, mut below) = (0.0_f64, 0_u32);
    for share in shares {
        let exact = sorted[VALUES * share / PARTS - 1] as f64;
        let told = spans.quantile(share as f64 / PARTS as f64);
        let told = told.map_or(f64::NAN, |span| span.0 as f64);
        greatest = greatest.max(100.0 * (told / exact - 1.0));
        below += u32::from(told.is_nan() || told < exact);
    }
    let sum: u128 = values.iter().map(|value| u128::from(*value)).sum();
    let ends = [spans.min(), spans.max()].map(|end| end.map_or(0, |span| span.0));
    let off_at_ends = ends[0].abs_diff(sorted[0]) + ends[1].abs_diff(sorted[VALUES - 1]);
    Experiment {
        id: "V15",
        title: "histogram of 1,000,000 log-normal values, p1 to p100, p0.01, p99.9, p99.99".into(),
        formula: "the value at rank ⌈qN⌉, and at most 0.1 % more",
        findings: vec![
            Finding::new("greatest error, %", 0.1, Tolerance::AtMost, greatest),
            Finding::new(
                "quantiles below the exact one",
                0.0,
                Tolerance::Exact,
                f64::from(below),
            ),
            Finding::new(
                "least and greatest value, off by, ns",
                0.0,
                Tolerance::Exact,
                off_at_ends as f64,
            ),
            Finding::new(
                "sum of the values, off by, ns",
                0.0,
                Tolerance::Exact,
                spans.sum_ns().abs_diff(sum) as f64,
            ),
        ],
    }
}

/// Shards added up are the whole, and one that is left out is seen.
fn shards(values: &[u64]) -> Experiment {
    let whole = histogram_of(values);
    let merged = |skipped: usize| {
        let mut merged = Histogram::new();
        for shard in values.chunks(VALUES / SHARDS).skip(skipped) {
            merged.merge(&histogram_of(shard));
        }
        merged
    };
    let all = merged(0);
    let off = |merged: &Histogram| differing(&merged.to_hdr_v2(), &whole.to_hdr_v2());
    let off_in_sum = all.sum_ns().abs_diff(whole.sum_ns()) as f64;
    let off_in_all = off(&all);
    Experiment {
        id: "V15",
        title: "the same in 8 shards, merged".into(),
        formula: "the whole, bit for bit",
        findings: vec![
            Finding::new(
                "bytes (V2, deflated) that differ",
                0.0,
                Tolerance::Exact,
                off_in_all,
            ),
            Finding::new("sum, off by, ns", 0.0, Tolerance::Exact, off_in_sum),
            Finding::new(
                "bytes that differ with a shard left out",
                1.0,
                Tolerance::AtLeast,
                off(&merged(1)),
            ),
        ],
    }
}

/// Bytes in which two differ; what only the longer one has differs.
fn differing(one: &[u8], other: &[u8]) -> f64 {
    let pairs = one.iter().zip(other);
    let unlike = pairs.filter(|(one, other)| one != other).count();
    (unlike + one.len().abs_diff(other.len())) as f64
}
