//! The standard percentiles, and how well samples support them.

/// The percentiles that every distribution carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Percentile {
    /// The median.
    P50,
    /// 75 %.
    P75,
    /// 90 %.
    P90,
    /// 95 %.
    P95,
    /// 99 %.
    P99,
    /// 99.9 %.
    P99_9,
    /// 99.99 %.
    P99_99,
}

impl Percentile {
    /// All of them, rising.
    pub const ALL: [Self; 7] = [
        Self::P50,
        Self::P75,
        Self::P90,
        Self::P95,
        Self::P99,
        Self::P99_9,
        Self::P99_99,
    ];

    /// Form in which people write it: `p99.9`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P75 => "p75",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::P99_9 => "p99.9",
            Self::P99_99 => "p99.99",
        }
    }

    /// Its key in documents: `p99_9`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::P99_9 => "p99_9",
            Self::P99_99 => "p99_99",
            _ => self.label(),
        }
    }

    /// Samples of ten thousand that lie above it: 100 for p99. Whole numbers, because `1 − 0.9999`
    /// in binary is not a ten-thousandth and the borders of [`Percentile::support`] are exact.
    fn above_per_10_000(self) -> u64 {
        match self {
            Self::P50 => 5_000,
            Self::P75 => 2_500,
            Self::P90 => 1_000,
            Self::P95 => 500,
            Self::P99 => 100,
            Self::P99_9 => 10,
            Self::P99_99 => 1,
        }
    }

    /// The share of samples that it bounds, 0.0 to 1.0.
    #[must_use]
    pub fn share(self) -> f64 {
        (10_000 - self.above_per_10_000()) as f64 / 10_000.0
    }

    /// Samples needed before it is known at all: ten above it.
    #[must_use]
    pub fn samples_needed(self) -> u64 {
        10 * 10_000 / self.above_per_10_000()
    }

    /// Support of it by `count` samples: known with 100 samples above it, low with 10.
    #[must_use]
    pub fn support(self, count: u64) -> Support {
        let above = u128::from(count) * u128::from(self.above_per_10_000());
        if above >= 100 * 10_000 {
            Support::Known
        } else if above >= 10 * 10_000 {
            Support::Low
        } else {
            Support::Unknown
        }
    }
}

/// How well a percentile is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Its interval is narrow; or, without one, at least 100 samples lie above it.
    Known,
    /// Its interval is wide; or, without one, 10 to 100 samples lie above it.
    Low,
    /// Its interval has no upper end; or, without one, fewer than 10 samples lie above it.
    Unknown,
}
