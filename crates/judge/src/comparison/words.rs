//! A comparison in words: what each ratio shows, and the whole in one sentence.

use wsbench_record::comparison::{Contrast, Found};
use wsbench_record::document::Percentile;
use wsbench_stats::runs::LEAST_DIFFERENCE;

use crate::figure::{Figure, Statistic, Unit};

/// Word for a change that is too great for per cent.
const TIMES: &str = "times";

/// The whole in one sentence: `B answers 7–11 % more messages a second; p99: no difference shown`.
///
/// The throughput, the median and p99 are always spoken of, the rest only where it differs.
pub(super) fn verdict(figures: &[Contrast]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for contrast in figures {
        let Some(figure) = Figure::recorded(&contrast.name) else {
            continue;
        };
        // What the generator used is no property of the servers.
        let is_theirs = figure != Figure::GENERATOR_US;
        let differs = is_theirs && is_shown(contrast);
        if contrast.ratio.is_some() && (differs || is_headline(figure)) {
            parts.push(clause(figure, contrast));
        }
    }
    let noise_is_known = figures.iter().any(|contrast| contrast.ratio_low.is_some());
    if parts.is_empty() {
        return "nothing could be compared".to_owned();
    }
    let sentence = parts.join("; ");
    if noise_is_known {
        sentence
    } else {
        format!("{sentence} (the noise is not known, so nothing is shown)")
    }
}

fn is_headline(figure: Figure) -> bool {
    let quoted = [Percentile::P50, Percentile::P99].map(|at| Some(Statistic::At(at)));
    figure == Figure::MESSAGES_PER_S || quoted.contains(&figure.point())
}

/// One figure as a part of the sentence.
fn clause(figure: Figure, contrast: &Contrast) -> String {
    let by = change(contrast);
    if is_shown(contrast) && by.ends_with(TIMES) {
        let (one, other) = sides(contrast);
        return match figure {
            Figure::MESSAGES_PER_S => format!("{one} answers {by} as many messages a second"),
            _ => format!("{}: {one}'s is {by} {other}'s", figure.label()),
        };
    }
    let is_time = figure.unit() == Unit::Span;
    match (figure, contrast.finding) {
        (Figure::MESSAGES_PER_S, Some(Found::Greater)) => {
            format!("B answers {by} more messages a second")
        }
        (Figure::MESSAGES_PER_S, Some(Found::Less)) => {
            format!("B answers {by} fewer messages a second")
        }
        (Figure::MESSAGES_PER_S, found) => format!("messages a second: {}", no_difference(found)),
        (_, Some(Found::Greater)) if is_time => {
            format!("B's {} is {by} longer", figure.label())
        }
        (_, Some(Found::Less)) if is_time => {
            format!("B's {} is {by} shorter", figure.label())
        }
        (_, Some(Found::Greater)) if figure.unit() == Unit::Rate => {
            format!("B makes {by} more {}", figure.label())
        }
        (_, Some(Found::Less)) if figure.unit() == Unit::Rate => {
            format!("B makes {by} fewer {}", figure.label())
        }
        (_, Some(Found::Greater)) => format!("B takes {by} more {}", figure.label()),
        (_, Some(Found::Less)) => format!("B takes {by} less {}", figure.label()),
        (_, found) => format!("{}: {}", figure.label(), no_difference(found)),
    }
}

/// True if the ratio is told from one among all the figures of its comparison.
fn is_shown(contrast: &Contrast) -> bool {
    matches!(contrast.finding, Some(Found::Greater | Found::Less))
}

/// The side whose figure is the greater, and the other.
fn sides(contrast: &Contrast) -> (&'static str, &'static str) {
    match contrast.finding {
        Some(Found::Less) => ("A", "B"),
        _ => ("B", "A"),
    }
}

fn no_difference(found: Option<Found>) -> &'static str {
    match found {
        Some(Found::Equivalent) => "the same within 5 %",
        _ => "no difference shown",
    }
}

/// A row's finding: `B 7–11 % more`, `A 2.1–2.4 times B`, `the same within 5 %`, `not shown: more
/// rounds may`.
#[must_use]
pub fn finding(figure: Figure, contrast: &Contrast) -> String {
    let (more, less) = match figure.unit() {
        Unit::Span => ("longer", "shorter"),
        _ => ("more", "less"),
    };
    match contrast.finding {
        Some(Found::Greater | Found::Less) if change(contrast).ends_with(TIMES) => {
            let (one, other) = sides(contrast);
            format!("{one} {} {other}", change(contrast))
        }
        Some(Found::Greater) => format!("B {} {more}", change(contrast)),
        Some(Found::Less) => format!("B {} {less}", change(contrast)),
        Some(Found::Equivalent) => "the same within 5 %".to_owned(),
        Some(Found::Undecided) if excludes_one(contrast) => {
            match contrast
                .ratio
                .is_some_and(|ratio| (ratio - 1.0).abs() < LEAST_DIFFERENCE)
            {
                true => "not shown: too small to matter".to_owned(),
                false => "not shown: among so many figures chance may do it".to_owned(),
            }
        }
        Some(Found::Undecided) if contrast.ratio_low.is_none() => {
            "not shown: noise unknown".to_owned()
        }
        Some(Found::Undecided) => "not shown: more rounds may".to_owned(),
        None => String::new(),
    }
}

