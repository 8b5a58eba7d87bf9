//! Axes: where a value stands, and which values are written beside them.
//!
//! A linear axis begins at zero, always: a length that is drawn is the figure. A logarithmic one
//! has no zero to hide.

use wsbench_judge::figure;
use wsbench_record::units::{bytes, rate, seconds, span};

/// An axis.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    /// Quantity along it, with the unit where the figures do not carry it.
    pub(crate) name: String,
    /// Layout of the values.
    pub(crate) scale: Scale,
    /// Unit of the values.
    pub(crate) unit: AxisUnit,
}

/// Layout of values along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Evenly, from zero.
    Linear,
    /// By their logarithm.
    Log,
    /// Ratios, by their logarithm, around one.
    Ratios,
    /// Whole numbers from one, each with room around it: ranks.
    Ranks,
    /// Shares by their nines: −log10(1 − share), which the values are already.
    Nines,
}

/// Unit of the values of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AxisUnit {
    /// Spans of time, ns.
    Span,
    /// Times since the beginning, s.
    Seconds,
    /// Numbers a second, or plain numbers.
    Rate,
    /// Bytes.
    Bytes,
    /// Microseconds of CPU.
    Micros,
    /// Ratios.
    Ratio,
    /// Ratios, as factors.
    Factor,
    /// Percentiles, by their nines.
    Percentile,
}

impl From<figure::Unit> for AxisUnit {
    fn from(unit: figure::Unit) -> Self {
        match unit {
            figure::Unit::Span => Self::Span,
            figure::Unit::Micros => Self::Micros,
            figure::Unit::Bytes => Self::Bytes,
            figure::Unit::Share => Self::Ratio,
            figure::Unit::Rate | figure::Unit::Count | figure::Unit::Things => Self::Rate,
        }
    }
}

/// Beginning and end of an axis, and the values written beside it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AxisRange {
    /// The first value on it.
    pub(crate) from: f64,
    /// The last.
    pub(crate) to: f64,
    /// Values that are written, rising.
    pub(crate) ticks: Vec<f64>,
}

impl Axis {
    /// An axis.
    pub(crate) fn new(name: &str, scale: Scale, unit: AxisUnit) -> Self {
        Self {
            name: name.to_owned(),
            scale,
            unit,
        }
    }

    /// The axis that these values need.
    pub(crate) fn extent(&self, values: &[f64]) -> AxisRange {
        let finite = values.iter().copied().filter(|value| value.is_finite());
        match self.scale {
            Scale::Linear => linear(finite.fold(0.0, f64::max)),
            Scale::Log => {
                let positive = finite.filter(|value| *value > 0.0);
                let least = positive.clone().fold(f64::INFINITY, f64::min);
                log(least, positive.fold(0.0, f64::max))
            }
            Scale::Ratios => ratios(&finite.collect::<Vec<_>>()),
            Scale::Ranks => ranks(finite.fold(1.0, f64::max)),
            Scale::Nines => nines(finite.fold(0.0, f64::max)),
        }
    }

    /// Place of a value, 0.0 at the beginning of the axis and 1.0 at its end.
    pub(crate) fn place(&self, extent: &AxisRange, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Log | Scale::Ratios => {
                (value / extent.from).ln() / (extent.to / extent.from).ln()
            }
            Scale::Linear | Scale::Ranks | Scale::Nines => {
                (value - extent.from) / (extent.to - extent.from)
            }
        };
        if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    /// A value as it is written beside the axis.
    pub(crate) fn label(&self, value: f64) -> String {
        match self.unit {
            AxisUnit::Span | AxisUnit::Seconds if value == 0.0 => "0".to_owned(),
            AxisUnit::Span => seconds(value / 1e9),
            AxisUnit::Seconds => seconds(value),
            AxisUnit::Rate => without_zeros(&rate(value)),
            AxisUnit::Bytes if value == 0.0 => "0".to_owned(),
            AxisUnit::Bytes => without_zeros(&bytes(value)),
            AxisUnit::Micros if value == 0.0 => "0".to_owned(),
            AxisUnit::Micros => without_zeros(&span(value * 1e3)),
            AxisUnit::Ratio => format!("{value}"),
            AxisUnit::Factor if value >= 1.0 => format!("×{}", trimmed(value)),
            AxisUnit::Factor => format!("÷{}", trimmed(1.0 / value)),
            AxisUnit::Percentile => percentile(value),
        }
    }

