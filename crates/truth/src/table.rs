//! `docs/validation.md`: every experiment with its formula, what was expected and what was found.
//!
//! The parts on simulated time and on what is concluded are the same on every machine, and tests
//! hold the published page to them; the part over the kernel says on which machine it was found.

use std::fmt::Write as _;

use crate::finding::{Experiment, Finding, Tolerance};

/// A part of the page that is the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageSection {
    /// Words of the instrument on simulated time.
    Simulated,
    /// Conclusions from runs.
    Concluded,
}

impl PageSection {
    /// This part of a page; `None` where it has none.
    #[must_use]
    pub fn of(self, page: &str) -> Option<&str> {
        let [begin, end] = self.marks();
        let (_, behind) = page.split_once(&begin)?;
        Some(behind.split_once(&end)?.0)
    }

    /// The part as it stands in a page, between its marks.
    fn marked(self, experiments: &[Experiment]) -> String {
        let [begin, end] = self.marks();
        format!("{begin}{}{end}", table(experiments))
    }

    fn marks(self) -> [String; 2] {
        let name = match self {
            Self::Simulated => "on simulated time",
            Self::Concluded => "on what is concluded",
        };
        ["begin", "end"].map(|which| format!("<!-- {name}: {which} -->\n"))
    }
}

/// The machine and the day of the part over the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Where {
    /// The day, as `2026-11-25`.
    pub day: String,
    /// The processor's name.
    pub cpu: String,
    /// Cores that may be used.
    pub cores: usize,
    /// The kernel's version.
    pub kernel: String,
}

/// The whole page: what is the same everywhere, and what was found over the kernel of one machine.
#[must_use]
pub fn page(
    simulated: &[Experiment],
    concluded: &[Experiment],
    kernel: &[Experiment],
    place: &Where,
) -> String {
    let Where {
        day,
        cpu,
        cores,
        kernel: version,
    } = place;
    let over_kernel = format!(
        "\n## Over the kernel\n\n\
         The binary as its user calls it, against its own server, on loopback: {day}, {cpu}, {cores} \
         cores shared by both, Linux {version}. Tolerances are wide enough for such a machine; a run \
         that misses one is written down as it was, as where other work kept the cores busy.\n\n"
    );
    [
        INTRODUCTION,
        &PageSection::Simulated.marked(simulated),
        CONCLUDED,
        &PageSection::Concluded.marked(concluded),
        &over_kernel,
        &table(kernel),
        ELSEWHERE,
    ]
    .concat()
}

const INTRODUCTION: &str = "# Validation

Experiments whose result is known beforehand. Each is a server, or a generator, of which everything \
is known; a formula says what the instrument must say of it. Tolerances were set beforehand, from \
the size of the sample. Made by `scripts/validate`, which runs all of them and writes this page and \
`stall.svg`.

## On simulated time

The instrument's own worker, schedule, session and books over a simulated network, server and \
clock, up to twenty minutes of simulated time each. Deterministic: `cargo test -p wsbench-truth` \
runs them all again and fails if any figure leaves its tolerance, or differs from this page in a \
single digit.

";

const CONCLUDED: &str = "
## On what is concluded from runs

Searches, intervals of confidence, comparisons and rankings may be wrong by chance, and say how \
often: each was asked many times over, by seeds, of servers on simulated time (of intervals within \
a run: of series made by a formula). Where 95 of 100 have to be right, the tolerance is two \
standard deviations of such a count. Deterministic and tested as the part above.

";

const ELSEWHERE: &str = "
## Where the others are

What needs somebody else's program is a test beside the code: the other half of V15, histograms \
and interval logs read by another library (`crates/render/tests/interop.rs`).
";

/// Experiments as a table.
#[must_use]
pub fn table(experiments: &[Experiment]) -> String {
    let mut table = String::from(
        "| | experiment | formula | figure | expected | tolerance | measured | agrees |\n\
         |---|---|---|---|--:|--:|--:|---|\n",
    );
    for experiment in experiments {
        let mut named = (experiment.id, experiment.title.as_str(), experiment.formula);
        for finding in &experiment.findings {
            let (id, title, formula) = std::mem::take(&mut named);
            let _ = writeln!(
                table,
                "| {id} | {title} | {formula} | {} | {} | {} | {} | {} |",
                finding.quantity,
                trimmed(finding.expected),
                tolerance(finding),
                figure(finding.measured),
                if finding.holds() { "yes" } else { "**no**" },
            );
        }
    }
    table
}

fn tolerance(finding: &Finding) -> String {
    match finding.tolerance {
        Tolerance::Exact => "exact".to_owned(),
        Tolerance::By(most) => format!("± {}", trimmed(most)),
        Tolerance::Share(most) => format!("± {} %", trimmed(100.0 * most)),
        Tolerance::AtMost => "at most".to_owned(),
        Tolerance::AtLeast => "at least".to_owned(),
    }
}

/// Four significant digits; whole numbers whole.
fn figure(value: f64) -> String {
    if !value.is_finite() {
        return "—".to_owned();
    }
    if value == value.trunc() && value.abs() < 1e9 {
        return format!("{value}");
    }
    let digits = (3 - value.abs().log10().floor() as i32).clamp(0, 6);
    format!("{value:.*}", digits as usize)
}

/// The same without zeros at its end: what is known is as short as it is written.
fn trimmed(value: f64) -> String {
    let figure = figure(value);
    match figure.contains('.') {
        true => figure
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
        false => figure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_four_digits_and_counts_all() {
        let written = [0.0, 5_000.0, 91.987_6, 0.123_456, 2_299.96, 1e-9].map(figure);
        assert_eq!(
            written,
            ["0", "5000", "91.99", "0.1235", "2300", "0.000000"]
        );
        assert_eq!(figure(f64::NAN), "—");
        let trimmed = [1.5, 59.999_999_99, 100.0].map(trimmed);
        assert_eq!(trimmed, ["1.5", "60", "100"]);
    }

    #[test]
    fn the_parts_are_found_again() {
        let experiment = Experiment {
            id: "V1",
            title: "a".into(),
            formula: "b",
            findings: vec![
                Finding::new("c", 1.0, Tolerance::Share(0.02), 1.01),
                Finding::new("d", 2.0, Tolerance::Exact, 3.0),
            ],
        };
        let place = Where {
            day: "2026-11-25".into(),
            cpu: "x".into(),
            cores: 2,
            kernel: "6".into(),
        };
        let experiments = [experiment];
        let page = page(&experiments, &[], &[], &place);
        let part = PageSection::Simulated.of(&page).unwrap();
        assert_eq!(part, table(&experiments));
        assert!(part.contains("| V1 | a | b | c | 1 | ± 2 % | 1.010 | yes |\n"));
        assert!(part.contains("|  |  |  | d | 2 | exact | 3 | **no** |\n"));
        assert_eq!(PageSection::Concluded.of(&page), Some(table(&[]).as_str()));
        assert_eq!(PageSection::Concluded.of(""), None);
    }
}
