//! What a conformance check found, as it is stored.
//!
//! It judges nothing: each finding carries its verdict already.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_conformance::finding::{self, CaseVerdict};
use wsbench_setting::Spelling;

/// Name and version of the schema that this version writes.
pub const SCHEMA: &str = "wsbench.check/1";

/// Result of a check of one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "wsbench conformance check")]
pub struct Check {
    /// Name and version of this schema: `wsbench.check/1`.
    pub schema: String,
    /// Version of wsbench that checked.
    pub tool_version: String,
    /// The server.
    pub url: String,
    /// The address that was talked to.
    pub address: String,
    /// Seed of masks and keys.
    pub seed: u64,
    /// Messages of the server's own that were passed over, in words; absent where it does not greet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greeting: Option<String>,
    /// The sums.
    pub counts: Counts,
    /// Every finding, in the order of the cases.
    pub findings: Vec<Finding>,
}

/// Findings by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// As the RFC demands.
    pub ok: u32,
    /// Not wrong, but not what it should be.
    pub non_strict: u32,
    /// Against the RFC, or no echo.
    pub failed: u32,
    /// Of what the server has declined, as it may: compression.
    #[serde(default)]
    pub declined: u32,
    /// Not tried.
    pub skipped: u32,
}

/// Result of one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The case's name.
    pub id: String,
    /// Group of cases that the case belongs to.
    pub group: String,
    /// The section that demands it.
    pub section: String,
    /// `ok`, `non_strict`, `failed`, `declined` or `skipped`.
    pub verdict: String,
    /// Description of what was sent.
    pub sent: String,
    /// Description of what had to come.
    pub expected: String,
    /// Description of what came.
    pub seen: String,
}

impl Finding {
    /// What is stored of a finding, its settings in the words of `spelling`.
    #[must_use]
    pub fn of(finding: &finding::Finding, spelling: &dyn Spelling) -> Self {
        Self {
            id: finding.id.to_owned(),
            group: finding.group.name().to_owned(),
            section: finding.section.to_owned(),
            verdict: finding.verdict.name().to_owned(),
            sent: finding.sent.clone(),
            expected: finding.expected.clone(),
            seen: finding.seen.spelled(spelling),
        }
    }
}

impl Counts {
    /// The sums of these findings.
    #[must_use]
    pub fn of(findings: &[finding::Finding]) -> Self {
        let count = |verdict| {
            let same = findings.iter().filter(|finding| finding.verdict == verdict);
            u32::try_from(same.count()).unwrap_or(u32::MAX)
        };
        Self {
            ok: count(CaseVerdict::Ok),
            non_strict: count(CaseVerdict::NonStrict),
            failed: count(CaseVerdict::Failed),
            declined: count(CaseVerdict::Declined),
            skipped: count(CaseVerdict::Skipped),
        }
    }

    /// True if the server may pass the gate: nothing failed, and everything was tried.
    #[must_use]
    pub fn pass(&self) -> bool {
        self.failed == 0 && self.skipped == 0
    }

    /// The sums in words, such as `58 ok, 2 non-strict, 0 failed`.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = format!(
            "{} ok, {} non-strict, {} failed",
            self.ok, self.non_strict, self.failed
        );
        if self.declined > 0 {
            let _ = write!(words, ", {} declined", self.declined);
        }
        if self.skipped > 0 {
            let _ = write!(words, ", {} skipped", self.skipped);
        }
        words
    }
}

/// A check as a measurement carries it: the sums, and what failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stamp {
    /// The sums.
    pub counts: Counts,
    /// The names of the cases that failed.
    #[serde(default)]
    pub failed: Vec<String>,
}

impl Stamp {
    /// The stamp of these findings.
    #[must_use]
    pub fn of(findings: &[finding::Finding]) -> Self {
        let failed = findings
            .iter()
            .filter(|finding| finding.verdict == CaseVerdict::Failed);
        Self {
            counts: Counts::of(findings),
            failed: failed.map(|finding| finding.id.to_owned()).collect(),
        }
    }

    /// The stamp in words, such as `53 ok, 0 non-strict, 0 failed`, with the names of what failed.
    #[must_use]
    pub fn words(&self) -> String {
        let counts = self.counts.words();
        if self.failed.is_empty() {
            counts
        } else {
            format!("{counts}: {}", self.failed.join(", "))
        }
    }
}
