//! What came of a case.

use wsbench_setting::Text;

use crate::case::{Case, Group};

/// Result of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The case's name.
    pub id: &'static str,
    /// Group of cases that the case belongs to.
    pub group: Group,
    /// The section that demands it.
    pub section: &'static str,
    /// Description of what was sent.
    pub sent: String,
    /// Description of what had to come.
    pub expected: String,
    /// What came, in words, with the settings that would have helped.
    pub seen: Text,
    /// The judgement.
    pub verdict: CaseVerdict,
}

impl Finding {
    /// The finding of a case.
    #[must_use]
    pub fn of(case: &Case, verdict: CaseVerdict, seen: impl Into<Text>) -> Self {
        Self {
            id: case.id,
            group: case.group,
            section: case.section,
            sent: case.sent.clone(),
            expected: case.expected.clone(),
            seen: seen.into(),
            verdict,
        }
    }
}

/// The judgement of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaseVerdict {
    /// As the RFC demands.
    Ok,
    /// Not wrong, but not what it should be: another close code, a connection that is dropped in
    /// place of closed, a limit smaller than the message.
    NonStrict,
    /// Against the RFC, or no echo.
    Failed,
    /// The server has declined what the case is about, as it may: there is nothing to judge.
    Declined,
    /// Not tried: an earlier case had shown that it would tell nothing.
    Skipped,
}

impl CaseVerdict {
    /// The stable name for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NonStrict => "non_strict",
            Self::Failed => "failed",
            Self::Declined => "declined",
            Self::Skipped => "skipped",
        }
    }
}
