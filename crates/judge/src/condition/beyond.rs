//! Percentiles that are bounded by a time, judged by the messages beyond it.
//!
//! The bounds are exact (`stats::share`). Messages that wait for each other count for fewer
//! independent ones, by the batches of the window (METHOD 5.3): those of the percentile itself,
//! and, once some are beyond the limit, those of its own.

use wsbench_load::nanos::Nanos;
use wsbench_load::series::Series;
use wsbench_record::condition::{Judgement, State};
use wsbench_record::document::{Document, Percentile};
use wsbench_record::units::{count, span};
use wsbench_stats::batches::{RatioEstimate, grouped};
use wsbench_stats::share::Exceedances;

use super::{Condition, LEEWAY, enough};
use crate::figure::{Figure, Statistic};

/// Messages of runs around a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Beyond {
    /// Those that took longer for certain.
    certain: u64,
    /// Those, and those that were given up before the limit, which may have.
    possible: u64,
    /// All.
    samples: u64,
    /// As many independent ones would tell as much.
    effective: f64,
}

impl Beyond {
    /// Those of a run beyond `limit`; `None` where its histogram is not known.
    fn of(run: &Document, series: Series, percentile: Percentile, limit: Nanos) -> Option<Self> {
        let spans = run.at(series);
        if spans.is_empty() {
            return Some(Self::default());
        }
        let samples = spans.count;
        let certain = samples - spans.histogram()?.count_at_or_below(limit);
        let early = spans.censored_from.is_some_and(|from| from <= limit.0);
        let may_be = if early { spans.censored } else { 0 };
        let own = effective(run, series, limit);
        let known = spans.confidence(percentile).map(|known| known.n_eff);
        let effective = [own, known].into_iter().flatten();
        Some(Self {
            certain,
            possible: certain.saturating_add(may_be).min(samples),
            samples,
            effective: effective.fold(samples as f64, f64::min),
        })
    }

    fn plus(self, other: Self) -> Self {
        Self {
            certain: self.certain + other.certain,
            possible: self.possible + other.possible,
            samples: self.samples + other.samples,
            effective: self.effective + other.effective,
        }
    }

    /// So many of the samples as independent ones.
    fn counted(self, beyond: u64) -> Exceedances {
        let worth = self.effective / (self.samples as f64).max(1.0);
        Exceedances {
            beyond: beyond as f64 * worth,
            samples: self.effective,
        }
    }
}

/// As many independent messages would tell as much of the share beyond a limit; `None` where none
/// is beyond it, or the window has too few slices to tell.
fn effective(run: &Document, series: Series, limit: Nanos) -> Option<f64> {
    let counted = run.slices.iter().map(|slice| {
        let Some(spans) = slice.at(series) else {
            return (0.0, 0.0);
        };
        let all = spans.count() as f64;
        (all - spans.count_at_or_below(limit) as f64, all)
    });
    let counted: Vec<(f64, f64)> = counted.collect();
    let lengths: Vec<f64> = run.slices.iter().map(|slice| slice.length_s).collect();
    let batches: Vec<(f64, f64)> = grouped(&lengths)?
        .into_iter()
        .map(|range| {
            let batch = counted[range].iter();
            batch.fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
        })
        .collect();
    let share = RatioEstimate::of(&batches)?;
    let is_telling = share.value > 0.0 && share.value < 1.0 && share.error > 0.0;
    is_telling.then(|| share.value * (1.0 - share.value) / share.error.powi(2))
}

/// The series and the percentile of a figure that is judged so.
pub(super) fn percentile(figure: Figure) -> Option<(Series, Percentile)> {
    match figure.point()? {
        Statistic::At(percentile) => Some((figure.series()?, percentile)),
        Statistic::Mean | Statistic::Max => None,
    }
}

/// The judgement on a percentile and a limit, by the messages of all runs; `None` where their
/// histograms are not known.
pub(super) fn judge(
    condition: &Condition,
    figure: Figure,
    limit_ns: f64,
    runs: &[Document],
) -> Option<Judgement> {
    let (series, percentile) = percentile(figure)?;
    let limit = Nanos(limit_ns as u64);
    let each = runs.iter();
    let each = each.map(|run| Beyond::of(run, series, percentile, limit));
    let beyond = each.collect::<Option<Vec<_>>>()?;
    let beyond = beyond.into_iter().fold(Beyond::default(), Beyond::plus);
    if beyond.samples == 0 {
        return None;
    }
    let allowed = 1.0 - percentile.share();
    let most = beyond.counted(beyond.possible).at_most();
    let least = beyond.counted(beyond.certain).at_least();
    let of_all = format!(
        "{} of {} took longer than {}",
        count(beyond.certain),
        count(beyond.samples),
        span(limit_ns)
    );
    let (is_above, bound) = if most <= allowed {
        (false, format!("at most {}", fine(most)))
    } else if least > allowed {
        (true, format!("at least {}", fine(least)))
    } else {
        let between = format!("between {} and {}", fine(least), fine(most));
        let words = format!(
            "{of_all}, which may be {between}, and {} may",
            fine(allowed)
        );
        return Some(undecided(condition, beyond, allowed, &words, runs));
    };
    let (state, how) = if is_above == condition.relation.is_upward() {
        (State::Holds, "holds")
    } else {
        (State::DoesNotHold, "does not hold")
    };
    let value = runs.first()?;
    let value = figure.read(value).ok().filter(|_| runs.len() == 1);
    let value = value.map_or_else(String::new, |value| {
        format!("{} {}; ", figure.label(), value.written(figure))
    });
    let words = format!(
        "{how} ({value}{of_all}: {bound} with 95 % confidence, and {} may)",
        fine(allowed)
    );
    Some(Judgement::of(condition, state, &words))
}

/// The judgement where both sides of the limit are possible, and how many messages would tell.
fn undecided(
    condition: &Condition,
    beyond: Beyond,
    allowed: f64,
    words: &str,
    runs: &[Document],
) -> Judgement {
    // Where too few are there to tell how far they follow each other, they are taken as independent:
    // fewer never suffice.
    let hoped = Beyond {
        effective: beyond.samples as f64,
        ..beyond
    };
    let known = if beyond.effective > 0.0 {
        beyond
    } else {
        hoped
    };
    let times = known.counted(beyond.certain).times_to_decide(allowed);
    let enough = match times {
        Some(times) => format!("; {}", enough(times, runs)),
        None => ": too near the limit for a run of any reasonable length".to_owned(),
    };
    let why = if beyond.certain == 0 {
        "too few samples: "
    } else {
        ""
    };
    let words = format!("cannot be judged: {why}{words}{enough}");
    let undecided = Judgement::of(condition, State::CannotBeJudged, &words);
    undecided.enough(times.map(|times| times * LEEWAY))
}

/// A share in three digits at most, however small: `1.03 %`, `0.03 %`, `1 %`. Two would show a bound
/// a little above what is allowed as the same.
fn fine(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 9.95 || percent <= 0.0 {
        return format!("{percent:.0} %");
    }
    let places = 2.0 - percent.log10().floor();
    let digits = format!("{percent:.*}", places.clamp(1.0, 6.0) as usize);
    format!("{} %", digits.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_told_from_what_is_allowed() {
        let said = [0.01, 0.0103, 0.0003, 0.005, 0.95, 0.0, 0.000_012_34].map(fine);
        assert_eq!(
            said,
            [
                "1 %",
                "1.03 %",
                "0.03 %",
                "0.5 %",
                "95 %",
                "0 %",
                "0.00123 %"
            ]
        );
    }
}