/// True if the interval by itself would show a difference.
fn excludes_one(contrast: &Contrast) -> bool {
    contrast.ratio_low.is_some_and(|low| low > 1.0)
        || contrast.ratio_high.is_some_and(|high| high < 1.0)
}

/// Amount by which one side is more than the other, from the interval: `7–11 %`; beyond half as much
/// again `2.1–2.4 times`, of the greater side.
fn change(contrast: &Contrast) -> String {
    let (Some(low), Some(high)) = (contrast.ratio_low, contrast.ratio_high) else {
        return String::new();
    };
    let (least, most) = match contrast.finding {
        Some(Found::Less) => (1.0 / high, 1.0 / low),
        _ => (low, high),
    };
    if most >= 1.5 {
        let digits = if most < 3.0 { 2 } else { 1 };
        return format!("{least:.digits$}–{most:.digits$} {TIMES}");
    }
    let (from, to) = if low >= 1.0 {
        (low - 1.0, high - 1.0)
    } else {
        (1.0 - high, 1.0 - low)
    };
    let (from, to) = (100.0 * from, 100.0 * to);
    let figures = |digits: usize| (format!("{from:.digits$}"), format!("{to:.digits$}"));
    // As many digits as tell the ends apart from each other and from nothing.
    let digits = usize::from(to - from < 2.0 || from < 1.0);
    let (from, to) = figures(digits);
    if from == to {
        format!("{from} %")
    } else {
        format!("{from}–{to} %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrast(low: f64, high: f64) -> Contrast {
        Contrast {
            name: "messages_per_s".into(),
            a: Some(1.0),
            b: Some(1.0),
            ratio: Some(f64::midpoint(low, high)),
            ratio_low: Some(low),
            ratio_high: Some(high),
            p_value: Some(0.01),
            noise_a: None,
            noise_b: None,
            is_pooled: false,
            finding: Some(if low > 1.0 {
                Found::Greater
            } else {
                Found::Less
            }),
            missing: None,
        }
    }

    #[test]
    fn a_change_is_told_from_one_end_to_the_other() {
        for (low, high, words) in [
            (1.07, 1.11, "B answers 7–11 % more messages a second"),
            (0.89, 0.93, "B answers 7–11 % fewer messages a second"),
            (1.031, 1.039, "B answers 3.1–3.9 % more messages a second"),
            (1.05, 1.05, "B answers 5.0 % more messages a second"),
            (
                1.5,
                2.5,
                "B answers 1.50–2.50 times as many messages a second",
            ),
            (
                3.1,
                3.3,
                "B answers 3.1–3.3 times as many messages a second",
            ),
            (
                0.2,
                0.25,
                "A answers 4.0–5.0 times as many messages a second",
            ),
        ] {
            assert_eq!(verdict(&[contrast(low, high)]), words);
        }
    }

    #[test]
    fn what_shows_nothing_says_so() {
        let of = |finding| Contrast {
            finding: Some(finding),
            ..contrast(0.98, 1.03)
        };
        assert_eq!(
            verdict(&[of(Found::Equivalent)]),
            "messages a second: the same within 5 %"
        );
        assert_eq!(
            verdict(&[of(Found::Undecided)]),
            "messages a second: no difference shown"
        );
        let wide = Contrast {
            finding: Some(Found::Undecided),
            ..contrast(1.1, 4.0)
        };
        assert_eq!(
            verdict(std::slice::from_ref(&wide)),
            "messages a second: no difference shown",
            "what the table leaves open the verdict does not claim"
        );
        assert_eq!(
            finding(Figure::MESSAGES_PER_S, &wide),
            "not shown: among so many figures chance may do it"
        );
        let slight = Contrast {
            finding: Some(Found::Undecided),
            ..contrast(1.005, 1.015)
        };
        assert_eq!(
            finding(Figure::MESSAGES_PER_S, &slight),
            "not shown: too small to matter"
        );
        assert_eq!(verdict(&[]), "nothing could be compared");
    }
}
