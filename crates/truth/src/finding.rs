//! What an experiment found: the expected and the measured, and whether they agree.

/// One experiment with all that it found.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Its number in the list of experiments, such as `V1`.
    pub id: &'static str,
    /// Title of what was done.
    pub title: String,
    /// Formula that is known of it beforehand.
    pub formula: &'static str,
    /// The figures.
    pub findings: Vec<Finding>,
}

/// One figure of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Quantity that it is the figure of, with its unit.
    pub quantity: String,
    /// Figure by the formula.
    pub expected: f64,
    /// Tolerance of the measured one around it.
    pub tolerance: Tolerance,
    /// Figure by the instrument.
    pub measured: f64,
}

/// Tolerance of a figure around what is expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    /// Not at all: a count.
    Exact,
    /// By so much, in the figure's unit.
    By(f64),
    /// By this share of what is expected.
    Share(f64),
    /// It may be less, but not more.
    AtMost,
    /// It may be more, but not less.
    AtLeast,
}

impl Finding {
    /// A figure with its truth.
    #[must_use]
    pub fn new(
        quantity: impl Into<String>,
        expected: f64,
        tolerance: Tolerance,
        measured: f64,
    ) -> Self {
        Self {
            quantity: quantity.into(),
            expected,
            tolerance,
            measured,
        }
    }

    /// True if the measured figure agrees with the expected one.
    #[must_use]
    pub fn holds(&self) -> bool {
        let off = (self.measured - self.expected).abs();
        match self.tolerance {
            Tolerance::Exact => off == 0.0,
            Tolerance::By(most) => off <= most,
            Tolerance::Share(most) => off <= most * self.expected.abs(),
            Tolerance::AtMost => self.measured <= self.expected,
            Tolerance::AtLeast => self.measured >= self.expected,
        }
    }
}

impl Experiment {
    /// True if all of it agrees.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.iter().all(Finding::holds)
    }

    /// Description of what does not agree; empty where all does.
    #[must_use]
    pub fn complaints(&self) -> String {
        let missed = self.findings.iter().filter(|finding| !finding.holds());
        let lines = missed.map(|finding| {
            format!(
                "{} {}: {} is {}, expected {} ({:?})\n",
                self.id,
                self.title,
                finding.quantity,
                finding.measured,
                finding.expected,
                finding.tolerance
            )
        });
        lines.collect()
    }
}

/// Carries groups of experiments out side by side, a thread each, and gives all of them in the order
/// of their numbers.
pub(crate) fn side_by_side(groups: &[fn() -> Vec<Experiment>]) -> Vec<Experiment> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = groups.iter().map(|group| scope.spawn(*group)).collect();
        let found = threads.into_iter().flat_map(|thread| match thread.join() {
            Ok(found) => found,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        let mut all: Vec<Experiment> = found.collect();
        all.sort_by_key(|experiment| number(experiment.id));
        all
    })
}

/// The number in `V14`, to sort by.
fn number(id: &str) -> u32 {
    id.trim_start_matches('V').parse().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_holds_within_its_tolerance_and_not_beyond() {
        let holds = |tolerance, measured| Finding::new("", 10.0, tolerance, measured).holds();
        assert!(holds(Tolerance::Exact, 10.0) && !holds(Tolerance::Exact, 10.001));
        assert!(holds(Tolerance::By(0.5), 9.5) && !holds(Tolerance::By(0.5), 10.6));
        assert!(holds(Tolerance::Share(0.02), 10.2) && !holds(Tolerance::Share(0.02), 9.7));
        assert!(holds(Tolerance::AtMost, 3.0) && !holds(Tolerance::AtMost, 10.1));
        assert!(holds(Tolerance::AtLeast, 11.0) && !holds(Tolerance::AtLeast, 9.9));
        assert!(!holds(Tolerance::AtMost, f64::NAN), "no figure is no proof");
    }
}
