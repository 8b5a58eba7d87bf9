//! A token bucket on absolute times (the generic cell rate algorithm, ITU-T I.371): it neither
//! counts tokens nor fills at ticks, so nothing is lost by looking at it late.

use std::time::Instant;

use crate::calibration::TokenBucket;

/// The bucket's state: full at the beginning.
#[derive(Clone, Debug)]
pub(crate) struct BucketState {
    order: TokenBucket,
    /// Instant at which the bucket is full again, if nothing more comes.
    full_at: Instant,
}

impl BucketState {
    pub(crate) fn new(order: TokenBucket, start: Instant) -> Self {
        Self {
            order,
            full_at: start,
        }
    }

    /// Instant at which a message that comes at `arrived` goes on; `None` if it is dropped.
    pub(crate) fn pass(&mut self, arrived: Instant) -> Option<Instant> {
        let depth = self.order.interval * self.order.burst.saturating_sub(1);
        // The first token is there as soon as the bucket lacks no more than all but one.
        let token_at = self.full_at.checked_sub(depth).unwrap_or(arrived);
        if self.order.drops && token_at > arrived {
            return None;
        }
        let passes = token_at.max(arrived);
        self.full_at = self.full_at.max(passes) + self.order.interval;
        Some(passes)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn bucket(drops: bool) -> (BucketState, Instant) {
        let start = Instant::now();
        let order = TokenBucket {
            interval: MS,
            burst: 3,
            drops,
        };
        (BucketState::new(order, start), start)
    }

    #[test]
    fn a_shaper_lets_the_burst_through_and_spaces_the_rest() {
        let (mut bucket, start) = bucket(false);
        let mut passes = |at: u32| (bucket.pass(start + MS * at).unwrap() - start).as_millis();
        assert_eq!([0; 5].map(&mut passes), [0, 0, 0, 1, 2]);
        // At 5 ms the bucket has gained back three tokens, at 5 it holds no more than that.
        assert_eq!([20; 4].map(&mut passes), [20, 20, 20, 21]);
        // Evenly at its rate it never holds anything up.
        assert_eq!([30, 31, 32, 33].map(&mut passes), [30, 31, 32, 33]);
    }

    /// METHOD V5: of N messages at once a policer passes its burst, and over time its rate.
    #[test]
    fn a_policer_drops_what_finds_no_token() {
        let (mut bucket, start) = bucket(true);
        let passed = (0..3_000)
            .filter(|&tenth| bucket.pass(start + MS * tenth / 10).is_some())
            .count();
        // 300 ms at ten a millisecond: the burst of 3, then one each millisecond.
        assert!((301..=303).contains(&passed), "{passed}");
    }
}
