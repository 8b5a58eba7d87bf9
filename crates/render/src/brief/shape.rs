//! The shape of a distribution in one row of bars, over a logarithmic axis.

use wsbench_record::document::Distribution;
use wsbench_record::units::span;

use crate::style::{Glyphs, Tone};

use super::SECOND;
use super::sheet::{Piece, Sheet};

/// Columns of bars.
pub(super) const BARS: usize = 22;
/// Puts the bars and the ends of their axis; nothing without a histogram.
pub(super) fn line(sheet: &mut Sheet, spans: &Distribution) {
    let Some((bars, least, most)) = bars(spans, BARS, sheet.style.glyphs) else {
        return;
    };
    let legend = format!("{} to {}, log scale", span(least), span(most));
    let mut legend = Piece::new(legend).toned(Tone::Quiet);
    legend.column = Some(SECOND);
    sheet.put(2, &[Piece::new(bars).toned(Tone::Chart), legend]);
}

/// The bars, and the ends of the axis, ns.
pub(crate) fn bars(
    spans: &Distribution,
    columns: usize,
    glyphs: Glyphs,
) -> Option<(String, f64, f64)> {
    let (shares, least, most) = shares(spans, columns)?;
    let bars = shares.into_iter().map(|share| glyphs.bar(share));
    Some((bars.collect(), least, most))
}

/// Answers in each column as a share of the greatest, and the ends of the axis, ns.
pub(crate) fn shares(spans: &Distribution, columns: usize) -> Option<(Vec<f64>, f64, f64)> {
    let histogram = spans.histogram()?;
    let (least, most) = (spans.min?.max(1) as f64, spans.max?.max(1) as f64);
    if spans.count < 2 || most <= least {
        return None;
    }
    let mut counts = vec![0_u64; columns];
    for (highest, count) in histogram.bins() {
        let at = (highest.0 as f64).clamp(least, most);
        let place = (at / least).ln() / (most / least).ln() * columns as f64;
        counts[(place as usize).min(columns - 1)] += count;
    }
    let top = counts.iter().copied().max().unwrap_or(0).max(1);
    let shares = counts.into_iter().map(|count| count as f64 / top as f64);
    Some((shares.collect(), least, most))
}
