//! Latency by percentile on a scale of nines: one line a distribution, as far as its samples reach.

use wsbench_load::histogram::Histogram;
use wsbench_record::document::{Distribution, Known, Percentile};

use super::plot::{Axis, AxisUnit, Panel, Plot, PlotPoint, Scale, Shape, Trace, Unknown};

/// Effective samples that must lie above a percentile that is drawn (METHOD rule 13).
const LEAST_ABOVE: f64 = 10.0;
/// Points a nine.
const PER_NINE: u32 = 8;
/// No line goes beyond this many nines.
const MOST_NINES: u32 = 6;

/// The percentiles that are marked on a line.
const MARKED: [Percentile; 4] = [
    Percentile::P50,
    Percentile::P90,
    Percentile::P99,
    Percentile::P99_9,
];
/// Height of the picture, px.
const HEIGHT: f64 = 262.0;

/// The chart of these lines.
pub(super) fn plot(title: &str, beside: &str, series: Vec<Trace>) -> Plot {
    let y = Axis::new("", Scale::Log, AxisUnit::Span);
    Plot {
        beside: beside.to_owned(),
        ..Plot::new(
            title,
            Axis::new("", Scale::Nines, AxisUnit::Percentile),
            Panel::new(y, HEIGHT, series),
        )
    }
}

/// The line of one distribution, marked where people ask and in the band of its intervals; without
/// points where it carries no histogram.
pub(super) fn line(name: &str, look: Option<usize>, spans: &Distribution) -> Trace {
    worth(name, look, spans, &|share| effective(spans, share))
}

/// The line of what was answered until a server was gone, or fell behind: of these samples as they
/// are, for they speak of no others.
pub(super) fn answered(name: &str, look: Option<usize>, spans: &Distribution) -> Trace {
    worth(name, look, spans, &|_| spans.count as f64)
}

/// The line of one distribution as far as its samples reach, which are worth so many independent ones
/// at a share.
fn worth(
    name: &str,
    look: Option<usize>,
    spans: &Distribution,
    samples: &dyn Fn(f64) -> f64,
) -> Trace {
    let points = spans.histogram().map_or_else(Vec::new, |histogram| {
        let known =
            rungs().take_while(|(_, share)| samples(*share) * (1.0 - share) >= LEAST_ABOVE - 1e-6);
        let points = known.filter_map(|(nines, share)| {
            let value = histogram.quantile(share)?.0;
            let value = value.max(spans.min?).min(spans.max?);
            // What reaches into messages never answered is a lower bound, and no point of a line.
            (value > 0 && !spans.is_lower_bound(value)).then(|| PlotPoint::at(nines, value as f64))
        });
        points.collect()
    });
    Trace {
        name: name.to_owned(),
        look,
        shape: Shape::Line,
        points,
        ..Trace::default()
    }
}

/// The same line with its marks, and with its band where intervals are known.
pub(super) fn told(name: &str, look: Option<usize>, spans: &Distribution) -> Trace {
    let mut trace = line(name, look, spans);
    for percentile in Percentile::ALL {
        let nines = -(1.0 - percentile.share()).log10();
        let at = |point: &&mut PlotPoint| (point.x - nines).abs() < 1e-3;
        let Some(point) = trace.points.iter_mut().find(at) else {
            continue;
        };
        point.is_marked = MARKED.contains(&percentile);
        if let Known::Within { low, high, .. } = spans.known(percentile) {
            point.y_range = (low > 0.0).then_some((low, high));
        }
    }
    trace
}

/// The place behind which nothing is known of these lines, where the greatest value lies beyond it.
pub(super) fn unknown(series: &[Trace], spans: &Distribution) -> Option<Unknown> {
    let ends = series.iter().filter_map(|series| series.points.last());
    let from = ends.map(|point| point.x).reduce(f64::max)?;
    let most = spans.max.filter(|most| !spans.is_lower_bound(*most))?;
    Some(Unknown {
        from,
        most: most as f64,
    })
}

