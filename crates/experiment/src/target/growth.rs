//! What a connection takes of a process's memory: its growth while connections are opened.

use wsbench_stats::median;

/// A slope needs so many samples at least,
const FEWEST_SAMPLES: usize = 8;
/// so many connections between the first and the last of them,
const FEWEST_CONNECTIONS: u64 = 50;
/// and is made of so many at most, for each is compared with each.
const MOST_SAMPLES: usize = 400;

/// Memory by connections, as they are opened.
#[derive(Clone, Debug, Default)]
pub struct Growth {
    /// Connections open and resident memory then, bytes.
    samples: Vec<(u64, u64)>,
}

impl Growth {
    /// Before the first connection, with this much memory where that is known.
    #[must_use]
    pub fn beginning(rss: Option<u64>) -> Self {
        Self {
            samples: rss.map(|rss| (0, rss)).into_iter().collect(),
        }
    }

    /// So many connections are open; asks for the memory, bytes, where there is something to learn.
    pub fn note(&mut self, alive: u64, rss: impl FnOnce() -> Option<u64>) {
        // While nothing opens, nothing is learnt of what an opening costs.
        if self.samples.last().is_some_and(|(last, _)| *last == alive) {
            return;
        }
        if let Some(rss) = rss() {
            self.samples.push((alive, rss));
        }
    }

    /// Memory a connection, bytes; `None` where connections were too few or opened too fast.
    #[must_use]
    pub fn bytes_per_connection(&self) -> Option<f64> {
        slope(&self.samples)
    }
}

/// Memory a connection, bytes: the median of the slopes between any two samples (Theil 1950, Sen
/// 1968), which a jump of the allocator or of a garbage collector does not move. Nothing where the
/// samples are too few, or too near to each other.
fn slope(samples: &[(u64, u64)]) -> Option<f64> {
    let least = samples.iter().map(|(alive, _)| *alive).min()?;
    let most = samples.iter().map(|(alive, _)| *alive).max()?;
    if samples.len() < FEWEST_SAMPLES || most - least < FEWEST_CONNECTIONS {
        return None;
    }
    let step = samples.len().div_ceil(MOST_SAMPLES);
    let samples: Vec<(f64, f64)> = samples
        .iter()
        .step_by(step)
        .map(|(alive, rss)| (*alive as f64, *rss as f64))
        .collect();
    let mut slopes = Vec::with_capacity(samples.len() * samples.len() / 2);
    for (number, (x, y)) in samples.iter().enumerate() {
        let later = samples[number + 1..].iter().filter(|(other, _)| other != x);
        slopes.extend(later.map(|(other_x, other_y)| (other_y - y) / (other_x - x)));
    }
    median(&slopes).filter(|slope| *slope >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_that_of_most_pairs() {
        let straight: Vec<(u64, u64)> = (0..40).map(|i| (i * 10, 50_000 + i * 10 * 64)).collect();
        assert_eq!(slope(&straight), Some(64.0));
        assert_eq!(slope(&straight[..5]), None, "too few samples");
        let near: Vec<(u64, u64)> = (0..40).map(|i| (i, 50_000 + i * 64)).collect();
        assert_eq!(slope(&near), None, "too few connections");
        // A heap that doubles once is no cost of a connection.
        let jump =
            |&(alive, rss): &(u64, u64)| (alive, rss + if alive > 350 { 9 << 20 } else { 0 });
        let jumped: Vec<(u64, u64)> = straight.iter().map(jump).collect();
        let found = slope(&jumped).unwrap();
        assert!((60.0..100.0).contains(&found), "{found}");
    }
}
