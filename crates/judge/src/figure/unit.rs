//! The units of figures: how a value is told, and how people may write one.

use wsbench_record::units::{bytes, count, rate, share, span};

/// The unit of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things a second.
    Rate,
    /// A time, ns.
    Span,
    /// CPU time, µs.
    Micros,
    /// Memory, bytes.
    Bytes,
    /// A whole number of events: exact, for no noise is in it.
    Count,
    /// A number of things that are there at one moment, of which a mean can be taken.
    Things,
    /// A share of the whole, 0.0 to 1.0.
    Share,
}

/// Suffixes and how much of the figure's own unit each is.
type Suffixes = &'static [(&'static str, f64)];

const PER_S: Suffixes = &[
    ("", 1.0),
    ("/s", 1.0),
    ("k", 1e3),
    ("k/s", 1e3),
    ("m", 1e6),
    ("m/s", 1e6),
];

const TIME: Suffixes = &[
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("μs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("min", 60e9),
    ("h", 3600e9),
];

const MICROS: Suffixes = &[("", 1.0), ("us", 1.0), ("µs", 1.0), ("μs", 1.0)];

const NUMBER: Suffixes = &[("", 1.0), ("k", 1e3), ("m", 1e6)];

const SIZE: Suffixes = &[
    ("", 1.0),
    ("b", 1.0),
    ("k", 1024.0),
    ("kib", 1024.0),
    ("m", 1_048_576.0),
    ("mib", 1_048_576.0),
    ("g", 1_073_741_824.0),
    ("gib", 1_073_741_824.0),
];

impl Unit {
    /// A value as people read it.
    #[must_use]
    pub fn written(self, value: f64) -> String {
        match self {
            Self::Rate => rate(value),
            Self::Span => span(value),
            Self::Micros => format!("{value:.2} µs"),
            Self::Bytes => bytes(value),
            Self::Count => count(value as u64),
            Self::Things => format!("{value:.0}"),
            Self::Share => share(value),
        }
    }

    /// So many of a suffix, in any case of letters, in the figure's own unit; `None` where the
    /// suffix is none of this unit.
    pub(crate) fn scaled(self, number: f64, suffix: &str) -> Option<f64> {
        let lower = suffix.to_lowercase();
        let suffixes = match self {
            // Divided, for a hundredth is no binary number.
            Self::Share => return (lower == "%").then_some(number / 100.0),
            Self::Rate => PER_S,
            Self::Span => TIME,
            Self::Micros => MICROS,
            Self::Bytes => SIZE,
            Self::Count | Self::Things => NUMBER,
        };
        let found = suffixes.iter().find(|(name, _)| *name == lower);
        found.map(|(_, factor)| number * factor)
    }

    /// A value as it may be written.
    pub(crate) fn example(self) -> &'static str {
        match self {
            Self::Rate => "20k",
            Self::Span => "5ms",
            Self::Micros => "2.5us",
            Self::Bytes => "100m",
            Self::Count => "0",
            Self::Things => "64",
            Self::Share => "0.01%",
        }
    }

    /// The suffixes that a number may be meant with that has none, where it needs one.
    pub(crate) fn needed(self) -> &'static [&'static str] {
        match self {
            Self::Span => &["s", "ms", "us"],
            Self::Share => &["%"],
            _ => &[],
        }
    }
}
