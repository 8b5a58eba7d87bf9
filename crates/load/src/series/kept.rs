//! A value for each series, or for each of some of them.

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use super::Series;
use crate::histogram::{Histogram, Sparse};

/// The number of series that a table's column chooses.
const fn chosen(of: Choice) -> usize {
    let (mut at, mut count) = (0, 0);
    while at < Series::COUNT {
        count += of.has(Series::ALL[at]) as usize;
        at += 1;
    }
    count
}

/// Those series, in the order of the table.
const fn list<const N: usize>(of: Choice) -> [Series; N] {
    let mut list = [Series::ALL[0]; N];
    let (mut at, mut count) = (0, 0);
    while at < Series::COUNT {
        if of.has(Series::ALL[at]) {
            list[count] = Series::ALL[at];
            count += 1;
        }
        at += 1;
    }
    list
}

/// A column of the table by which series are chosen.
#[derive(Clone, Copy)]
enum Choice {
    InIntervals,
    InSlices,
}

impl Choice {
    const fn has(self, series: Series) -> bool {
        match self {
            Self::InIntervals => series.info().in_intervals.is_some(),
            Self::InSlices => series.info().in_slices,
        }
    }
}

impl Series {
    /// Those that the intervals of the time series tell of.
    pub const IN_INTERVALS: [Self; chosen(Choice::InIntervals)] = list(Choice::InIntervals);
    /// Those whose histograms the slices of the window have.
    pub const IN_SLICES: [Self; chosen(Choice::InSlices)] = list(Choice::InSlices);
}

macro_rules! kept {
    ($(#[$doc:meta])* $name:ident of $list:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name<T>([T; Series::$list.len()]);

        impl<T> $name<T> {
            /// The value that `of` gives for each.
            pub fn from_fn(of: impl FnMut(Series) -> T) -> Self {
                Self(Series::$list.map(of))
            }

            /// That of a series; `None` where there is none for it.
            #[must_use]
            pub fn get(&self, series: Series) -> Option<&T> {
                self.iter().find(|(of, _)| *of == series).map(|(_, value)| value)
            }

            /// The same, to be changed.
            pub fn get_mut(&mut self, series: Series) -> Option<&mut T> {
                self.iter_mut().find(|(of, _)| *of == series).map(|(_, value)| value)
            }

            /// Each with its series, in the order of the table.
            pub fn iter(&self) -> impl Iterator<Item = (Series, &T)> {
                Series::$list.into_iter().zip(&self.0)
            }

            /// The same, to be changed.
            pub fn iter_mut(&mut self) -> impl Iterator<Item = (Series, &mut T)> {
                Series::$list.into_iter().zip(&mut self.0)
            }
        }

        impl<T: Default> Default for $name<T> {
            fn default() -> Self {
                Self::from_fn(|_| T::default())
            }
        }
    };
}

kept! {
    /// A value for each series.
    BySeries of ALL
}

kept! {
    /// A value for each series that the intervals of the time series tell of.
    InIntervals of IN_INTERVALS
}

kept! {
    /// A value for each series whose histograms the slices of the window have.
    InSlices of IN_SLICES
}

/// Of a series that is named where this is compiled, an access as to a field.
impl<T> Index<Series> for BySeries<T> {
    type Output = T;

    #[inline]
    fn index(&self, series: Series) -> &T {
        &self.0[series as usize]
    }
}

impl<T> IndexMut<Series> for BySeries<T> {
    #[inline]
    fn index_mut(&mut self, series: Series) -> &mut T {
        &mut self.0[series as usize]
    }
}

/// Histograms at rest, by the names of those series that have samples.
impl Serialize for BySeries<Histogram> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let filled = self.iter().filter(|(_, times)| !times.is_empty());
        to.collect_map(filled.map(|(series, times)| (series.info().name, Sparse::of(times))))
    }
}

impl<'de> Deserialize<'de> for BySeries<Histogram> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut all = Self::default();
        for (name, times) in BTreeMap::<String, Sparse>::deserialize(from)? {
            let mut known = Series::ALL.into_iter();
            let series = known.find(|series| series.info().name == name);
            let series = series.ok_or_else(|| D::Error::custom(format!("no series {name:?}")))?;
            all[series] = times.to_histogram();
        }
        Ok(all)
    }
}
