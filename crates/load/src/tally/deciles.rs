//! Delivery times by when their receiver had joined: a server that serves its receivers in the order
//! of a list shows it here.

use serde::de::{Deserializer, Error as _};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::histogram::{Histogram, Spares, Sparse};
use crate::nanos::Nanos;

/// Groups that receivers are divided into.
pub const DECILES: usize = 10;

/// Delivery times for each tenth of the receivers, in the order in which they joined.
#[derive(Clone, Debug, Default)]
pub struct Deciles([Histogram; DECILES]);

impl Deciles {
    /// Counts a delivery to a receiver of the tenth `decile`, from 0.
    #[inline]
    pub fn record(&mut self, decile: usize, span: Nanos) {
        self.record_by(decile, span, &mut Spares::none());
    }

    /// As [`Self::record`]; a page that is not there yet is one of `spares`.
    #[inline]
    pub fn record_by(&mut self, decile: usize, span: Nanos, spares: &mut Spares) {
        self.0[decile % DECILES].record_by(span, 1, spares);
    }

    /// Median of each tenth; `None` of one without deliveries.
    #[must_use]
    pub fn medians(&self) -> [Option<Nanos>; DECILES] {
        self.0.each_ref().map(|spans| spans.quantile(0.5))
    }

    /// Adds what another one holds.
    pub fn merge(&mut self, other: &Self) {
        for (spans, more) in self.0.iter_mut().zip(&other.0) {
            spans.merge(more);
        }
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        for spans in &mut self.0 {
            spans.clear();
        }
    }

    /// True of one that holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Histogram::is_empty)
    }
}

/// At rest, each tenth as the list of its filled bins.
impl Serialize for Deciles {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(Sparse::of))
    }
}

impl<'de> Deserialize<'de> for Deciles {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let stored = Vec::<Sparse>::deserialize(from)?;
        let mut all = Self::default();
        if stored.len() > DECILES {
            return Err(D::Error::custom(format!("more than {DECILES} tenths")));
        }
        for (spans, stored) in all.0.iter_mut().zip(&stored) {
            *spans = stored.to_histogram();
        }
        Ok(all)
    }
}
