//! `docs/validation.md`: every experiment with its formula, what was expected and what was found.
//!
//! The part on simulated time is the same on every machine, and a test holds the published page to
//! it; the part over the kernel says on which machine it was found.

use std::fmt::Write as _;

use crate::finding::{Experiment, Finding, Tolerance};

const BEGIN: &str = "<!-- on simulated time: begin -->\n";
const END: &str = "<!-- on simulated time: end -->\n";

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

/// The whole page.
#[must_use]
pub fn page(simulated: &[Experiment], kernel: &[Experiment], place: &Where) -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str(BEGIN);
    page.push_str(&self::simulated(simulated));
    page.push_str(END);
    let Where {
        day,
        cpu,
        cores,
        kernel: version,
    } = place;
    let _ = write!(
        page,
        "\n## Over the kernel\n\n\
         The binary as its user calls it, against its own server, on loopback: {day}, {cpu}, {cores} \
         cores shared by both, Linux {version}. Tolerances are wide enough for such a machine; a run \
         that misses one is written down as it was, as where other work kept the cores busy.\n\n"
    );
    push_table(&mut page, kernel);
    page.push_str(ELSEWHERE);
    page
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

const ELSEWHERE: &str = "
## Where the others are

Experiments on what is concluded from many runs need no table: they are tests beside the code that \
concludes, as it is added. These are V6 (the search for the greatest rate under an objective), V9 \
(how often intervals of confidence hold the truth) and V10 (comparisons of a server with itself \
that find nothing, and of one with another 5 % slower that find it).
";

/// The part on simulated time.
#[must_use]
pub fn simulated(experiments: &[Experiment]) -> String {
    let mut part = String::new();
    push_table(&mut part, experiments);
    part
}

/// The part on simulated time of a page; `None` where it has none.
#[must_use]
pub fn simulated_part(page: &str) -> Option<&str> {
    let (_, behind) = page.split_once(BEGIN)?;
    Some(behind.split_once(END)?.0)
}

fn push_table(page: &mut String, experiments: &[Experiment]) {
    page.push_str(
        "| | experiment | formula | figure | expected | tolerance | measured | agrees |\n\
         |---|---|---|---|--:|--:|--:|---|\n",
    );
    for experiment in experiments {
        let mut named = (experiment.id, experiment.title.as_str(), experiment.formula);
        for finding in &experiment.findings {
            let (id, title, formula) = std::mem::take(&mut named);
            let _ = writeln!(
                page,
                "| {id} | {title} | {formula} | {} | {} | {} | {} | {} |",
                finding.quantity,
                trimmed(finding.expected),
                tolerance(finding),
                figure(finding.measured),
                if finding.holds() { "yes" } else { "**no**" },
            );
        }
    }
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
    fn the_simulated_part_is_found_again() {
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
        let page = page(&experiments, &[], &place);
        let part = simulated_part(&page).unwrap();
        assert_eq!(part, simulated(&experiments));
        assert!(part.contains("| V1 | a | b | c | 1 | ± 2 % | 1.010 | yes |\n"));
        assert!(part.contains("|  |  |  | d | 2 | exact | 3 | **no** |\n"));
    }
}
