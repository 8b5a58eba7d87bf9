//! Clocks of other machines: how far each is from the coordinator's, and how well that is known.
//!
//! A probe is sent, answered with the time there, and comes back. The time there was then within the
//! round trip, so the offset is its middle, give or take half of it; the probe that was fastest knows
//! best. No asymmetry of the network can make the bound wrong.

use serde::{Deserialize, Serialize};
use wsbench_load::nanos::Nanos;

/// The clock of an agent beside the coordinator's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// The agent's clock less the coordinator's, ns.
    pub offset_ns: i64,
    /// The offset is right to this, either way, ns.
    pub bound_ns: u64,
    /// Time at which that was known, by the coordinator's clock.
    pub at: Nanos,
}

impl Estimate {
    /// The estimate of one probe: sent and back at times of our clock, answered at a time of the other.
    /// `None` of one that came back before it was sent.
    #[must_use]
    pub fn of(sent: Nanos, there: Nanos, back: Nanos) -> Option<Self> {
        let round_trip = back.0.checked_sub(sent.0)?;
        let middle = sent.0 + round_trip / 2;
        Some(Self {
            offset_ns: there.0 as i64 - middle as i64,
            bound_ns: round_trip.div_ceil(2),
            at: back,
        })
    }

    /// The time of the other clock when ours tells `here`; nothing before its zero.
    #[must_use]
    pub fn there(&self, here: Nanos) -> Nanos {
        Nanos(here.0.saturating_add_signed(self.offset_ns))
    }
}

/// The probes of one agent.
#[derive(Clone, Debug, Default)]
pub struct Probes {
    best: Option<Estimate>,
    answered: u32,
}

impl Probes {
    /// Takes the answer to a probe in.
    pub fn add(&mut self, estimate: Estimate) {
        self.answered += 1;
        let is_better = |best: Estimate| estimate.bound_ns < best.bound_ns;
        if self.best.is_none_or(is_better) {
            self.best = Some(estimate);
        }
    }

    /// Probes that were answered.
    #[must_use]
    pub fn answered(&self) -> u32 {
        self.answered
    }

    /// The estimate that knows best.
    #[must_use]
    pub fn best(&self) -> Option<Estimate> {
        self.best
    }
}

/// The drift between two estimates, parts in a million: the rate of the other clock over ours. `None`
/// where they are too near to each other to tell it from their bounds.
#[must_use]
pub fn drift_ppm(first: &Estimate, second: &Estimate) -> Option<f64> {
    let span = second.at.0.checked_sub(first.at.0)? as f64;
    let moved = (second.offset_ns - first.offset_ns) as f64;
    let unsure = (first.bound_ns + second.bound_ns) as f64;
    (moved.abs() > unsure && span > 0.0).then(|| moved / span * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever way each direction of a probe takes, the true offset is within the bound.
    #[test]
    fn the_true_offset_is_within_the_bound_of_every_probe() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..10_000 {
            let offset = random.i64(-4_000_000_000..4_000_000_000);
            let sent = Nanos(random.u64(5_000_000_000..6_000_000_000));
            let (out, home) = (random.u64(0..9_000_000), random.u64(0..9_000_000));
            let there = Nanos((sent.0 + out).saturating_add_signed(offset));
            let estimate = Estimate::of(sent, there, Nanos(sent.0 + out + home)).unwrap();
            let off = estimate.offset_ns.abs_diff(offset);
            assert!(off <= estimate.bound_ns, "{off} > {}", estimate.bound_ns);
            let zero = estimate
                .there(sent)
                .0
                .abs_diff(sent.0.saturating_add_signed(offset));
            assert!(zero <= estimate.bound_ns);
        }
        assert_eq!(Estimate::of(Nanos(2), Nanos(9), Nanos(1)), None);
    }

    #[test]
    fn the_fastest_probe_is_believed_and_drift_only_beyond_the_bounds() {
        let probe = |sent: u64, out: u64, home: u64, offset: u64| {
            let there = Nanos(sent + out + offset);
            Estimate::of(Nanos(sent), there, Nanos(sent + out + home)).unwrap()
        };
        let mut probes = Probes::default();
        for estimate in [
            probe(0, 900, 100, 50),
            probe(10, 5, 5, 50),
            probe(20, 1, 99, 50),
        ] {
            probes.add(estimate);
        }
        let best = probes.best().unwrap();
        assert_eq!(
            (best.offset_ns, best.bound_ns, probes.answered()),
            (50, 5, 3)
        );
        let later = probe(1_000_000_000, 5, 5, 10_050);
        let drift = drift_ppm(&best, &later).unwrap();
        assert!((drift - 10.0).abs() < 0.1, "{drift}");
        assert_eq!(drift_ppm(&best, &probe(1_000_000, 500, 500, 60)), None);
    }
}
