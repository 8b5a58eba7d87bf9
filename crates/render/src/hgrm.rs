//! A distribution in the percentile format of HdrHistogram, which its plotters read (`.hgrm`).
//!
//! Values are in milliseconds. Percentiles come denser towards the end: five steps for each halving
//! of what is left, as HdrHistogram's own writers do it (Tene, `outputPercentileDistribution`).

use std::fmt::Write as _;

use thiserror::Error;
use wsbench_load::histogram::{DIGITS, HIGHEST_NS, Histogram};
use wsbench_record::document::Distribution;

/// Percentiles reported for each halving of the distance to 100 %.
const TICKS_PER_HALF_DISTANCE: f64 = 5.0;

/// Why a distribution cannot be written in this format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HgrmError {
    /// Nothing was counted: there is no distribution, and no zero stands for it.
    #[error("no samples: there is no distribution to write")]
    NoSamples,
    /// The document carries no histogram, one that cannot be read, or one of another number of
    /// samples: only its stored percentiles are known. Look at `hdr_v2_base64`.
    #[error(
        "the document's histogram (`hdr_v2_base64`) is missing, unreadable or of other samples"
    )]
    NoHistogram,
}

/// The distribution as text, with its header and its trailing lines.
///
/// # Errors
///
/// When there are no samples, or no histogram that can be read.
pub fn percentiles(spans: &Distribution) -> Result<String, HgrmError> {
    if spans.is_empty() {
        return Err(HgrmError::NoSamples);
    }
    let histogram = spans.histogram().ok_or(HgrmError::NoHistogram)?;
    let mut text = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    let longest = spans.max.unwrap_or(u64::MAX);
    for step in steps(&histogram) {
        let value = in_ms(step.value_ns.min(longest) as f64);
        let _ = write!(text, "{value:12.3} {:2.12} {:10}", step.share, step.count);
        if step.share < 1.0 {
            let _ = write!(text, " {:14.2}", 1.0 / (1.0 - step.share));
        }
        text.push('\n');
    }
    let (buckets, sub_buckets) = shape();
    let _ = writeln!(
        text,
        "#[Mean    = {:12.3}, StdDeviation   = {:12.3}]",
        in_ms(spans.mean.unwrap_or_default()),
        in_ms(spans.stdev.unwrap_or_default())
    );
    let _ = writeln!(
        text,
        "#[Max     = {:12.3}, Total count    = {:12}]",
        in_ms(spans.max.unwrap_or_default() as f64),
        spans.count
    );
    let _ = writeln!(
        text,
        "#[Buckets = {buckets:12}, SubBuckets     = {sub_buckets:12}]"
    );
    Ok(text)
}

/// One line: a share of all samples, the value that it does not exceed, and how many those are.
struct PercentileLine {
    value_ns: u64,
    share: f64,
    count: u64,
}

/// The lines: a bin may answer for several shares; the last bin answers for one, and for all.
fn steps(histogram: &Histogram) -> Vec<PercentileLine> {
    let total = histogram.count();
    let mut steps = Vec::new();
    let mut seen: u64 = 0;
    let mut share = Some(0.0);
    for (value, count) in histogram.bins() {
        seen = seen.saturating_add(count);
        let step = |share| PercentileLine {
            value_ns: value.0,
            share,
            count: seen,
        };
        while let Some(due) = share.filter(|due| *due <= seen as f64 / total as f64) {
            steps.push(step(due));
            share = following(due);
            if seen == total {
                break;
            }
        }
        if seen == total {
            steps.push(step(1.0));
            break;
        }
    }
    steps
}

/// The next share to report: the step halves with each halving of the distance to 1. `None` once
/// it is too small for the share to grow, which takes counts beyond 2⁵⁰.
fn following(share: f64) -> Option<f64> {
    let halvings = (1.0 / (1.0 - share)).log2().floor() + 1.0;
    let next = share + 1.0 / (TICKS_PER_HALF_DISTANCE * halvings.exp2());
    (share < next && next < 1.0).then_some(next)
}

/// Buckets and sub-buckets of the project's histograms, as HdrHistogram counts them.
fn shape() -> (u32, u64) {
    let sub_buckets = (2 * 10_u64.pow(DIGITS.into())).next_power_of_two();
    let mut buckets = 1;
    let mut beyond = sub_buckets;
    while beyond <= HIGHEST_NS {
        beyond *= 2;
        buckets += 1;
    }
    (buckets, sub_buckets)
}

fn in_ms(ns: f64) -> f64 {
    ns / 1e6
}
