//! How far a server's clock is from ours, as far as answers bound it.

use serde::{Deserialize, Serialize};

use super::sum::Sum;

/// Bounds before the measured window and after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockReadings {
    /// Before it: by the middle of these ages are corrected.
    pub before: ClockBounds,
    /// After it.
    pub after: ClockBounds,
}

/// Bounds of the time by which the server's clock is ahead of ours. Without an answer there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockBounds {
    /// It is at least so much, ns.
    pub low_ns: i64,
    /// It is at most so much, ns.
    pub high_ns: i64,
    /// Answers that say so; of several workers the fewest that one has.
    pub answers: u64,
}

impl ClockBounds {
    /// The bounds that one answer says.
    pub(crate) fn within(low_ns: i128, high_ns: i128) -> Self {
        let kept = |ns: i128| ns.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        Self {
            low_ns: kept(low_ns),
            high_ns: kept(high_ns),
            answers: 1,
        }
    }

    /// Takes in what a further answer says of the same clocks. Where the two exclude each other one of the
    /// clocks was set in between: both are kept.
    pub(crate) fn narrow(&mut self, other: Self) {
        let low_ns = self.low_ns.max(other.low_ns);
        let high_ns = self.high_ns.min(other.high_ns);
        let answers = self.answers + other.answers;
        if self.answers == 0 {
            *self = other;
        } else if low_ns <= high_ns {
            (self.low_ns, self.high_ns, self.answers) = (low_ns, high_ns, answers);
        } else {
            self.widen(other);
            self.answers = answers;
        }
    }

    /// Takes in what another worker found, whose ages are corrected by that.
    fn widen(&mut self, other: Self) {
        self.low_ns = self.low_ns.min(other.low_ns);
        self.high_ns = self.high_ns.max(other.high_ns);
        self.answers = self.answers.min(other.answers);
    }

    /// The middle, ns; `None` without an answer.
    #[must_use]
    pub fn middle_ns(&self) -> Option<i64> {
        let middle = i128::midpoint(self.low_ns.into(), self.high_ns.into());
        (self.answers > 0).then_some(middle as i64)
    }

    /// The middle is right to within so much, ns.
    #[must_use]
    pub fn within_ns(&self) -> u64 {
        self.high_ns.abs_diff(self.low_ns).div_ceil(2)
    }
}

impl Sum for ClockReadings {
    fn add(&mut self, other: &Self) {
        for (own, other) in [
            (&mut self.before, other.before),
            (&mut self.after, other.after),
        ] {
            match (own.answers, other.answers) {
                (_, 0) => {}
                (0, _) => *own = other,
                _ => own.widen(other),
            }
        }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }

    fn is_clear(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(low: i128, high: i128) -> ClockBounds {
        ClockBounds::within(low, high)
    }

    #[test]
    fn answers_narrow_and_workers_widen() {
        let mut of_one = ClockBounds::default();
        assert_eq!(of_one.middle_ns(), None);
        of_one.narrow(bounds(-10, 20));
        of_one.narrow(bounds(0, 30));
        assert_eq!((of_one.low_ns, of_one.high_ns, of_one.answers), (0, 20, 2));
        assert_eq!((of_one.middle_ns(), of_one.within_ns()), (Some(10), 10));
        of_one.narrow(bounds(100, 110));
        assert_eq!((of_one.low_ns, of_one.high_ns, of_one.answers), (0, 110, 3));
        let mut all = ClockReadings::default();
        let other = ClockReadings {
            before: bounds(-5, 3),
            after: ClockBounds::default(),
        };
        let first = ClockReadings {
            before: bounds(0, 20),
            after: bounds(1, 2),
        };
        all.add(&first);
        all.add(&other);
        all.add(&first);
        assert_eq!((all.before.low_ns, all.before.high_ns), (-5, 20));
        assert_eq!(all.after, bounds(1, 2));
        all.clear();
        assert!(all.is_clear());
    }
}
