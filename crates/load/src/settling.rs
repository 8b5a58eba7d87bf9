//! When a load has settled: the rule that ends a warm-up whose length is found from the data.
//!
//! Numbers in, a verdict out. It is told the service times of the warm-up a tick at a time and says
//! whether they are at one level; it opens no window and reads no clock. The same ticks give the
//! same verdict, however many threads they come from.
//!
//! The rule is one of level, not MSER (METHOD, rule D): MSER asks where a series that is over should
//! be cut, and cuts one that still falls smoothly in its middle, while here the series is under way
//! and the question is whether its end is level. Whether the window was steady is judged afterwards
//! all the same, from the whole of it.
//!
//! What half a second cannot show the rule does not see: a fall so slow that it is lost in the noise
//! of the ticks (means that vary by a tenth, over a time constant of three seconds) passes for level
//! at once. Then that later verdict is what tells.

use crate::nanos::Nanos;

/// Answers that make a point of the series. The mean of fewer is chance: of twenty-five with
/// exponentially distributed times it varies by a fifth.
const ANSWERS: u64 = 25;
/// The points that are looked at are the newest third of the series: what was long ago is no
/// matter, and the longer a warm-up lasts the longer must the level have held.
const NEWEST: usize = 3;
/// And never fewer than these: half a second's.
const POINTS: usize = 10;
/// The newer half is at the level of the older one when it differs by less than this. Over a
/// quarter of a second that is little, but a server that takes ten seconds to get warm falls no
/// faster.
const LEVEL: f64 = 0.01;
/// Or when nothing speaks for a trend: in every fifth steady series this much does (Mann 1945),
/// which costs it a few ticks. A stricter bound would open too early, for it is asked at each tick.
const NO_TREND: f64 = 1.28;
/// The middle half of the points must lie so close together, as a share of the median: twice what
/// chance makes of points of [`ANSWERS`]. Otherwise there is more than one level. What is far off
/// for a moment (a point of ten) is no matter.
const TOGETHER: f64 = 0.5;

/// Service times of the warm-up so far.
#[derive(Clone, Debug, Default)]
pub struct Settling {
    /// Mean service times, ns.
    points: Vec<f64>,
    /// Answers that make no point yet, and the sum of their service times, ns.
    answers: u64,
    sum_ns: u128,
}

impl Settling {
    /// The length of a tick.
    pub const TICK: Nanos = Nanos::from_millis(50);
    /// The shortest time in which anything can be said.
    pub const LEAST: Nanos = Nanos(Self::TICK.0 * POINTS as u64);

    /// Takes a tick in: how many right answers came in it, and the sum of their service times in
    /// ns. Says whether the load has settled.
    pub fn tick(&mut self, answers: u64, sum_ns: u128) -> bool {
        self.answers += answers;
        self.sum_ns += sum_ns;
        if self.answers < ANSWERS {
            return false;
        }
        self.points.push(self.sum_ns as f64 / self.answers as f64);
        (self.answers, self.sum_ns) = (0, 0);
        let looked_at = (self.points.len() / NEWEST).max(POINTS);
        let Some(first) = self.points.len().checked_sub(looked_at) else {
            return false;
        };
        is_level(&self.points[first..])
    }
}

/// True if points lie together and go nowhere.
fn is_level(points: &[f64]) -> bool {
    let level = quantile(points, 0.5);
    let spread = quantile(points, 0.75) - quantile(points, 0.25);
    let (older, newer) = points.split_at(points.len() / 2);
    let change = quantile(newer, 0.5) - quantile(older, 0.5);
    spread <= TOGETHER * level && (change.abs() < LEVEL * level || trend(points) < NO_TREND)
}

