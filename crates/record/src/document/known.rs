//! How well a percentile of one run is known: the one answer that text, pages and figures share.

use wsbench_load::histogram::Histogram;
use wsbench_stats::batches::WIDE;
use wsbench_stats::ranks;

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
    /// A value without an interval: neither batches nor a histogram are known.
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
    /// The value, or what it is known to be at least, ns.
    #[must_use]
    pub fn at_least(&self) -> Option<f64> {
        match *self {
            Self::Not => None,
            Self::AtLeast(ns) | Self::Alone { ns, .. } | Self::Within { ns, .. } => Some(ns),
        }
    }

    /// The value; `None` of a bound.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        match *self {
            Self::Not | Self::AtLeast(_) => None,
            Self::Alone { ns, .. } | Self::Within { ns, .. } => Some(ns),
        }
    }

    /// The interval; its upper end is absent of a bound.
    #[must_use]
    pub fn ends(&self) -> Option<(f64, Option<f64>)> {
        match *self {
            Self::Not | Self::Alone { .. } => None,
            Self::AtLeast(low) => Some((low, None)),
            Self::Within { low, high, .. } => Some((low, Some(high))),
        }
    }

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
    /// A percentile with what is known of it: its interval by batches, or by the ranks of its samples where
    /// there are none ([`Distribution::is_by_ranks`]).
    #[must_use]
    pub fn known(&self, percentile: Percentile) -> Known {
        self.known_by(self.samples().as_ref(), percentile)
    }

    /// True where intervals take the samples for independent: a run too short for batches, or times that
    /// have none.
    #[must_use]
    pub fn is_by_ranks(&self) -> bool {
        self.confidence.is_none() && self.hdr_v2_base64.is_some()
    }

    /// The samples whose ranks make intervals; `None` where batches do, or without any.
    fn samples(&self) -> Option<Histogram> {
        self.is_by_ranks().then(|| self.histogram()).flatten()
    }

    fn known_by(&self, samples: Option<&Histogram>, percentile: Percentile) -> Known {
        let Some(ns) = self.at(percentile) else {
            return Known::Not;
        };
        let interval = match samples {
            Some(samples) => Some(by_ranks(samples, percentile)),
            None => self
                .confidence(percentile)
                .map(|known| (known.low, known.high)),
        };
        let is_beyond = self.is_lower_bound(ns);
        match interval {
            Some((Some(_), _)) if is_beyond => Known::AtLeast(ns as f64),
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
        let samples = self.samples();
        for percentile in Percentile::ALL {
            match self.known_by(samples.as_ref(), percentile) {
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

/// The ends of a percentile's interval, ns, by the ranks of its samples.
fn by_ranks(samples: &Histogram, percentile: Percentile) -> (Option<u64>, Option<u64>) {
    match ranks::independent(samples, percentile.share()) {
        Some(found) => (
            Some(found.low as u64),
            found.high.is_finite().then_some(found.high as u64),
        ),
        None => (None, None),
    }
}
