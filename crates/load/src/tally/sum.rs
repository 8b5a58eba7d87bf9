//! Things that are added up: how each of them takes in another, and is emptied.
//!
//! What a tally holds is declared once (`sums!`); merging, emptying and putting to rest go through
//! all of it.

use std::collections::BTreeMap;

use super::{AnswerGap, Deciles, FailureCount, Handed, LogRecord, merge_failures, merge_gaps};
use crate::histogram::{Histogram, Spares};
use crate::series::BySeries;

/// A thing that is added up.
pub(super) trait Sum {
    /// Adds what `other` holds.
    fn add(&mut self, other: &Self);

    /// Empties it; memory is kept where more will follow.
    fn clear(&mut self);

    /// True of one that holds nothing.
    fn is_clear(&self) -> bool;
}

/// Declares structs whose members are all added up, member by member.
macro_rules! sums {
    ($(
        $(#[doc = $about:literal])+
        $(#[derive($($also:ident),+)])?
        pub struct $name:ident {
            $($(#[$of_member:meta])+ $member:ident: $kind:ty,)+
        }
    )+) => {$(
        $(#[doc = $about])+
        #[derive(Clone, Debug, Default, Serialize, Deserialize $($(, $also)+)?)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[$of_member])+
                #[serde(skip_serializing_if = "Sum::is_clear")]
                pub $member: $kind,
            )+
        }

        impl $name {
            /// Adds all that another one holds.
            pub fn merge(&mut self, other: &Self) {
                $(Sum::add(&mut self.$member, &other.$member);)+
            }

            /// Empties it and keeps its memory.
            pub fn clear(&mut self) {
                $(Sum::clear(&mut self.$member);)+
            }
        }

        impl Sum for $name {
            fn add(&mut self, other: &Self) {
                self.merge(other);
            }

            fn clear(&mut self) {
                self.clear();
            }

            fn is_clear(&self) -> bool {
                $(self.$member.is_clear())&&+
            }
        }
    )+};
}
pub(super) use sums;

macro_rules! numbers {
    ($($number:ty),+) => {$(
        impl Sum for $number {
            fn add(&mut self, other: &Self) {
                *self += other;
            }

            fn clear(&mut self) {
                *self = 0;
            }

            fn is_clear(&self) -> bool {
                *self == 0
            }
        }
    )+};
}
numbers!(u64, u128);

/// Counts by name.
impl<K: Ord + Clone> Sum for BTreeMap<K, u64> {
    fn add(&mut self, other: &Self) {
        for (of, count) in other {
            *self.entry(of.clone()).or_default() += count;
        }
    }

    fn clear(&mut self) {
        self.clear();
    }

    fn is_clear(&self) -> bool {
        self.is_empty()
    }
}

impl Sum for BySeries<Histogram> {
    fn add(&mut self, other: &Self) {
        for (series, times) in self.iter_mut() {
            times.merge(&other[series]);
        }
    }

    fn clear(&mut self) {
        for (_, times) in self.iter_mut() {
            times.clear();
        }
    }

    fn is_clear(&self) -> bool {
        self.iter().all(|(_, times)| times.is_empty())
    }
}

impl Sum for Vec<FailureCount> {
    fn add(&mut self, other: &Self) {
        merge_failures(self, other);
    }

    fn clear(&mut self) {
        self.clear();
    }

    fn is_clear(&self) -> bool {
        self.is_empty()
    }
}

impl Sum for Vec<AnswerGap> {
    fn add(&mut self, other: &Self) {
        merge_gaps(self, other);
    }

    fn clear(&mut self) {
        self.clear();
    }

    fn is_clear(&self) -> bool {
        self.is_empty()
    }
}

impl Sum for Deciles {
    fn add(&mut self, other: &Self) {
        self.merge(other);
    }

    fn clear(&mut self) {
        self.clear();
    }

    fn is_clear(&self) -> bool {
        self.is_empty()
    }
}

/// What is put together over all workers goes its own way.
impl Sum for Handed {
    fn add(&mut self, _: &Self) {}

    fn clear(&mut self) {
        self.clear();
    }

    fn is_clear(&self) -> bool {
        self.is_empty()
    }
}

/// Memory, not a sum.
impl Sum for Spares {
    fn add(&mut self, _: &Self) {}

    fn clear(&mut self) {}

    fn is_clear(&self) -> bool {
        true
    }
}

/// A raw log goes its own way.
impl Sum for Vec<LogRecord> {
    fn add(&mut self, _: &Self) {}

    fn clear(&mut self) {
        self.clear();
    }

    fn is_clear(&self) -> bool {
        self.is_empty()
    }
}