/// The line of several runs together, in a band from the least to the greatest run.
pub(super) fn band(name: &str, look: Option<usize>, runs: &[&Distribution]) -> Trace {
    let histograms: Vec<Histogram> = runs.iter().filter_map(|spans| spans.histogram()).collect();
    let mut pooled = Histogram::new();
    for histogram in &histograms {
        pooled.merge(histogram);
    }
    let all = |share: f64| {
        runs.iter()
            .map(|spans| effective(spans, share))
            .sum::<f64>()
    };
    let bound = runs.iter().filter_map(|spans| spans.censored_from).min();
    let known = rungs().take_while(|(_, share)| all(*share) * (1.0 - share) >= LEAST_ABOVE - 1e-6);
    let points = known.filter_map(|(nines, share)| {
        let value = pooled.quantile(share)?.0;
        let of_runs = histograms.iter().filter_map(|runs| runs.quantile(share));
        let of_runs: Vec<f64> = of_runs.map(|span| span.0 as f64).collect();
        let low = of_runs.iter().copied().fold(f64::INFINITY, f64::min);
        let high = of_runs.iter().copied().fold(0.0, f64::max);
        let is_bound = bound.is_some_and(|from| value >= from);
        (value > 0 && !is_bound && low > 0.0).then(|| PlotPoint {
            y_range: (histograms.len() > 1).then_some((low, high)),
            ..PlotPoint::at(nines, value as f64)
        })
    });
    Trace {
        name: name.to_owned(),
        look,
        shape: Shape::Line,
        points: points.collect(),
        ..Trace::default()
    }
}

/// Places on the scale: their nines, and their share.
fn rungs() -> impl Iterator<Item = (f64, f64)> {
    let standard = Percentile::ALL.map(|percentile| -(1.0 - percentile.share()).log10());
    let mut nines: Vec<f64> = (0..=MOST_NINES * PER_NINE)
        .map(|step| f64::from(step) / f64::from(PER_NINE))
        .chain(standard)
        .map(|nines| (nines * 1e4).round() / 1e4)
        .collect();
    nines.sort_by(f64::total_cmp);
    nines.dedup();
    nines
        .into_iter()
        .map(|nines| (nines, 1.0 - 10_f64.powf(-nines)))
}

/// As many independent samples as the distribution's are worth at a share: those of the nearest
/// percentile above of which that is known, else of the nearest below, else all.
fn effective(spans: &Distribution, share: f64) -> f64 {
    let known = Percentile::ALL
        .iter()
        .filter_map(|at| Some((at.share(), spans.confidence(*at)?.n_eff)));
    let known: Vec<(f64, f64)> = known.collect();
    let above = known.iter().find(|(at, _)| *at >= share - 1e-9);
    let nearest = above.or(known.last());
    nearest.map_or(spans.count as f64, |(_, n_eff)| {
        n_eff.min(spans.count as f64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wsbench_load::nanos::Nanos;

    #[test]
    fn a_line_ends_where_ten_samples_are_left_above_it() {
        let mut histogram = Histogram::new();
        (1..=10_000).for_each(|us| histogram.record(Nanos::from_micros(us)));
        let series = line("", None, &Distribution::of(&histogram));
        let last = series.points.last().unwrap();
        assert_eq!(last.x, 3.0, "of 10,000 samples p99.9 has ten above it");
        let median = series
            .points
            .iter()
            .find(|point| (point.x - 0.301).abs() < 1e-3);
        assert!((median.unwrap().y / 5e6 - 1.0).abs() < 0.002);
        assert!(line("", None, &Distribution::default()).points.is_empty());
    }

    #[test]
    fn a_line_ends_before_messages_that_were_never_answered() {
        let mut histogram = Histogram::new();
        (1..=10_000).for_each(|us| histogram.record(Nanos::from_micros(us)));
        let mut spans = Distribution::of(&histogram);
        spans.censored_from = Some(9_000_000);
        let last = line("", None, &spans).points.last().unwrap().clone();
        assert!(last.y < 9e6 && last.x < 1.0 + 1e-9, "{last:?}");
        let those = answered("", None, &spans).points.last().unwrap().clone();
        assert_eq!(
            (those.x, those.y),
            (last.x, last.y),
            "no line goes on into them"
        );
    }
}
