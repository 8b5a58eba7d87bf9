//! How well a percentile of one run is known: the one answer that text, pages and figures share.

use wsbench_stats::batches::WIDE;

use super::distribution::Distribution;
use super::percentile::{Percentile, Support};

/// A percentile with what is known of it, ns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Known {
    /// Nothing that could be believed.
    Not,
    /// A bound: the percentile is this or more. Its interval has no upper end, or messages that
    /// were never answered reach into it.
    AtLeast(f64),
    /// A value without an interval: the run has too few batches, or these times have none.
    Alone {
        /// The value.
        ns: f64,
        /// True where 10 to 100 samples lie above it.
        is_weak: bool,
    },
    /// A value with its interval of confidence, 95 %.
    Within {
        /// The value.
        ns: f64,
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
}

impl Known {
    /// True of an interval so wide that it says little of the value.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        match *self {
            Self::Not => true,
            Self::AtLeast(_) => false,
            Self::Alone { is_weak, .. } => is_weak,
            Self::Within { low, high, .. } => high > low * WIDE,
        }
    }
}

impl Distribution {
    /// A percentile with what is known of it.
    #[must_use]
    pub fn known(&self, percentile: Percentile) -> Known {
        let Some(ns) = self.at(percentile) else {
            return Known::Not;
        };
        let confidence = self.confidence(percentile);
        let is_beyond = self.is_lower_bound(ns);
        match confidence.map(|known| (known.low, known.high)) {
            Some(_) if is_beyond => Known::AtLeast(ns as f64),
            Some((Some(low), Some(high))) if !self.is_lower_bound(high) => Known::Within {
                ns: ns as f64,
                low: low.min(ns) as f64,
                high: high.max(ns) as f64,
            },
            Some((Some(low), _)) => Known::AtLeast(low.min(ns) as f64),
            Some((None, _)) => Known::Not,
            None => match percentile.support(self.count) {
                Support::Unknown => Known::Not,
                _ if is_beyond => Known::AtLeast(ns as f64),
                support => Known::Alone {
                    ns: ns as f64,
                    is_weak: support == Support::Low,
                },
            },
        }
    }

    /// The distribution without the percentiles that are not known, and with what they are at least: as it is
    /// written where its samples are taken of many.
    pub(super) fn told(&self) -> Self {
        let mut told = self.clone();
        for percentile in Percentile::ALL {
            match self.known(percentile) {
                Known::Not => *told.at_mut(percentile) = None,
                Known::AtLeast(ns) => {
                    *told.at_mut(percentile) = None;
                    let bounds = told.at_least.get_or_insert_default();
                    bounds.insert(percentile.key().to_owned(), ns as u64);
                }
                Known::Alone { .. } | Known::Within { .. } => {}
            }
        }
        told
    }
}