    /// A value as it is told in a table: three digits.
    pub(crate) fn figure(&self, value: f64) -> String {
        match self.unit {
            AxisUnit::Span => span(value),
            AxisUnit::Rate => rate(value),
            AxisUnit::Bytes => bytes(value),
            AxisUnit::Micros => span(value * 1e3),
            AxisUnit::Ratio | AxisUnit::Factor | AxisUnit::Seconds | AxisUnit::Percentile => {
                self.label(value)
            }
        }
    }
}

impl AxisUnit {
    /// The name of the quantity, where an axis has none of its own.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Percentile => "percentile",
            Self::Seconds => "time",
            _ => "",
        }
    }
}

/// From zero to a whole step above the greatest value, with about five steps.
fn linear(greatest: f64) -> AxisRange {
    let greatest = if greatest > 0.0 { greatest } else { 1.0 };
    let rough = greatest / 5.0;
    let decade = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * decade);
    let step = steps.into_iter().find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(10.0 * decade);
    let number = (greatest / step * 0.9999).ceil().max(1.0) as u32;
    AxisRange {
        from: 0.0,
        to: step * f64::from(number),
        ticks: (0..=number).map(|tick| step * f64::from(tick)).collect(),
    }
}

/// Between steps of 1, 2 and 5 of a decade around the values; of many decades only the tens are
/// written.
fn log(least: f64, greatest: f64) -> AxisRange {
    if !(least.is_finite() && greatest > 0.0) {
        return log(1.0, 10.0);
    }
    let first = least.log10().floor() as i32;
    let last = greatest.log10().ceil() as i32;
    let steps = (first..=last).flat_map(|decade| [1.0, 2.0, 5.0].map(|s| s * 10_f64.powi(decade)));
    let steps: Vec<f64> = steps.collect();
    let below = steps.iter().rposition(|step| *step <= least * 1.0001);
    let above = steps.iter().position(|step| *step >= greatest * 0.9999);
    let (mut from, mut to) = (below.unwrap_or(0), above.unwrap_or(steps.len() - 1));
    // Room for a picture, whatever the values.
    if to < from + 2 {
        from = from.saturating_sub(1);
        to = (to + 1).min(steps.len() - 1);
    }
    let within = &steps[from..=to];
    let is_ten = |step: &f64| (step.log10() - step.log10().round()).abs() < 1e-9;
    let tens: Vec<f64> = within.iter().copied().filter(is_ten).collect();
    AxisRange {
        from: within[0],
        to: within[within.len() - 1],
        ticks: if within.len() > 7 && tens.len() > 1 {
            tens
        } else {
            within.to_vec()
        },
    }
}

/// From as much below one as above it, as narrow as the values allow.
fn ratios(values: &[f64]) -> AxisRange {
    const SPANS: [&[f64]; 6] = [
        &[1.0 / 1.05, 1.0, 1.05],
        &[1.0 / 1.1, 1.0 / 1.05, 1.0, 1.05, 1.1],
        &[1.0 / 1.25, 1.0 / 1.1, 1.0, 1.1, 1.25],
        &[0.5, 1.0 / 1.5, 1.0, 1.5, 2.0],
        &[0.25, 0.5, 1.0, 2.0, 4.0],
        &[0.01, 0.1, 1.0, 10.0, 100.0],
    ];
    let holds = |ticks: &&&[f64]| {
        let (from, to) = (ticks[0], ticks[ticks.len() - 1]);
        values.iter().all(|value| (from..=to).contains(value))
    };
    let ticks = SPANS.iter().find(holds).unwrap_or(&SPANS[5]);
    AxisRange {
        from: ticks[0],
        to: ticks[ticks.len() - 1],
        ticks: ticks.to_vec(),
    }
}

/// Every rank; of many only some are written.
fn ranks(greatest: f64) -> AxisRange {
    // A bar reaches less than half a rank beyond its own.
    let last = greatest.floor().clamp(1.0, 1e4) as u32;
    let step = if last > 14 { 5 } else { 1 };
    let written = (1..=last).filter(|rank| *rank == 1 || rank % step == 0);
    AxisRange {
        from: 0.5,
        to: f64::from(last) + 0.5,
        ticks: written.map(f64::from).collect(),
    }
}