/// Evidence of a trend, in standard deviations: the test of Mann (1945), which asks only which of
/// two points is greater, so that a single one far off weighs no more than another.
fn trend(points: &[f64]) -> f64 {
    let mut rising = 0_i64;
    for (at, later) in points.iter().enumerate() {
        for earlier in &points[..at] {
            rising += i64::from(later > earlier) - i64::from(later < earlier);
        }
    }
    let count = points.len() as f64;
    let variance = count * (count - 1.0) * (2.0 * count + 5.0) / 18.0;
    (rising.unsigned_abs() as f64 - 1.0).max(0.0) / variance.sqrt()
}

/// The value below which a share `q` of the points lies, of those that there are.
fn quantile(points: &[f64], q: f64) -> f64 {
    let mut sorted = points.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * q).round() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers in a tick.
    const MANY: u64 = 1_000;

    /// The tick at which a load settles whose mean service time at each is given.
    fn settles(means_ns: impl IntoIterator<Item = f64>) -> Option<usize> {
        let mut settling = Settling::default();
        means_ns
            .into_iter()
            .take(200)
            .position(|mean| settling.tick(MANY, u128::from(MANY) * mean as u128))
            .map(|at| at + 1)
    }

    /// A mean with noise of this share on it.
    fn noisy(random: &mut fastrand::Rng, mean: f64, share: f64) -> f64 {
        mean * (1.0 + share * 2.0 * (random.f64() - 0.5))
    }

    #[test]
    fn a_load_that_is_level_has_settled_as_soon_as_anything_can_be_said() {
        assert_eq!(settles(std::iter::repeat(100e3)), Some(POINTS));
        assert_eq!(Settling::LEAST, Nanos::from_millis(500));
    }

    #[test]
    fn a_level_that_is_noisy_is_found_soon() {
        for seed in 0..100 {
            let mut random = fastrand::Rng::with_seed(seed);
            let series = std::iter::repeat_with(|| noisy(&mut random, 100e3, 0.3));
            let at = settles(series).unwrap();
            assert!(at <= 60, "seed {seed}: {at}");
        }
    }

    #[test]
    fn what_falls_is_awaited_smooth_or_noisy() {
        for (time_constant, by) in [(10.0, 40), (20.0, 60), (60.0, 100)] {
            // Nine times the level in excess at first, and 16 %, 45 % and 170 % after these ticks.
            let excess = |tick: usize| 9.0 * (-(tick as f64) / time_constant).exp();
            let mean = |tick: usize| 100e3 * (1.0 + excess(tick));
            let smooth = settles((0..).map(mean));
            assert!(
                smooth.is_none_or(|at| at >= by && excess(at) < 0.02),
                "{time_constant}: {smooth:?}"
            );
            assert_eq!(smooth.is_some(), time_constant < 50.0, "within ten seconds");
            // A slower fall is lost in noise: that is the rule's limit, and told above.
            if time_constant < 50.0 {
                let mut random = fastrand::Rng::with_seed(1);
                let at = settles((0..).map(|tick| noisy(&mut random, mean(tick), 0.1))).unwrap();
                assert!(excess(at) < 0.3, "{time_constant}, noisy: {at}");
            }
        }
    }

    #[test]
    fn what_rises_or_goes_to_and_fro_never_settles() {
        assert_eq!(
            settles((0..).map(|tick| 1e6 + 50e3 * f64::from(tick))),
            None
        );
        let two_levels = |tick: u32| {
            if (tick / 4).is_multiple_of(2) {
                100e3
            } else {
                300e3
            }
        };
        assert_eq!(settles((0..).map(two_levels)), None);
    }

    #[test]
    fn a_moment_far_off_is_no_second_level() {
        let hiccups = |tick: u32| if tick % 9 == 5 { 2e6 } else { 100e3 };
        assert_eq!(settles((0..).map(hiccups)), Some(POINTS));
    }

    #[test]
    fn few_answers_make_no_points() {
        let mut settling = Settling::default();
        let settled = (0..200).position(|_| settling.tick(5, 500_000));
        assert_eq!(settled, Some(49), "five ticks a point, ten points");
        let mut silent = Settling::default();
        assert!((0..200).all(|_| !silent.tick(0, 0)));
    }
}
