//! What a conformance check found, as text and as Markdown.

use std::fmt::Write as _;

use wsbench_conformance::finding::{self, CaseVerdict};
use wsbench_record::gate::Check;
use wsbench_record::units::counted;
use wsbench_setting::Spelling;

use crate::foreign::{markdown as cell, printable};
use crate::style::{Style, Tone};

/// One finding as a line, with what was sent and expected below it where it is not as it should be.
/// Settings are named in the words of `spelling`.
#[must_use]
pub fn line(finding: &finding::Finding, style: Style, spelling: &dyn Spelling) -> String {
    let (mark, tone) = match finding.verdict {
        CaseVerdict::Ok => ("ok", Tone::Good),
        CaseVerdict::NonStrict => ("non-strict", Tone::Doubt),
        CaseVerdict::Failed => ("FAILED", Tone::Bad),
        CaseVerdict::Declined => ("declined", Tone::Quiet),
        CaseVerdict::Skipped => ("skipped", Tone::Quiet),
    };
    let mark = style.paint(tone, &format!("{mark:<10}"));
    let mut text = format!("{mark} {:<26} {}\n", finding.id, finding.section);
    if !matches!(finding.verdict, CaseVerdict::Ok | CaseVerdict::Declined) {
        let seen = finding.seen.spelled(spelling);
        for (label, words) in [
            ("sent", &finding.sent),
            ("expected", &finding.expected),
            ("seen", &seen),
        ] {
            let _ = writeln!(text, "{:11}{label:<9} {}", "", printable(words));
        }
    }
    text
}

/// What became of the server behind a finding whose line has been told.
#[must_use]
pub fn sequel(finding: &finding::Finding, spelling: &dyn Spelling) -> String {
    let seen = finding.seen.spelled(spelling);
    let after = seen.rsplit("; ").next().unwrap_or(&seen);
    format!("{:11}{:<9} {}\n", "", "", printable(after))
}

/// The last line of a check.
#[must_use]
pub fn conclusion(check: &Check, style: Style) -> String {
    let cases = counted(check.findings.len() as u64, "case");
    let (word, tone) = if check.counts.pass() {
        ("passed", Tone::Good)
    } else {
        ("failed", Tone::Bad)
    };
    let word = style.paint(tone, word);
    format!("conformance {word}: {cases}, {}\n", check.counts.words())
}

/// The check as a Markdown table.
#[must_use]
pub fn markdown(check: &Check) -> String {
    let mut text = format!(
        "**{}**: {}\n\n| case | section | verdict | seen |\n|---|---|---|---|\n",
        cell(&check.url),
        check.counts.words()
    );
    for finding in &check.findings {
        let seen = cell(&finding.seen);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {seen} |",
            cell(&finding.id),
            cell(&finding.section),
            cell(&finding.verdict)
        );
    }
    text
}
