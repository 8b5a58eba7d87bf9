//! The percentiles on one line, each with its interval.

use wsbench_record::document::{Batches, Distribution, Document, Known, Percentile};
use wsbench_record::units::{UNKNOWN, span};
use wsbench_stats::ranks;

use crate::mark;
use crate::style::Tone;

use crate::times::headline;

use super::sheet::{Piece, Sheet};

/// The percentiles that are told where nobody asks for others, as shares.
pub(super) const QUOTED: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

/// Instant by which a share of all was through, where each of them was counted and none is a sample; `≥` where
/// it lies among those that never were, and `—` of none.
pub(super) fn instant(spans: &Distribution, share: f64) -> String {
    let Some(at) = spans.quantile(share) else {
        return UNKNOWN.to_owned();
    };
    let bound = if spans.is_lower_bound(at.0) {
        "≥ "
    } else {
        ""
    };
    format!("{bound}{}", span(at.0 as f64))
}

/// Puts the line of a storm: how soon its connections were open, one by one.
fn of_storm(sheet: &mut Sheet, spans: &Distribution) {
    let pieces = [
        Piece::new(instant(spans, 0.5)).named("50 % open after"),
        Piece::new(instant(spans, 0.9)).named("90 % after"),
        Piece::new(instant(spans, 0.99)).named("99 % after"),
        Piece::new(instant(spans, 1.0)).named("all after"),
    ];
    sheet.put(2, &pieces);
}

/// Puts the line. The longest span goes first where there is no room for all, then p90.
pub(super) fn line(sheet: &mut Sheet, document: &Document, shares: &[f64]) {
    if document.plan.clients.is_storm() && shares == QUOTED {
        return of_storm(sheet, headline(document));
    }
    let mut pieces: Vec<(f64, Piece)> = shares
        .iter()
        .map(|share| (*share, piece(*share, known(document, *share))))
        .collect();
    let clients = &document.plan.clients;
    let longest = mark::longest(headline(document));
    let is_asked = shares != QUOTED;
    if !is_asked {
        pieces.push((1.0, Piece::new(longest).named("max")));
    }
    for left_out in [1.0, 0.9] {
        if is_asked || fits(sheet, &pieces) {
            break;
        }
        pieces.retain(|(share, _)| *share != left_out);
    }
    let room = spare(sheet, &pieces, 2) >= pieces.len() as isize - 1;
    let pieces: Vec<Piece> = pieces
        .into_iter()
        .enumerate()
        .map(|(at, (_, mut piece))| {
            if at > 0 && room {
                piece.name.insert(0, ' ');
            }
            if at == 0 && !clients.exchange.flow.is_answered() {
                let title = clients.headline().info().title;
                piece.name = format!("{title} {}", piece.name);
            }
            piece
        })
        .collect();
    sheet.put(2, &pieces);
}

fn fits(sheet: &Sheet, pieces: &[(f64, Piece)]) -> bool {
    spare(sheet, pieces, 2) >= 0
}

/// Columns that are left with so many between the pieces.
fn spare(sheet: &Sheet, pieces: &[(f64, Piece)], between: usize) -> isize {
    let used: usize = pieces
        .iter()
        .map(|(_, piece)| piece.columns() + between)
        .sum();
    sheet.width() as isize - used as isize
}

/// The percentile at a share with what is known of it: a standard one as the document has it, any
/// other from the slices.
fn known(document: &Document, share: f64) -> Known {
    let is_it = |percentile: &Percentile| (percentile.share() - share).abs() < 1e-9;
    match Percentile::ALL.into_iter().find(is_it) {
        Some(percentile) => headline(document).known(percentile),
        None => from_slices(document, share).unwrap_or(Known::Not),
    }
}

fn from_slices(document: &Document, share: f64) -> Option<Known> {
    let series = document.plan.clients.headline();
    let spans = document.at(series);
    let ns = spans.quantile(share)?.0;
    if spans.is_lower_bound(ns) {
        return Some(Known::AtLeast(ns as f64));
    }
    let samples = spans.histogram()?;
    let by_batches = Batches::of(&document.slices, series).quantile(&samples, share);
    let interval = by_batches.map(|found| found.interval);
    let Some(bounds) = interval.or_else(|| ranks::independent(&samples, share)) else {
        return Some(Known::Not);
    };
    Some(if bounds.high.is_finite() {
        Known::Within {
            ns: ns as f64,
            low: bounds.low.min(ns as f64),
            high: bounds.high.max(ns as f64),
        }
    } else {
        Known::AtLeast(bounds.low)
    })
}

/// A percentile with its interval, its name before it.
pub(super) fn piece(share: f64, known: Known) -> Piece {
    let (figure, beside) = mark::alone(known);
    let tone = match known {
        Known::Not => Tone::Quiet,
        _ if known.is_weak() => Tone::Quiet,
        _ => Tone::Heading,
    };
    let piece = Piece::new(figure).toned(tone).named(&name(share));
    match beside.is_empty() {
        true => piece,
        false => piece.beside(format!(" {beside}")),
    }
}

/// The name of a percentile: `p99.9`.
fn name(share: f64) -> String {
    let percent = format!("{:.6}", share * 100.0);
    format!("p{}", percent.trim_end_matches('0').trim_end_matches('.'))
}