/// From the least to a whole nine above the values.
fn nines(greatest: f64) -> AxisRange {
    let whole = greatest.ceil().clamp(1.0, 9.0) as u32;
    let ticks = std::iter::once(0.5_f64.log10().abs());
    AxisRange {
        from: 0.0,
        to: greatest.max(1.0),
        ticks: ticks
            .chain((1..=whole).map(f64::from))
            .filter(|tick| *tick <= greatest.max(1.0) + 1e-9)
            .collect(),
    }
}

/// `p99.9` of three nines.
fn percentile(nines: f64) -> String {
    if nines <= 0.0 {
        return "p0".to_owned();
    }
    let share = 100.0 * (1.0 - 10_f64.powf(-nines));
    let digits = (nines - 1.0).max(0.0).round() as usize;
    format!("p{share:.*}", digits.saturating_sub(1))
}

/// A number with two decimals at most, and no zeros behind its point.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A figure without the zeros behind its point: `5.00k` as `5k`.
fn without_zeros(words: &str) -> String {
    let unit = words.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let digits = &words[..words.len() - unit.len()];
    if digits.contains('.') {
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        format!("{digits}{unit}")
    } else {
        words.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_axis_begins_at_zero_and_holds_every_value() {
        for greatest in [0.001, 0.9, 1.0, 37.0, 99.9, 84_190.0, 1e12] {
            let extent = linear(greatest);
            assert_eq!(extent.from, 0.0);
            assert!(extent.to >= greatest * 0.9999, "{greatest}: {extent:?}");
            assert!(extent.to <= greatest * 1.6, "{greatest}: {extent:?}");
            assert!((2..=8).contains(&extent.ticks.len()), "{extent:?}");
        }
    }

    #[test]
    fn a_logarithmic_axis_holds_every_value_and_writes_few() {
        for (least, greatest) in [(1.0, 1.0), (30.0, 45.0), (2e4, 3e6), (1.0, 1e9), (5e3, 5e3)] {
            let extent = log(least, greatest);
            assert!(extent.from <= least * 1.001 && extent.to >= greatest * 0.999);
            assert!((2..=10).contains(&extent.ticks.len()), "{extent:?}");
        }
        assert!(log(f64::INFINITY, 0.0).from > 0.0, "nothing to draw");
    }

    #[test]
    fn ratios_stand_around_one_as_wide_as_they_must() {
        let axis = Axis::new("", Scale::Ratios, AxisUnit::Ratio);
        let ends = |values: &[f64]| {
            let extent = axis.extent(values);
            (extent.from, extent.to, axis.place(&extent, 1.0))
        };
        let (from, to, one) = ends(&[1.0, 1.125, 0.883]);
        assert_eq!((from, to), (0.8, 1.25));
        assert!((one - 0.5).abs() < 1e-9, "{one}");
        assert_eq!(ends(&[0.99]).1, 1.05);
        assert_eq!(ends(&[7.0]).1, 100.0);
    }

    #[test]
    fn percentiles_stand_by_their_nines() {
        let axis = Axis::new("", Scale::Nines, AxisUnit::Percentile);
        let extent = axis.extent(&[3.4]);
        let labels: Vec<String> = extent.ticks.iter().map(|tick| axis.label(*tick)).collect();
        assert_eq!(labels, ["p50", "p90", "p99", "p99.9"]);
        assert_eq!(axis.place(&extent, 3.4), 1.0);
    }

    #[test]
    fn labels_are_short() {
        let label = |unit, value| Axis::new("", Scale::Linear, unit).label(value);
        assert_eq!(label(AxisUnit::Rate, 5_000.0), "5k");
        assert_eq!(label(AxisUnit::Rate, 2_500.0), "2.5k");
        assert_eq!(label(AxisUnit::Rate, 0.0), "0");
        assert_eq!(label(AxisUnit::Span, 200_000.0), "200 µs");
        assert_eq!(label(AxisUnit::Bytes, 1_000_000.0), "1 MB");
    }
}
