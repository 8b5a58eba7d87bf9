//! The order of numbered messages on one connection: what is missing, what came late, what came again.
//!
//! The last 64 numbers are remembered, so a message that is overtaken by less than that is late and
//! not missing. What falls out of them without having come is missing for good.

/// Numbers that are remembered.
const REMEMBERED: u64 = 64;

/// The numbers that have come on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PushOrder {
    /// The highest number so far; `None` before the first.
    highest: Option<u64>,
    /// Bit k: number `highest - k` has come, or is from before the first or not looked for any more.
    seen: u64,
}

/// The place of a message among those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlaceInOrder {
    /// It is the highest so far; so many numbers are missing for good since the last one.
    Next { missing: u64 },
    /// It comes behind a higher one.
    Late,
    /// It has come before.
    Again,
}

/// A number farther ahead than this is of another count: nobody sends so many messages in a run, and a
/// server may well call random numbers by the name that was given.
const FARTHEST: u64 = 1 << 32;

impl PushOrder {
    /// The place of number `number`, which has come now.
    pub(super) fn place(&mut self, number: u64) -> PlaceInOrder {
        let Some(highest) = self.highest else {
            // What was before the first nobody can know.
            (self.highest, self.seen) = (Some(number), u64::MAX);
            return PlaceInOrder::Next { missing: 0 };
        };
        if number > highest {
            let ahead = number - highest;
            if ahead > FARTHEST {
                (self.highest, self.seen) = (Some(number), u64::MAX);
                return PlaceInOrder::Next { missing: 0 };
            }
            // Those between it and the remembered ones never had a place among them.
            let skipped = (ahead - 1).saturating_sub(REMEMBERED - 1);
            let (shifted, left) = if ahead >= REMEMBERED {
                (0, self.seen.count_zeros())
            } else {
                let out = self.seen >> (REMEMBERED - ahead);
                (self.seen << ahead, ahead as u32 - out.count_ones())
            };
            (self.highest, self.seen) = (Some(number), shifted | 1);
            let missing = u64::from(left) + skipped;
            return PlaceInOrder::Next { missing };
        }
        let behind = highest - number;
        if behind >= REMEMBERED {
            // It was counted as missing, unless it has come: there is no telling.
            return PlaceInOrder::Late;
        }
        let bit = 1 << behind;
        if self.seen & bit != 0 {
            return PlaceInOrder::Again;
        }
        self.seen |= bit;
        PlaceInOrder::Late
    }

    /// True of a number above all that have come.
    pub(super) fn is_new(&self, number: u64) -> bool {
        self.highest.is_none_or(|highest| number > highest)
    }

    /// Numbers that have not come are not looked for any more.
    pub(super) fn forget_missing(&mut self) {
        self.seen = u64::MAX;
    }

    /// Nothing comes any more: the numbers that are missing among those remembered.
    pub(super) fn finish(&mut self) -> u64 {
        let missing = match self.highest {
            Some(_) => u64::from(self.seen.count_zeros()),
            None => 0,
        };
        self.forget_missing();
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Missing, late and again of these numbers in this order.
    fn told(numbers: impl IntoIterator<Item = u64>) -> (u64, u64, u64) {
        let mut order = PushOrder::default();
        let mut told = (0, 0, 0);
        for number in numbers {
            match order.place(number) {
                PlaceInOrder::Next { missing } => told.0 += missing,
                PlaceInOrder::Late => told.1 += 1,
                PlaceInOrder::Again => told.2 += 1,
            }
        }
        told.0 += order.finish();
        told
    }

    #[test]
    fn what_is_missing_late_or_there_again_is_told() {
        assert_eq!(told(7..500), (0, 0, 0));
        assert_eq!(told([1, 2, 4, 5]), (1, 0, 0));
        assert_eq!(told([1, 3, 2, 4]), (0, 1, 0), "late is not missing");
        assert_eq!(told([1, 2, 2, 3, 1]), (0, 0, 2));
        assert_eq!(told([1, 3, 2, 2]), (0, 1, 1));
        assert_eq!(told((1..1_000).filter(|it| it % 10 != 0)), (99, 0, 0));
        assert_eq!(told([1, 1_001]), (999, 0, 0));
        assert_eq!(told([1, 64, 65, 66]), (62, 0, 0));
        assert_eq!(told([1, 65]), (63, 0, 0));
        assert_eq!(told([0, u64::MAX]).1, 0);
    }

    #[test]
    fn a_number_further_back_than_is_remembered_is_late_and_stays_missing() {
        let numbers = (1..=200).filter(|it| *it != 100).chain([100]);
        assert_eq!(told(numbers), (1, 1, 0));
    }

    /// Any permutation within the memory loses nothing.
    #[test]
    fn what_is_shuffled_within_reach_is_all_there() {
        let mut random = fastrand::Rng::with_seed(5);
        for _ in 0..200 {
            let mut numbers: Vec<u64> = (0..300).collect();
            for block in numbers[1..].chunks_mut(30) {
                random.shuffle(block);
            }
            let (missing, _, again) = told(numbers);
            assert_eq!((missing, again), (0, 0));
        }
    }
}
