//! Memory that messages take which are not complete, over all connections of a server: a client may
//! begin a message and never end it, and many clients may.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The sum and its bound. Written only where a read has left a message incomplete.
#[derive(Debug)]
pub(crate) struct Unfinished {
    octets: AtomicU64,
    most: u64,
}

/// One connection's share of the sum, given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct OctetShare {
    octets: u64,
    of: Option<Arc<Unfinished>>,
}

impl Unfinished {
    /// Nothing yet, and at most so many octets.
    pub(crate) fn at_most(most: u64) -> Self {
        Self {
            octets: AtomicU64::new(0),
            most,
        }
    }
}

impl OctetShare {
    /// True if nothing is counted.
    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.octets == 0
    }

    /// Counts so many octets in place of what was counted; true if the sum is within its bound.
    #[cold]
    pub(crate) fn set(&mut self, octets: u64, of: &Arc<Unfinished>) -> bool {
        let before = std::mem::replace(&mut self.octets, octets);
        self.of.get_or_insert_with(|| Arc::clone(of));
        let sum = of.octets.fetch_add(octets, Ordering::Relaxed) + octets;
        of.octets.fetch_sub(before, Ordering::Relaxed);
        sum.saturating_sub(before) <= of.most
    }

    /// Gives back what was counted.
    pub(crate) fn clear(&mut self) {
        if let Some(of) = &self.of {
            of.octets.fetch_sub(self.octets, Ordering::Relaxed);
        }
        self.octets = 0;
    }
}

impl Drop for OctetShare {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_are_given_back() {
        let sum = Arc::new(Unfinished::at_most(100));
        let (mut one, mut other) = (OctetShare::default(), OctetShare::default());
        assert!(one.set(60, &sum) && other.set(40, &sum));
        assert!(!other.set(41, &sum));
        assert!(one.set(59, &sum), "59 and 41 are as many as may be");
        drop(other);
        assert!(one.set(100, &sum));
        one.clear();
        assert!(one.is_empty());
        assert_eq!(sum.octets.load(Ordering::Relaxed), 0);
    }
}
