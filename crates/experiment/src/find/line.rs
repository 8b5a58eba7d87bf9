//! A straight line through what is known near the limit: where to look next, and for how long.
//!
//! Nothing that is told of a load rests on it.

/// The rise of the excess with the logarithm of the load, where the trials do not tell it: little,
/// so that ends are looked for far enough away.
const SLOPE_UNKNOWN: f64 = 1.0;
/// Standard errors by which a slope must differ from none.
const TELLING: f64 = 2.0;
/// Number of times that the neighbourhood is doubled in search of a slope.
const DOUBLINGS: i32 = 7;

/// All trials at one load.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoadPoint {
    pub(super) load: f64,
    /// ln(share beyond the limit ÷ share allowed).
    pub(super) excess: f64,
    /// Reciprocal of its variance near 0.
    pub(super) information: f64,
    /// Length of its trials together, s.
    pub(super) length_s: f64,
}

impl LoadPoint {
    /// Far below the limit few messages tell the share, and far from it no curve is straight.
    fn weight(&self) -> f64 {
        self.information * (-self.excess.abs()).exp()
    }
}

/// The line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FittedLine {
    /// The load at which the excess is 0.
    pub(super) crossing: f64,
    /// Rise of the excess with the logarithm of the load; above 0.
    pub(super) slope: f64,
    /// Information that a second at a load of one adds.
    pub(super) information: f64,
}

impl FittedLine {
    /// The line through the points about `near`, as few of them as tell a slope; `reach` is the
    /// logarithm of the wanted resolution.
    pub(super) fn through(points: &[LoadPoint], near: f64, reach: f64) -> Self {
        let about = |factor: f64| -> Vec<LoadPoint> {
            let is_near = |point: &&LoadPoint| (point.load / near).ln().abs() <= factor * reach;
            points.iter().filter(is_near).copied().collect()
        };
        let factors = (0..DOUBLINGS).map(|power| 1.5 * f64::from(1 << power));
        let mut lines =
            factors.filter_map(|factor| Self::fitted(&about(factor), near, factor * reach));
        lines.next().unwrap_or(Self {
            crossing: near,
            slope: SLOPE_UNKNOWN,
            information: rate(points),
        })
    }

    /// The weighted least squares; `None` without a slope that can be told from none.
    fn fitted(points: &[LoadPoint], near: f64, reach: f64) -> Option<Self> {
        let sum = |of: &dyn Fn(&LoadPoint) -> f64| points.iter().map(of).sum::<f64>();
        let weights = sum(&LoadPoint::weight);
        let centre = sum(&|it| it.weight() * it.load.ln()) / weights;
        let level = sum(&|it| it.weight() * it.excess) / weights;
        let spread = sum(&|it| it.weight() * (it.load.ln() - centre).powi(2));
        let joint = sum(&|it| it.weight() * (it.load.ln() - centre) * it.excess);
        let slope = joint / spread;
        let is_told = slope * spread.sqrt() >= TELLING;
        if points.len() < 2 || !is_told {
            return None;
        }
        // Beyond its neighbourhood a line says nothing.
        let crossing = (centre - level / slope).clamp(near.ln() - reach, near.ln() + reach);
        Some(Self {
            crossing: crossing.exp(),
            slope,
            information: rate(points),
        })
    }
}

/// Information a second and load.
fn rate(points: &[LoadPoint]) -> f64 {
    let information: f64 = points.iter().map(|it| it.information).sum();
    let measured: f64 = points.iter().map(|it| it.load * it.length_s).sum();
    information / measured.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(load: f64, excess: f64) -> LoadPoint {
        LoadPoint {
            load,
            excess,
            information: 100.0,
            length_s: 10.0,
        }
    }

    #[test]
    fn the_crossing_is_where_the_line_is_nought() {
        let points = [point(100.0, -1.0), point(121.0, 1.0)];
        let line = FittedLine::through(&points, 110.0, 0.05);
        assert!((line.crossing - 110.0).abs() < 0.01, "{line:?}");
        assert!((line.slope - 2.0 / 1.21_f64.ln()).abs() < 0.01);
    }

    #[test]
    fn a_slope_that_may_be_none_is_looked_for_farther_out() {
        let flat = [point(100.0, 0.01), point(103.0, -0.01)];
        let line = FittedLine::through(&flat, 101.0, 0.05);
        assert_eq!((line.crossing, line.slope), (101.0, SLOPE_UNKNOWN));
        let wide = [flat[0], flat[1], point(200.0, 1.0)];
        let line = FittedLine::through(&wide, 101.0, 0.05);
        assert!(line.slope > 1.2 && line.slope < 1.8, "{line:?}");
    }
}
